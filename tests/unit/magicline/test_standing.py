"""How somebody stands at the door, from what Magicline says of them."""

from datetime import date, timedelta
from typing import Any

import pytest

from arni_edge.domain.people import MemberState
from arni_edge.magicline.model import Contract, ContractStatus, CustomerStatus, Pause, Restriction
from arni_edge.magicline.standing import Standing, standing

TODAY = date(2026, 11, 18)
DAY = timedelta(days=1)


def contract(number: int = 1, **changes: Any) -> Contract:
    given: dict[str, Any] = {
        "start": TODAY - 100 * DAY,
        "end": TODAY + 200 * DAY,
        "rate_name": "Basic",
        "status": ContractStatus.ACTIVE,
    }
    return Contract(number, **(given | changes))


def judged(status: CustomerStatus = CustomerStatus.MEMBER, **said: Any) -> Standing | None:
    given: dict[str, Any] = {
        "access_refused": False,
        "restrictions": (),
        "pauses": (),
        "contracts": [contract()],
        "today": TODAY,
        "plans": ("basic", "off_peak"),
    }
    return standing(status, **(given | said))


def stands(**said: Any) -> Standing:
    found = judged(**said)
    assert found is not None
    return found


def test_a_contract_that_is_prolonged_has_no_last_day_and_a_cancelled_one_has() -> None:
    assert stands() == Standing(MemberState.ACTIVE, TODAY - 100 * DAY, None, "basic")
    over = TODAY + 3 * DAY
    assert stands(contracts=[contract(cancelled=True, end=over)]).valid_until == over
    assert stands(contracts=[contract(cancelled=True, end=None, cancellation_date=over)]).valid_until == over
    both = [contract(cancelled=True, end=over), contract(2, start=over, cancelled=True, end=over + 9 * DAY)]
    assert stands(contracts=both).valid_until == over + 9 * DAY
    assert stands(contracts=[contract(start=over)]).valid_from == over


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": ContractStatus.INACTIVE}, MemberState.ENDED),
        ({"reversed": True}, MemberState.ENDED),
        ({"cancelled": True, "end": TODAY - DAY}, MemberState.ENDED),
        ({"cancelled": True, "end": TODAY}, MemberState.ACTIVE),
        ({"status": ContractStatus.UNKNOWN}, MemberState.ACTIVE),
        ({"status": ContractStatus.UNKNOWN, "end": TODAY - DAY}, MemberState.ENDED),
    ],
)
def test_which_contract_counts(changes: dict[str, Any], state: MemberState) -> None:
    assert stands(contracts=[contract(**changes)]).state is state


def test_who_has_no_contract() -> None:
    assert stands(contracts=[]).state is MemberState.ACTIVE
    for status in (CustomerStatus.UNKNOWN, CustomerStatus.PROSPECT, CustomerStatus.FORMER_MEMBER):
        assert stands(status=status, contracts=[]).state is MemberState.ENDED
    assert stands(status=CustomerStatus.FORMER_MEMBER).state is MemberState.ENDED
    assert judged(contracts=None) is None, "nobody is let in before their contracts were read"


def test_a_refusal_and_a_ban_win() -> None:
    assert stands(access_refused=True, contracts=None).state is MemberState.BANNED
    for ban, state in (
        (Restriction("", TODAY, TODAY), MemberState.BANNED),
        (Restriction(""), MemberState.BANNED),
        (Restriction("", TODAY + DAY, None), MemberState.ACTIVE),
        (Restriction("", None, TODAY - DAY), MemberState.ACTIVE),
    ):
        assert stands(restrictions=[ban]).state is state


def test_the_pause_that_holds_and_the_next_one() -> None:
    past, now = Pause(TODAY - 9 * DAY, TODAY - DAY), Pause(TODAY, TODAY + 5 * DAY)
    coming, later = Pause(TODAY + 7 * DAY, TODAY + 8 * DAY), Pause(TODAY + 20 * DAY, None)
    assert stands(pauses=[past]).paused_from is None
    held = stands(pauses=[later, coming, now, past])
    assert (held.paused_from, held.paused_until) == (now.start, now.end)
    held = stands(pauses=[past, later, coming])
    assert (held.paused_from, held.paused_until) == (coming.start, coming.end)
    endless = stands(pauses=[Pause(TODAY - DAY, TODAY - DAY, unlimited=True)])
    assert (endless.paused_from, endless.paused_until) == (TODAY - DAY, None)


def test_a_contract_that_goes_on_keeps_the_door_open() -> None:
    pause = Pause(TODAY, TODAY + DAY, contract_id=1)
    two = [contract(1), contract(2)]
    assert stands(contracts=two, pauses=[pause]).paused_from is None
    assert stands(contracts=[contract(1)], pauses=[pause]).paused_from == TODAY
    assert stands(contracts=two, pauses=[pause, Pause(TODAY, TODAY, contract_id=2)]).paused_from == TODAY
    assert stands(contracts=[contract(3)], pauses=[pause]).paused_from is None
    assert stands(contracts=two, pauses=[Pause(TODAY, TODAY)]).paused_from == TODAY


@pytest.mark.parametrize(
    ("rates", "plan"),
    [
        ([("Off-Peak", ())], "off_peak"),
        ([("Tarif 7", ("OFF PEAK",))], "off_peak"),
        ([("Gold", ()), ("Basic", ())], "basic"),
        ([("Gold (Über 60)", ("G1",))], "gold-ueber-60"),
        ([("", ())], None),
    ],
)
def test_the_rate_becomes_a_plan(rates: list[tuple[str, tuple[str, ...]]], plan: str | None) -> None:
    contracts = [contract(n, rate_name=name, rate_codes=codes) for n, (name, codes) in enumerate(rates)]
    assert stands(contracts=contracts).plan == plan
