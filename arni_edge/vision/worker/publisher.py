"""Tells the broker what is seen: at once when it changes, and every two seconds as a sign of life."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from arni_edge.broker import BrokerSession
from arni_edge.broker.readers import reader_topic
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.identifiers import new_id
from arni_edge.vision.messages import HEARTBEAT_SECONDS
from arni_edge.vision.scene.report import Crossing, Down
from arni_edge.vision.topics import camera_topic, down_topic, line_topic, online_topic, zone_topic
from arni_edge.vision.worker.reader import Status
from arni_edge.vision.worker.words import (
    CameraFigures,
    Figure,
    Totals,
    camera_word,
    down_word,
    line_word,
    zone_word,
)

_PUBLISH_SECONDS = 2.0
# What nobody renews disappears from the broker too; longer than the daemon believes a figure (8 s).
_EXPIRY_SECONDS = 10
# A zone that changes with every picture is told four times a second; that it cannot be seen, at once.
_LEAST_SECONDS = 0.25
# Crossings and falls that wait for the broker; older ones go, and what is missing shows in the totals.
_MOST_URGENT = 200


# A code that could not be handed on by then is not: whoever held it up has gone or shows the next one.
_CODE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Word:
    """What is said on one topic whenever it is time; None: nothing, for now.

    Attributes:
        text: Gives it.
        repeated: With every heartbeat.
        expiry: Seconds after which the broker forgets it; None: never. Totals of lines bridge an outage.
    """

    text: Callable[[], str | None]
    repeated: bool = True
    expiry: int | None = _EXPIRY_SECONDS


@dataclass(frozen=True, slots=True)
class _Message:
    """One message to the broker."""

    topic: str
    text: str
    retain: bool = True
    expiry: int | None = None


@dataclass(slots=True)
class _Agenda:
    """When each topic is to be said next."""

    due: dict[str, float] = field(default_factory=dict)
    said: dict[str, float] = field(default_factory=dict)

    def add(self, topic: str, at: float) -> None:
        self.due[topic] = min(at, self.due.get(topic, at))

    def take(self, now: float) -> str | None:
        """A topic that is due, once."""
        topic = next((topic for topic, at in self.due.items() if at <= now), None)
        if topic is not None:
            del self.due[topic]
            self.said[topic] = now
        return topic

    def pause(self, now: float) -> float | None:
        """Seconds until one is due."""
        return max(0.0, min(self.due.values()) - now) if self.due else None


class Publisher:
    """Keeps the newest word on every zone, line and camera, and gets it to the broker.

    Nothing is queued but crossings: while the broker is away older words are replaced by newer ones, and
    after a reconnection everything is said again. The totals of lines live as long as this object: a camera
    that comes back goes on counting, another worker begins anew under another epoch.
    """

    def __init__(self, site_id: str, broker: BrokerSession, clock: Clock, fresh_seconds: float) -> None:
        """Prepare; call before the session runs.

        Args:
            site_id: Of the settings.
            broker: The worker's session.
            clock: For the age of figures and the time in the messages.
            fresh_seconds: A count that is older is not repeated as if it were true: the detector hangs.
        """
        self._site = site_id
        self._broker = broker
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._online = online_topic(site_id)
        self._words: dict[str, _Word] = {self._online: _Word(lambda: "true", repeated=False, expiry=None)}
        self._figures: dict[str, Figure] = {}
        self._totals: dict[str, Totals] = {}
        self._down: dict[str, int] = {}
        self._epoch = new_id()
        self._urgent: deque[_Message] = deque(maxlen=_MOST_URGENT)
        self._agenda = _Agenda()
        self._wake = asyncio.Event()
        self._sequence = 0
        broker.on_session(self._on_session)

    # --- what is known ------------------------------------------------------------------------------------

    def zone(self, figure: Figure) -> None:
        """Take what is known of a zone; a change is told at once, the rest with the next heartbeat."""
        before = self._figures.get(figure.zone)
        self._figures[figure.zone] = figure
        topic = zone_topic(self._site, figure.zone)
        self._words[topic] = _Word(lambda: self._zone_word(figure.zone))
        if before is None or before.told_by != figure.told_by:
            flickers = before is not None and before.view is not None and figure.view is not None
            self._say(topic, rest=_LEAST_SECONDS if flickers else 0.0)

    def line(self, line: str, camera: str) -> None:
        """Take note of a line, so that its totals are told from the first moment on."""
        self._totals[line] = Totals(camera)
        topic = line_topic(self._site, line)
        self._words[topic] = _Word(lambda: self._line_word(line), expiry=None)
        self._say(topic)

    def crossed(self, crossing: Crossing, at: datetime) -> None:
        """Take a crossing of a line that was noted, and tell it at once.

        Args:
            crossing: What was seen.
            at: When, on the wall clock.
        """
        totals = self._totals[crossing.line]
        if crossing.direction == "in":
            totals.entries += 1
        else:
            totals.exits += 1
        topic = line_topic(self._site, crossing.line)
        self._say_now(_Message(topic, self._line_word(crossing.line, crossing, at)))

    def shown(self, door: str, text: str) -> None:
        """Hand a code on that was held up at a door, as a reader does: not retained, and soon forgotten."""
        self._say_now(_Message(reader_topic(self._site, door), text, retain=False, expiry=_CODE_SECONDS))

    def camera(self, camera: str, status: Status, figures: Callable[[], CameraFigures]) -> None:
        """Take how a camera is doing, and tell it at once.

        Args:
            camera: Its id.
            status: How it is doing.
            figures: Asked whenever it is told.
        """
        topic = camera_topic(self._site, camera)
        self._words[topic] = _Word(lambda: camera_word(camera, status, figures(), self._clock.now()))
        self._say(topic)

    def down(self, camera: str, down: Sequence[Down], seen_at: float) -> None:
        """Take who is down before a camera; a change is told at once.

        Args:
            camera: Its id.
            down: Who; nobody: that is said, too, so that what an earlier life has told comes to its end.
            seen_at: When that was so, on the monotonic clock.
        """
        topic = down_topic(self._site, camera)
        changed = self._down.get(camera) != len(down)
        self._down[camera] = len(down)
        self._words[topic] = _Word(lambda: self._down_word(camera, down, seen_at))
        if changed:
            self._say(topic)

    def unknown_down(self, camera: str) -> None:
        """Nobody can see any more whether somebody is down: that is neither repeated nor taken back."""
        self._down.pop(camera, None)
        self._words.pop(down_topic(self._site, camera), None)
        self._agenda.due.pop(down_topic(self._site, camera), None)

    # --- saying it ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Publish until cancelled."""
        beat_at = self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            if now >= beat_at:
                beat_at = now + HEARTBEAT_SECONDS
                for topic, word in self._words.items():
                    if word.repeated:
                        self._agenda.add(topic, now)
            self._wake.clear()
            await self._publish_urgent()
            await self._publish_due()
            await self._rest(beat_at)

    def _say_now(self, message: _Message) -> None:
        """Say something that is of no use later; without a broker it is not said."""
        if self._broker.connected:
            self._urgent.append(message)
            self._wake.set()

    def _say(self, topic: str, rest: float = 0.0) -> None:
        now = self._clock.monotonic()
        self._agenda.add(topic, max(now, self._agenda.said.get(topic, now - rest) + rest))
        self._wake.set()

    async def _on_session(self, _: int) -> None:
        # "online" first: it tells listeners that what they know of an earlier life is void.
        self._agenda.due = dict.fromkeys(self._words, self._clock.monotonic())
        self._wake.set()

    async def _publish_urgent(self) -> None:
        while self._urgent and self._broker.connected:
            # Until all words have been said to a new session, the first of them first.
            if self._online in self._agenda.due:
                return
            if not await self._publish(self._urgent.popleft()):
                self._urgent.clear()

    async def _publish_due(self) -> None:
        while self._broker.connected and (topic := self._agenda.take(self._clock.monotonic())) is not None:
            word = self._words.get(topic)
            text = None if word is None else word.text()
            if word is None or text is None:
                continue
            if not await self._publish(_Message(topic, text, expiry=word.expiry)):
                return  # the next session says everything again
            await self._publish_urgent()

    async def _publish(self, message: _Message) -> bool:
        try:
            await self._broker.publish(
                message.topic,
                message.text,
                qos=1,
                retain=message.retain,
                expiry_seconds=message.expiry,
                deadline=_PUBLISH_SECONDS,
            )
        except Unavailable:
            return False
        return True

    async def _rest(self, beat_at: float) -> None:
        now = self._clock.monotonic()
        # Without a broker only its return changes anything before the next beat.
        pause = self._agenda.pause(now) if self._broker.connected else None
        seconds = beat_at - now if pause is None else min(pause, beat_at - now)
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _zone_word(self, zone: str) -> str:
        figure = self._figures[zone]
        self._sequence += 1
        stale = self._clock.monotonic() - figure.seen_at > self._fresh_seconds
        return zone_word(figure, self._sequence, stale=stale)

    def _line_word(self, line: str, crossing: Crossing | None = None, at: datetime | None = None) -> str:
        self._sequence += 1
        at = at or self._clock.now()
        return line_word(line, self._totals[line], self._epoch, self._sequence, at, crossing)

    def _down_word(self, camera: str, down: Sequence[Down], seen_at: float) -> str | None:
        now = self._clock.monotonic()
        stale = now - seen_at > self._fresh_seconds
        return None if stale else down_word(camera, down, now, self._clock.now())
