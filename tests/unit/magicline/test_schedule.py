"""When the nightly pass is due."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.magicline.schedule import latest_due

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=BERLIN, fold=fold).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("now", "at", "due"),
    [
        (berlin(2026, 11, 18, 3, 29), time(3, 30), berlin(2026, 11, 17, 3, 30)),
        (berlin(2026, 11, 18, 3, 30), time(3, 30), berlin(2026, 11, 18, 3, 30)),
        (berlin(2026, 11, 18, 0, 0), time(23, 59), berlin(2026, 11, 17, 23, 59)),
        # 02:30 does not exist: an hour after 01:30.
        (berlin(2026, 3, 29, 3, 29), time(2, 30), berlin(2026, 3, 28, 2, 30)),
        (berlin(2026, 3, 29, 3, 31), time(2, 30), berlin(2026, 3, 29, 1, 30) + timedelta(hours=1)),
        # 02:30 exists twice: the first.
        (berlin(2026, 10, 25, 2, 29), time(2, 30), berlin(2026, 10, 24, 2, 30)),
        (berlin(2026, 10, 25, 2, 29, fold=1), time(2, 30), berlin(2026, 10, 25, 2, 30)),
        (berlin(2026, 10, 25, 2, 31, fold=1), time(2, 30), berlin(2026, 10, 25, 2, 30)),
    ],
)
def test_once_a_day_by_the_clock_of_the_studio(now: datetime, at: time, due: datetime) -> None:
    assert latest_due(now, at, BERLIN) == due


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.times(),
)
def test_never_in_the_future_and_never_two_days_ago(now: datetime, at: time) -> None:
    due = latest_due(now, at, BERLIN)
    assert timedelta(0) <= now - due <= timedelta(hours=25)
