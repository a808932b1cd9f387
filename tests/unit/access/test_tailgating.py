"""Whether more people went in than were let in: the rule alone, against the truth of many evenings."""

import itertools
import random
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tailgating import an_evening, judged

from arni_edge.access.tailgating import Certainty, Opening, Passage, Suspicion, TailgatingWatch
from arni_edge.domain.doors import DoorContact

OPEN, CLOSED, UNKNOWN = DoorContact.OPEN, DoorContact.CLOSED, DoorContact.UNKNOWN
_LATER = 1000.0


def mia(began: float, *, ended: float | None = None, judged: bool = True, request: str = "") -> Opening:
    return Opening(request or f"mia@{began:g}", began, began + 3 if ended is None else ended, "mia", judged)


def ben(began: float) -> Opening:
    return Opening(f"ben@{began:g}", began, began + 3, "ben")


def enters(at: float, together: int = 1, line: str = "door") -> Passage:
    return Passage(line, True, together, at)


def leaves(at: float, together: int = 1) -> Passage:
    return Passage("door", False, together, at)


def suspicions(
    *told: Opening | Passage | tuple[DoorContact, float], now: float = _LATER, **how: float
) -> list[Suspicion]:
    watch = TailgatingWatch(window_seconds=15, **how)
    for one in told:
        match one:
            case Opening():
                watch.opened(one)
            case Passage():
                watch.crossed(one)
            case (contact, at):
                watch.contact(contact, at)
    return watch.tick(now)


def sure(found: Iterable[Suspicion]) -> list[tuple[str, int]]:
    return [(one.request_id, one.entries) for one in found]


# --- one opening ------------------------------------------------------------------------------------------


def test_one_who_is_let_in_and_enters_is_nobody_to_talk_of() -> None:
    assert suspicions(mia(0), enters(4)) == []


def test_nobody_enters_after_an_unlock() -> None:
    assert suspicions(mia(0)) == []


def test_a_second_one_behind_the_first_is_suspected() -> None:
    (one,) = suspicions(mia(0), enters(4), enters(5.5, together=2))
    assert one == Suspicion("mia@0", "mia", 2, 2, Certainty.SURE)
    (one,) = suspicions(mia(0), enters(4), enters(9))
    assert one == Suspicion("mia@0", "mia", 2, 1, Certainty.LIKELY)


def test_a_whole_group_on_one_opening_is_one_suspicion() -> None:
    (one,) = suspicions(mia(0), *(enters(4 + step, together=3) for step in range(5)))
    assert (one.entries, one.together) == (5, 3)


def test_two_side_by_side_that_merge_into_one_box_are_suspected_with_half_the_weight() -> None:
    (one,) = suspicions(mia(0), enters(4, together=2))
    assert (one.entries, one.together, one.certainty) == (1, 2, Certainty.POSSIBLE)
    assert one.certainty.weight == 0.5


def test_an_exit_through_the_same_door_is_no_entry_and_explains_who_was_seen_beside() -> None:
    assert suspicions(mia(0), leaves(3), enters(4)) == []
    assert suspicions(mia(0), enters(4, together=2), leaves(5, together=2)) == []


def test_an_exit_pays_for_nobody() -> None:
    assert sure(suspicions(mia(0), enters(4), enters(5), leaves(6, together=2))) == [("mia@0", 2)]


def test_whoever_turns_round_at_the_door_is_one_person() -> None:
    assert suspicions(mia(0), enters(4), leaves(7), enters(11)) == []


def test_one_who_goes_out_past_another_is_not_the_one_who_comes_in_behind() -> None:
    assert sure(suspicions(mia(0), enters(4), leaves(7, together=2), enters(11))) == [("mia@0", 2)]
    assert sure(suspicions(mia(0), leaves(2), enters(4), enters(8, together=2))) == [("mia@0", 2)]


def test_an_id_switch_at_the_door_makes_no_second_person() -> None:
    assert suspicions(mia(0), enters(4), enters(4.3)) == []
    assert sure(suspicions(mia(0), enters(4), enters(4.3, together=2))) == [("mia@0", 2)]


def test_two_cameras_that_see_the_same_door_do_not_count_twice() -> None:
    assert suspicions(mia(0), enters(4, line="left"), enters(4.2, line="right")) == []
    both = suspicions(mia(0), enters(4, line="left"), enters(4.2, line="right"), enters(6, line="right"))
    assert sure(both) == [("mia@0", 2)]


