"""Lines at the door: everybody once in each direction, whatever the detector does meanwhile."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clips import video_folder
from support.people import crossings, filmed, moments, person, play, scene

from arni_edge.vision.orders import LineOrder
from arni_edge.vision.scene.geometry import Box

# Upwards in the middle of the picture: to the right of it is in.
DOOR = LineOrder(id="door", points=((0.5, 0.95), (0.5, 0.45)))
RATES = (3.0, 5.0, 10.0, 15.0)
Walk = Callable[[float], Box | None]


def counted(rate: float, seconds: float, *people: Walk, line: LineOrder = DOOR) -> list[str]:
    reports = play(scene(lines=[line]), filmed(moments(seconds, rate), *people))
    return [crossing.direction for crossing in crossings(reports)]


def to_the_right(at: float) -> Box:
    return person(0.2 + 0.12 * at)


def to_the_left(at: float) -> Box:
    return person(0.8 - 0.12 * at)


@pytest.mark.parametrize("rate", RATES)
def test_from_the_left_of_a_line_to_its_right_is_in_and_back_is_out(rate: float) -> None:
    assert counted(rate, 5, to_the_right) == ["in"]
    assert counted(rate, 5, to_the_left) == ["out"]
    turned = LineOrder(id="door", points=(DOOR.points[1], DOOR.points[0]))
    assert counted(rate, 5, to_the_right, line=turned) == ["out"]


@pytest.mark.parametrize("rate", RATES)
def test_towards_the_camera_over_a_level_line(rate: float) -> None:
    level = LineOrder(id="door", points=((0.3, 0.6), (0.7, 0.6)))
    # Below a line that is drawn from left to right is to its right.
    assert counted(rate, 5, lambda at: person(0.5, 0.4 + 0.08 * at, height=0.3 + 0.02 * at), line=level) == [
        "in"
    ]


def test_there_and_back_are_two_and_again_three() -> None:
    def walk(at: float) -> Box:
        return person(0.3 + 0.4 * (1 - abs(at % 8 - 4) / 4))

    assert counted(5, 12, walk) == ["in", "out", "in"]


def test_somebody_who_stands_on_the_line_and_trembles_is_counted_once() -> None:
    """The feet of boxes jump: a dead band, not the line itself, decides."""
    dice = random.Random(5)

    def walk(at: float) -> Box:
        x = 0.3 + 0.1 * at if at < 2 else 0.5 if at < 30 else 0.5 + 0.1 * (at - 30)
        return person(x + dice.gauss(0, 0.004), 0.7 + dice.gauss(0, 0.01))

    assert counted(10, 34, walk) == ["in"]


def test_a_single_look_on_the_other_side_is_no_crossing() -> None:
    def walk(at: float) -> Box:
        return person(0.58 if 1.99 < at < 2.1 else 0.44)

    assert counted(10, 5, walk) == []


@pytest.mark.parametrize("rate", RATES)
def test_two_side_by_side_are_two_and_seen_together(rate: float) -> None:
    reports = play(
        scene(lines=[DOOR]),
        filmed(moments(5, rate), to_the_right, lambda at: person(0.17 + 0.12 * at, 0.85)),
    )
    assert [(one.direction, one.together) for one in crossings(reports)] == [("in", 2), ("in", 2)]


def test_somebody_far_from_the_line_is_not_together_with_who_crosses() -> None:
    reports = play(scene(lines=[DOOR]), filmed(moments(5), to_the_right, lambda _: person(0.9, 0.9)))
    assert [one.together for one in crossings(reports)] == [1]


def test_who_was_at_the_line_just_before_is_together_with_who_crosses() -> None:
    """Two go through one after the other: when the second is counted, the first is already away."""
    people = (to_the_right, lambda at: person(0.6 + 0.3 * max(0.0, at - 1.5), 0.85))
    reports = play(scene(lines=[DOOR]), filmed(moments(4), *people))
    assert [one.together for one in crossings(reports)] == [2]


def test_one_in_and_one_out_at_the_same_time_are_not_mixed_up() -> None:
    people = (to_the_right, lambda at: person(0.8 - 0.12 * at, 0.9))
    assert sorted(counted(5, 5, *people)) == ["in", "out"]


@pytest.mark.parametrize("rate", [5.0, 10.0])
def test_somebody_who_is_lost_on_the_line_and_found_behind_it_is_counted_once(rate: float) -> None:
    """In the door frame the detector sees nobody for almost a second."""
    assert counted(rate, 5, lambda at: None if 2.1 < at < 2.9 else to_the_right(at)) == ["in"]


def test_a_box_that_changes_so_much_that_it_looks_like_somebody_else_is_counted_once() -> None:
    """An id switch at the door: seen whole before it, cut by the frame to the upper half behind it."""

    def walk(at: float) -> Box | None:
        box = to_the_right(at)
        if 2.2 < at < 2.6:
            return None
        return box if at < 2.5 else Box(box.left, box.top, box.right, box.bottom - 0.15, 0.7)

    assert counted(10, 5, walk) == ["in"]


def test_somebody_who_is_gone_right_behind_the_line_has_crossed() -> None:
    assert counted(5, 6, lambda at: to_the_right(at) if at < 3.05 else None) == ["in"]


def test_somebody_who_is_lost_before_the_line_has_not_crossed() -> None:
    assert counted(5, 6, lambda at: to_the_right(at) if at < 2.2 else None) == []


def test_who_turns_round_on_the_line_has_not_crossed() -> None:
    assert counted(5, 5, lambda at: person(0.5 - 0.1 * abs(at - 2.5))) == []


def test_only_between_its_two_points_a_line_counts() -> None:
    assert counted(5, 5, lambda at: person(0.2 + 0.12 * at, 0.3, height=0.25)) == []
    # Whose foot passes just beside its end still goes through the door.
    assert counted(5, 5, lambda at: person(0.2 + 0.12 * at, 0.43, height=0.25)) == ["in"]


def test_who_walks_around_the_end_of_a_line_is_not_counted_when_they_are_on_the_other_side() -> None:
    def walk(at: float) -> Box:
        x = 0.3 + 0.1 * at
        return person(x, 0.25 if 0.38 < x < 0.62 else 0.6, height=0.2)

    assert counted(10, 5, walk) == []


def test_somebody_cut_by_the_border_beside_the_line_is_where_their_middle_would_be() -> None:
    """Half out of the picture, the middle of the box is not the middle of the person."""
    line = LineOrder(id="door", points=((0.93, 0.95), (0.93, 0.45)))

    def walk(at: float) -> Box | None:
        box = person(0.7 + 0.1 * at)
        # Lost as soon as less than half of them is left; the middle of the box never came to 0.95.
        return box if box.left < 0.905 else None

    assert counted(5, 6, walk, line=line) == ["in"]


def test_somebody_without_legs_at_the_lower_border_crosses_with_the_rest() -> None:
    """Legs out of view: the box ends on the border, and the line is drawn down to it."""
    line = LineOrder(id="door", points=((0.5, 1.0), (0.5, 0.5)))
    assert counted(5, 5, lambda at: person(0.2 + 0.12 * at, 1.2, height=0.7), line=line) == ["in"]


def test_time_without_looks_counts_nobody_and_loses_nobody() -> None:
    stage = scene(lines=[DOOR])
    reports = play(stage, filmed(moments(2), lambda _: person(0.35)))
    reports += play(stage, filmed(moments(2, begin=40), lambda _: person(0.36)))
    assert crossings(reports) == []
    reports = play(stage, filmed(moments(4, begin=50), lambda at: person(0.36 + 0.1 * (at - 50))))
    assert [one.direction for one in crossings(reports)] == ["in"]


def test_after_the_camera_was_away_nobody_has_crossed_unseen() -> None:
    stage = scene(lines=[DOOR])
    play(stage, filmed(moments(1), lambda _: person(0.3)))
    stage.lost()
    assert crossings(play(stage, filmed(moments(2, begin=30), lambda _: person(0.7)))) == []


def test_a_flicker_behind_the_line_is_nobody() -> None:
    assert counted(5, 5, lambda at: person(0.6) if at == 2.0 else None) == []


def test_the_moment_of_a_crossing_is_when_they_were_first_seen_behind_the_line() -> None:
    reports = play(scene(lines=[DOOR]), filmed(moments(5, 10), to_the_right))
    (crossing,) = crossings(reports)
    # The dead band is a fifth of their width: they need a quarter of a second for it.
    assert 2.5 < crossing.at < 2.85
    told = next(report.at for report in reports if report.crossings)
    assert crossing.at < told <= crossing.at + 0.4


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.02, 1.5), st.lists(st.tuples(st.floats(0, 1), st.floats(0.3, 1)), max_size=4)),
        max_size=25,
    )
)
def test_in_and_out_alternate_for_everybody(steps: list[tuple[float, list[tuple[float, float]]]]) -> None:
    stage, at, last = scene(lines=[DOOR]), 0.0, dict[int, str]()
    for step, feet in steps:
        at += step
        for crossing in stage.saw([person(x, y) for x, y in feet], at).crossings:
            assert last.get(crossing.track) != crossing.direction
            assert crossing.together >= 1
            assert crossing.at <= at
            last[crossing.track] = crossing.direction


def _tud(name: str) -> list[list[Box]]:
    frames: list[list[Box]] = [[] for _ in range(71)]
    for row in (video_folder() / "tracks" / name).read_text().splitlines():
        frame, _, x, y, width, height = (float(cell) for cell in row.split(",")[:6])
        sides = x / 640, y / 480, (x + width) / 640, (y + height) / 480
        left, top, right, bottom = (min(1.0, max(0.0, side)) for side in sides)
        frames[int(frame) - 1].append(Box(left, top, right, bottom, 0.9))
    return frames


def _over(x: float, frames: list[list[Box]]) -> tuple[int, int]:
    line = LineOrder(id="door", points=((x / 640, 1.0), (x / 640, 0.0)))
    looks = [(number / 25, boxes) for number, boxes in enumerate(frames)]
    directions = [one.direction for one in crossings(play(scene(lines=[line]), looks))]
    return directions.count("in"), directions.count("out")


def test_real_pedestrians_are_counted_as_published() -> None:
    frames = _tud("tud_campus_gt.txt")
    assert _over(320, frames) == (4, 1)
    assert _over(200, frames) == (4, 1)
    # The fourth is 5 pixels behind the line on the last picture of all: nobody knows yet.
    assert _over(440, frames) == (3, 0)


def test_real_pedestrians_of_whom_two_in_five_boxes_are_missing_are_counted_almost() -> None:
    entries, exits = _over(320, _tud("tud_campus_tracker_output.txt"))
    assert abs(entries - 4) + abs(exits - 1) <= 2
