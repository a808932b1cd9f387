"""The two gyms: the small one that every scenario is played in, and the one with four cameras."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from arni_edge.simulator.plan import (
    ON_FEET,
    Exercise,
    GymPlan,
    contains,
    default_plan,
    plan_with_four_cameras,
)
from arni_edge.simulator.projection import project, zone_of
from arni_edge.simulator.world import World

FOUR = plan_with_four_cameras()


@dataclass
class StillClock:
    """Stands still."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(0, UTC)

    def monotonic(self) -> float:
        return 0.0


def test_the_small_gym_has_two_cameras_and_nobody_lies_in_it() -> None:
    """Scenarios and the trained detector depend on it: fourteen stations, all on one's feet."""
    plan = default_plan()
    assert [view.name for view in plan.cameras] == ["door", "floor"]
    assert len(plan.stations) == 14
    assert {station.exercise for station in plan.stations} == set(ON_FEET)


def test_the_large_gym_keeps_both_and_has_two_more() -> None:
    """Door and floor hang where they hang in the small one."""
    assert [view.name for view in FOUR.cameras] == ["door", "floor", "weights", "floor2"]
    assert FOUR.cameras[:2] == default_plan().cameras


def test_no_place_on_the_floor_belongs_to_two_zones() -> None:
    """One person on two cameras counts once: the cameras overlap, their zones do not."""
    areas = [area for view in FOUR.cameras for area in view.areas.values()]
    for x, y in itertools.product(range(-90, 91, 3), range(0, 196, 3)):
        assert sum(contains(area, (x / 10, y / 10)) for area in areas) <= 1


def test_somebody_whom_two_cameras_see_counts_once() -> None:
    """At the end of the first row the floor's own camera and that of the mats see the same person."""
    world = World(FOUR, StillClock(), seed=3)
    for number in range(len(FOUR.stations)):
        world.place(f"m{number}")
    on_two = [
        person.name
        for person in world.people
        if sum(project(person.figure(), view) is not None for view in FOUR.cameras) > 1
    ]
    assert on_two
    for name in on_two:
        figure = next(person for person in world.people if person.name == name).figure()
        assert sum(zone_of(figure, view) is not None for view in FOUR.cameras) == 1


@pytest.mark.parametrize("plan", [default_plan(), FOUR], ids=["two", "four"])
def test_whoever_trains_is_in_one_zone(plan: GymPlan) -> None:
    """A full gym adds up: the counts of all zones are the people in it."""
    world = World(plan, StillClock(), seed=1)
    for number in range(len(plan.stations)):
        world.place(f"m{number}")
    world.step(5.0)  # those on mats have lain down
    assert sum(world.truth().counts.values()) == len(plan.stations)


@pytest.mark.parametrize("plan", [default_plan(), FOUR], ids=["two", "four"])
def test_all_zones_can_be_drawn_on_their_pictures(plan: GymPlan) -> None:
    """An installer could have drawn them: every corner is on the picture."""
    for view in plan.cameras:
        corners = [corner for polygon in view.zones.values() for corner in polygon]
        assert corners
        assert all(0 <= u <= 1 and 0 <= v <= 1 for u, v in corners)


def test_only_mats_are_for_lying_on() -> None:
    """The zone in which lying is normal holds exactly the stations at which people lie."""
    view = FOUR.camera("floor2")
    assert view.mats == {"mats"}
    for station in FOUR.stations:
        on_mats = contains(view.areas["mats"], (station.x, station.y))
        assert on_mats == (station.exercise is Exercise.CRUNCH)
