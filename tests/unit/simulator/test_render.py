"""The pictures of the simulated cameras show what the world says, and say exactly where."""

import time

import numpy as np
import pytest

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import contains, default_plan
from arni_edge.simulator.render import Light, Renderer, Rendering
from arni_edge.simulator.scenery import Image
from arni_edge.simulator.world import Scene, World

PLAN = default_plan()


@pytest.fixture(scope="module")
def floor() -> Renderer:
    return Renderer(PLAN.camera("floor"), PLAN)


@pytest.fixture(scope="module")
def door() -> Renderer:
    return Renderer(PLAN.camera("door"), PLAN)


@pytest.fixture
def world() -> World:
    return World(PLAN, SystemClock(), seed=5)


def full(world: World, people: int) -> Scene:
    for number in range(people):
        world.place(f"m{number}")
    world.step(0.1)
    return world.scene


def brightness(rendering: Rendering) -> float:
    return brightness_of(rendering.frame)


def brightness_of(frame: Image) -> float:
    return float(frame.mean())


def test_an_empty_gym_has_no_boxes(floor: Renderer, world: World) -> None:
    """No people, no boxes, and yet a picture with structure in it."""
    rendering = floor.draw(world.scene)
    assert rendering.people == ()
    assert rendering.frame.shape == (360, 640, 3)
    assert rendering.frame.dtype == np.uint8
    assert rendering.frame.std() > 20


def test_a_box_encloses_exactly_what_changed(floor: Renderer, world: World) -> None:
    """Against the empty picture, what changes (but for the shadow) is inside the box and fills it."""
    empty = floor.draw(world.scene).frame.astype(int)
    rendering = floor.draw(full(world, 1))
    (seen,) = rendering.people
    # Far beyond noise (sigma 3) and the shadow, which darkens an already dark floor.
    ys, xs = np.nonzero(np.abs(rendering.frame.astype(int) - empty).max(axis=2) > 60)
    assert seen.box.left - 2 <= xs.min()
    assert xs.max() <= seen.box.right + 2
    assert seen.box.top - 2 <= ys.min()
    assert ys.max() <= seen.box.bottom + 2
    assert xs.max() - xs.min() > 0.6 * (seen.box.right - seen.box.left)
    assert ys.max() - ys.min() > 0.7 * (seen.box.bottom - seen.box.top)


def test_truth_counts_what_the_boxes_say(floor: Renderer, world: World) -> None:
    """The boxes on the picture, put through the vision worker's rule, give exactly the true count."""
    rendering = floor.draw(full(world, 14))
    polygon = floor.view.zones["floor"]
    inside = 0
    for seen in rendering.people:
        box = seen.box.clipped(floor.view)
        inside += contains(polygon, ((box.left + box.right) / 2 / 640, box.bottom / 360))
    assert inside == world.truth().counts["floor"] == 14


def test_a_box_stands_on_the_floor(floor: Renderer, world: World) -> None:
    """The bottom centre of a box is where the person stands, within the length of a step."""
    rendering = floor.draw(full(world, 14))
    by_name = {figure.name: figure for figure in world.scene.figures}
    for seen in rendering.people:
        point = floor.view.project(by_name[seen.name].x, by_name[seen.name].y)
        assert point
        away = np.hypot((point[0] - seen.foot[0]) * 640, (point[1] - seen.foot[1]) * 360)
        assert away < 0.4 * (seen.box.bottom - seen.box.top)


def test_people_who_train_overlap_little(floor: Renderer, world: World) -> None:
    """In a full gym nobody is hidden by somebody nearer: the truth can be seen."""
    people = floor.draw(full(world, 14)).people
    for i, far in enumerate(people):
        for near in people[i + 1 :]:
            width = min(far.box.right, near.box.right) - max(far.box.left, near.box.left)
            height = min(far.box.bottom, near.box.bottom) - max(far.box.top, near.box.top)
            area = (far.box.right - far.box.left) * (far.box.bottom - far.box.top)
            assert max(0, width) * max(0, height) < 0.5 * area