def test_the_same_request_told_twice_lets_in_once() -> None:
    assert sure(suspicions(mia(0), mia(0), enters(4), enters(6))) == [("mia@0", 2)]


# --- whom nobody judges -----------------------------------------------------------------------------------


def test_staff_may_hold_the_door() -> None:
    assert suspicions(mia(0, judged=False), *(enters(3 + step) for step in range(4))) == []


def test_a_member_who_comes_while_staff_hold_the_door_is_not_judged() -> None:
    assert suspicions(mia(0, judged=False), ben(5), *(enters(3 + step) for step in range(6))) == []


def test_whoever_comes_without_any_opening_is_another_matter() -> None:
    assert suspicions(enters(4), enters(5)) == []
    assert suspicions(mia(100), enters(40), enters(41), enters(104)) == []


# --- when -------------------------------------------------------------------------------------------------


def test_the_window_ends_after_the_door_has_shut_again() -> None:
    shut = ((OPEN, 3.0), (CLOSED, 20.0))
    assert sure(suspicions(mia(0), *shut, enters(4), enters(34.9))) == [("mia@0", 2)]
    assert suspicions(mia(0), *shut, enters(4), enters(35.1)) == []


def test_without_a_contact_it_ends_after_the_opening() -> None:
    assert sure(suspicions(mia(0), enters(4), enters(17.9))) == [("mia@0", 2)]
    assert suspicions(mia(0), enters(4), enters(18.1)) == []


def test_a_propped_door_is_another_incident() -> None:
    held = (mia(0), (OPEN, 3.0), enters(4), enters(40))
    assert suspicions(*held, now=50) == []
    assert suspicions(*held, (CLOSED, 90.0)) == []
    assert suspicions(*held, now=500) == []
    # What came before it was propped is judged all the same.
    assert sure(suspicions(mia(0), (OPEN, 3.0), enters(4), enters(6))) == [("mia@0", 2)]


def test_a_contact_that_falls_silent_is_none() -> None:
    gone = (mia(0), (OPEN, 3.0), (UNKNOWN, 5.0), enters(4))
    assert suspicions(*gone, enters(30)) == []
    assert sure(suspicions(*gone, enters(10))) == [("mia@0", 2)]


def test_nothing_is_judged_before_late_events_can_have_come() -> None:
    told = (mia(0), enters(4), enters(6))
    assert suspicions(*told, now=22.9) == []
    assert sure(suspicions(*told, now=23)) == [("mia@0", 2)]


def test_it_is_suspected_once() -> None:
    watch = TailgatingWatch(window_seconds=15)
    watch.opened(mia(0))
    watch.crossed(enters(4))
    watch.crossed(enters(6))
    assert sure(watch.tick(30)) == [("mia@0", 2)]
    assert [watch.tick(now) for now in (31, 60, 600)] == [[], [], []]


def test_a_crossing_seen_before_the_command_came_to_its_end_belongs_to_it() -> None:
    assert suspicions(enters(3), mia(0, ended=9)) == []
    assert sure(suspicions(enters(3), enters(5), mia(0, ended=9))) == [("mia@0", 2)]


def test_the_clocks_of_lock_and_camera_may_be_seconds_apart() -> None:
    assert suspicions(enters(98.2), mia(100)) == []
    assert sure(suspicions(enters(98.2), enters(99.9), mia(100))) == [("mia@100", 2)]


def test_a_command_under_way_is_waited_for_but_not_for_ever() -> None:
    watch = TailgatingWatch(window_seconds=15)
    watch.opened(mia(0))
    for at in (4, 16):
        watch.crossed(enters(at))
    assert watch.due(25)
    assert watch.tick(25, under_way=True) == []
    watch.opened(Opening("ben@14", 14, 26, "ben"))
    assert watch.tick(80) == []

    watch.opened(mia(100))
    for at in (104, 106):
        watch.crossed(enters(at))
    assert watch.tick(240, under_way=True) == []
    assert sure(watch.tick(260, under_way=True)) == [("mia@100", 2)]


# --- openings that overlap --------------------------------------------------------------------------------


def test_two_openings_that_overlap_let_in_two_and_no_third() -> None:
    two = (mia(0), ben(6), enters(4), enters(10))
    assert suspicions(*two) == []
    (one,) = suspicions(*two, enters(12))
    assert (one.request_id, one.entries, one.member) == ("ben@6", 2, None)


