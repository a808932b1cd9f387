"""Saying it again is no other alarm; another conversation is; a flood keeps nobody from being told."""

from datetime import timedelta

from support.clock import ManualClock

from arni_edge.domain.messages import Channel, Language
from arni_edge.safety import Alarm, Cause, Report, Reporter
from arni_edge.safety.joining import FLOOD, Candidate, joins, sharper, talk_of

NOW = ManualClock().now()
MIA, TOM = ("whatsapp", "+491"), ("whatsapp", "+492")


def report(
    cause: Cause = Cause.HELP,
    who: tuple[str, str] | None = MIA,
    *,
    drill: bool = False,
    place: str | None = None,
) -> Report:
    reporter = who and Reporter(Channel(who[0]), who[1], Language.GERMAN)
    return Report("new", cause, "whatsapp", NOW, place=place, reporter=reporter, drill=drill)


def candidate(
    name: str,
    cause: Cause = Cause.HELP,
    who: tuple[str, str] = MIA,
    *,
    minutes: float = 1,
    state: str = "open",
    drill: bool = False,
) -> Candidate:
    at = NOW - timedelta(minutes=minutes)
    said = at if who == MIA else None
    return Candidate(Alarm(name, cause, "whatsapp", at, at, state=state, drill=drill), said)


def joined(one: Report, *candidates: Candidate) -> str | None:
    alarm = joins(one, candidates, NOW)
    return alarm.alarm_id if alarm else None


def test_the_same_person_within_minutes_speaks_of_the_same() -> None:
    assert joined(report(), candidate("a")) == "a"
    assert joined(report(), candidate("a", state="acknowledged")) == "a"
    assert joined(report(), candidate("a", minutes=6)) is None
    assert joined(report(who=TOM), candidate("a", who=TOM)) is None


def test_a_long_talk_is_not_one_alarm_for_ever() -> None:
    old = candidate("a", minutes=31)
    assert joined(report(), Candidate(old.alarm, NOW)) is None


def test_a_cry_for_help_may_be_about_anything_but_two_kinds_are_two_alarms() -> None:
    assert joined(report(Cause.MEDICAL), candidate("a", Cause.HELP)) == "a"
    assert joined(report(Cause.HELP), candidate("a", Cause.MEDICAL)) == "a"
    assert joined(report(Cause.FIRE), candidate("a", Cause.MEDICAL)) is None
    assert joined(report(Cause.HELP), candidate("a", Cause.CRISIS)) is None
    assert joined(report(Cause.CRISIS), candidate("a", Cause.HELP)) is None
    assert sharper(report(Cause.MEDICAL), candidate("a", Cause.HELP).alarm)
    assert not sharper(report(Cause.HELP), candidate("a", Cause.MEDICAL).alarm)


def test_a_button_is_known_by_its_place_and_a_person_by_their_address() -> None:
    assert talk_of(Report("new", Cause.HELP, "button", NOW, place="hall")) == ("button", "hall")
    assert talk_of(report()) == MIA
    assert talk_of(report(who=None)) is None


def test_a_drill_hides_nothing_real() -> None:
    assert joined(report(), candidate("a", drill=True)) is None
    assert joined(report(drill=True), candidate("a")) is None


def test_in_a_flood_a_report_joins_the_oldest_of_its_kind_that_nobody_has() -> None:
    flood = [candidate(f"h{n}", who=("whatsapp", f"+4{n}"), minutes=9 - n) for n in range(FLOOD)]
    assert joined(report(who=TOM), *flood) == "h0"
    assert joined(report(who=TOM), *flood[1:]) is None
    assert joined(report(Cause.FIRE, who=TOM), *flood) is None
    taken = [candidate("t", who=("whatsapp", "+40"), state="acknowledged"), *flood[1:]]
    assert joined(report(who=TOM), *taken) is None
