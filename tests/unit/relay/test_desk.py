"""Each event to whom it concerns, then the cursor: on a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from support.database import open_database

from arni_edge.domain.errors import Unavailable
from arni_edge.relay import Handler, RelayDesk, RelayEvent
from arni_edge.storage import Database


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "arni.db") as opened:
        yield opened


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
            await desk.consume(given)
        except Unavailable:
            continue
        return failures
    pytest.fail("the line is wedged")


async def test_each_source_has_its_handler_and_they_share_the_cursor(database: Database) -> None:
    chat, members = Clerk(), Clerk()
    desk = RelayDesk(database, {"whatsapp": chat.handle, "magicline": members.handle})
    assert await desk.cursor() == 0
    for sequence, source in enumerate(["whatsapp", "magicline", "whatsapp"], start=1):
        await desk.consume(event(sequence, source))
    assert (chat.took, members.took) == ([1, 3], [2])
    assert await desk.cursor() == 3


async def test_the_cursor_outlives_the_desk(database: Database) -> None:
    handlers: dict[str, Handler] = {"whatsapp": Clerk().handle}
    await RelayDesk(database, handlers).consume(event(7))
    assert await RelayDesk(database, handlers).cursor() == 7


async def test_a_relay_that_was_set_up_anew_is_followed(database: Database) -> None:
    desk = RelayDesk(database, {"whatsapp": Clerk().handle})
    await desk.consume(event(7))
    await desk.consume(event(1))
    assert await desk.cursor() == 1


async def test_the_content_is_there_before_the_cursor_moves(database: Database) -> None:
    """What the relay may forget is on the disk."""
    positions: list[int] = []

    async def handle(_: RelayEvent) -> None:
        positions.append(await desk.cursor())

    desk = RelayDesk(database, {"whatsapp": handle})
    await desk.consume(event(1))
    await desk.consume(event(2))
    assert positions == [0, 1]


async def test_what_nobody_understands_is_acknowledged_and_told_once(database: Database) -> None:
    desk = RelayDesk(database, {})
    with capture_logs() as logs:
        for sequence, source in enumerate(["fax", "fax", "telex"], start=1):
            await desk.consume(event(sequence, source))
    assert await desk.cursor() == 3
    assert [(entry["event"], entry["source"]) for entry in logs] == [
        ("relay_source_unknown", "fax"),
        ("relay_source_unknown", "telex"),
    ]
    assert "geheim" not in repr(logs)


async def test_storage_that_is_away_holds_the_line_however_long(database: Database) -> None:
    clerk = Clerk(*[Unavailable("the disk is full")] * 12)
    desk = RelayDesk(database, {"whatsapp": clerk.handle})
    with pytest.raises(Unavailable, match="the disk is full"):
        await desk.consume(event(1))
    assert await desk.cursor() == 0
    assert await consumed(desk, event(1)) == 11
    assert await desk.cursor() == 1


async def test_a_handler_that_crashes_now_and_then_loses_nothing(database: Database) -> None:
    clerk = Clerk(KeyError("a bug"), RuntimeError("another"))
    desk = RelayDesk(database, {"whatsapp": clerk.handle})
    with capture_logs() as logs:
        assert await consumed(desk, event(1)) == 2
    assert clerk.took == [1, 1, 1]
    assert {entry["log_level"] for entry in logs} == {"error"}
    assert await desk.cursor() == 1


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
    assert await desk.cursor() == 2
