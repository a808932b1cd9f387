"""The entry policy: a pure, total function. Whatever it is given, it answers, and it opens only by a rule.

Two kinds of reasons speak against an entry. Most are final: a ban, a forged or used credential, a pause, the
hours. Four are the owner's to weigh (:class:`Choice`): an old mirror, arrears, a full house, a plan that the
settings do not know. A final reason always wins, so that no choice of the owner ever opens for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from arni_edge.domain.doors import (
    Allow,
    AskReason,
    AskStaff,
    Credential,
    Decision,
    Deny,
    DenyReason,
    EntryRequest,
    Spans,
    Verdict,
    Via,
    Windows,
)
from arni_edge.domain.people import STAFF_GROUP, Assurance, Member, MemberState


class Choice(StrEnum):
    """What the owner wants done where they may choose."""

    DENY = "deny"
    ASK_STAFF = "ask_staff"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class DoorRule:
    """Whom a door is for.

    Attributes:
        staff_only: Only members of the group ``staff``.
        groups: Only members of one of these groups; empty: all.
    """

    staff_only: bool = False
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlanRule:
    """What a plan allows instead of what the gym allows.

    Attributes:
        windows: Its own hours, or None.
        doors: Its own doors, or None.
    """

    windows: Windows | None = None
    doors: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The owner's rules.

    Attributes:
        zone: The studio's time zone; all windows are meant in it.
        windows: When members may come in.
        doors: Doors that may be opened by policy, by id.
        mirror_max_age: Knowledge about members that is older is stale.
        request_max_age: An older wish opens nothing: nobody may be standing there any more.
        clock_skew: How wrong clocks may be: phones, Meta and the box each have one of their own.
        assurance: The least assurance that a member's request needs.
        plans: Plans by id.
        holidays: Days with hours of their own; no spans: closed.
        anti_passback: For so long a member who came in does not come in again by the same door, unless they
            were seen leaving.
        stale: What to do when the mirror is stale.
        arrears: What to do when a member owes money.
        full: What to do when the house is full.
        unknown_plan: What to do when there are plans and the member's is none of them.
    """

    zone: ZoneInfo
    windows: Windows
    doors: Mapping[str, DoorRule]
    mirror_max_age: timedelta
    request_max_age: timedelta = timedelta(seconds=90)
    clock_skew: timedelta = timedelta(seconds=30)
    assurance: Assurance = Assurance.CHANNEL
    plans: Mapping[str, PlanRule] = field(default_factory=dict)
    holidays: Mapping[date, Spans] = field(default_factory=dict)
    anti_passback: timedelta = timedelta(0)
    stale: Choice = Choice.DENY
    arrears: Choice = Choice.ASK_STAFF
    full: Choice = Choice.DENY
    unknown_plan: Choice = Choice.ALLOW


_STATE_REASONS = {
    MemberState.PAUSED: DenyReason.PAUSED,
    MemberState.ENDED: DenyReason.ENDED,
    MemberState.BANNED: DenyReason.BANNED,
}
# These know their holder by themselves; everybody else has to be a member.
_WITHOUT_MEMBER = frozenset({Via.VISIT, Via.STAFF})
# These are good for ever; everything else that does not say when it ends is not ours.
_WITHOUT_END = frozenset({Via.CHANNEL, Via.STAFF})


def decide(
    request: EntryRequest,
    member: Member | None,
    credential: Credential,
    now: datetime,
    rules: Rules,
    mirror_age: timedelta | None,
) -> Decision:
    """Decide whether a door opens.

    Args:
        request: Which door, when it was asked for, and what is known around it.
        member: Who is asking, as the mirror knows them; None for a stranger, a visit and staff.
        credential: What they show.
        now: The present (aware).
        rules: The owner's rules.
        mirror_age: Since when the mirror was last known to be true; None when it never was.

    Returns:
        :class:`Allow` with the rule's name, and what the owner chose to overlook; :class:`Deny` with the
        first reason that applies; :class:`AskStaff` when nothing but the owner's choice speaks against it.
    """
    local = _local(now, rules.zone, request, credential)
    if local is None:
        return Deny(DenyReason.CLOCK)
    if request.door not in rules.doors:
        return Deny(DenyReason.UNKNOWN_DOOR)
    against = _credential_reason(request, member, credential, now) or _wish_reason(request, now, rules)
    if against is not None:
        return Deny(against)
    if credential.via is Via.STAFF:
        return Allow("staff")
    if credential.via is Via.VISIT:
        inside = _open_at(local, credential.windows or {})
        return Allow("visit") if inside else Deny(DenyReason.VISIT_HOURS)
    if member is None:
        return Deny(DenyReason.STRANGER)
    return _decide_member(request, member, credential, local, rules, mirror_age)


def _decide_member(
    request: EntryRequest,
    member: Member,
    credential: Credential,
    local: datetime,
    rules: Rules,
    mirror_age: timedelta | None,
) -> Decision:
    """A genuine credential of a member who is not banned: contract, place and time decide."""
    if credential.assurance < rules.assurance:
        return Deny(DenyReason.ASSURANCE)
    # The owner may trust old knowledge. No knowledge, or some from the future, is not theirs to trust.
    if mirror_age is None or mirror_age < -rules.clock_skew:
        return Deny(DenyReason.MIRROR_STALE)
    plan = rules.plans.get(member.plan) if member.plan is not None else None
    against = (
        _contract_reason(member, local.date())
        or _place_reason(request.door, member, plan, rules.doors[request.door])
        or _time_reason(local, plan, rules)
        or _passback_reason(request, local, rules)
    )
    if against is not None:
        return Deny(against)
    choices = dict(_owner_choices(request, member, rules, mirror_age))
    for reason, choice in choices.items():
        if choice is Choice.DENY:
            return Deny(DenyReason(reason))
    for reason, choice in choices.items():
        if choice is Choice.ASK_STAFF:
            return AskStaff(reason)
    rule = "member_in_plan_hours" if plan is not None and plan.windows is not None else "member_in_hours"
    return Allow(f"{rule}, despite {', '.join(choices)}" if choices else rule)


