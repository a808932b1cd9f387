"""The simulated gym keeps the rules of a real door and tells the truth about who is where."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from arni_edge.simulator.people import Person, Stage
from arni_edge.simulator.plan import contains, default_plan
from arni_edge.simulator.projection import foot_point, project
from arni_edge.simulator.world import World


@dataclass
class StepClock:
    """Moves with the world."""

    time: float = 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic(self) -> float:
        return self.time


class Gym:
    """A world and its clock."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = StepClock()
        self.world = World(default_plan(), self.clock, seed)

    def pass_time(self, seconds: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.clock.time += step
            self.world.step(step)

    def person(self, name: str) -> Person:
        person = self.world.person(name)
        assert person is not None
        return person


@pytest.fixture
def gym() -> Gym:
    return Gym()


def test_nobody_passes_a_locked_door(gym: Gym) -> None:
    """Somebody who tries the locked door stands in front of it for as long as it stays locked."""
    gym.world.arrive("Kim")
    gym.world.send_in("Kim")
    gym.pass_time(60)
    assert gym.world.inside == 0
    assert gym.world.crossings == []
    assert not gym.world.door.is_open
    assert gym.person("Kim").stage is Stage.QUEUEING


def test_who_has_not_been_sent_in_does_not_try_the_door(gym: Gym) -> None:
    """A released latch alone draws nobody in."""
    gym.world.arrive("Kim")
    gym.pass_time(20)
    gym.world.door.release_latch(5)
    gym.pass_time(10)
    assert gym.world.inside == 0


def test_a_released_latch_lets_the_one_at_the_door_in(gym: Gym) -> None:
    """The leaf opens and closes once, one crossing is recorded, and the person goes to a station."""
    moves: list[bool] = []
    gym.world.door.listeners.append(moves.append)
    gym.world.arrive("Kim")
    gym.world.send_in("Kim")
    gym.pass_time(15)
    gym.world.door.release_latch(3)
    released = gym.clock.time
    gym.pass_time(30)
    assert moves == [True, False]
    (crossing,) = gym.world.crossings
    assert (crossing.line, crossing.direction, crossing.person) == ("door", "in", "Kim")
    assert released < crossing.at < released + 2
    assert gym.person("Kim").stage is Stage.TRAINING
    assert gym.world.truth().counts == {"entrance": 0, "floor": 1}
    assert gym.world.truth().inside == 1


def test_the_latch_falls_back(gym: Gym) -> None:
    """Somebody who comes too late finds the door locked again."""
    gym.world.door.release_latch(3)
    gym.pass_time(3.2)
    gym.world.arrive("Kim")
    gym.world.send_in("Kim")
    gym.pass_time(20)
    assert gym.world.inside == 0


def test_an_open_leaf_lets_the_next_one_follow(gym: Gym) -> None:
    """Two who try the door pass on one unlocking, one after the other: that is tailgating."""
    for name in ("Kim", "Alex"):
        gym.world.arrive(name)
        gym.world.send_in(name)
    gym.pass_time(15)
    gym.world.door.release_latch(1)
    gym.pass_time(10)
    assert [crossing.person for crossing in gym.world.crossings] == ["Kim", "Alex"]
    assert gym.world.inside == 2


def test_the_way_out_needs_no_latch(gym: Gym) -> None:
    """From inside the handle always opens; who has left is no longer there and may come again."""
    gym.world.place("Kim")
    gym.world.send_out("Kim")
    gym.pass_time(40)
    assert [crossing.direction for crossing in gym.world.crossings] == ["out"]
    assert gym.world.inside == 0
    assert gym.world.people == []
    assert not gym.world.door.is_open
    gym.world.arrive("Kim")


def test_who_leaves_does_not_let_the_waiting_crowd_the_doorway(gym: Gym) -> None:
    """One person at a time is on the threshold, and the one who leaves goes first."""
    gym.world.place("Kim")
    gym.world.arrive("Alex")
    gym.world.send_in("Alex")
    gym.world.send_out("Kim")
    gym.pass_time(40)
    assert [(c.person, c.direction) for c in gym.world.crossings] == [("Kim", "out"), ("Alex", "in")]


def test_who_gives_up_walks_away(gym: Gym) -> None:
    """Somebody sent out while still outside leaves the queue and the picture, and opens no door."""
    gym.world.arrive("Kim")
    gym.world.send_in("Kim")
    gym.pass_time(10)
    gym.world.send_out("Kim")
    gym.pass_time(20)
    assert gym.world.people == []
    assert gym.world.crossings == []


def test_a_propped_door_stays_open(gym: Gym) -> None:
    """With something under the leaf the closer is helpless."""
    gym.world.door.propped = True
    gym.world.place("Kim")
    gym.world.send_out("Kim")
    gym.pass_time(60)
    assert gym.world.door.is_open
    gym.world.door.propped = False
    moves: list[bool] = []
    gym.world.door.listeners.append(moves.append)
    gym.pass_time(1)
    assert moves == [False]


def test_a_full_gym_keeps_everybody_on_their_own_station(gym: Gym) -> None:
    """No two people train at one station; who finds none is inside but in no zone."""
    stations = len(gym.world.plan.stations)
    for number in range(stations + 1):
        gym.world.place(f"m{number}")
    gym.pass_time(1)
    taken = [person.station for person in gym.world.people if person.station]
    assert len(taken) == len(set(taken)) == stations
    assert gym.world.truth().counts["floor"] == stations
    assert gym.world.inside == stations + 1


def test_truth_follows_the_rule_of_the_zones() -> None:
    """Counts are what the exact boxes of the scene give in the exported polygons, at every moment."""
    gym = Gym(seed=7)
    for number in range(6):
        gym.world.arrive(f"m{number}")
        gym.world.send_in(f"m{number}")
    gym.world.door.release_latch(30)
    for _ in range(60):
        gym.pass_time(0.5)
        expected = {"entrance": 0, "floor": 0}
        for view in gym.world.plan.cameras:
            for figure in gym.world.scene.figures:
                body = project(figure, view)
                for zone, polygon in view.zones.items():
                    expected[zone] += bool(body and contains(polygon, foot_point(body, view)))
        assert gym.world.truth().counts == expected


def test_the_same_seed_gives_the_same_evening() -> None:
    """However the time is cut into steps, the same things happen."""
    scenes = []
    for step in (0.05, 0.25):
        gym = Gym(seed=3)
        gym.world.arrive("Kim")
        gym.world.send_in("Kim")
        gym.world.door.release_latch(20)
        gym.pass_time(12, step)
        (figure,) = gym.world.scene.figures
        scenes.append((figure.look, round(figure.x, 6), round(figure.y, 6), round(figure.phase, 6)))
    assert scenes[0] == scenes[1]


def test_names_are_unique_while_somebody_is_there(gym: Gym) -> None:
    """A second person of the same name would make truth ambiguous; an unknown one cannot be sent."""
    gym.world.arrive("Kim")
    with pytest.raises(ValueError, match="Kim is already here"):
        gym.world.arrive("Kim")
    with pytest.raises(ValueError, match="Alex is not here"):
        gym.world.send_in("Alex")


def test_zones_and_lines_fit_on_their_pictures() -> None:
    """An installer could have drawn every zone and line: all corners are inside the picture."""
    for view in default_plan().cameras:
        corners = [corner for polygon in (*view.zones.values(), *view.lines.values()) for corner in polygon]
        assert corners
        assert all(0 < u < 1 and 0 < v < 1 for u, v in corners)


def test_going_in_crosses_the_door_line_from_left_to_right() -> None:
    """Looking along the line from its first to its second point, the gym is on the right."""
    view = default_plan().camera("door")
    (x0, y0), (x1, y1) = view.lines["door"]

    def side(foot: tuple[float, float] | None) -> float:
        assert foot
        return (x1 - x0) * (foot[1] - y0) - (y1 - y0) * (foot[0] - x0)

    assert side(view.project(0, -0.5)) < 0 < side(view.project(0, 0.5))