def test_an_entry_before_the_second_opening_is_not_paid_for_by_it() -> None:
    (one,) = suspicions(mia(0), ben(14), enters(3), enters(6))
    assert (one.request_id, one.member, one.entries) == ("mia@0", "mia", 2)


def test_behind_a_shut_door_the_one_before_is_not_suspected() -> None:
    shut = ((OPEN, 2.0), (CLOSED, 5.0), (OPEN, 15.0), (CLOSED, 19.0))
    (one,) = suspicions(*shut, mia(0), ben(13), enters(3), enters(17), enters(18.5, together=2))
    assert (one.request_id, one.member) == ("ben@13", "ben")


def test_a_member_who_opens_twice_is_one_person() -> None:
    assert suspicions(mia(0), mia(8), enters(3)) == []
    assert suspicions(mia(0), mia(8), enters(11)) == []
    (one,) = suspicions(mia(0), mia(8), enters(3), enters(11))
    assert (one.member, one.entries) == ("mia", 2)


def test_a_member_who_comes_again_later_is_let_in_again() -> None:
    assert suspicions(mia(0), enters(3), leaves(50), mia(100), enters(103)) == []


def test_a_chain_without_an_end_is_given_up_and_accuses_nobody() -> None:
    openings = [Opening(f"r{number}", number * 5.0, number * 5.0 + 1, f"m{number}") for number in range(600)]
    assert suspicions(*openings, *(enters(one.began + 2) for one in openings), now=100_000) == []


# --- the truth --------------------------------------------------------------------------------------------


def test_precision_and_recall_against_the_truth_of_many_evenings() -> None:
    """Singles, pairs, turn-backs, exits in between, overlapping openings, late and doubled events."""
    rng = random.Random(20261118)
    wrong: Counter[str] = Counter()
    right = missed = accused = 0
    for _ in range(2000):
        evening = an_evening(rng)
        found = judged(evening)
        assert {one.request_id for one in found} <= {one.request_id for one in evening.openings}
        right += bool(found) and evening.followed
        missed += evening.followed and not found
        accused += bool(found) and not evening.followed
        if bool(found) != evening.followed:
            wrong[evening.kind] += 1
    precision, recall = right / (right + accused), right / (right + missed)
    report = f"precision {precision:.3f}, recall {recall:.3f}, wrong: {dict(wrong)}"
    print(report)
    assert min(precision, recall) >= 0.95, report


@given(st.randoms(use_true_random=False), st.integers(0, 10_000))
def test_the_order_in_which_things_are_heard_does_not_matter(shuffler: random.Random, seed: int) -> None:
    evening = an_evening(random.Random(seed))
    told = [one.what for one in evening.heard if not isinstance(one.what, DoorContact)]
    contacts = [(one.what, one.at) for one in evening.heard if isinstance(one.what, DoorContact)]
    expected = suspicions(*contacts, *told)
    shuffler.shuffle(told)
    assert suspicions(*contacts, *told) == expected


_PEOPLE = st.lists(
    st.tuples(st.floats(0, 60), st.booleans(), st.integers(0, 3)).map(
        lambda one: Passage("door", one[1], one[2], one[0])
    ),
    max_size=12,
)
_OPENINGS = st.lists(st.tuples(st.floats(0, 60), st.sampled_from(["mia", "ben", None])), max_size=6)


@given(_PEOPLE, _OPENINGS)
def test_never_more_are_suspected_than_came_in_and_never_anybody_who_was_not_let_in(
    people: list[Passage], openings: list[tuple[float, str | None]]
) -> None:
    told = [Opening(str(number), at, at + 2, who) for number, (at, who) in enumerate(openings)]
    found = suspicions(*told, *people)
    assert sum(one.entries for one in found) <= sum(one.inwards for one in people)
    assert {one.request_id for one in found} <= {one.request_id for one in told}
    assert {one.member for one in found} <= {who for _, who in openings} | {None}


@pytest.mark.parametrize("number", range(1, 5))
def test_as_many_entries_as_people_let_in_are_never_too_many(number: int) -> None:
    openings = [Opening(f"r{one}", one * 2.0, one * 2.0 + 2, f"m{one}") for one in range(number)]
    for order in itertools.permutations(range(number)):
        assert suspicions(*(openings[one] for one in order), *(enters(10.0 + one) for one in order)) == []
