"""What the relay says, as data: pure, so that nearly everything can be tested without a socket.

The contract: per box the relay keeps an append-only log whose sequence numbers count up by one, starting
at 1. ``newest`` is the last number given, ``oldest`` the first one still kept; of an empty log
``oldest = newest + 1``. ``log`` is the name of the log, another one when its numbers mean other events;
``epoch`` counts the boxes that the gym has had. ``read`` is the highest cursor with which one of them
has asked for this log; an older relay does not say it. An erased event is a tombstone: its number and source.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from arni_edge.domain.errors import Unavailable
from arni_edge.storage.relay_cursor import Position

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class RelayEvent:
    """One webhook as the relay stored it.

    Attributes:
        sequence: Its number in this box's log, 1 and up.
        source: Whose webhook it is, for instance ``whatsapp``.
        received_at: When the relay received it (aware).
        body: The exact bytes of the request; personal, never logged.
        signature: The sender's signature header, or None.
        erased: There was a body, and somebody had it forgotten.
        again: An earlier life of this box, or the box before it, had read it: it is answered no second time.
    """

    sequence: int
    source: str
    received_at: datetime
    body: bytes
    signature: str | None
    erased: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that the relay no longer has: everything after ``after`` and before ``oldest``."""

    after: int
    oldest: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of the relay.

    Attributes:
        log: The log that it is from.
        epoch: Which of the gym's boxes it is for.
        events: In order, without holes between them.
        oldest: The first sequence number that the relay still has.
        newest: The last sequence number that the relay has given.
        position: Where to read on when all events are done; beyond a gap even if there are no events.
        gap: What is missing before the first event, or None.
        renewed: The numbers of this log are not those of the cursor: there are no events, and the cursor
            begins again.
        later: Seconds after which the relay wants to be asked again: it stops, and spreads its boxes.
        read: How far the gym's boxes have read this log, as far as the relay has heard of it.
    """

    log: str
    epoch: int
    events: tuple[RelayEvent, ...]
    oldest: int
    newest: int
    position: int
    gap: Gap | None = None
    renewed: bool = False
    later: float = 0.0
    read: int = 0

    @property
    def caught_up(self) -> bool:
        """Whether nothing is left at the relay when these events are done."""
        return self.position == self.newest


def read_batch(content: bytes, after: Position, now: datetime, *, later: float = 0.0) -> Batch:
    """Understand the relay's answer to "what came after ``after``?".

    Args:
        content: The answer, JSON.
        after: The cursor that was asked with.
        now: Stands in for a receive time that cannot be read.
        later: Seconds after which the relay wants to be asked again.

    Raises:
        Unavailable: This is not the answer of a relay (a captive portal, a broken proxy).
    """
    try:
        answer = orjson.loads(content)
        log, epoch = _name(answer["log"]), _whole(answer["epoch"])
        oldest, newest = _whole(answer["oldest"]), _whole(answer["newest"])
        events = [_event(item, now) for item in answer["events"]]
        read = min(_whole(answer.get("read", 0)), newest)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise Unavailable("the relay's answer cannot be understood") from None
    # A log that ends before the cursor is not the one that was read, whatever it is called: a backup was
    # restored, and nobody said so. To wait until it has grown to the cursor would lose what comes until then.
    if (after.log is not None and log != after.log) or newest < after.sequence:
        return Batch(log, epoch, (), oldest, newest, 0, renewed=True, later=later)
    start = max(after.sequence, oldest - 1)
    chain = _chain([event for event in events if event.sequence > start])
    first = chain[0].sequence if chain else start + 1
    gap = Gap(after.sequence, first) if first != after.sequence + 1 else None
    position = first - 1 + len(chain)
    return Batch(log, epoch, tuple(chain), oldest, newest, position, gap, later=later, read=read)


def _chain(events: list[RelayEvent]) -> list[RelayEvent]:
    """The events up to the first hole.

    A hole in the middle may be a number whose transaction is not visible yet: what follows is left for
    the next poll. A hole that is still there then has become a gap at the head, and is reported.
    """
    chain: list[RelayEvent] = []
    for event in sorted(events, key=lambda event: event.sequence):
        if chain and event.sequence == chain[-1].sequence:
            continue
        if chain and event.sequence != chain[-1].sequence + 1:
            break
        chain.append(event)
    return chain


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("not a sequence number")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise ValueError("not a name")
    return value


def _event(item: dict[str, Any], now: datetime) -> RelayEvent:
    """One event. Only its number must be right: refusing a poisoned body is the consumer's business."""
    signature = item.get("signature")
    return RelayEvent(
        sequence=_whole(item["sequence"]),
        source=str(item.get("source", "")),
        received_at=_time(item.get("received_at"), now),
        body=_bytes(item.get("body")),
        signature=signature if isinstance(signature, str) else None,
        erased=item.get("erased") is True,
    )


def _time(value: object, now: datetime) -> datetime:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return now
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""
