"""Who is there: tracks, not boxes of one picture."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.people import Looks, filmed, moments, person

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.tracker import Tracker

RATES = (3.0, 5.0, 10.0, 15.0)
EMPTY: list[Box] = []


def counts(looks: Looks, tracker: Tracker | None = None) -> list[int]:
    tracker = tracker or Tracker(0.35)
    return [len(tracker.saw(boxes, at).confirmed) for at, boxes in looks]


def ids(looks: Looks, tracker: Tracker | None = None) -> list[list[int]]:
    tracker = tracker or Tracker(0.35)
    return [[track.id for track in tracker.saw(boxes, at).confirmed] for at, boxes in looks]


def after_nobody(looks: Looks) -> Looks:
    return [(-1.0, EMPTY), *looks]


# --- coming ---------------------------------------------------------------------------------------------


def test_who_is_there_with_the_first_picture_counts_at_once() -> None:
    assert counts([(0.0, [person(0.3), person(0.7, score=0.4)])]) == [2]


def test_a_box_on_one_picture_in_the_middle_of_the_room_never_shows() -> None:
    for score in (0.4, 0.95):
        looks = [(at, [person(0.5, score=score)] if at == 1.0 else EMPTY) for at in moments(3)]
        assert set(counts(looks)) == {0}


def test_somebody_new_counts_with_the_second_look() -> None:
    assert counts(after_nobody([(0.0, [person(0.5)]), (0.2, [person(0.51)])])) == [0, 0, 1]


def test_somebody_who_comes_over_the_border_counts_at_once_if_it_is_rather_them_than_not() -> None:
    assert counts(after_nobody([(0.0, [person(0.02, score=0.6)])])) == [0, 1]
    assert counts(after_nobody([(0.0, [person(0.02, score=0.4)])])) == [0, 0]


def test_somebody_new_who_is_missed_once_is_not_forgotten_at_a_low_rate() -> None:
    assert counts(after_nobody([(0.0, [person(0.5)]), (0.5, EMPTY), (1.0, [person(0.51)])])) == [0, 0, 0, 1]


def test_an_unsure_box_is_nobody_new_however_often_it_comes() -> None:
    assert set(counts((at, [person(0.5, score=0.3)]) for at in moments(5))) == {0}


# --- staying --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES)
def test_somebody_who_is_missed_for_a_few_looks_stays(rate: float) -> None:
    tracker = Tracker(0.35)
    looks = [(at, EMPTY if 2.0 < at < 2.6 else [person(0.3 + 0.05 * at)]) for at in moments(5, rate)]
    seen = ids(looks, tracker)
    assert {tuple(one) for one in seen} == {(1,)}


def test_somebody_whose_box_is_unsure_for_a_while_stays() -> None:
    looks = [(at, [person(0.4, score=0.15 if 2 < at < 5 else 0.8)]) for at in moments(8)]
    assert set(counts(looks)) == {1}


def test_a_thing_that_is_only_ever_unsure_does_not_keep_somebody_there_for_ever() -> None:
    """A bin from which somebody walked off keeps a score of 0.2: it inherits them, but not for long."""
    looks = [(at, [person(0.4, score=0.2 if at > 2 else 0.8)]) for at in moments(12)]
    assert counts(looks)[-1] == 0


def test_people_who_do_not_move_stay_while_nothing_moves() -> None:
    """No motion is not nobody: a class that listens stays counted though the detector does not look."""
    tracker = Tracker(0.35)
    counts([(at, [person(0.3), person(0.7)]) for at in moments(1)], tracker)
    for at in moments(600, begin=1.2):
        followed = tracker.unchanged(at)
        assert [track.seen_at for track in followed.confirmed] == [at, at]
    assert counts([(700.0, [person(0.3), person(0.7)])], tracker) == [2]


def test_nothing_that_does_not_move_makes_somebody_more_certain() -> None:
    tracker = Tracker(0.35)
    counts(after_nobody([(0.0, [person(0.5)])]), tracker)
    assert tracker.unchanged(0.2).confirmed == ()


@pytest.mark.parametrize("gap", [1.0, 5.0, 60.0, 3600.0])
def test_seconds_without_looks_neither_create_nor_lose_anybody(gap: float) -> None:
    tracker = Tracker(0.35)
    before = ids([(at, [person(0.2), person(0.5), person(0.8)]) for at in moments(2)], tracker)[-1]
    # In the meantime everybody has gone a step, and with the first looks afterwards one is missed.
    two = [person(0.22), person(0.52)]
    after = ids([(2 + gap, two), (2.2 + gap, two), (2.4 + gap, [*two, person(0.82)])], tracker)
    assert before == [1, 2, 3]
    assert [sorted(one) for one in after] == [[1, 2, 3]] * 3


# --- going ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [5.0, 10.0, 15.0])
def test_who_walks_out_of_the_picture_is_gone_within_half_a_second(rate: float) -> None:
    looks = list(filmed(moments(6, rate), lambda at: person(0.7 + 0.1 * at) if at < 3 else None))
    gone = [at for (at, _), count in zip(looks, counts(looks), strict=True) if not count]
    assert 3.0 < gone[0] <= 3.0 + max(0.5, 2.5 / rate)


def test_who_vanishes_in_the_middle_of_the_room_is_missed_for_longer() -> None:
    looks = [(at, [person(0.1 + 0.1 * at)] if at < 5 else EMPTY) for at in moments(9, 10)]
    gone = [at for (at, _), count in zip(looks, counts(looks), strict=True) if not count]
    assert 5.8 <= gone[0] <= 6.1


def test_who_stood_still_is_missed_for_longest() -> None:
    looks = [(at, [person(0.5)] if at < 10 else EMPTY) for at in moments(16)]
    gone = [at for (at, _), count in zip(looks, counts(looks), strict=True) if not count]
    assert 12.5 <= gone[0] <= 13.5


def test_who_has_ended_is_told_once_and_how() -> None:
    tracker = Tracker(0.35)
    looks = filmed(
        moments(8),
        lambda at: person(0.7 + 0.1 * at) if at < 3 else None,
        lambda at: person(0.3) if at < 1 else None,
    )
    ended = [one for at, boxes in looks for one in tracker.saw(boxes, at).ended]
    assert [(one.track.box.foot[0] > 0.9, one.left) for one in ended] == [(False, False), (True, True)]


def test_who_comes_back_over_the_border_at_once_is_the_same() -> None:
    looks = [(at, EMPTY if 1.0 < at < 1.7 else [person(0.985 if 0.8 < at < 2 else 0.9)]) for at in moments(4)]
    assert {number for one in ids(looks) for number in one} == {1}


def test_after_the_camera_was_away_ids_are_new() -> None:
    tracker = Tracker(0.35)
    first = ids([(0.0, [person(0.5)])], tracker)
    tracker.lost()
    assert ids([(9.0, [person(0.5)])], tracker) == [[2]] != first


def test_who_is_half_over_the_border_and_not_seen_any_more_has_gone_however_slowly() -> None:
    looks = filmed(moments(34, 10), lambda at: person(0.9 + 0.004 * at) if at < 28 else None)
    gone = [at for (at, _), count in zip(looks, counts(looks), strict=True) if not count]
    assert 28 < gone[0] <= 28.5


# --- who is who -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES)
def test_two_who_pass_each_other_keep_their_ids(rate: float) -> None:
    tracker = Tracker(0.35)
    looks = list(
        filmed(moments(6, rate), lambda at: person(0.2 + 0.1 * at), lambda at: person(0.8 - 0.1 * at, 0.75))
    )
    for at, boxes in looks:
        followed = tracker.saw(boxes, at)
    there = {track.id: track.box.foot[0] for track in followed.confirmed}
    assert {1, 2} == set(there)
    first = tracker_ids_at_start(looks)
    assert (there[first["left"]] > 0.7, there[first["right"]] < 0.3) == (True, True)


def tracker_ids_at_start(looks: Sequence[tuple[float, Sequence[Box]]]) -> dict[str, int]:
    at, boxes = looks[0]
    left, right = sorted(Tracker(0.35).saw(boxes, at).confirmed, key=lambda track: track.box.foot[0])
    return {"left": left.id, "right": right.id}


def test_somebody_hidden_by_another_keeps_their_id() -> None:
    """The one behind is not seen while the one in front passes."""
    tracker = Tracker(0.35)
    looks = list(
        filmed(
            moments(5, 10),
            lambda at: None if 2.0 < at < 2.8 else person(0.5, 0.6),
            lambda at: person(0.14 + 0.15 * at, 0.8, height=0.6),
        )
    )
    seen = ids(looks, tracker)
    assert {number for one in seen for number in one} == {1, 2}
    assert all(len(one) == 2 for one in seen)


@pytest.mark.parametrize("rate", RATES)
def test_a_second_box_on_the_same_person_is_nobody(rate: float) -> None:
    """The upper half of somebody, now and then, with a good score."""

    def half(box: Box, score: float) -> Box:
        return Box(box.left, box.top, box.right, (box.top + box.bottom) / 2, score)

    dice = random.Random(7)
    looks = []
    for at in moments(10, rate):
        body = person(0.3 + 0.04 * at)
        looks.append((at, [body, half(body, 0.6)] if dice.random() < 0.4 else [body]))
    assert set(counts(after_nobody(looks))[3:]) == {1}


def test_a_real_person_behind_another_counts_when_they_stand_out() -> None:
    looks = filmed(
        moments(4),
        lambda _: person(0.5, 0.8, height=0.6),
        lambda at: person(0.5 + 0.08 * at, 0.7, height=0.4),
    )
    assert counts(looks)[-1] == 2


def test_somebody_who_turns_round_while_nobody_sees_them_is_the_same() -> None:
    """They are expected further on; what counts then is where they were last seen."""

    def there_and_back(at: float) -> Box | None:
        x = 0.2 + 0.25 * (at if at < 1.4 else 2.8 - at)
        return None if 1.3 < at < 2.0 else person(x, height=0.25)

    assert {number for one in ids(filmed(moments(2.6, 10), there_and_back)) for number in one} == {1}


def test_somebody_hidden_below_the_waist_is_the_same() -> None:
    """Behind a bench only the upper half is seen: the box jumps, the person does not."""
    looks = []
    for at in moments(4, 10):
        box = person(0.2 + 0.1 * at)
        hidden = Box(box.left, box.top, box.right, box.bottom - 0.17, 0.6)
        looks.append((at, [hidden if 1.5 < at < 2.5 else box]))
    assert {number for one in ids(looks) for number in one} == {1}


def test_looks_that_come_at_any_distance_follow_the_same_people() -> None:
    """Parameters in pictures go wrong when the gate skips seconds and the scheduler drops looks."""
    dice = random.Random(3)
    at, looks = 0.0, []
    while at < 20:
        looks.append((at, [person(0.1 + 0.04 * at), person(0.9 - 0.04 * at, 0.95)]))
        at += dice.choice((0.04, 0.1, 0.2, 0.35, 0.8))
    seen = ids(looks)
    assert {tuple(sorted(one)) for one in seen} == {(1, 2)}


@pytest.mark.parametrize("rate", [5.0, 10.0, 15.0])
def test_a_detector_that_misses_and_trembles_is_outweighed(rate: float) -> None:
    """One box in ten missing, sides off by 3 %, scores off by 0.1: the count holds nearly always."""
    dice = random.Random(1)
    tracker, wrong, total = Tracker(0.35), 0, 0
    for at in moments(30, rate):
        boxes = []
        for x, y in ((0.2, 0.6), (0.4, 0.7), (0.6, 0.9), (0.8, 0.65)):
            box = person(x + 0.03 * ((at / 3) % 2 - 1) ** 2, y)
            off = [dice.gauss(0, 0.03) * (box.right - box.left) for _ in range(4)]
            if dice.random() >= 0.1:
                score = min(0.99, max(0.05, 0.6 + dice.gauss(0, 0.1)))
                boxes.append(
                    Box(
                        box.left + off[0],
                        box.top + off[1],
                        box.right + off[2],
                        min(1, box.bottom + off[3]),
                        score,
                    )
                )
        total += 1
        wrong += at > 1 and len(tracker.saw(boxes, at).confirmed) != 4
        if at <= 1:
            tracker.saw(boxes, at)
    assert wrong <= 0.01 * total


# --- what always holds ----------------------------------------------------------------------------------

BOXES = st.lists(
    st.builds(
        lambda x, y, height, score: person(x, y, height=height, score=score),
        st.floats(0, 1),
        st.floats(0.05, 1),
        st.floats(0.02, 0.9),
        st.floats(0.1, 1),
    ),
    max_size=6,
)
LOOKS = st.lists(st.tuples(st.floats(0, 5), BOXES), max_size=12)


def at_moments(steps: list[tuple[float, list[Box]]]) -> list[tuple[float, list[Box]]]:
    at, looks = 0.0, []
    for step, boxes in steps:
        at += step
        looks.append((at, boxes))
    return looks


@settings(max_examples=60, deadline=None)
@given(LOOKS, st.randoms(use_true_random=False))
def test_the_order_of_the_boxes_does_not_matter(
    steps: list[tuple[float, list[Box]]], dice: random.Random
) -> None:
    looks = at_moments(steps)
    mixed = [(at, dice.sample(boxes, len(boxes))) for at, boxes in looks]
    one, other = Tracker(0.35), Tracker(0.35)
    assert [one.saw(boxes, at) for at, boxes in looks] == [other.saw(boxes, at) for at, boxes in mixed]


def test_two_boxes_of_the_same_score_have_no_order() -> None:
    boxes = [person(0.3), person(0.7)]
    assert Tracker(0.35).saw(boxes, 0.0) == Tracker(0.35).saw(boxes[::-1], 0.0)


@settings(max_examples=60, deadline=None)
@given(LOOKS)
def test_ids_are_unique_and_nobody_who_has_ended_comes_back(steps: list[tuple[float, list[Box]]]) -> None:
    tracker, over = Tracker(0.35), set[int]()
    for at, boxes in at_moments(steps):
        followed = tracker.saw(boxes, at)
        numbers = [track.id for track in followed.tracks]
        assert len(numbers) == len(set(numbers))
        ended = {one.track.id for one in followed.ended}
        assert not ended & over
        over |= ended
        assert not over & set(numbers)
        for track in followed.tracks:
            assert track.began_at <= track.seen_at <= at
            assert 0 <= track.score <= 1


@settings(max_examples=60, deadline=None)
@given(LOOKS, st.floats(0, 1))
def test_nobody_is_there_who_was_never_seen(steps: list[tuple[float, list[Box]]], confidence: float) -> None:
    tracker = Tracker(confidence)
    sure = 0
    for at, boxes in at_moments(steps):
        sure += sum(box.score >= confidence for box in boxes)
        assert len(tracker.saw(boxes, at).tracks) <= sure
