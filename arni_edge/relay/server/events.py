"""The log of one gym: append, hand out, erase, forget. Every statement names the gym that it may touch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal

from arni_edge.relay.server.store import Row, Store, Transaction
from arni_edge.relay.server.times import from_ms, to_ms

Source = Literal["whatsapp", "magicline"]

EXPIRY_BATCH = 200
"""Events deleted in one transaction: whoever appends to the same log waits for it."""
_ERASE_CHUNK = 200
_READ_SECONDS = 2.0

_NEXT = "UPDATE gym SET newest = newest + 1 WHERE id = :gym RETURNING newest"
_APPEND = """INSERT INTO event (gym, sequence, source, received_at, size, signature, body)
VALUES (:gym, :sequence, :source, :received_at, :size, :signature, :body)"""
_SIZES = """SELECT sequence, size FROM event WHERE gym = :gym AND sequence > :after
ORDER BY sequence LIMIT :count"""
# The head of the log and its events in one statement: they are of the same moment.
_PAGE = """SELECT gym.log, gym.epoch, gym.oldest, gym.newest, gym.read_to,
    event.sequence, event.source, event.received_at, event.signature, event.body
FROM gym LEFT JOIN event ON event.gym = gym.id AND event.sequence > :after AND event.sequence <= :last
WHERE gym.id = :gym AND gym.epoch = :epoch AND gym.revoked = 0 ORDER BY event.sequence"""
# Each box commits before it asks again: what is below its cursor it has taken in.
_READ = """UPDATE gym SET read_to = :after
WHERE id = :gym AND log = :log AND epoch = :epoch AND read_to < :after AND newest >= :after"""
_AGES = """SELECT sequence, received_at FROM event WHERE gym = :gym ORDER BY sequence LIMIT :count"""


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook.

    Attributes:
        sequence: Its number in the gym's log, 1 and up.
        source: Whose webhook it is.
        received_at: When it came (aware).
        signature: The sender's signature header, if it has one.
        body: Its exact bytes; None: erased.
    """

    sequence: int
    source: str
    received_at: datetime
    signature: str | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Page:
    """What came after a cursor, with the head of the log as of the same moment.

    Attributes:
        log: Its name.
        epoch: Of the box that counts.
        oldest: The first number that is kept.
        newest: The last number that was given.
        read: The highest cursor with which a box of the gym has asked for this log.
        events: What came.
    """

    log: str
    epoch: int
    oldest: int
    newest: int
    read: int
    events: tuple[Event, ...]


async def append(
    store: Store,
    gym: str,
    source: Source,
    *,
    at: datetime,
    body: bytes,
    signature: str | None,
    deadline: float = 15.0,
) -> int | None:
    """Keep one webhook; returns its number once it would survive a power cut.

    Args:
        store: The database.
        gym: Whose log.
        source: Whose webhook.
        at: When it came.
        body: Its exact bytes.
        signature: Its signature header.
        deadline: Seconds to wait for the commit.

    Returns:
        Its number, or None when this gym was removed meanwhile.

    Raises:
        Unavailable: It is not known to be stored: the sender must send it again.
    """

    async def unit(tx: Transaction) -> int | None:
        rows = await tx.fetch(_NEXT, {"gym": gym})
        if not rows:
            return None
        sequence = int(rows[0]["newest"])
        await tx.execute(
            _APPEND,
            {
                "gym": gym,
                "sequence": sequence,
                "source": source,
                "received_at": to_ms(at),
                "size": len(body),
                "signature": signature,
                "body": body,
            },
        )
        return sequence

    return await store.write(unit, deadline=deadline)


async def page(store: Store, gym: str, epoch: int, after: int, *, events: int, size: int) -> Page | None:
    """What came after a cursor, for the box of one epoch.

    Args:
        store: The database.
        gym: Whose log.
        epoch: Of the box that asks.
        after: Its cursor.
        events: At most so many.
        size: At most so many bytes of bodies; but always one event, if there is one.

    Returns:
        The page; None when this box does not count any more.

    Raises:
        Unavailable: The database does not answer.
    """
    sizes = await store.read(_SIZES, {"gym": gym, "after": after, "count": events})
    last = _last(sizes, size)
    rows = await store.read(
        _PAGE, {"gym": gym, "epoch": epoch, "after": after, "last": after if last is None else last}
    )
    if not rows:
        return None
    head = rows[0]
    return Page(
        head["log"],
        int(head["epoch"]),
        int(head["oldest"]),
        int(head["newest"]),
        int(head["read_to"]),
        tuple(_event(row) for row in rows if row["sequence"] is not None),
    )