def _local(now: datetime, zone: ZoneInfo, request: EntryRequest, credential: Credential) -> datetime | None:
    """The studio's time; None when a clock is so wrong that times cannot be compared."""
    times = (
        now,
        request.asked_at,
        request.last_entry,
        request.last_exit,
        credential.not_before,
        credential.expires_at,
    )
    if any(one is not None and one.utcoffset() is None for one in times):
        return None
    try:
        return now.astimezone(zone)
    except OverflowError:  # the first or last day that a datetime can name
        return None


def _credential_reason(
    request: EntryRequest, member: Member | None, credential: Credential, now: datetime
) -> DenyReason | None:
    """What the credential, or a ban, says against it. None of this can be softened."""
    if credential.verdict is not Verdict.GENUINE:
        forged = credential.verdict is Verdict.FORGED
        return DenyReason.FORGED if forged else DenyReason.UNKNOWN_CREDENTIAL
    if member is not None and member.state is MemberState.BANNED:
        return DenyReason.BANNED
    if credential.doors is not None and request.door not in credential.doors:
        return DenyReason.WRONG_DOOR
    if credential.via not in _WITHOUT_MEMBER:
        if member is None:
            return DenyReason.STRANGER
        if credential.holder != member.member_id:
            return DenyReason.WRONG_HOLDER
    if credential.used:
        return DenyReason.USED
    if credential.not_before is not None and now < credential.not_before:
        return DenyReason.TOO_EARLY
    if credential.expires_at is None:
        return None if credential.via in _WITHOUT_END else DenyReason.EXPIRED
    return DenyReason.EXPIRED if now >= credential.expires_at else None


def _wish_reason(request: EntryRequest, now: datetime, rules: Rules) -> DenyReason | None:
    # After an outage old messages arrive; one from the future means that a clock is wrong.
    fresh = -rules.clock_skew <= now - request.asked_at <= rules.request_max_age
    return None if fresh else DenyReason.STALE


def _contract_reason(member: Member, today: date) -> DenyReason | None:
    if member.state is not MemberState.ACTIVE:
        return _STATE_REASONS[member.state]
    if member.valid_from is not None and today < member.valid_from:
        return DenyReason.NOT_YET
    if member.valid_until is not None and today > member.valid_until:
        return DenyReason.ENDED
    paused = member.paused_from is not None or member.paused_until is not None
    begun = member.paused_from is None or member.paused_from <= today
    over = member.paused_until is not None and member.paused_until < today
    return DenyReason.PAUSED if paused and begun and not over else None


def _place_reason(door: str, member: Member, plan: PlanRule | None, rule: DoorRule) -> DenyReason | None:
    if rule.staff_only and STAFF_GROUP not in member.groups:
        return DenyReason.STAFF_ONLY
    if rule.groups and not rule.groups.intersection(member.groups):
        return DenyReason.GROUP
    if plan is not None and plan.doors is not None and door not in plan.doors:
        return DenyReason.PLAN_DOOR
    return None


def _time_reason(local: datetime, plan: PlanRule | None, rules: Rules) -> DenyReason | None:
    """A holiday narrows everybody's hours; on other days a plan's own hours stand for the gym's."""
    holiday = rules.holidays.get(local.date())
    if holiday is not None and not _within(local, holiday):
        return DenyReason.HOLIDAY
    if plan is not None and plan.windows is not None:
        return None if _open_at(local, plan.windows) else DenyReason.PLAN_HOURS
    if holiday is not None or _open_at(local, rules.windows):
        return None
    return DenyReason.OUTSIDE_HOURS


def _passback_reason(request: EntryRequest, now: datetime, rules: Rules) -> DenyReason | None:
    entry, left = request.last_entry, request.last_exit
    if entry is None or (left is not None and left >= entry):
        return None
    return DenyReason.PASSED_BACK if abs(now - entry) < rules.anti_passback else None


def _owner_choices(
    request: EntryRequest, member: Member, rules: Rules, mirror_age: timedelta
) -> Iterator[tuple[AskReason, Choice]]:
    """What is the owner's to weigh in this case, and what they chose."""
    if mirror_age > rules.mirror_max_age:
        yield AskReason.MIRROR_STALE, rules.stale
    if rules.plans and member.plan not in rules.plans:
        yield AskReason.UNKNOWN_PLAN, rules.unknown_plan
    if member.arrears:
        yield AskReason.ARREARS, rules.arrears
    if _full(request) and not rules.doors[request.door].staff_only:  # staff work in a full house too
        yield AskReason.FULL, rules.full


def _full(request: EntryRequest) -> bool:
    # Whoever counts and cannot see says None: a camera that is down must not shut everybody out.
    if request.inside is None or request.capacity is None:
        return False
    return request.inside >= request.capacity


def _open_at(local: datetime, windows: Windows) -> bool:
    return _within(local, windows.get(local.weekday(), ()))


def _within(local: datetime, spans: Spans) -> bool:
    # Wall clock against wall clock: on the days of a change of the clocks, what the clock on the wall shows.
    at = local.time()
    for start, end in spans:
        begins, ends = start.replace(tzinfo=None), end.replace(tzinfo=None)
        if begins <= at and (at < ends or ends == at.max):
            return True
    return False
