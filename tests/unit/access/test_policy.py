"""The policy opens only for a known, active member inside the hours, on fresh knowledge."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.access import Rules, decide
from arni_edge.domain.doors import Allow, Decision, Deny, DenyReason, EntryRequest
from arni_edge.domain.people import Assurance, Member, MemberState

_BERLIN = ZoneInfo("Europe/Berlin")
_RULES = Rules(
    zone=_BERLIN,
    windows={day: [(time(6), time(23))] for day in range(6)} | {6: [(time(8), time.max)]},
    doors=frozenset({"front"}),
    mirror_max_age=timedelta(hours=72),
)
_MEMBER = Member("m1", "Mia Muster", "+491512345678")
_NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
_FRESH = timedelta(hours=1)


def _request(at: datetime = _NOON, door: str = "front") -> EntryRequest:
    return EntryRequest("r1", door, "whatsapp", at)


def _decide(
    request: EntryRequest, member: Member | None, assurance: Assurance, mirror_age: timedelta | None
) -> Decision:
    """Decide at the moment of the request."""
    return decide(request, member, assurance, request.asked_at, _RULES, mirror_age)


@pytest.mark.parametrize(
    ("age", "reason"),
    [(89, None), (91, DenyReason.STALE), (86_400, DenyReason.STALE), (-29, None), (-31, DenyReason.STALE)],
)
def test_an_old_wish_opens_nothing(age: float, reason: DenyReason | None) -> None:
    request = _request(_NOON - timedelta(seconds=age))
    decision = decide(request, _MEMBER, Assurance.CHANNEL, _NOON, _RULES, _FRESH)
    assert decision == (Deny(reason) if reason else Allow("member_in_hours"))


def test_a_member_inside_the_hours_comes_in() -> None:
    assert isinstance(_decide(_request(), _MEMBER, Assurance.CHANNEL, _FRESH), Allow)


@pytest.mark.parametrize(
    ("member", "assurance", "mirror_age", "reason"),
    [
        (None, Assurance.ANONYMOUS, _FRESH, DenyReason.STRANGER),
        (_MEMBER, Assurance.ANONYMOUS, _FRESH, DenyReason.ASSURANCE),
        (_MEMBER, Assurance.CHANNEL, None, DenyReason.MIRROR_STALE),
        (_MEMBER, Assurance.CHANNEL, timedelta(hours=73), DenyReason.MIRROR_STALE),
        # A mirror from the future means that a clock is wrong.
        (_MEMBER, Assurance.CHANNEL, timedelta(seconds=-1), DenyReason.MIRROR_STALE),
        (Member("m", "n", "+4911111111", MemberState.PAUSED), Assurance.CHANNEL, _FRESH, DenyReason.PAUSED),
        (Member("m", "n", "+4911111111", MemberState.BANNED), Assurance.STAFF, _FRESH, DenyReason.BANNED),
        (
            Member("m", "n", "+4911111111", valid_until=date(2026, 11, 17)),
            Assurance.CHANNEL,
            _FRESH,
            DenyReason.ENDED,
        ),
        (
            Member("m", "n", "+4911111111", valid_from=date(2026, 11, 19)),
            Assurance.CHANNEL,
            _FRESH,
            DenyReason.NOT_YET,
        ),
    ],
)
def test_everything_else_stays_out(
    member: Member | None, assurance: Assurance, mirror_age: timedelta | None, reason: DenyReason
) -> None:
    assert _decide(_request(), member, assurance, mirror_age) == Deny(reason)


@pytest.mark.parametrize(
    ("local", "allowed"),
    [
        (datetime(2026, 11, 18, 5, 59, 59), False),
        (datetime(2026, 11, 18, 6, 0), True),
        (datetime(2026, 11, 18, 22, 59, 59), True),
        (datetime(2026, 11, 18, 23, 0), False),
        (datetime(2026, 11, 22, 23, 59, 59), True),  # Sunday until midnight
        (datetime(2026, 3, 29, 8, 0), True),  # the morning after the clocks went forward
        (datetime(2026, 10, 25, 7, 59), False),  # the morning after they went back
    ],
)
def test_hours_are_meant_in_the_time_of_the_studio(local: datetime, allowed: bool) -> None:
    at = local.replace(tzinfo=_BERLIN).astimezone(UTC)
    assert isinstance(_decide(_request(at), _MEMBER, Assurance.CHANNEL, _FRESH), Allow) is allowed


def test_an_unknown_door_does_not_open() -> None:
    assert _decide(_request(door="vault"), _MEMBER, Assurance.STAFF, _FRESH) == Deny(DenyReason.UNKNOWN_DOOR)


_members = st.none() | st.builds(
    Member,
    st.just("m"),
    st.just("n"),
    st.just("+4911111111"),
    st.sampled_from(MemberState),
    st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
)
_ages = st.none() | st.timedeltas(timedelta(days=-10), timedelta(days=10))


@given(
    _members,
    st.sampled_from(Assurance),
    _ages,
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["front", "vault", ""]),
)
def test_no_combination_opens_without_every_condition(
    member: Member | None, assurance: Assurance, age: timedelta | None, at: datetime, door: str
) -> None:
    decision = _decide(_request(at, door), member, assurance, age)
    if isinstance(decision, Allow):
        assert door == "front"
        assert member is not None
        assert member.state is MemberState.ACTIVE
        assert assurance >= Assurance.CHANNEL
        assert age is not None
        assert timedelta(0) <= age <= timedelta(hours=72)
        assert at.astimezone(_BERLIN).hour >= 6
