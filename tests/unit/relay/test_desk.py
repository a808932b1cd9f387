"""Each event to whom it concerns, then the cursor: on a real database."""

from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from arni_edge.domain.errors import Unavailable
from arni_edge.relay import Gap, Handler, RelayDesk, RelayEvent
from arni_edge.storage import Database, Transaction, relay_traces
from arni_edge.storage.relay_cursor import Loss, Position

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOG = "a log"


def event(sequence: int, source: str = "whatsapp") -> RelayEvent:
    return RelayEvent(sequence, source, datetime(2026, 11, 21, tzinfo=UTC), b"geheim", None)


class Clerk:
    """A handler that notes what it took, and raises what it is told to, once each."""

    def __init__(self, *raised: Exception) -> None:
        self.took: list[int] = []
        self._raised = list(raised)

    async def handle(self, given: RelayEvent) -> None:
        self.took.append(given.sequence)
        if self._raised:
            raise self._raised.pop(0)


async def consumed(desk: RelayDesk, given: RelayEvent) -> int:
    """Hand an event out as the pull does, until it is done; how often that was in vain."""
    for failures in range(20):
        try:
            await desk.consume(given, LOG)
        except Unavailable:
            continue
        return failures
    pytest.fail("the line is wedged")


async def test_each_source_has_its_handler_and_they_share_the_cursor(database: Database) -> None:
    chat, members = Clerk(), Clerk()
    desk = RelayDesk(database, {"whatsapp": chat.handle, "magicline": members.handle})
    assert (await desk.position()).sequence == 0
    for sequence, source in enumerate(["whatsapp", "magicline", "whatsapp"], start=1):
        await desk.consume(event(sequence, source), LOG)
    assert (chat.took, members.took) == ([1, 3], [2])
    assert (await desk.position()).sequence == 3


async def test_the_cursor_outlives_the_desk(database: Database) -> None:
    handlers: dict[str, Handler] = {"whatsapp": Clerk().handle}
    await RelayDesk(database, handlers).consume(event(7), LOG)
    assert await RelayDesk(database, handlers).position() == Position(LOG, 7)


async def test_the_content_is_there_before_the_cursor_moves(database: Database) -> None:
    """What the relay may forget is on the disk."""
    positions: list[int] = []

    async def handle(_: RelayEvent) -> None:
        positions.append((await desk.position()).sequence)

    desk = RelayDesk(database, {"whatsapp": handle})
    await desk.consume(event(1), LOG)
    await desk.consume(event(2), LOG)
    assert positions == [0, 1]


async def test_what_nobody_understands_is_acknowledged_and_told_once(database: Database) -> None:
    desk = RelayDesk(database, {})
    with capture_logs() as logs:
        for sequence, source in enumerate(["fax", "fax", "telex"], start=1):
            await desk.consume(event(sequence, source), LOG)
    assert (await desk.position()).sequence == 3
    assert [(entry["event"], entry["source"]) for entry in logs] == [
        ("relay_source_unknown", "fax"),
        ("relay_source_unknown", "telex"),
    ]
    assert "geheim" not in repr(logs)


async def test_storage_that_is_away_holds_the_line_however_long(database: Database) -> None:
    clerk = Clerk(*[Unavailable("the disk is full")] * 12)
    desk = RelayDesk(database, {"whatsapp": clerk.handle})
    with pytest.raises(Unavailable, match="the disk is full"):
        await desk.consume(event(1), LOG)
    assert (await desk.position()).sequence == 0
    assert await consumed(desk, event(1)) == 11
    assert (await desk.position()).sequence == 1


async def test_a_handler_that_crashes_now_and_then_loses_nothing(database: Database) -> None:
    clerk = Clerk(KeyError("a bug"), RuntimeError("another"))
    desk = RelayDesk(database, {"whatsapp": clerk.handle})
    with capture_logs() as logs:
        assert await consumed(desk, event(1)) == 2
    assert clerk.took == [1, 1, 1]
    assert {entry["log_level"] for entry in logs} == {"error"}
    assert (await desk.position()).sequence == 1


async def test_an_event_that_always_crashes_does_not_wedge_the_line(database: Database) -> None:
    """It is told of at the highest level, and the next one has all its tries."""
    clerk = Clerk(*[KeyError("a bug")] * 7)
    desk = RelayDesk(database, {"whatsapp": clerk.handle})
    with capture_logs() as logs:
        assert await consumed(desk, event(1)) == 4
        assert await consumed(desk, event(2)) == 2
    assert clerk.took == [1] * 5 + [2] * 3
    lost = [(entry["event"], entry["sequence"]) for entry in logs if entry["log_level"] == "critical"]
    assert lost == [("relay_event_lost", 1)]
    assert (await desk.position()).sequence == 2


async def test_of_what_was_erased_there_is_nothing_to_handle(database: Database) -> None:
    clerk = Clerk()
    desk = RelayDesk(database, {"whatsapp": clerk.handle}, urgent={"whatsapp": clerk.handle})
    stone = RelayEvent(1, "whatsapp", datetime(2026, 11, 21, tzinfo=UTC), b"", None, erased=True)
    await desk.heed(stone)
    await desk.consume(stone, LOG)
    assert (clerk.took, (await desk.position()).sequence) == ([], 1)


async def test_what_is_urgent_is_seen_without_being_acknowledged(database: Database) -> None:
    chat, urgent = Clerk(), Clerk(KeyError("a bug"))
    desk = RelayDesk(database, {"whatsapp": chat.handle}, urgent={"whatsapp": urgent.handle})
    for number in (1, 2):
        await desk.heed(event(number))
    await desk.heed(event(3, "magicline"))
    assert (chat.took, urgent.took) == ([], [1, 2])
    assert await desk.position() == Position()


async def test_a_loss_is_noted_and_told_in_one_commit_with_the_cursor(database: Database) -> None:
    told: list[datetime] = []

    async def tell(_: Transaction, at: datetime) -> None:
        told.append(at)
        if len(told) == 1:
            raise Unavailable("the disk is full")

    desk = RelayDesk(database, {}, on_loss=[tell])
    await desk.consume(event(3), LOG)
    with pytest.raises(Unavailable):
        await desk.lose(Gap(3, 8), LOG, NOW)
    assert (await desk.position(), await desk.last_loss()) == (Position(LOG, 3), None)
    assert await desk.lose(Gap(3, 8), LOG, NOW) == await desk.position() == Position(LOG, 7)
    assert await desk.last_loss() == Loss(NOW, 3, 8)
    assert told == [NOW, NOW]


async def test_another_log_begins_at_its_start_and_its_numbers_mean_nobody_yet(database: Database) -> None:
    desk = RelayDesk(database, {})
    await desk.consume(event(7), LOG)
    await database.write(lambda tx: relay_traces.note(tx, ["whatsapp:a"], 7))
    assert await desk.start_again("another", Position(LOG, 7), NOW) == await desk.position()
    assert await desk.position() == Position("another", 0)
    assert await desk.last_loss() == Loss(NOW, 7, None)
    assert await database.write(lambda tx: relay_traces.erase(tx, ["whatsapp:a"])) == 0
