"""A camera's hours are the studio's, also in the nights when the clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from arni_edge.settings import Hours
from arni_edge.vision.worker.hours import WatchHours

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = Hours.model_validate({"sunday": ["02:30-05:00", "22:00-24:00"], "monday": ["00:00-01:00"]})
WATCH = WatchHours(HOURS, "Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "watching"),
    [
        ("2026-11-22 02:29:59", False),
        ("2026-11-22 02:30:00", True),
        ("2026-11-22 04:59:59", True),
        ("2026-11-22 05:00:00", False),
        ("2026-11-22 23:59:59", True),  # Sunday's last second, and Monday's first
        ("2026-11-23 00:00:00", True),
        ("2026-11-23 01:00:00", False),
        ("2026-11-24 02:30:00", False),  # no span on a Tuesday
    ],
)
def test_a_camera_watches_in_its_spans_and_not_outside(local: str, watching: bool) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    assert WATCH.watching(moment) is watching
    assert WATCH.watching(moment.astimezone(UTC)) is watching


def test_a_camera_without_hours_always_watches() -> None:
    assert WatchHours(None, "Europe/Berlin").watching(datetime(2026, 11, 22, tzinfo=UTC))


def test_the_hour_that_comes_twice_counts_twice() -> None:
    """25 October 2026, 03:00 summer time becomes 02:00."""
    seen = [WATCH.watching(datetime(2026, 10, 25, hour, 45, tzinfo=UTC)) for hour in (0, 1)]
    assert seen == [True, True]  # 02:45 summer time, 02:45 winter time
    seen = [WATCH.watching(datetime(2026, 10, 25, hour, 15, tzinfo=UTC)) for hour in (0, 1)]
    assert seen == [False, False]  # 02:15, both times


def test_a_span_that_begins_in_the_hour_that_is_left_out_begins_after_it() -> None:
    """29 March 2026, 02:00 becomes 03:00."""
    assert not WATCH.watching(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC))  # 01:59:59
    assert WATCH.watching(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))  # 03:00


def test_the_studio_decides_and_not_the_box() -> None:
    moment = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # Sunday 03:00 in Berlin, Saturday evening in New York
    assert WATCH.watching(moment)
    assert not WatchHours(HOURS, "America/New_York").watching(moment)
