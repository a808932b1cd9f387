"""The script of a simulated day: everything that a day has happens in it, and its truth holds together."""

import pytest

from arni_edge.simulator.eyes.course import Course, Lamp
from arni_edge.simulator.people import Stage
from arni_edge.simulator.plan import plan_with_four_cameras

# One worker plays the hour, for all who look at it.
pytestmark = pytest.mark.xdist_group("a simulated day")

HOUR = 3600.0


def played(seconds: float, seed: int) -> Course:
    course = Course(plan_with_four_cameras(), seconds=seconds, seed=seed)
    while not course.over:
        course.tick()
    return course


@pytest.fixture(scope="module")
def hour() -> Course:
    return played(HOUR, 1)


def test_the_same_seed_is_the_same_day() -> None:
    """And another seed another one."""
    first, second, other = played(200.0, 5), played(200.0, 5), played(200.0, 6)
    assert first.world.crossings == second.world.crossings
    assert first.diary == second.diary
    assert first.world.crossings != other.world.crossings


def test_people_come_train_fall_and_go(hour: Course) -> None:
    """In both directions, and some of them fall: for long and for a moment."""
    directions = [one.direction for one in hour.world.crossings]
    assert directions.count("in") > 40
    assert directions.count("out") > 40
    lay = [one.until - one.at for one in hour.world.falls if one.until is not None]
    assert min(lay) < 5
    assert max(lay) > 25


def test_openings_are_used_in_every_way(hour: Course) -> None:
    """By one, by two, and by nobody: each often enough that a mistake shows."""
    used = [len(one.entered) for one in hour.world.openings]
    assert used.count(2) >= 5
    assert used.count(0) >= 2
    assert used.count(1) > used.count(2)
    assert max(used) == 2


def test_everybody_who_came_in_came_in_on_an_opening(hour: Course) -> None:
    """Nobody slips in unnoticed: what entered by the truth of the openings is what crossed the line."""
    entered = sum(len(one.entered) for one in hour.world.openings)
    assert entered == sum(one.direction == "in" for one in hour.world.crossings)


def test_at_night_nobody_is_there_but_the_burglar(hour: Course) -> None:
    """From when it is armed until the gym opens again."""
    diary = hour.diary
    night = range(round(diary.armed.begin * 10), round(diary.armed.end * 10) - 1)
    assert len(night) > 5 * 60 * 10
    for tick in night:
        at = (tick + 1) / 10
        assert diary.inside[tick] == 0 or diary.burglary.contains(at)
    assert any(diary.inside[tick] for tick in night)


def test_the_lamps_are_switched_while_it_is_armed(hour: Course) -> None:
    """On, off, flickering, and a dawn."""
    tricks = {lamp for at, lamp in hour.diary.lights if hour.diary.armed.contains(at)}
    assert tricks == set(Lamp)


def test_the_count_is_zeroed_in_the_empty_gym_at_night(hour: Course) -> None:
    """After everybody has left, before the burglar comes."""
    diary = hour.diary
    assert diary.armed.contains(diary.zero_at)
    assert diary.zero_at < diary.burglary.begin
    assert diary.inside[round(diary.zero_at * 10)] == 0


def test_a_camera_is_covered_for_a_while(hour: Course) -> None:
    """The one of the mats, by day."""
    ((camera, span),) = hour.diary.covered
    assert camera == "floor2"
    assert 30 < span.end - span.begin < 90
    assert span.end < hour.diary.armed.begin


def test_the_gym_opens_again(hour: Course) -> None:
    """With the lamps on, and people coming in."""
    assert hour.world.lights_on
    assert any(one.at > hour.diary.armed.end for one in hour.world.crossings)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_short_day_has_a_night_too(seed: int) -> None:
    """Four minutes: everybody is out in time, the count is zeroed, somebody came in."""
    course = played(240.0, seed)
    assert course.diary.armed.end - course.diary.armed.begin > 15
    assert course.diary.zero_at < course.diary.armed.end
    assert any(one.entered for one in course.world.openings)


def test_nobody_walks_while_lying() -> None:
    """Whoever is down is where they were a moment before."""
    course = Course(plan_with_four_cameras(), seconds=600.0, seed=3)
    places: dict[str, tuple[float, float]] = {}
    seen_lying = 0
    while not course.over:
        course.tick()
        for person in course.world.people:
            if person.down and person.stage is not Stage.ARRIVING:
                seen_lying += 1
                assert places.get(person.name, (person.x, person.y)) == (person.x, person.y)
                places[person.name] = (person.x, person.y)
            else:
                places.pop(person.name, None)
    assert seen_lying