def test_nearer_people_are_larger(floor: Renderer, world: World) -> None:
    """Perspective: the first row is more than half as tall again as the last."""
    people = floor.draw(full(world, 14)).people
    heights = [seen.box.bottom - seen.box.top for seen in people]
    assert np.mean(heights[-5:]) > 1.5 * np.mean(heights[:5])


def test_each_camera_sees_its_own_part(door: Renderer, floor: Renderer, world: World) -> None:
    """Whoever waits on the pavement is on the door camera only, whoever trains on the floor camera only."""
    world.place("Kim")
    world.arrive("Alex")
    world.step(10)
    assert [seen.name for seen in door.draw(world.scene).people] == ["Alex"]
    assert [seen.name for seen in floor.draw(world.scene).people] == ["Kim"]


def test_the_picture_moves(floor: Renderer, world: World) -> None:
    """People who train move, and the sensor's noise makes no two pictures alike."""
    still = full(world, 3)
    first, second = floor.draw(still).frame, floor.draw(still).frame
    assert (first != second).any()
    world.step(0.7)
    later = floor.draw(world.scene).frame
    assert np.abs(later.astype(int) - first).max() > 60


def test_a_picture_in_which_nothing_moved_differs_by_noise_alone(floor: Renderer, world: World) -> None:
    """It is not painted anew; as soon as somebody moves, or the light changes, it is."""
    scene = full(world, 12)
    first = floor.draw(scene).frame.astype(int)
    again = floor.draw(scene).frame
    assert 0 < np.abs(again - first).max() <= 40
    world.step(0.7)
    moved = floor.draw(world.scene).frame
    assert np.abs(moved - first).max() > 60
    dimmed = floor.draw(world.scene, Light(0.5)).frame
    assert brightness_of(dimmed) < 0.6 * brightness_of(moved)
    assert np.abs(floor.draw(world.scene).frame.astype(int) - moved).max() <= 40


def test_an_infrared_picture_has_no_colours(floor: Renderer, world: World) -> None:
    """All three channels are the same but for the noise, which is the same as well."""
    frame = floor.draw(full(world, 3), Light(0.75, grey=True)).frame
    assert (frame[..., 0] == frame[..., 1]).all()
    assert (frame[..., 1] == frame[..., 2]).all()


def test_lamps_off_is_darker_but_not_black(floor: Renderer, world: World) -> None:
    """People stay visible in the light from the street."""
    lit = floor.draw(full(world, 3))
    world.lights_on = False
    world.step(0.1)
    dark = floor.draw(world.scene)
    assert 0.3 * brightness(lit) < brightness(dark) < 0.7 * brightness(lit)


def test_light_can_be_chosen(floor: Renderer, world: World) -> None:
    """A tint changes the channels as told."""
    red = floor.draw(world.scene, Light(1.0, (0.5, 1.0, 1.0))).frame
    plain = floor.draw(world.scene, Light()).frame
    assert red[..., 0].mean() < 0.6 * plain[..., 0].mean()
    assert red[..., 2].mean() == pytest.approx(plain[..., 2].mean(), rel=0.02)


def test_the_leaf_is_seen_to_open(door: Renderer, world: World) -> None:
    """A closed and an open door look different."""
    closed = door.draw(Scene((), 0.0, lights_on=True)).frame.astype(int)
    opened = door.draw(Scene((), 1.0, lights_on=True)).frame
    assert (np.abs(opened - closed).max(axis=2) > 60).sum() > 200


def test_two_cameras_cost_less_than_half_a_core(door: Renderer, floor: Renderer, world: World) -> None:
    """Ten pictures a second of a busy floor and of the door: processor time, not elapsed time."""
    scene = full(world, 12)
    begun = time.process_time()
    for _ in range(10):
        door.draw(scene)
        floor.draw(scene)
    assert time.process_time() - begun < 0.5
