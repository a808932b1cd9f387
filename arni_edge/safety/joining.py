"""Which open alarm a further report belongs to. Pure.

Whoever says it again within minutes speaks of the same alarm; another conversation is another alarm. Only if
many are open does a further report join one of its kind, so that a flood keeps nobody from being told of the
first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import OPEN, Alarm, Report

_SAME_TALK: Final = timedelta(minutes=5)
_SAME_ALARM: Final = timedelta(minutes=30)
FLOOD: Final = 5
"""So many alarms that nobody has acknowledged: the next report joins one of its kind."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alarm that is not closed.

    Attributes:
        alarm: The alarm.
        last_said: When it was last reported in the conversation of the report that is judged; None: never.
    """

    alarm: Alarm
    last_said: datetime | None


def joins(report: Report, candidates: Sequence[Candidate], now: datetime) -> Alarm | None:
    """The alarm that a report belongs to; None: it is one of its own.

    Args:
        report: The report.
        candidates: All alarms that are not closed.
        now: The moment (aware).
    """
    alike = [one for one in candidates if _alike(report, one.alarm)]
    for one in reversed(alike):
        last = one.last_said
        young = now - one.alarm.raised_at <= _SAME_ALARM
        if last is not None and now - last <= _SAME_TALK and young:
            return one.alarm
    waiting = [one for one in candidates if one.alarm.state == OPEN and not one.alarm.drill]
    if len(waiting) < FLOOD or report.drill:
        return None
    return next((one.alarm for one in waiting if one in alike and one.alarm.cause == report.cause), None)


def talk_of(report: Report) -> tuple[str, str] | None:
    """Whose conversation, or which place without one, a report belongs to."""
    if report.reporter is not None:
        return (report.reporter.channel.value, report.reporter.address)
    return (report.source, report.place) if report.place is not None else None


def sharper(report: Report, alarm: Alarm) -> bool:
    """Whether the report says what the alarm, a mere cry for help so far, is about."""
    return alarm.cause == Cause.HELP and report.cause != Cause.HELP


def _alike(report: Report, alarm: Alarm) -> bool:
    """Whether they may be about the same: the same kind, or one of them a mere cry for help."""
    if report.drill != alarm.drill:
        return False
    if report.cause == alarm.cause:
        return True
    kinds = {str(report.cause), alarm.cause}
    return str(Cause.HELP) in kinds and str(Cause.CRISIS) not in kinds
