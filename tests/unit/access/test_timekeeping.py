"""No door is commanded before the clock is set."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.clock import ManualClock
from support.database import open_database

from arni_edge.access.timekeeping import WRITTEN, Timekeeping, is_plausible
from arni_edge.storage import incidents

_LATER = WRITTEN + timedelta(days=400)


def test_a_clock_older_than_this_code_is_wrong() -> None:
    assert not is_plausible(datetime(1970, 1, 1, tzinfo=UTC), None)
    assert not is_plausible(WRITTEN - timedelta(seconds=1), None)
    assert is_plausible(WRITTEN, None)


def test_a_clock_older_than_what_was_written_down_is_wrong() -> None:
    assert not is_plausible(_LATER - timedelta(seconds=1), _LATER)
    assert is_plausible(_LATER, _LATER)


async def test_the_newest_row_counts_unless_somebody_vouches_for_the_clock(tmp_path: Path) -> None:
    clock, vouched = ManualClock(_LATER - timedelta(days=1)), False
    async with open_database(tmp_path / "arni.db") as database:
        await database.write(lambda tx: incidents.begin(tx, "door", "front", "jammed", "state=254", _LATER))
        time = Timekeeping(database, clock, vouched=lambda: vouched)
        assert time.clock_is_set()  # nobody has looked yet
        await time.look_back()
        assert not time.clock_is_set()
        vouched = True
        assert time.clock_is_set()
        vouched = False
        clock.advance(86_400)
        assert time.clock_is_set()
