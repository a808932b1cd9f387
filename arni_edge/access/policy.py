"""The entry policy: a pure, total function. Whatever it is given, it answers, and it opens only by a rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from arni_edge.domain.doors import Allow, Decision, Deny, DenyReason, EntryRequest
from arni_edge.domain.people import Assurance, Member, MemberState

Windows = Mapping[int, Sequence[tuple[time, time]]]
"""Weekday (0 = Monday) to spans of local time; the end is exclusive, ``time.max`` means midnight."""

# Phones, Meta and the box each have a clock of their own.
_CLOCK_SKEW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Rules:
    """The owner's rules.

    Attributes:
        zone: The studio's time zone; all windows are meant in it.
        windows: When members may come in.
        doors: Doors that may be opened by policy.
        mirror_max_age: Older knowledge about members opens nothing.
        request_max_age: An older wish opens nothing: nobody may be standing there any more.
        assurance: The least assurance that a request needs.
    """

    zone: ZoneInfo
    windows: Windows
    doors: frozenset[str]
    mirror_max_age: timedelta
    request_max_age: timedelta = timedelta(seconds=90)
    assurance: Assurance = Assurance.CHANNEL


_STATE_REASONS = {
    MemberState.PAUSED: DenyReason.PAUSED,
    MemberState.ENDED: DenyReason.ENDED,
    MemberState.BANNED: DenyReason.BANNED,
}


def decide(
    request: EntryRequest,
    member: Member | None,
    assurance: Assurance,
    now: datetime,
    rules: Rules,
    mirror_age: timedelta | None,
) -> Decision:
    """Decide whether a door opens.

    Args:
        request: Which door, and when it was asked for.
        member: Who is asking, as the mirror knows them; None for a stranger.
        assurance: How sure we are that it is them.
        now: The present (aware).
        rules: The owner's rules.
        mirror_age: Since when the mirror was last known to be true; None when it never was.

    Returns:
        :class:`Allow` with the rule's name, or :class:`Deny` with the first reason that applies.
    """
    if request.door not in rules.doors:
        return Deny(DenyReason.UNKNOWN_DOOR)
    if member is None:
        return Deny(DenyReason.STRANGER)
    if assurance < rules.assurance:
        return Deny(DenyReason.ASSURANCE)
    if mirror_age is None or not timedelta(0) <= mirror_age <= rules.mirror_max_age:
        return Deny(DenyReason.MIRROR_STALE)
    if member.state is not MemberState.ACTIVE:
        return Deny(_STATE_REASONS[member.state])
    # After an outage old messages arrive; one from the future means that a clock is wrong.
    if not -_CLOCK_SKEW <= now - request.asked_at <= rules.request_max_age:
        return Deny(DenyReason.STALE)
    local = now.astimezone(rules.zone)
    if member.valid_from is not None and local.date() < member.valid_from:
        return Deny(DenyReason.NOT_YET)
    if member.valid_until is not None and local.date() > member.valid_until:
        return Deny(DenyReason.ENDED)
    if not _open_at(local, rules.windows):
        return Deny(DenyReason.OUTSIDE_HOURS)
    return Allow("member_in_hours")


def _open_at(local: datetime, windows: Windows) -> bool:
    spans = windows.get(local.weekday(), ())
    return any(
        start <= local.time() < end or (end == time.max and local.time() >= start) for start, end in spans
    )
