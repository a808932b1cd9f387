"""The owner's rules, from the settings into the policy's words."""

from datetime import timedelta

from arni_edge.access.policy import Choice, DoorRule, PlanRule, Rules
from arni_edge.domain.doors import Spans, Windows
from arni_edge.settings import Hours, Settings, Span


def rules_of(settings: Settings) -> Rules:
    """The rules that a configuration describes."""
    access = settings.access
    return Rules(
        zone=settings.site.zone,
        windows=_windows(settings.hours),
        doors={
            door.id: DoorRule(staff_only=door.kind == "staff", groups=frozenset(door.groups))
            for door in settings.doors
        },
        mirror_max_age=timedelta(hours=access.mirror_max_age_hours),
        clock_skew=timedelta(seconds=access.clock_skew_seconds),
        plans={
            plan.id: PlanRule(
                windows=None if plan.hours is None else _windows(plan.hours),
                doors=None if plan.doors is None else frozenset(plan.doors),
            )
            for plan in access.plans
        },
        holidays={holiday.day: _spans(holiday.hours) for holiday in access.holidays},
        anti_passback=timedelta(minutes=access.anti_passback_minutes),
        stale=Choice(access.stale_policy),
        arrears=Choice(access.arrears_policy),
        full=Choice(access.full_policy),
        unknown_plan=Choice(access.unknown_plan_policy),
    )


def _windows(hours: Hours) -> Windows:
    return {day: _spans(hours.of(day)) for day in range(7)}


def _spans(spans: list[Span]) -> Spans:
    return [(span.start, span.until) for span in spans]
