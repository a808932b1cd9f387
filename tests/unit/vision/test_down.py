"""Who is down, on people as a tracker sees them; the closer looks are answered by the room of the test."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from arni_edge.vision.orders import ZoneOrder
from arni_edge.vision.scene.down import DownWatch
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Closer, CloserLook, Down, Track

HOLD = 15.0
ASPECT = 16 / 9
EVERYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def upright(x: float = 0.5, foot: float = 0.7, height: float = 0.36) -> Box:
    half = height * 0.37 / ASPECT / 2
    return Box(x - half, foot - height, x + half, foot, 0.85)


def lying(x: float = 0.5, foot: float = 0.72, length: float = 0.34) -> Box:
    half = length / ASPECT / 2
    return Box(x - half, foot - 0.3 * length, x + half, foot, 0.6)


def squatting(x: float = 0.5, foot: float = 0.7) -> Box:
    return Box(x - 0.05, foot - 0.2, x + 0.05, foot, 0.8)


def crouching(x: float = 0.5, foot: float = 0.7) -> Box:
    return Box(x - 0.04, foot - 0.15, x + 0.04, foot, 0.8)


Answer = Callable[[CloserLook], Closer]


def as_before(wish: CloserLook) -> Closer:
    """The place is as it was with nobody there."""
    return Closer(wish.id, None, 0.0, still=True, aspect=ASPECT)


def body(thing: Box, *, still: bool = True) -> Answer:
    """Something lies there that the detector does not recognise."""
    return lambda wish: Closer(wish.id, None, 0.15, still=still, thing=thing, aspect=ASPECT)


def person(box: Box, *, lies: bool | None = None) -> Answer:
    wide = (box.right - box.left) * ASPECT > box.bottom - box.top
    return lambda wish: Closer(
        wish.id, box, None, still=True, aspect=ASPECT, lies=wide if lies is None else lies
    )


def unknown(wish: CloserLook) -> Closer:
    """Nobody is recognised, and the place was never seen empty."""
    return Closer(wish.id, None, None, still=True, aspect=ASPECT)


FILLED = 0.7
FALLEN = replace(lying(), score=FILLED)


@dataclass
class Room:
    """People who come, stay and go, looked at a few times a second."""

    zones: tuple[ZoneOrder, ...] = ()
    period: float = 0.2
    patience: float = 2.0
    at: float = 0.0
    looks: list[float] = field(default_factory=list)
    events: list[tuple[float, Down]] = field(default_factory=list)
    answer: Answer = as_before

    def __post_init__(self) -> None:
        self.watch = DownWatch(HOLD, self.zones)
        self._tracks: dict[int, Track] = {}

    def during(self, seconds: float, people: dict[int, Callable[[float], Box]]) -> None:
        """Let people be where a function of the passed share of the time says; who is missing was lost."""
        steps = round(seconds / self.period)
        for step in range(steps):
            for number, where in people.items():
                self._see(number, where(step / steps))
            ended = [one for one in self._tracks.values() if self.at - one.seen_at >= self.patience]
            for one in ended:
                del self._tracks[one.id]
            self.look(ended)

    def look(self, ended: list[Track]) -> None:
        wishes = self.watch.saw(list(self._tracks.values()), ended, self.at)
        if wishes:
            self.looks.append(self.at)
            self.watch.looked_closer([self.answer(wish) for wish in wishes], self.at)
        known = {one.id for _, one in self.events}
        self.events.extend((self.at, one) for one in self.watch.down(self.at) if one.id not in known)
        self.at += self.period

    def _see(self, number: int, box: Box) -> None:
        before = self._tracks.get(number)
        began, hits = (self.at, 0) if before is None else (before.began_at, before.hits)
        self._tracks[number] = Track(number, box, began, self.at, hits + 1, box.score, confirmed=True)

    @property
    def down(self) -> tuple[Down, ...]:
        return self.watch.down(self.at)


def stays(box: Box) -> Callable[[float], Box]:
    return lambda _: box


def walks(start: Box, end: Box) -> Callable[[float], Box]:
    def at(share: float) -> Box:
        a = (start.left, start.top, start.right, start.bottom)
        b = (end.left, end.top, end.right, end.bottom)
        left, top, right, bottom = (one + share * (other - one) for one, other in zip(a, b, strict=True))
        return Box(left, top, right, bottom, 0.8)

    return at


# --- falls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", [0.05, 0.1, 0.2, 0.5])
def test_who_falls_and_is_seen_lying_is_down_after_the_hold_at_any_rate_of_pictures(period: float) -> None:
    room = Room(period=period, answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(0.4, {1: walks(upright(), lying())})
    room.during(25, {1: stays(lying())})
    ((told, down),) = room.events
    assert down.evidence == "lying"
    assert HOLD <= told - down.since <= HOLD + 2.0
    assert down.since == pytest.approx(4.4, abs=0.6)


@pytest.mark.parametrize("period", [0.1, 0.2, 0.5])
def test_who_vanishes_in_the_room_where_something_still_lies_is_down_once(period: float) -> None:
    room = Room(period=period)
    room.during(4, {1: stays(upright())})
    room.answer = body(FALLEN)
    room.during(120, {})
    ((told, down),) = room.events
    assert down.evidence == "vanished"
    assert HOLD <= told - down.since <= HOLD + 2.5
    assert [one.id for one in room.down] == [down.id]


def test_the_first_closer_look_is_at_once_and_later_ones_are_rarer() -> None:
    room = Room()
    room.during(4, {1: stays(upright())})
    room.answer = body(FALLEN)
    room.during(60, {})
    assert room.looks[0] == pytest.approx(4 - 0.2 + room.patience, abs=0.25)
    gaps = [later - earlier for earlier, later in zip(room.looks, room.looks[1:], strict=False)]
    assert gaps[0] == pytest.approx(1.0, abs=0.05)
    assert gaps[-1] == pytest.approx(5.0, abs=0.05)


def test_what_is_looked_at_holds_a_body_that_fell_to_either_side() -> None:
    room = Room()
    wishes: list[CloserLook] = []

    def remember(wish: CloserLook) -> Closer:
        wishes.append(wish)
        return as_before(wish)

    room.answer = remember
    room.during(4, {1: stays(upright())})
    room.during(4, {})
    for x in (0.41, 0.59):
        there, part = lying(x), wishes[0].box
        assert part.left <= there.left < there.right <= part.right
        assert part.top <= there.top < there.bottom <= part.bottom


def test_a_detector_that_finds_them_only_in_a_closer_look_is_enough() -> None:
    room = Room()
    room.during(4, {1: stays(upright())})
    room.answer = person(lying())
    room.during(20, {})
    ((_, down),) = room.events
    assert down.evidence == "lying"


def test_who_falls_at_the_lower_edge_of_the_picture_is_down_too() -> None:
    room = Room()
    room.during(3, {1: stays(upright(foot=0.9))})
    room.during(0.6, {1: stays(Box(0.4, 0.7, 0.6, 1.0, 0.8))})
    room.answer = body(Box(0.38, 0.86, 0.62, 1.0, FILLED))
    room.during(25, {})
    assert len(room.events) == 1


def test_who_sinks_down_slowly_is_down_after_half_as_long_again() -> None:
    room = Room(answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(3, {1: walks(upright(), lying())})
    room.during(40, {1: stays(lying())})
    ((told, down),) = room.events
    assert told - down.since == pytest.approx(1.5 * HOLD, abs=1.0)


def test_who_was_lying_when_the_camera_came_is_down_after_the_hold() -> None:
    room = Room(answer=person(lying()))
    room.during(20, {1: stays(lying())})
    ((told, down),) = room.events
    assert told - down.since == pytest.approx(HOLD, abs=1.0)


def test_one_fall_is_one_event_even_when_the_lying_person_is_lost_and_found_under_other_ids() -> None:
    room = Room(answer=person(lying()))
    room.during(4, {1: stays(upright())})
    for number in range(2, 12):
        room.during(6, {number: stays(lying(0.5 + 0.01 * (number % 3)))})
        room.during(4, {})
    assert len(room.events) == 1
    assert len(room.down) == 1


def test_a_helper_beside_them_does_not_end_it() -> None:
    room = Room(answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(20, {1: stays(lying())})
    room.during(30, {1: stays(lying()), 2: walks(upright(0.05), upright(0.4))})
    assert len(room.down) == 1
    assert len(room.events) == 1


# --- over -------------------------------------------------------------------------------------------------


def test_getting_up_in_time_is_no_event() -> None:
    room = Room(answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(10, {1: stays(lying())})
    room.answer = as_before
    room.during(30, {1: stays(upright())})
    assert not room.events


def test_getting_up_ends_it() -> None:
    room = Room(answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(20, {1: stays(lying())})
    assert room.down
    room.during(2, {1: stays(upright())})
    assert not room.down


def test_sitting_up_does_not_end_it() -> None:
    room = Room(answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(20, {1: stays(lying())})
    room.during(5, {1: stays(squatting(foot=0.72))})
    assert room.down


def test_who_had_vanished_and_stands_there_again_under_another_id_is_up() -> None:
    room = Room()
    room.during(4, {1: stays(upright())})
    room.answer = body(FALLEN)
    room.during(22, {})
    assert room.down
    room.answer = as_before
    room.during(3, {2: stays(upright(0.52))})
    assert not room.down


def test_a_helper_who_is_first_seen_right_there_does_not_end_it() -> None:
    room = Room()
    room.during(4, {1: stays(upright())})
    room.answer = body(FALLEN)
    room.during(22, {})
    room.during(20, {2: stays(upright(0.58))})
    assert len(room.down) == 1


def test_who_drops_something_large_and_is_found_again_beside_it_is_not_down() -> None:
    room = Room()
    room.during(4, {1: stays(upright())})
    room.answer = body(FALLEN)
    room.during(6, {})
    room.during(40, {2: stays(upright(0.56))})
    assert not room.events


def test_when_the_place_is_as_before_for_long_enough_it_is_over() -> None:
    room = Room()
    room.during(4, {1: stays(upright())})
    room.answer = body(FALLEN)
    room.during(22, {})
    room.answer = as_before
    room.during(4, {})
    assert room.down, "one look may be wrong"
    room.during(20, {})
    assert not room.down


def test_after_an_event_the_same_place_is_quiet_for_a_minute() -> None:
    room = Room(answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(20, {1: stays(lying())})
    room.during(3, {1: stays(upright())})
    over = room.at
    room.during(90, {1: stays(lying())})
    first, second = room.events
    assert second[1].id != first[1].id
    assert second[0] - over >= 55.0


def test_the_camera_being_away_ends_no_event_and_begins_none() -> None:
    room = Room()
    room.during(4, {1: stays(upright())})
    room.answer = body(FALLEN)
    room.during(22, {})
    (before,) = room.down
    room.watch.lost()
    assert [one.id for one in room.down] == [before.id]
    idle = Room(answer=body(FALLEN))
    idle.during(4, {1: stays(upright())})
    idle.watch.lost()
    idle.at += 60
    idle.during(30, {})
    assert not idle.events


# --- traps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pose", [squatting(), crouching(), Box(0.45, 0.52, 0.55, 0.7, 0.8)], ids=["squat", "crouch", "sit"]
)
def test_squatting_crouching_and_sitting_for_long_are_not_down(pose: Box) -> None:
    room = Room(answer=person(pose))
    room.during(4, {1: stays(upright())})
    room.during(60, {1: stays(pose)})
    assert not room.events


def test_push_ups_between_standing_up_are_not_down() -> None:
    room = Room(answer=person(lying()))
    for _ in range(4):
        room.during(5, {1: stays(upright())})
        room.during(12, {1: stays(lying())})
    assert not room.events


def test_nobody_is_down_on_a_mat_lying_or_vanished() -> None:
    mat = ZoneOrder(id="mats", polygon=EVERYWHERE, lying_is_normal=True)
    room = Room(zones=(mat,), answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(60, {1: stays(lying())})
    room.during(60, {})
    assert not room.events
    assert not room.looks, "nobody pays for looks at mats"


def test_down_beside_the_mat_names_the_zone() -> None:
    mat = ZoneOrder(id="mats", polygon=((0.7, 0.0), (1.0, 0.0), (1.0, 1.0), (0.7, 1.0)), lying_is_normal=True)
    floor = ZoneOrder(id="floor", polygon=EVERYWHERE)
    room = Room(zones=(mat, floor), answer=person(lying()))
    room.during(4, {1: stays(upright())})
    room.during(20, {1: stays(lying())})
    ((_, down),) = room.events
    assert down.zone == "floor"


def test_vanishing_behind_a_sign_leaves_the_place_as_before_and_nobody_down() -> None:
    room = Room(answer=as_before)
    room.during(4, {1: walks(upright(0.2), upright(0.5))})
    room.during(60, {})
    assert not room.events
    assert len(room.looks) <= 4, "a place that is as before is soon let go"


def test_leaving_through_a_door_in_the_picture_that_stays_open_is_nobody_down() -> None:
    leaf = Box(0.45, 0.3, 0.52, 0.7, 0.9)
    room = Room(answer=body(leaf))
    room.during(4, {1: stays(upright())})
    room.during(60, {})
    assert not room.events


@pytest.mark.parametrize(
    "thing",
    [
        Box(0.49, 0.64, 0.53, 0.7, 0.8),
        Box(0.40, 0.43, 0.60, 0.50, 0.8),
        Box(0.57, 0.60, 0.67, 0.72, 0.8),
        Box(0.2, 0.3, 0.9, 0.99, 0.9),
    ],
    ids=["bag", "something on a shelf", "chair pushed aside", "half the picture"],
)
def test_what_has_not_the_size_and_place_of_a_body_is_nobody_down(thing: Box) -> None:
    room = Room(answer=body(thing))
    room.during(4, {1: stays(upright())})
    room.during(60, {})
    assert not room.events


def test_something_that_keeps_moving_is_no_still_body() -> None:
    room = Room(answer=body(FALLEN, still=False))
    room.during(4, {1: stays(upright())})
    room.during(90, {})
    assert not room.events


def test_a_place_that_was_never_seen_empty_and_shows_nobody_is_no_alarm() -> None:
    room = Room(answer=unknown)
    room.during(4, {1: stays(upright())})
    room.during(120, {})
    assert not room.events


def test_who_is_hidden_by_somebody_before_them_has_not_vanished() -> None:
    room = Room(answer=body(FALLEN))
    room.during(4, {1: stays(upright()), 2: walks(upright(0.3, 0.8, 0.5), upright(0.5, 0.8, 0.5))})
    room.during(60, {2: stays(upright(0.5, 0.8, 0.5))})
    assert not room.events
    assert not room.looks


def test_who_goes_on_under_another_id_has_not_vanished() -> None:
    room = Room(answer=body(FALLEN))
    room.during(4, {1: walks(upright(0.3), upright(0.5))})
    room.during(60, {2: walks(upright(0.51), upright(0.9))})
    assert not room.events


def test_a_crowd_before_the_place_makes_looks_say_nothing() -> None:
    room = Room(answer=body(FALLEN))
    room.during(4, {1: stays(upright())})
    room.during(1.9, {})
    room.during(60, {7: stays(upright(0.45, 0.75, 0.45)), 8: stays(upright(0.55, 0.75, 0.45))})
    assert not room.events


def test_unconfirmed_and_tiny_ones_are_no_people_to_watch_for() -> None:
    room = Room(answer=body(FALLEN))
    ghost = Track(1, upright(), 0.0, 0.4, 2, 0.4, confirmed=False)
    room.watch.saw([ghost], [], 0.4)
    room.at = 0.6
    room.look([ghost])
    room.during(3, {2: stays(upright(height=0.05))})
    room.during(30, {})
    assert not room.looks


def test_looks_are_spread_so_that_a_crowd_does_not_use_up_the_box() -> None:
    room = Room(answer=unknown)
    room.during(3, {number: stays(upright(0.1 + 0.09 * number)) for number in range(9)})
    room.during(10, {})
    gaps = [later - earlier for earlier, later in zip(room.looks, room.looks[1:], strict=False)]
    assert min(gaps) >= 0.5 - 1e-6


def test_a_wish_that_is_not_answered_is_wished_again() -> None:
    watch = DownWatch(HOLD, ())
    for step in range(10):
        watch.saw([Track(1, upright(), 0.0, step * 0.2, step + 1, 0.9, confirmed=True)], [], step * 0.2)
    gone = Track(1, upright(), 0.0, 1.8, 10, 0.9, confirmed=True)
    first = watch.saw([], [gone], 4.0)
    asked = [at for at in (4.2, 4.4, 4.6, 4.8, 5.0, 5.2) if watch.saw([], [], at)]
    assert len(first) == 1
    assert asked == [5.0]


def test_who_falls_aslant_to_the_camera_is_told_by_closer_looks_from_who_only_sits_down_fast() -> None:
    aslant = Box(0.44, 0.5, 0.56, 0.7, 0.8)  # about as high as wide in pixels
    for lies in (True, False):
        room = Room()
        room.answer = person(aslant, lies=lies)
        room.during(4, {1: stays(upright())})
        room.during(0.6, {1: walks(upright(), aslant)})
        room.during(60, {1: stays(aslant)})
        assert len(room.events) == lies
        if not lies:
            assert len(room.looks) <= 14, "looks end when nobody lies there"


def test_two_people_who_were_lost_around_one_body_are_one_event() -> None:
    room = Room()
    room.during(4, {1: stays(upright(0.4)), 2: stays(upright(0.6))})
    room.answer = body(replace(lying(0.5), score=FILLED))
    room.during(60, {})
    assert len(room.events) == 1
