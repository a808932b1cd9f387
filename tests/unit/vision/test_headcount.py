"""The count of the gym: conservation, corrections, the nightly zero, doubt that grows honestly."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arni_edge.domain.headcount import HeadcountMemory
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.headcount import Figure, Headcount, ZoneSight

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
LINES = CountingPlan(lines={"door": "cam"})
BOTH = CountingPlan(zones=("floor", "free"), lines={"door": "cam"})
EVERYBODY = CountingPlan(zones=("floor", "free"), lines={"door": "cam"}, zones_see_everybody=True)


class Gym:
    """A headcount, and time that passes before it; the lines are watched unless a test says otherwise."""

    def __init__(self, plan: CountingPlan, now: datetime = NOON, *, proved: bool = True) -> None:
        self.plan, self.at, self.now = plan, 1000.0, now
        self.count = Headcount(plan, self.at, now)
        self.zones: dict[str, tuple[int, int]] = {}
        self.silent = False
        self.blind = False
        self.continuous = True
        self.step()
        if proved:
            self.count.told(0, self.at, self.now)

    @property
    def sights(self) -> Mapping[str, ZoneSight | None]:
        return {
            zone: ZoneSight(*self.zones[zone], age=1.0) if zone in self.zones else None
            for zone in self.plan.zones
        }

    def step(self, seconds: float = 0.0) -> None:
        self.at += seconds
        self.now += timedelta(seconds=seconds)
        if not self.silent:
            for line in self.plan.lines:
                self.count.heard(line, self.at, continuous=self.continuous)
        self.count.look(self.sights, dict.fromkeys(self.plan.lines, self.blind), self.at, self.now)

    def wait(self, seconds: float, every: float = 2.0) -> None:
        left = seconds
        while left > 0:
            self.step(min(every, left))
            left -= every

    def cross(self, entries: int = 0, exits: int = 0) -> None:
        self.count.crossed(entries, exits, self.at, self.now)
        self.step()

    def see(self, **zones: int | None) -> None:
        self.zones = {zone: (count, 0) for zone, count in zones.items() if count is not None}
        self.step()

    @property
    def figure(self) -> Figure:
        return self.count.figure(self.sights, self.at)

    @property
    def memory(self) -> HeadcountMemory:
        return self.count.memory(self.at, self.now)

    def reborn(self, away: float, plan: CountingPlan | None = None) -> "Gym":
        """A new daemon goes on from what was kept, so many seconds later, with another monotonic clock."""
        later = Gym(plan or self.plan, self.now + timedelta(seconds=away), proved=False)
        later.at, later.continuous = 5.0, False  # the worker was restarted, too
        later.count = Headcount(later.plan, later.at, later.now)
        later.count.restore(self.memory, self.now, later.at, later.now)
        return later


# --- lines ------------------------------------------------------------------------------------------------


def test_before_any_proof_the_lines_say_nothing() -> None:
    gym = Gym(LINES, proved=False)
    gym.cross(entries=3)
    assert (gym.figure.count, gym.figure.reason) == (None, "no_proof")


def test_who_came_minus_who_left_is_inside() -> None:
    gym = Gym(LINES)
    gym.cross(entries=3)
    gym.cross(exits=1)
    assert gym.figure.count == 2
    assert gym.figure.basis == "lines"
    assert gym.figure.age == pytest.approx(0, abs=2)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=60))
@settings(max_examples=150, deadline=None)
def test_it_is_never_negative_and_people_are_conserved_but_for_the_clamps(
    steps: list[tuple[int, int]],
) -> None:
    gym = Gym(LINES)
    for entries, exits in steps:
        gym.cross(entries, exits)
        assert gym.memory.inside >= 0
    memory, came, left = gym.memory, sum(a for a, _ in steps), sum(b for _, b in steps)
    assert memory.inside == came - left + memory.clamps
    assert (memory.entries, memory.exits) == (came, left)


def test_more_who_left_than_were_inside_is_drift_and_costs_confidence() -> None:
    gym = Gym(LINES)
    gym.cross(entries=1)
    before = gym.figure.confidence
    gym.cross(exits=3)
    assert gym.figure.count == 0
    assert gym.memory.drift == -2
    assert gym.figure.confidence < before


def test_confidence_falls_with_crossings_and_with_time() -> None:
    gym = Gym(LINES)
    assert gym.figure.confidence > 0.99
    gym.wait(8 * 3600, every=60)
    after_hours = gym.figure.confidence
    assert after_hours < 1.0
    for _ in range(100):
        gym.cross(entries=1)
        gym.cross(exits=1)
    assert 0.2 < gym.figure.confidence < after_hours


def test_a_day_that_was_far_off_makes_the_next_day_less_trusted() -> None:
    trusted, doubted = Gym(LINES), Gym(LINES)
    for gym, lost in ((trusted, 0), (doubted, 9)):
        for _ in range(30):
            gym.cross(entries=1)
        gym.cross(exits=30 - lost)
        gym.count.told(0, gym.at, gym.now)
        for _ in range(15):
            gym.cross(entries=1)
            gym.cross(exits=1)
    assert doubted.figure.confidence < trusted.figure.confidence


# --- nobody watches the line --------------------------------------------------------------------------------


def test_while_the_door_camera_is_away_the_count_goes_on_with_less_confidence_and_then_is_unknown() -> None:
    gym = Gym(LINES)
    gym.cross(entries=20)
    gym.wait(60)
    watched = gym.figure.confidence
    gym.blind = True
    gym.wait(600)
    assert gym.figure.count == 20
    assert gym.figure.age == pytest.approx(600, abs=5)
    assert gym.figure.confidence < watched
    gym.wait(1300)
    assert gym.figure == Figure(None, reason="lines_unseen")
    gym.blind = False
    gym.step(2)
    assert gym.figure.count == 20
    assert gym.figure.confidence < watched - 0.1, "whoever passed meanwhile is still missing"


def test_totals_that_went_on_over_a_silence_prove_that_nothing_is_missing() -> None:
    counts = {}
    for continuous in (True, False):
        gym = Gym(LINES)
        gym.cross(entries=20)
        gym.silent = True
        gym.wait(1200)
        gym.count.heard("door", gym.at, continuous=continuous)
        gym.silent = False
        gym.count.look({}, {"door": False}, gym.at, gym.now)
        counts[continuous] = gym.figure.confidence
    assert counts[True] > counts[False]


def test_after_hours_without_eyes_in_the_rush_the_count_is_not_told_any_more() -> None:
    gym = Gym(LINES)
    for _ in range(60):
        gym.cross(entries=1)
        gym.step(30)
    gym.blind = True
    gym.wait(5 * 3600, every=30)
    gym.blind = False
    gym.step(2)
    assert (gym.figure.count, gym.figure.reason) == (None, "too_uncertain")


# --- zones --------------------------------------------------------------------------------------------------


def test_without_lines_the_zones_are_the_count() -> None:
    gym = Gym(CountingPlan(zones=("floor", "free")), proved=False)
    gym.see(floor=3, free=2)
    assert gym.figure == Figure(5, 1.0, 0, 1.0, "zones")
    gym.see(floor=3)
    assert (gym.figure.count, gym.figure.reason) == (None, "zones_unseen")


def test_a_gym_without_eyes_is_unknown_and_not_empty() -> None:
    assert Gym(CountingPlan()).figure == Figure(None, reason="no_eyes")


def test_never_fewer_than_are_seen() -> None:
    gym = Gym(BOTH)
    gym.cross(entries=1)
    gym.see(floor=3, free=None)
    assert gym.figure.count == 3
    gym.see(floor=0, free=None)
    assert gym.figure.count == 1, "a moment in two zones at once is no correction"


def test_more_who_are_seen_for_a_while_correct_the_lines() -> None:
    gym = Gym(BOTH)
    gym.cross(entries=1)
    gym.see(floor=3, free=None)
    gym.wait(12)
    assert gym.memory.inside == 3
    assert gym.memory.drift == -2


def test_who_waits_at_the_threshold_is_not_counted_twice_when_coming_in() -> None:
    gym = Gym(CountingPlan(zones=("hall",), lines={"door": "cam"}, thresholds=frozenset({"hall"})))
    gym.see(hall=1)
    gym.wait(60)
    assert gym.figure.count == 1
    gym.cross(entries=1)
    assert gym.figure.count == 1


def test_fewer_who_are_seen_correct_nothing_where_zones_do_not_see_everybody() -> None:
    gym = Gym(BOTH)
    gym.cross(entries=5)
    gym.see(floor=0, free=0)
    gym.wait(600)
    assert gym.figure.count == 5


def test_where_zones_see_everybody_they_are_the_count_and_correct_the_lines() -> None:
    gym = Gym(EVERYBODY)
    gym.cross(entries=5)
    gym.see(floor=3, free=1)
    assert (gym.figure.count, gym.figure.basis) == (4, "zones")
    assert gym.memory.inside == 5, "somebody is in the door perhaps"
    gym.wait(12)
    assert gym.memory.inside == 4
    gym.see(floor=3)  # the other camera is away: the lines go on from there
    gym.cross(exits=1)
    assert (gym.figure.count, gym.figure.basis) == (3, "lines")


def test_one_floor_seen_by_two_cameras_counts_once() -> None:
    plan = CountingPlan(zones=("left", "right", "bar"), overlapping=(frozenset({"left", "right"}),))
    gym = Gym(plan, proved=False)
    gym.see(left=3, right=2, bar=1)
    assert gym.figure.count == 4
    gym.see(left=None, right=2, bar=1)
    assert gym.figure.count == 3, "one of both suffices"
    gym.see(left=3, right=2)
    assert gym.figure.count is None


def test_while_the_lines_say_nothing_the_zones_answer_with_less_confidence() -> None:
    gym = Gym(BOTH, proved=False)
    gym.see(floor=2, free=2)
    assert (gym.figure.count, gym.figure.confidence, gym.figure.reason) == (4, 0.5, "no_proof")


# --- the nightly zero ---------------------------------------------------------------------------------------


def _until(gym: Gym, local: datetime) -> None:
    gym.wait((local.replace(tzinfo=BERLIN) - gym.now).total_seconds(), every=300)


def test_at_night_it_begins_at_zero_and_says_how_far_it_was_off() -> None:
    gym = Gym(LINES)
    gym.cross(entries=12)
    gym.cross(exits=10)
    _until(gym, datetime(2026, 11, 19, 3, 59))
    assert gym.figure.count == 2
    _until(gym, datetime(2026, 11, 19, 4, 5))
    assert gym.figure.count == 0
    assert (gym.memory.drift, gym.memory.entries, gym.memory.exits) == (2, 0, 0)
    assert gym.figure.confidence > 0.99


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_after_the_nightly_zero_the_count_is_right_whatever_was_counted_before(
    before: list[tuple[int, int]], come: int
) -> None:
    gym = Gym(LINES)
    for entries, exits in before:
        gym.cross(entries, exits)
    _until(gym, datetime(2026, 11, 19, 4, 5))
    gym.cross(entries=come)
    assert gym.figure.count == come


def test_who_is_certainly_seen_at_night_is_not_forgotten() -> None:
    gym = Gym(BOTH)
    gym.cross(entries=7)
    gym.zones = {"floor": (2, 1)}
    _until(gym, datetime(2026, 11, 19, 4, 5))
    gym.zones = {}
    gym.step()
    assert gym.figure.count == 2


def test_a_zero_that_nobody_watched_is_unknown_until_somebody_watches_again() -> None:
    gym = Gym(LINES)
    _until(gym, datetime(2026, 11, 19, 3, 50))
    gym.blind = True
    gym.wait(15 * 60, every=30)
    assert (gym.figure.count, gym.figure.reason) == (None, "lines_unseen")
    gym.blind = False
    gym.step(2)
    assert gym.figure.count == 0


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)])
@pytest.mark.parametrize("zero", [time(0, 0), time(2, 30), time(3, 0), time(4, 0)])
def test_there_is_one_zero_a_night_also_when_the_clock_is_changed(day: datetime, zero: time) -> None:
    plan = CountingPlan(lines={"door": "cam"}, nightly_zero=zero)
    start = (day - timedelta(hours=6)).astimezone(UTC)
    zeros = {plan.last_zero(start + timedelta(minutes=10 * step)) for step in range(24 * 6 * 2)}
    days = [moment.astimezone(BERLIN).date() for moment in sorted(zeros)]
    assert len(days) == len(set(days))
    assert {day.date(), day.date() + timedelta(days=1)} <= set(days)


# --- restarts -----------------------------------------------------------------------------------------------


def test_a_restart_drops_nothing_and_knows_how_old_it_is() -> None:
    gym = Gym(LINES)
    gym.cross(entries=4)
    later = gym.reborn(90)
    assert later.figure.count == 4
    assert later.figure.age == pytest.approx(90, abs=1)
    later.step(1)
    assert later.figure.age == pytest.approx(0, abs=1)


def test_a_count_that_is_kept_for_too_long_is_unknown_until_the_lines_are_heard() -> None:
    gym = Gym(LINES)
    gym.cross(entries=4)
    later = gym.reborn(3600)
    assert later.figure.count is None
    later.step(1)
    assert later.figure.count == 4


def test_a_box_that_was_off_at_the_minute_makes_up_for_it_and_says_how_little_it_knows() -> None:
    gym = Gym(LINES)
    gym.cross(entries=4)
    later = gym.reborn(21 * 3600)  # 09:00 the next day
    later.step(1)
    assert later.figure.count == 0
    assert later.memory.drift == 4
    assert later.figure.confidence < 0.5, "five hours of the new day were not watched"
    long_after = gym.reborn(34 * 3600)  # 22:00
    long_after.step(1)
    assert long_after.figure.reason == "too_uncertain"


def test_the_zero_of_a_night_happens_once_also_over_a_restart() -> None:
    gym = Gym(LINES)
    _until(gym, datetime(2026, 11, 19, 4, 1))
    gym.cross(entries=2)
    later = gym.reborn(60)
    later.step(1)
    assert later.figure.count == 2


def test_a_clock_that_was_wrong_does_not_keep_the_next_zero_away() -> None:
    gym = Gym(LINES, now=datetime(2031, 1, 1, 12, 0, tzinfo=UTC))
    gym.cross(entries=4)
    back = Gym(LINES, NOON, proved=False)
    back.count.restore(gym.memory, gym.now, back.at, back.now)
    back.step(1)
    assert back.figure.count == 4
    _until(back, datetime(2026, 11, 19, 4, 5))
    assert back.figure.count == 0


def test_a_box_that_wakes_up_in_1970_does_not_take_the_afternoon_for_another_night() -> None:
    gym = Gym(LINES)
    gym.cross(entries=4)
    later = gym.reborn(60)
    later.now = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    later.count = Headcount(LINES, later.at, later.now)
    later.count.restore(gym.memory, gym.now, later.at, later.now)
    later.wait(300)
    later.now = gym.now + timedelta(minutes=6)  # somebody told it the time
    later.step(1)
    assert later.figure.count == 4


def test_another_configuration_keeps_the_count() -> None:
    gym = Gym(LINES)
    gym.cross(entries=4)
    later = gym.reborn(3, plan=CountingPlan(zones=("floor",), lines={"door": "cam", "yard": "cam2"}))
    later.step(1)
    assert later.figure.count == 4


# --- unknown is not empty -----------------------------------------------------------------------------------


def test_an_empty_hall_before_the_first_proof_is_no_empty_gym() -> None:
    plan = CountingPlan(zones=("hall", "floor"), lines={"door": "cam"}, thresholds=frozenset({"hall"}))
    gym = Gym(replace(plan, zones=("hall",)), proved=False)
    gym.see(hall=2)
    assert gym.figure == Figure(None, reason="no_proof"), "who waits in the hall is not the gym"
    gym = Gym(plan, proved=False)
    gym.see(hall=2, floor=3)
    assert (gym.figure.count, gym.figure.confidence) == (3, 0.5)
    gym.see(hall=2, floor=0)
    assert gym.figure == Figure(None, reason="no_proof"), "zones that do not see everybody prove nothing"


def test_zones_that_see_everybody_say_that_it_is_empty_also_without_a_proof() -> None:
    gym = Gym(EVERYBODY, proved=False)
    gym.see(floor=0, free=0)
    assert (gym.figure.count, gym.figure.reason) == (0, "")


# --- clocks -------------------------------------------------------------------------------------------------


def test_a_box_that_learns_at_noon_that_it_slept_through_the_night_does_not_claim_to_be_empty() -> None:
    gym = Gym(LINES)
    gym.cross(entries=6)
    later = gym.reborn(60)  # it believes that it was off for a minute
    later.wait(600)
    later.now += timedelta(hours=23, minutes=30)  # somebody tells it the time: it is noon
    later.step(1)
    assert later.figure.count is None
    assert later.figure.reason == "too_uncertain"
    later.now = later.now.astimezone(UTC)
    _until(later, datetime(2026, 11, 20, 4, 5))
    assert later.figure.count == 0


def test_a_clock_that_is_put_right_over_the_nightly_moment_empties_no_gym_that_was_watched() -> None:
    gym = Gym(LINES)
    gym.cross(entries=6)
    gym.wait(8 * 3600, every=30)
    gym.now += timedelta(hours=13)  # it had been slow for days: it is the next day at 09:00
    gym.wait(60)
    assert gym.figure.count == 6
    gym.now = gym.now.astimezone(UTC)
    _until(gym, datetime(2026, 11, 20, 4, 5))
    assert gym.figure.count == 0


def test_the_usual_zero_at_night_loses_no_confidence_by_that() -> None:
    gym = Gym(LINES)
    later = gym.reborn(60)
    later.wait(600)
    _until(later, datetime(2026, 11, 19, 4, 5))
    assert later.figure.confidence > 0.99
