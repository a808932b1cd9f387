"""The ways in which people use the simulated door, and the truth about them."""

from arni_edge.simulator.eyes.clock import PlayClock
from arni_edge.simulator.people import Stage
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.world import World


class Gym:
    """A world and its clock."""

    def __init__(self) -> None:
        self.clock = PlayClock()
        self.world = World(default_plan(), self.clock, seed=2)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.clock.advance(0.1)
            self.world.step(0.1)

    def bring(self, *names: str) -> None:
        for name in names:
            self.world.arrive(name)
        self.pass_time(10)

    def passages(self) -> list[tuple[str, str]]:
        return [(one.person, one.direction) for one in self.world.crossings]

    def stands_open(self) -> bool:
        return self.world.door.is_open

    def entered(self) -> list[list[str]]:
        return [one.entered for one in self.world.openings]


def test_each_let_in_by_themselves_is_one_on_each_opening() -> None:
    """Two openings shortly after each other, the leaf still open from the first: nobody came along."""
    gym = Gym()
    gym.bring("Kim", "Alex")
    gym.world.send_in("Kim")
    gym.world.send_in("Alex")
    gym.pass_time(3)
    gym.world.door.release_latch(1)
    gym.pass_time(0.5)
    gym.world.door.release_latch(1)
    gym.pass_time(10)
    assert gym.entered() == [["Kim"], ["Alex"]]


def test_who_follows_through_the_open_door_came_along() -> None:
    """Tailgating: one opening, two people, the member first."""
    gym = Gym()
    gym.bring("Kim", "Alex")
    gym.world.send_in("Kim")
    gym.world.send_in("Alex")
    gym.pass_time(3)
    gym.world.door.release_latch(2)
    gym.pass_time(10)
    assert gym.entered() == [["Kim", "Alex"]]


def test_two_go_in_side_by_side() -> None:
    """Both are on the threshold at once, and both came in on the one opening."""
    gym = Gym()
    gym.bring("Kim", "Alex")
    gym.world.send_in("Kim", "Alex")
    gym.pass_time(3)
    gym.world.door.release_latch(2)
    gym.pass_time(10)
    assert gym.entered() == [["Kim", "Alex"]]
    first, second = gym.world.crossings
    assert abs(first.at - second.at) < 0.2
    assert gym.world.inside == 2


def test_two_side_by_side_wait_for_each_other() -> None:
    """The latch is released while only one of them stands at the door: neither goes through alone."""
    gym = Gym()
    gym.world.arrive("Kim")
    gym.pass_time(10)
    gym.world.arrive("Alex")
    gym.world.send_in("Kim", "Alex")
    gym.world.door.release_latch(1)
    gym.pass_time(2)
    assert gym.passages() == []


def test_who_only_looks_in_crosses_nothing() -> None:
    """The door opens for them, and nobody has used the opening."""
    gym = Gym()
    gym.bring("Kim")
    gym.world.turn_back("Kim", on_the_threshold=True)
    gym.pass_time(3)
    gym.world.door.release_latch(2)
    gym.pass_time(1)
    assert gym.stands_open()
    gym.pass_time(20)
    assert gym.passages() == []
    assert gym.entered() == [[]]
    assert gym.world.people == []


def test_who_turns_back_inside_crosses_twice() -> None:
    """In and out again: the gym is as full as before."""
    gym = Gym()
    gym.bring("Kim")
    gym.world.turn_back("Kim", on_the_threshold=False)
    gym.pass_time(3)
    gym.world.door.release_latch(2)
    gym.pass_time(20)
    assert gym.passages() == [("Kim", "in"), ("Kim", "out")]
    assert gym.world.inside == 0
    assert gym.world.people == []


def test_who_holds_the_door_does_not_come_in() -> None:
    """The door stays open while they stand there; somebody else comes in; then they go and it shuts."""
    gym = Gym()
    gym.bring("Kim", "Alex")
    gym.world.hold_door("Kim", 8)
    gym.pass_time(3)
    gym.world.door.release_latch(2)
    gym.pass_time(3)
    assert gym.world.person("Kim")
    assert gym.stands_open()
    gym.world.send_in("Alex")
    gym.pass_time(20)
    assert gym.passages() == [("Alex", "in")]
    assert gym.entered() == [["Alex"]]
    assert not gym.stands_open()
    assert gym.world.doorway_is_free


def test_who_slips_in_past_somebody_who_leaves_has_no_opening() -> None:
    """From inside the handle opens: no latch was released, and the truth has no opening for it."""
    gym = Gym()
    gym.world.place("Kim")
    gym.bring("Alex")
    gym.world.send_in("Alex")
    gym.world.send_out("Kim")
    gym.pass_time(40)
    assert gym.passages() == [("Kim", "out"), ("Alex", "in")]
    assert gym.entered() == []


def test_one_goes_out_while_another_is_let_in() -> None:
    """An exit uses up no opening: the one who comes in was let in."""
    gym = Gym()
    gym.world.place("Kim")
    gym.bring("Alex")
    gym.world.send_in("Alex")
    gym.pass_time(3)
    gym.world.send_out("Kim")
    while gym.world.person("Kim") and gym.world.people[0].stage is not Stage.PASSING_OUT:
        gym.pass_time(0.1)
    gym.world.door.release_latch(3)
    gym.pass_time(20)
    assert gym.passages() == [("Kim", "out"), ("Alex", "in")]
    assert gym.entered() == [["Alex"]]
