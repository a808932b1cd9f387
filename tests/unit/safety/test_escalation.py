"""Whoever is called when nobody answers: in order, then all, then again, and it never ends by itself."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from arni_edge.domain.staff import Contact
from arni_edge.safety.escalation import LONGEST_PAUSE, RAREST, is_due, step_of, worth_telling

_MINUTE = timedelta(seconds=60)
KIM, LEE, PAT, SAM = (Contact(name, name.title()) for name in ("kim", "lee", "pat", "sam"))


def names(number: int, on_call: list[Contact], others: list[Contact]) -> list[str]:
    return [one.id for one in step_of(number, on_call, others, _MINUTE).contacts]


def test_everybody_on_call_at_once_then_one_by_one_then_all_others_then_again() -> None:
    called = [names(number, [KIM, LEE], [PAT, SAM]) for number in range(6)]
    assert called == [["kim", "lee"], ["kim"], ["lee"], ["pat", "sam"], ["kim"], ["lee"]]


def test_each_time_round_the_pause_grows_to_a_limit() -> None:
    pauses = [step_of(number, [KIM], [], _MINUTE).pause / _MINUTE for number in range(9)]
    assert pauses == [1, 1, 2, 4, 8, 15, 15, 15, 15]


def test_nobody_on_call_calls_whoever_works_there() -> None:
    assert names(0, [], [PAT]) == ["pat"]
    assert names(1, [], [PAT]) == ["pat"]
    assert names(0, [], []) == []


def test_the_reporter_hears_it_once_each_time_round_and_not_for_ever() -> None:
    told = [n for n in range(1, 40) if worth_telling(step_of(n, [KIM, LEE], [PAT], _MINUTE))]
    assert told == [1, 4, 7]


@settings(max_examples=50)
@given(st.integers(0, 4), st.integers(0, 4), st.integers(1, 60), st.floats(10, 3600))
def test_whoever_there_is_is_called_again_and_again(
    on_call: int, others: int, number: int, seconds: float
) -> None:
    first = [Contact(f"c{n}", "c") for n in range(on_call)]
    rest = [Contact(f"o{n}", "o") for n in range(others)]
    groups = max(1, on_call + bool(others))
    wait = timedelta(seconds=seconds)
    steps = [step_of(number + more, first, rest, wait) for more in range(groups)]
    assert {one.id for step in steps for one in step.contacts} == {one.id for one in [*first, *rest]}
    assert all(wait <= step.pause <= max(wait, timedelta(minutes=15)) for step in steps)


def test_a_clock_that_was_ahead_does_not_put_the_next_call_off() -> None:
    now = datetime(2026, 11, 18, tzinfo=UTC)
    assert not is_due(None, now, _MINUTE)
    assert not is_due(now + _MINUTE, now, _MINUTE)
    assert not is_due(now + _MINUTE + timedelta(seconds=5), now, _MINUTE)  # corrected a little
    assert is_due(now, now, _MINUTE)
    assert is_due(now + timedelta(minutes=10), now, _MINUTE)
    assert is_due(now + timedelta(days=400), now, _MINUTE)


def test_of_what_nobody_can_take_people_hear_ever_more_rarely() -> None:
    """A disk that stays broken calls nobody every quarter of an hour for ever."""
    one = Contact("kim", "Kim")
    pauses = [step_of(number, [one], [], timedelta(minutes=1), RAREST).pause for number in range(1, 20)]
    assert pauses == sorted(pauses)
    assert pauses[5] > LONGEST_PAUSE
    assert pauses[-1] == RAREST
