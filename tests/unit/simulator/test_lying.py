"""People who lie: on a mat because they want to, or because they have fallen."""

import dataclasses
import random

import numpy as np
import pytest

from arni_edge.simulator import poses
from arni_edge.simulator.eyes.clock import PlayClock
from arni_edge.simulator.people import Figure, Look
from arni_edge.simulator.plan import Exercise, GymPlan, default_plan, plan_with_four_cameras
from arni_edge.simulator.projection import project
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.world import Scene, World

# Bright from head to foot: every part of the body stands out from the floor, and from its shadow.
BRIGHT = (235, 235, 235)
LOOK = dataclasses.replace(
    Look.random(random.Random(4)), top=BRIGHT, bottoms=BRIGHT, shoes=BRIGHT, skin=(170, 195, 235), hair=BRIGHT
)
UPRIGHT = Figure("Kim", LOOK, 1.0, 14.0, 1.57, 0.3, walking=False, exercise=None)
LYING = dataclasses.replace(UPRIGHT, down=1.0)


@pytest.fixture(scope="module")
def floor() -> Renderer:
    """Without equipment: nothing hides anybody."""
    view = default_plan().camera("floor")
    return Renderer(view, GymPlan((), (view,)))


class Gym:
    """A world and its clock."""

    def __init__(self, plan_seed: int = 1) -> None:
        self.clock = PlayClock()
        self.world = World(plan_with_four_cameras(), self.clock, plan_seed)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.clock.advance(0.1)
            self.world.step(0.1)


@pytest.mark.parametrize("exercise", [None, Exercise.CRUNCH])
@pytest.mark.parametrize("phase", [0.0, 1.7, 3.1])
def test_nothing_of_a_lying_body_stands_up(exercise: Exercise | None, phase: float) -> None:
    """At every moment: no joint higher than a bent knee, none below the floor, and a body's length."""
    joints = poses.pose(dataclasses.replace(LYING, exercise=exercise, phase=phase))
    assert joints[:, 2].max() < 0.75
    assert joints[:, 2].min() > 0
    along = joints[:, 0].max() - joints[:, 0].min()  # they face +x, and lie along it
    assert along > 1.0


def test_the_feet_of_who_goes_down_stay_where_they_are() -> None:
    """Falling is turning about the heels: head and feet end up level."""
    upright, lying = poses.pose(UPRIGHT), poses.pose(LYING)
    heels = slice(poses.ANKLE_L, poses.ANKLE_R + 1)
    assert np.abs(upright[heels, :2] - lying[heels, :2]).max() < 0.4
    assert upright[poses.HEAD, 2] > 1.4
    assert abs(lying[poses.HEAD, 2] - lying[poses.HIP_L, 2]) < 0.2


def test_the_box_of_who_lies_across_the_picture_is_wide(floor: Renderer) -> None:
    """A person down is told from one who stands by the shape of the box."""
    upright, lying = project(UPRIGHT, floor.view), project(LYING, floor.view)
    assert upright
    assert lying
    assert upright.outline.bottom - upright.outline.top > 1.5 * (upright.outline.right - upright.outline.left)
    assert lying.outline.right - lying.outline.left > 1.5 * (lying.outline.bottom - lying.outline.top)


@pytest.mark.parametrize("heading", [0.0, 1.57, 3.1, -1.2])
def test_the_box_encloses_exactly_what_is_drawn(floor: Renderer, heading: float) -> None:
    """Lying in any direction: what differs from the empty picture, but for the shadow, fills the box."""
    figure = dataclasses.replace(LYING, heading=heading)
    empty = floor.draw(Scene((), 0.0, lights_on=True)).frame.astype(int)
    rendering = floor.draw(Scene((figure,), 0.0, lights_on=True))
    (seen,) = rendering.people
    ys, xs = np.nonzero(np.abs(rendering.frame.astype(int) - empty).max(axis=2) > 75)
    assert seen.box.left - 2 <= xs.min()
    assert xs.max() <= seen.box.right + 2
    assert seen.box.top - 2 <= ys.min()
    assert ys.max() <= seen.box.bottom + 2
    assert xs.max() - xs.min() > 0.55 * (seen.box.right - seen.box.left)
    assert ys.max() - ys.min() > 0.5 * (seen.box.bottom - seen.box.top)


def test_who_trains_on_a_mat_lies_down_and_gets_up_to_leave() -> None:
    """It takes its time, it is no fall, and nobody walks while lying."""
    gym = Gym()
    for number in range(len(gym.world.plan.stations)):
        gym.world.place(f"m{number}")
    lying = next(person for person in gym.world.people if person.lies_down_to_train)
    gym.pass_time(1.0)
    assert 0 < lying.down < 1
    gym.pass_time(3.0)
    assert lying.down == 1
    before = (lying.x, lying.y)
    gym.world.send_out(lying.name)
    gym.pass_time(1.0)
    assert (lying.x, lying.y) == before
    assert 0 < lying.down < 1
    gym.pass_time(3.0)
    assert lying.down == 0
    assert (lying.x, lying.y) != before
    assert gym.world.falls == []


def test_who_falls_is_down_within_a_second_and_lies_still() -> None:
    """The truth says who, since when, and until when."""
    gym = Gym()
    person = gym.world.place("Kim")
    gym.pass_time(5.0)
    gym.world.fall("Kim")
    gym.pass_time(1.0)
    assert person.down == 1
    first = person.figure()
    gym.pass_time(10.0)
    assert person.figure() == first
    (fall,) = gym.world.falls
    assert (fall.person, fall.at, fall.until) == ("Kim", 5.0, None)
    gym.world.get_up("Kim")
    gym.pass_time(4.0)
    assert person.down == 0
    assert fall.until == 16.0


def test_who_falls_on_the_way_goes_on_afterwards() -> None:
    """Somebody who falls while leaving gets up and leaves."""
    gym = Gym()
    gym.world.place("Kim")
    gym.world.send_out("Kim")
    gym.pass_time(1.0)
    gym.world.fall("Kim")
    gym.pass_time(30.0)
    assert gym.world.inside == 1
    gym.world.get_up("Kim")
    gym.pass_time(40.0)
    assert gym.world.inside == 0
