"""The policy opens only by a rule, and no choice of the owner's softens what is final."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from arni_edge.access import Rules, decide
from arni_edge.access.policy import Choice, DoorRule, PlanRule
from arni_edge.domain.doors import (
    Allow,
    AskReason,
    AskStaff,
    Credential,
    Decision,
    Deny,
    DenyReason,
    EntryRequest,
    Verdict,
    Via,
    Windows,
)
from arni_edge.domain.people import Assurance, Member, MemberState

_BERLIN = ZoneInfo("Europe/Berlin")
_RULES = Rules(
    zone=_BERLIN,
    windows={day: [(time(6), time(23))] for day in range(6)} | {6: [(time(8), time.max)]},
    doors={
        "front": DoorRule(),
        "office": DoorRule(staff_only=True),
        "women": DoorRule(groups=frozenset({"women"})),
    },
    mirror_max_age=timedelta(hours=72),
    plans={
        "morning": PlanRule(windows={2: [(time(6), time(12))]}),
        "night": PlanRule(windows={day: [(time(0), time.max)] for day in range(7)}),
        "front-only": PlanRule(doors=frozenset({"front"})),
    },
    holidays={date(2026, 12, 24): [(time(10), time(14))], date(2026, 12, 25): []},
    anti_passback=timedelta(minutes=15),
)
_MEMBER = Member("m1", "Mia Muster", "+491512345678", plan="front-only")
_NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)  # a Wednesday, noon in Berlin
_FRESH = timedelta(hours=1)
_CHANNEL = Credential(Via.CHANNEL, Assurance.CHANNEL, holder="m1")
_QR = Credential(
    Via.QR,
    Assurance.CHANNEL,
    not_before=_NOON - timedelta(seconds=30),
    expires_at=_NOON + timedelta(seconds=60),
    holder="m1",
)
_VISIT = Credential(
    Via.VISIT,
    Assurance.CODE,
    not_before=_NOON - timedelta(days=1),
    expires_at=_NOON + timedelta(days=1),
    holder="v1",
    doors=frozenset({"front"}),
    windows={2: [(time(11), time(13))]},
)
_STAFF = Credential(Via.STAFF, Assurance.STAFF, holder="Kim")


def _request(at: datetime = _NOON, door: str = "front", **around: Any) -> EntryRequest:
    return EntryRequest("r1", door, "whatsapp", at, **around)


def _decide(
    *,
    request: EntryRequest | None = None,
    member: Member | None = _MEMBER,
    credential: Credential = _CHANNEL,
    now: datetime | None = None,
    rules: Rules = _RULES,
    mirror_age: timedelta | None = _FRESH,
) -> Decision:
    """Decide at the moment of the request, unless said otherwise."""
    request = request or _request()
    return decide(request, member, credential, now or request.asked_at, rules, mirror_age)


def test_a_member_inside_the_hours_comes_in() -> None:
    assert _decide() == Allow("member_in_hours")
    assert _decide(credential=_QR) == Allow("member_in_hours")


# --- when ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "reason"),
    [(89, None), (91, DenyReason.STALE), (86_400, DenyReason.STALE), (-29, None), (-31, DenyReason.STALE)],
)
@pytest.mark.parametrize("credential", [_CHANNEL, _QR, _STAFF], ids=lambda one: one.via)
def test_an_old_wish_opens_nothing(age: float, reason: DenyReason | None, credential: Credential) -> None:
    request = _request(_NOON - timedelta(seconds=age))
    decision = _decide(request=request, credential=credential, now=_NOON)
    assert isinstance(decision, Allow) if reason is None else decision == Deny(reason)


@pytest.mark.parametrize(
    ("local", "allowed"),
    [
        (datetime(2026, 11, 18, 5, 59, 59), False),
        (datetime(2026, 11, 18, 6, 0), True),
        (datetime(2026, 11, 18, 22, 59, 59), True),
        (datetime(2026, 11, 18, 23, 0), False),
        (datetime(2026, 11, 22, 23, 59, 59, 999_999), True),  # Sunday until midnight
        (datetime(2026, 3, 29, 8, 0), True),  # the morning after the clocks went forward
        (datetime(2026, 3, 29, 7, 59), False),
        (datetime(2026, 10, 25, 7, 59), False),  # the morning after they went back
        (datetime(2026, 10, 25, 8, 0), True),
    ],
)
def test_hours_are_meant_in_the_time_of_the_studio(local: datetime, allowed: bool) -> None:
    at = local.replace(tzinfo=_BERLIN).astimezone(UTC)
    assert isinstance(_decide(request=_request(at)), Allow) is allowed


@pytest.mark.parametrize(
    ("utc", "allowed"),
    [
        # 25 October 2026: half past two happens twice, and both times the clock on the wall says so.
        (datetime(2026, 10, 25, 0, 29, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 0, 45, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 1, 45, tzinfo=UTC), False),
        # 29 March 2026: half past two never happens.
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), False),
    ],
)
def test_in_the_nights_of_the_clock_changes_the_clock_on_the_wall_counts(
    utc: datetime, allowed: bool
) -> None:
    rules = replace(_RULES, windows={6: [(time(2, 30), time(2, 45))]})
    assert isinstance(_decide(request=_request(utc), rules=rules), Allow) is allowed


@pytest.mark.parametrize(
    ("plan", "local", "expected"),
    [
        ("morning", datetime(2026, 11, 18, 11, 59), Allow("member_in_plan_hours")),
        ("morning", datetime(2026, 11, 18, 12, 0), Deny(DenyReason.PLAN_HOURS)),
        ("morning", datetime(2026, 11, 19, 8, 0), Deny(DenyReason.PLAN_HOURS)),
        # Hours of its own stand for the gym's.
        ("night", datetime(2026, 11, 18, 3, 0), Allow("member_in_plan_hours")),
        # A holiday narrows everybody's.
        ("night", datetime(2026, 12, 24, 9, 59), Deny(DenyReason.HOLIDAY)),
        ("night", datetime(2026, 12, 24, 10, 0), Allow("member_in_plan_hours")),
        ("front-only", datetime(2026, 12, 24, 14, 0), Deny(DenyReason.HOLIDAY)),
        ("front-only", datetime(2026, 12, 24, 13, 59), Allow("member_in_hours")),
        ("front-only", datetime(2026, 12, 25, 12, 0), Deny(DenyReason.HOLIDAY)),
    ],
)
def test_plans_and_holidays_have_hours_of_their_own(plan: str, local: datetime, expected: Decision) -> None:
    at = local.replace(tzinfo=_BERLIN).astimezone(UTC)
    assert _decide(request=_request(at), member=replace(_MEMBER, plan=plan)) == expected


# --- who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"state": MemberState.PAUSED}, DenyReason.PAUSED),
        ({"state": MemberState.ENDED}, DenyReason.ENDED),
        ({"state": MemberState.BANNED}, DenyReason.BANNED),
        ({"valid_until": date(2026, 11, 17)}, DenyReason.ENDED),
        ({"valid_until": date(2026, 11, 18)}, None),
        ({"valid_from": date(2026, 11, 19)}, DenyReason.NOT_YET),
        ({"valid_from": date(2026, 11, 18)}, None),
        ({"paused_from": date(2026, 11, 18), "paused_until": date(2026, 11, 18)}, DenyReason.PAUSED),
        ({"paused_from": date(2026, 11, 18)}, DenyReason.PAUSED),
        ({"paused_until": date(2026, 11, 18)}, DenyReason.PAUSED),
        ({"paused_from": date(2026, 11, 19), "paused_until": date(2026, 12, 19)}, None),
        ({"paused_from": date(2026, 10, 1), "paused_until": date(2026, 11, 17)}, None),
    ],
)
def test_the_contract_decides(change: dict[str, Any], expected: DenyReason | None) -> None:
    decision = _decide(member=replace(_MEMBER, **change))
    assert decision == (Allow("member_in_hours") if expected is None else Deny(expected))


def test_a_stranger_and_an_unsure_identity_stay_out() -> None:
    assert _decide(member=None) == Deny(DenyReason.STRANGER)
    unsure = replace(_CHANNEL, assurance=Assurance.ANONYMOUS)
    assert _decide(credential=unsure) == Deny(DenyReason.ASSURANCE)


# --- where --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("door", "groups", "plan", "expected"),
    [
        ("vault", ("staff", "women"), "night", DenyReason.UNKNOWN_DOOR),
        ("office", ("women",), "night", DenyReason.STAFF_ONLY),
        ("office", ("staff",), "night", None),
        ("women", ("staff",), "night", DenyReason.GROUP),
        ("women", ("women",), "night", None),
        ("women", ("women",), "front-only", DenyReason.PLAN_DOOR),
    ],
)
def test_a_door_is_for_whom_it_is_for(
    door: str, groups: tuple[str, ...], plan: str, expected: DenyReason | None
) -> None:
    decision = _decide(request=_request(door=door), member=replace(_MEMBER, groups=groups, plan=plan))
    assert isinstance(decision, Allow) if expected is None else decision == Deny(expected)


def test_staff_open_any_door_of_the_house_and_no_other() -> None:
    for door in _RULES.doors:
        request = _request(datetime(2026, 12, 25, 2, tzinfo=UTC), door)
        assert _decide(request=request, member=None, credential=_STAFF, mirror_age=None) == Allow("staff")
    assert _decide(request=_request(door="vault"), member=None, credential=_STAFF) == Deny(
        DenyReason.UNKNOWN_DOOR
    )


@pytest.mark.parametrize(
    ("minutes_ago", "left_minutes_ago", "allowed"),
    [(14, None, False), (15, None, True), (14, 3, True), (14, 20, False), (-1, None, False)],
)
def test_nobody_comes_in_twice_without_leaving(
    minutes_ago: int, left_minutes_ago: int | None, allowed: bool
) -> None:
    left = None if left_minutes_ago is None else _NOON - timedelta(minutes=left_minutes_ago)
    request = _request(last_entry=_NOON - timedelta(minutes=minutes_ago), last_exit=left)
    decision = _decide(request=request)
    assert decision == (Allow("member_in_hours") if allowed else Deny(DenyReason.PASSED_BACK))


# --- what the owner may choose ------------------------------------------------------------------------------

_CASES: dict[AskReason, tuple[str, dict[str, Any]]] = {
    AskReason.MIRROR_STALE: ("stale", {"mirror_age": timedelta(hours=73)}),
    AskReason.ARREARS: ("arrears", {"member": replace(_MEMBER, arrears=True)}),
    AskReason.FULL: ("full", {"request": _request(inside=40, capacity=40)}),
    AskReason.UNKNOWN_PLAN: ("unknown_plan", {"member": replace(_MEMBER, plan="gold")}),
}


@pytest.mark.parametrize("reason", AskReason)
def test_the_owner_chooses(reason: AskReason) -> None:
    rule, case = _CASES[reason]

    def rules(choice: Choice) -> Rules:
        chosen: dict[str, Any] = {rule: choice}
        return replace(_RULES, **chosen)

    assert _decide(**case, rules=rules(Choice.DENY)) == Deny(DenyReason(reason))
    assert _decide(**case, rules=rules(Choice.ASK_STAFF)) == AskStaff(reason)
    allowed = _decide(**case, rules=rules(Choice.ALLOW))
    assert allowed == Allow(f"member_in_hours, despite {reason}")


def test_no_is_no_even_when_something_else_would_be_asked() -> None:
    rules = replace(_RULES, arrears=Choice.ASK_STAFF, full=Choice.DENY)
    request = _request(inside=41, capacity=40)
    assert _decide(request=request, member=replace(_MEMBER, arrears=True), rules=rules) == Deny(
        DenyReason.FULL
    )


@pytest.mark.parametrize("age", [None, timedelta(seconds=-31)])
def test_no_choice_replaces_knowledge_that_is_not_there(age: timedelta | None) -> None:
    assert _decide(mirror_age=age, rules=replace(_RULES, stale=Choice.ALLOW)) == Deny(DenyReason.MIRROR_STALE)


@pytest.mark.parametrize(("inside", "capacity"), [(None, 40), (39, 40), (1000, None)])
def test_only_a_house_that_is_known_to_be_full_is_full(inside: int | None, capacity: int | None) -> None:
    assert _decide(request=_request(inside=inside, capacity=capacity)) == Allow("member_in_hours")


# --- credentials --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"verdict": Verdict.UNKNOWN}, DenyReason.UNKNOWN_CREDENTIAL),
        ({"verdict": Verdict.FORGED}, DenyReason.FORGED),
        ({"used": True}, DenyReason.USED),
        ({"expires_at": _NOON}, DenyReason.EXPIRED),
        ({"expires_at": None}, DenyReason.EXPIRED),  # short-lived ones say when they end
        ({"not_before": _NOON + timedelta(microseconds=1)}, DenyReason.TOO_EARLY),
        ({"doors": frozenset({"office"})}, DenyReason.WRONG_DOOR),
        ({"doors": frozenset()}, DenyReason.WRONG_DOOR),
        ({"holder": "m2"}, DenyReason.WRONG_HOLDER),
        ({"holder": None}, DenyReason.WRONG_HOLDER),
    ],
)
def test_a_credential_that_is_not_good_opens_nothing(change: dict[str, Any], expected: DenyReason) -> None:
    assert _decide(credential=replace(_QR, **change)) == Deny(expected)


@pytest.mark.parametrize(
    ("utc_hour", "door", "expected"),
    [
        (9, "front", Deny(DenyReason.VISIT_HOURS)),
        (10, "front", Allow("visit")),
        (12, "front", Deny(DenyReason.VISIT_HOURS)),
        (10, "office", Deny(DenyReason.WRONG_DOOR)),
    ],
)
def test_a_visit_opens_its_doors_in_its_windows(utc_hour: int, door: str, expected: Decision) -> None:
    request = _request(_NOON.replace(hour=utc_hour), door)
    assert _decide(request=request, member=None, credential=_VISIT, mirror_age=None) == expected


@pytest.mark.parametrize("windows", [None, {}, {2: []}])
def test_a_visit_without_windows_opens_nothing(windows: Windows | None) -> None:
    decision = _decide(member=None, credential=replace(_VISIT, windows=windows))
    assert decision == Deny(DenyReason.VISIT_HOURS)


# --- whatever it is given -----------------------------------------------------------------------------------

_around_noon = st.datetimes(
    _NOON.replace(tzinfo=None) - timedelta(minutes=4),
    _NOON.replace(tzinfo=None) + timedelta(minutes=4),
    timezones=st.just(UTC),
)
_any_time = st.datetimes(timezones=st.sampled_from([UTC, _BERLIN, ZoneInfo("Pacific/Kiritimati")]))
_times = _around_noon | _any_time
_days = st.none() | st.dates(date(2026, 11, 16), date(2026, 11, 20))
_doors = st.sampled_from(["front", "office", "women", "vault", ""])
_holders = st.sampled_from(["m1", "m2", "v1"])

_members = st.builds(
    Member,
    st.sampled_from(["m1", "m2"]),
    st.just("n"),
    st.just("+4911111111"),
    # Mostly active: otherwise few examples come near an open door.
    st.sampled_from([MemberState.ACTIVE, MemberState.ACTIVE, *MemberState]),
    _days,
    _days,
    st.sampled_from([None, "night", "morning", "front-only", "gold"]),
    st.sampled_from([(), ("staff",), ("women",), ("staff", "women")]),
    st.booleans(),
    _days,
    _days,
)
_credentials = st.builds(
    Credential,
    st.sampled_from(Via),
    st.sampled_from(Assurance),
    st.sampled_from([Verdict.GENUINE, Verdict.GENUINE, *Verdict]),
    st.none() | _times,
    st.none() | _times,
    st.booleans(),
    st.none() | _holders,
    st.none() | st.frozensets(_doors, max_size=3),
    st.none()
    | st.just({day: [(time(0), time.max)] for day in range(7)})
    | st.just({2: [(time(11), time(13))]}),
    st.none() | st.just("c1"),
)
_requests = st.builds(
    EntryRequest,
    st.just("r1"),
    _doors,
    st.just("reader"),
    _times,
    st.none() | st.integers(-1, 50),
    st.none() | st.integers(0, 40),
    st.none() | _times,
    st.none() | _times,
)
_choices = st.sampled_from(Choice)
_rules = st.builds(
    lambda stale, arrears, full, unknown_plan, passback: replace(
        _RULES, stale=stale, arrears=arrears, full=full, unknown_plan=unknown_plan, anti_passback=passback
    ),
    _choices,
    _choices,
    _choices,
    _choices,
    st.sampled_from([timedelta(0), timedelta(minutes=15)]),
)
_ages = st.none() | st.timedeltas(timedelta(days=-10), timedelta(days=10)) | st.just(_FRESH)

_FOR_EVER_GOOD = {Via.CHANNEL, Via.STAFF}


@settings(max_examples=1000, deadline=None)
@given(_requests, st.none() | _members, _credentials, _times, _rules, _ages)
@example(_request(), _MEMBER, _CHANNEL, _NOON, _RULES, _FRESH)
@example(_request(), None, _VISIT, _NOON, _RULES, None)
@example(_request(), None, _STAFF, datetime.max.replace(tzinfo=UTC), _RULES, None)
@example(_request(), None, _STAFF, _NOON.replace(tzinfo=None), _RULES, None)
def test_no_combination_opens_for_what_is_not_good(
    request: EntryRequest,
    member: Member | None,
    credential: Credential,
    now: datetime,
    rules: Rules,
    mirror_age: timedelta | None,
) -> None:
    decision = decide(request, member, credential, now, rules, mirror_age)
    assert isinstance(decision, Allow | Deny | AskStaff)
    if isinstance(decision, Deny):
        return
    # It opens, or a person is asked: none of what is final may speak against it.
    assert request.door in rules.doors
    assert credential.verdict is Verdict.GENUINE
    assert not credential.used
    assert credential.doors is None or request.door in credential.doors
    assert credential.not_before is None or now >= credential.not_before
    assert credential.via in _FOR_EVER_GOOD or credential.expires_at is not None
    assert credential.expires_at is None or now < credential.expires_at
    assert -rules.clock_skew <= now - request.asked_at <= rules.request_max_age
    assert member is None or member.state is not MemberState.BANNED
    if credential.via is Via.STAFF:
        return
    local = now.astimezone(_BERLIN)
    if credential.via is Via.VISIT:
        assert credential.windows
        assert local.weekday() in credential.windows
        assert isinstance(decision, Allow)
        return
    assert member is not None
    assert credential.holder == member.member_id
    assert credential.assurance >= Assurance.CHANNEL
    assert member.state is MemberState.ACTIVE
    assert member.valid_from is None or member.valid_from <= local.date()
    assert member.valid_until is None or member.valid_until >= local.date()
    assert mirror_age is not None
    assert mirror_age >= -rules.clock_skew
    if isinstance(decision, Allow):
        assert mirror_age <= rules.mirror_max_age or rules.stale is Choice.ALLOW
        assert not member.arrears or rules.arrears is Choice.ALLOW


_welcome = st.builds(
    Member,
    st.just("m1"),
    st.just("n"),
    st.just("+4911111111"),
    st.just(MemberState.ACTIVE),
    plan=st.sampled_from([None, "night", "gold"]),
    groups=st.just(("staff", "women")),
    arrears=st.booleans(),
)
_good = st.builds(
    Credential,
    st.sampled_from([Via.CHANNEL, Via.QR, Via.CODE]),
    st.sampled_from([one for one in Assurance if one >= Assurance.CHANNEL]),
    not_before=st.none() | st.just(_NOON - timedelta(seconds=30)),
    expires_at=st.just(_NOON + timedelta(minutes=1)),
    holder=st.just("m1"),
    doors=st.none() | st.just(frozenset({"front", "office", "women"})),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["front", "office", "women"]),
    _welcome,
    _good | st.just(_VISIT) | st.just(_STAFF),
    st.sampled_from([_FRESH, timedelta(hours=73)]),
    _rules,
)
def test_a_door_that_would_open_stays_shut_when_one_thing_is_wrong(
    door: str, member: Member, good: Credential, age: timedelta, rules: Rules
) -> None:
    """Each of them is decisive by itself. (A generator that never comes near an open door fails here.)"""
    request = _request(door=door)
    who = member if good.holder == "m1" else None
    assume(not isinstance(decide(request, who, good, _NOON, rules, age), Deny))
    spoiled = (
        replace(good, verdict=Verdict.UNKNOWN),
        replace(good, verdict=Verdict.FORGED),
        replace(good, used=True),
        replace(good, expires_at=_NOON),
        replace(good, doors=frozenset({"elsewhere"})),
        replace(good, not_before=_NOON + timedelta(seconds=1)),
    )
    for bad in spoiled:
        assert isinstance(decide(request, who, bad, _NOON, rules, age), Deny)
    banned = replace(member, state=MemberState.BANNED)
    assert decide(request, banned, good, _NOON, rules, age) == Deny(DenyReason.BANNED)
    if who is not None:
        other = replace(good, holder="m2")
        assert decide(request, who, other, _NOON, rules, age) == Deny(DenyReason.WRONG_HOLDER)
    for seconds in (-31, 91):
        late = replace(request, asked_at=_NOON - timedelta(seconds=seconds))
        assert decide(late, who, good, _NOON, rules, age) == Deny(DenyReason.STALE)
