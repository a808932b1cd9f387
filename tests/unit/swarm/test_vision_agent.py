"""What members hear about how busy it is: bands, and at night not even whether somebody is there."""

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clock import ManualClock
from support.questions import question

from arni_edge.access import Entry
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.occupancy import Band, Occupancy, band, member_band
from arni_edge.settings import Counting, Site
from arni_edge.swarm.agents import Vision
from arni_edge.vision.forecast import QuietWindow

SITE = Site(id="gym", name="Gym", capacity=20)
COUNTING = Counting.model_validate({"withhold_hours": ["00:00-06:00", "22:00-24:00"], "withhold_below": 3})
NIGHT = datetime(2026, 11, 18, 22, 30, tzinfo=UTC)
DAY = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)


class Eyes:
    def __init__(self, count: int | None, age: float = 1.0) -> None:
        self.found = Occupancy(count, None if count is None else age)

    def total(self) -> Occupancy:
        return self.found


async def _never() -> Entry:
    raise AssertionError


async def answer(
    count: int | None,
    now: datetime,
    *,
    age: float = 1.0,
    language: Language = Language.ENGLISH,
    quiet: QuietWindow | None = None,
) -> str:
    agent = Vision(
        Catalogue.load(), Eyes(count, age), SITE, ManualClock(now), COUNTING, quiet_times=lambda: quiet
    )
    return await agent.how_busy(question(language, _never))


async def test_at_night_nobody_hears_whether_somebody_is_alone_there_or_nobody() -> None:
    told = {await answer(count, NIGHT) for count in (0, 1, 2)}
    assert told == {"It is quiet right now."}
    assert await answer(0, DAY) == "Nobody is in the gym right now."


async def test_at_night_a_count_above_the_threshold_and_the_unknown_are_told_as_by_day() -> None:
    assert await answer(10, NIGHT) == await answer(10, DAY)
    assert await answer(None, NIGHT) == await answer(None, DAY)


async def test_a_figure_of_the_night_is_withheld_also_when_it_is_told_in_the_morning() -> None:
    just_after_six = datetime(2026, 11, 18, 5, 2, tzinfo=UTC)
    assert (await answer(0, just_after_six, age=600)).startswith("It is quiet")
    assert (await answer(0, just_after_six, age=10)).startswith("Nobody")


async def test_when_it_is_busy_the_quietest_hours_are_told_and_when_it_is_quiet_not() -> None:
    quiet = QuietWindow(1, 14, 16)
    busy = await answer(16, DAY, quiet=quiet, language=Language.GERMAN)
    assert busy.endswith("Am ruhigsten ist es meist am Dienstag von 14 bis 16 Uhr.")
    assert "Tuesday from 14:00 to 16:00" in await answer(16, DAY, quiet=quiet)
    assert "Tuesday" not in await answer(2, DAY, quiet=quiet)
    assert "Tuesday" not in await answer(None, DAY, quiet=quiet)


@given(
    count=st.none() | st.integers(0, 60),
    capacity=st.integers(1, 60),
    local=st.times(),
    below=st.integers(0, 20),
)
def test_small_counts_of_the_night_cannot_be_told_apart(
    count: int | None, capacity: int, local: time, below: int
) -> None:
    told = member_band(
        count, capacity, local=local, withhold_below=below, withhold_hours=COUNTING.withhold_hours
    )
    night = local < time(6) or local >= time(22)
    if count is not None and count < below and night:
        assert told is Band.QUIET
    else:
        assert told is band(count, capacity)


@pytest.mark.parametrize("moment", [time(23, 59, 59, 999999), time.max, time(0)])
def test_the_last_and_the_first_moment_of_a_day_are_night(moment: time) -> None:
    assert (
        member_band(1, 20, local=moment, withhold_below=3, withhold_hours=COUNTING.withhold_hours)
        is Band.QUIET
    )
