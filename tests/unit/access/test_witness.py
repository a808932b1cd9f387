"""What people do at the locks themselves is written down, and only so often."""

from pathlib import Path

from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually

from arni_edge.access.witness import LockWitness
from arni_edge.bus import Bus
from arni_edge.domain.events import LockUsed
from arni_edge.storage import Database, Row, door_audit


async def _rows(database: Database) -> list[Row]:
    return await door_audit.newest(database, 100)


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
                bus.publish(
                    LockUsed(at=clock.now(), door="front", action="unlatch", source="", auth_id=0, code_id=0)
                )
            await eventually(lambda: database.commits >= 10)
            clock.advance(61)
            while not any(row["evidence"] for row in await _rows(database)):
                bus.publish(
                    LockUsed(at=clock.now(), door="front", action="unlatch", source="", auth_id=0, code_id=0)
                )
        rows = await _rows(database)
        assert len(rows) <= 20
        assert any("were not written down" in (row["evidence"] or "") for row in rows)
