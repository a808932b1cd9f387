"""From a camera's packets to good pictures: without damage, without old ones, and dozing at times."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import av.error

from arni_edge.vision.worker.doze import Doze
from arni_edge.vision.worker.pace import Pace

Frame = Any
"""A decoded picture (``av.VideoFrame``); conversion to pixels is left to whoever looks at it."""

# What waits undecoded in a doze is bounded; with more, all is decoded again.
_MOST_KEPT = 240
_MOST_KEPT_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture and when it came, on the monotonic clock. Arrival decides about age: camera clocks lie."""

    frame: Frame
    at: float


class Decoding:
    """Decodes the packets of one connection.

    Attributes:
        idle: Set by whoever watches, from any thread: nothing happens, key frames are enough.
        good_at: When the last packet came that was fine.
        fresh_at: When the last picture came that was not old.
        damaged: Something was lost or could not be decoded since the beginning.
        failures: Key frames that could not be decoded, one after the other.
    """

    def __init__(self, at: float, *, doze: bool, trust_stamps: bool) -> None:
        """Begin a connection.

        Args:
            at: Now.
            doze: Key frames may be enough at times.
            trust_stamps: The camera's stamps tell which pictures are old.
        """
        self.idle = False
        self.good_at = self.fresh_at = at
        self.damaged = False
        self.failures = 0
        self._doze = Doze() if doze else None
        self._pace = Pace() if trust_stamps else None
        self._waiting_for_key = True
        self._spoiled = 0
        self._fresh = False
        self._dozing = False
        self._kept: list[tuple[Any, float]] = []
        self._kept_bytes = 0

    @property
    def dozing(self) -> bool:
        """Whether only key frames are decoded now."""
        return self._dozing

    def pictures(self, packet: Any, at: float, *, lost: bool = False) -> Iterator[Taken]:
        """The good pictures that a packet brings, usually one; none while dozing or waiting for a key frame.

        What follows a damaged picture is left out until the next key frame: it would be grey or smeared, and
        a detector sees people in smears.

        Args:
            packet: An ``av.Packet``, not empty.
            at: When it came.
            lost: Some of what came with it did not.
        """
        # A picture is complete when the next one begins: the hole may be in the beginning of that one.
        self._spoiled = 2 if lost else max(0, self._spoiled - 1)
        if self._spoiled > 0 or packet.is_corrupt:
            self.damaged = True
            self._waiting_for_key = True
            self._dozing = False
            self._forget_kept()
            return
        for one, came in self._due(packet, at):
            yield from self._decoded(one, came)

    def _due(self, packet: Any, at: float) -> list[tuple[Any, float]]:
        """The packets to decode now: this one, none, or also those that were kept."""
        if self._doze is None:
            return [(packet, at)]
        key = bool(packet.is_keyframe)
        stirs = self._doze.stirs(packet.size, at, key=key)
        if key:
            # What was kept since the last one is not needed any more: decoding can begin anew here.
            self._forget_kept()
            self._dozing = self.idle and not self._waiting_for_key and self._doze.possible(at)
            return [(packet, at)]
        if not self._dozing:
            return [(packet, at)]
        self._kept.append((packet, at))
        self._kept_bytes += packet.size
        self.good_at = at  # it is not opened, but it came
        self.fresh_at = at if self._fresh else self.fresh_at
        full = len(self._kept) >= _MOST_KEPT or self._kept_bytes >= _MOST_KEPT_BYTES
        if self.idle and not stirs and not full:
            return []
        # Something moves. All since the key frame is decoded at once: the picture that woke us is not lost.
        self._dozing = False
        due = self._kept
        self._forget_kept()
        return due

    def _forget_kept(self) -> None:
        self._kept, self._kept_bytes = [], 0

    def _decoded(self, packet: Any, at: float) -> Iterator[Taken]:
        if self._waiting_for_key and not packet.is_keyframe:
            return
        frames = _intact(packet)
        self._waiting_for_key = frames is None
        if frames is None:
            self.damaged = True
            self.failures += bool(packet.is_keyframe)
            return
        self.good_at = at
        self.failures = 0
        if self._doze is not None and not frames:
            self._doze.holds_back()
        for frame in frames:
            self._fresh = self._pace is None or not self._pace.late(_stamp(frame), at)
            if self._fresh:
                self.fresh_at = at
                yield Taken(frame, at)


def _stamp(frame: Frame) -> float | None:
    return None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)


def _intact(packet: Any) -> list[Frame] | None:
    """The pictures of a packet, or None when it is damaged."""
    try:
        frames = packet.decode()
    except av.error.FFmpegError:  # hardware has more ways to fail than to find invalid data
        return None
    return None if any(frame.is_corrupt for frame in frames) else frames
