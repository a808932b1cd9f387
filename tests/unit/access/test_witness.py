"""What people do at the locks themselves is written down, and only so often."""

from pathlib import Path

from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually_is

from arni_edge.access.witness import LockWitness
from arni_edge.bus import Bus
from arni_edge.domain.events import LockUsed
from arni_edge.storage import Database, Row, door_audit


async def _rows(database: Database, *doors: str) -> list[Row]:
    """Newest first; of these doors alone, if any are named."""
    rows = await door_audit.newest(database, 100)
    return [row for row in rows if not doors or row["door"] in doors]


def _unlatched(clock: ManualClock, door: str) -> LockUsed:
    return LockUsed(at=clock.now(), door=door, action="unlatch", source="", auth_id=0, code_id=0)


async def test_a_keypad_opening_is_in_the_audit_by_the_locks_own_numbers(tmp_path: Path) -> None:
    clock, bus = ManualClock(), Bus()
    async with open_database(tmp_path / "arni.db") as database:
        witness = LockWitness(database, bus, clock)
        async with running(witness.run):
            bus.publish(
                LockUsed(
                    at=clock.now(),
                    door="front",
                    action="unlatch",
                    source="keypad",
                    auth_id=54321,
                    code_id=12345,
                )
            )
            bus.publish(
                LockUsed(at=clock.now(), door="back", action="lock", source="button", auth_id=0, code_id=0)
            )
            rows: list[Row] = []
            while len(rows) < 2:
                rows = await _rows(database)
        button, keypad = rows
        assert (keypad["state"], keypad["rule"], keypad["via"]) == ("observed", "unlatch", "keypad")
        assert keypad["credential_id"] == "auth 54321, code 12345"
        assert keypad["member_id"] is None
        assert button["credential_id"] is None


async def test_a_lock_that_chatters_does_not_fill_the_disk(tmp_path: Path) -> None:
    clock, bus = ManualClock(), Bus()
    async with open_database(tmp_path / "arni.db") as database:
        witness = LockWitness(database, bus, clock)
        async with running(witness.run):
            for _ in range(200):
                bus.publish(_unlatched(clock, "front"))
            bus.publish(_unlatched(clock, "back"))
            await eventually_is(lambda: _rows(database, "back"), len)  # and so all before it were seen
            clock.advance(61)
            bus.publish(_unlatched(clock, "front"))
            rows = await eventually_is(lambda: _rows(database, "front"), lambda rows: rows[0]["evidence"])
        assert len(rows) <= 20
        assert "were not written down" in rows[0]["evidence"]