async def note_read(store: Store, gym: str, epoch: int, log: str, after: int) -> None:
    """Note how far the box of an epoch has read a log; a lower cursor than before changes nothing.

    Raises:
        Unavailable: It could not be noted.
    """
    values = {"gym": gym, "epoch": epoch, "log": log, "after": after}

    async def unit(tx: Transaction) -> None:
        await tx.execute(_READ, values)

    await store.write(unit, deadline=_READ_SECONDS)


async def erase(store: Store, gym: str, sequences: Sequence[int]) -> int:
    """Put tombstones in the place of events: number, source and time stay, body and signature go.

    Returns:
        How many there were that had a body.

    Raises:
        Unavailable: The database does not answer; some may be erased.
    """
    erased = 0
    for chunk in _chunks(sorted(set(sequences))):
        names = {f"s{place}": sequence for place, sequence in enumerate(chunk)}
        marks = ", ".join(f":{name}" for name in names)
        sql = f"""UPDATE event SET body = NULL, signature = NULL, size = 0
WHERE gym = :gym AND body IS NOT NULL AND sequence IN ({marks})"""  # noqa: S608 - names of our own

        async def unit(tx: Transaction, sql: str = sql, names: dict[str, int] = names) -> int:
            return await tx.execute(sql, {"gym": gym} | names)

        erased += await store.write(unit)
    if sequences:  # also when they were erased before: that time this may have failed
        await store.scrub()
    return erased


async def erase_all(store: Store, gym: str) -> int:
    """Put a tombstone in the place of every event of a gym; see :func:`erase`."""

    async def unit(tx: Transaction) -> int:
        return await tx.execute(
            "UPDATE event SET body = NULL, signature = NULL, size = 0 WHERE gym = :gym AND body IS NOT NULL",
            {"gym": gym},
        )

    erased = await store.write(unit, deadline=300.0)
    await store.scrub()
    return erased


async def expire(store: Store, gym: str, before: datetime) -> int:
    """Delete the oldest events of a gym that came before a moment, at most ``EXPIRY_BATCH`` of them.

    Only from the beginning: what is left has no hole.

    Returns:
        How many were deleted.

    Raises:
        Unavailable: The database does not answer.
    """
    rows = await store.read(_AGES, {"gym": gym, "count": EXPIRY_BATCH})
    old = list(takewhile(lambda row: row["received_at"] < to_ms(before), rows))
    if not old:
        return 0
    last = int(old[-1]["sequence"])

    async def unit(tx: Transaction) -> int:
        await tx.execute(
            "UPDATE gym SET oldest = :next WHERE id = :gym AND oldest < :next", {"gym": gym, "next": last + 1}
        )
        return await tx.execute(
            "DELETE FROM event WHERE gym = :gym AND sequence <= :last", {"gym": gym, "last": last}
        )

    return await store.write(unit)


async def expire_all(store: Store, now: datetime, keep: timedelta) -> int:
    """One batch for every gym; returns how many events were deleted in all."""
    rows = await store.read("SELECT id FROM gym WHERE oldest <= newest ORDER BY id", {})
    return sum([await expire(store, row["id"], now - keep) for row in rows])


def _last(sizes: Sequence[Row], limit: int) -> int | None:
    """The last number that still fits; None when there is nothing."""
    last, total = None, 0
    for row in sizes:
        total += int(row["size"])
        if last is not None and total > limit:
            break
        last = int(row["sequence"])
    return last


def _event(row: Row) -> Event:
    body = row["body"]
    return Event(
        int(row["sequence"]),
        row["source"],
        from_ms(row["received_at"]),
        row["signature"],
        None if body is None else bytes(body),
    )


def _chunks(sequences: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(sequences), _ERASE_CHUNK):
        yield sequences[start : start + _ERASE_CHUNK]
