"""With no lines drawn, the picture's border is counted at."""

import pytest
from support.people import Looks, crossings, filmed, moments, person, play, scene

from arni_edge.vision.scene.geometry import Box

RATES = (3.0, 5.0, 10.0, 15.0)
NOBODY_FIRST: tuple[float, list[Box]] = (-1.0, [])


def counted(looks: Looks) -> list[tuple[str, str]]:
    return [(one.line, one.direction) for one in crossings(play(scene(), looks))]


def from_below(at: float) -> Box:
    """Comes in over the lower border, away from the camera."""
    return person(0.5, 1.6 - 0.2 * at, height=0.7)


def test_at_a_low_rate_who_comes_in_has_taken_a_step_before_they_are_seen() -> None:
    looks = filmed(moments(4, 3), lambda at: person(0.12 + 0.3 * (at - 1)) if 0.9 < at < 3 else None)
    first = next(boxes[0] for _, boxes in looks if boxes)
    assert first.left > 0.02
    assert counted([NOBODY_FIRST, *looks]) == [("", "in")]


@pytest.mark.parametrize("rate", RATES)
def test_who_comes_over_the_border_and_leaves_over_it_is_one_entry_and_one_exit(rate: float) -> None:
    def visit(at: float) -> Box | None:
        if at < 4:
            box = from_below(at)
        elif at < 10:
            box = person(0.5, 0.8, height=0.7)
        else:
            box = person(0.5 + 0.15 * (at - 10), 0.8, height=0.7)
        return box if box.bottom - box.top > 0.08 and box.right - box.left > 0.03 else None

    assert counted([NOBODY_FIRST, *filmed(moments(16, rate), visit)]) == [("", "in"), ("", "out")]


def test_who_was_there_before_the_camera_has_not_come_in_but_may_leave() -> None:
    looks = filmed(moments(8), lambda at: person(0.6 + 0.1 * at) if at < 4.2 else None)
    assert counted(looks) == [("", "out")]


def test_who_is_lost_in_the_middle_of_the_room_has_not_left() -> None:
    looks = filmed(moments(20), lambda at: person(0.1 * at) if at < 5 else None)
    assert counted([NOBODY_FIRST, *looks]) == [("", "in")]


def test_who_appears_in_the_middle_of_the_room_has_not_come_in() -> None:
    assert counted([NOBODY_FIRST, *filmed(moments(5), lambda _: person(0.5, 0.7, height=0.3))]) == []


def test_somebody_who_flickers_at_the_border_is_counted_once() -> None:
    def visit(at: float) -> Box | None:
        if at < 3 and int(at * 10) % 3 == 1:
            return None
        return person(0.02 if at < 3 else 0.02 + 0.1 * (at - 3))

    assert counted([NOBODY_FIRST, *filmed(moments(8, 10), visit)]) == [("", "in")]


def test_who_shows_a_shoulder_and_goes_again_was_never_in() -> None:
    shoulder = Box(0.96, 0.3, 1.0, 0.8, 0.7)
    looks = [(at, [shoulder] if 1 < at < 1.9 else []) for at in moments(6)]
    assert counted(looks) == []


def test_who_stays_at_the_border_has_come_in() -> None:
    """Cut by the lower border for as long as they stand there."""
    looks = [(at, [person(0.5, 1.1, height=0.6)] if at > 1 else []) for at in moments(6)]
    assert counted(looks) == [("", "in")]


def test_two_who_come_together_are_two_and_seen_together() -> None:
    reports = play(
        scene(),
        [
            NOBODY_FIRST,
            *filmed(moments(6), lambda at: person(0.1 * at), lambda at: person(0.1 * at - 0.01, 0.95)),
        ],
    )
    assert [(one.direction, one.together) for one in crossings(reports)] == [("in", 2), ("in", 2)]


def test_after_the_camera_was_away_who_is_there_has_not_come_in() -> None:
    stage = scene()
    play(stage, [(0.0, [])])
    stage.lost()
    stage.unchanged(8.0)
    assert crossings(play(stage, filmed(moments(3, begin=9), lambda at: person(0.02 + 0.1 * (at - 9))))) == []
