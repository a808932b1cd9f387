"""What Magicline says of a customer, brought to what the door asks: who may come in, by which plan, how long.

Pure. Days are the studio's. Several contracts add up: whoever has one that lets them in comes in.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from arni_edge.domain.people import MemberState
from arni_edge.domain.text import fold
from arni_edge.magicline.model import Contract, ContractStatus, CustomerStatus, Pause, Restriction

_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands.

    Attributes:
        state: As far as the door is concerned; a pause has days and is none of the states.
        valid_from: First day, or None.
        valid_until: Last day, or None when no end is known.
        plan: Id of the plan in the settings, else the rate in the form of an id, or None.
        paused_from: First day of the pause that holds today, else of the next one; None: no pause.
        paused_until: Its last day, or None when it has none.
    """

    state: MemberState
    valid_from: date | None = None
    valid_until: date | None = None
    plan: str | None = None
    paused_from: date | None = None
    paused_until: date | None = None


def standing(
    status: CustomerStatus,
    *,
    access_refused: bool,
    restrictions: Sequence[Restriction],
    pauses: Sequence[Pause],
    contracts: Sequence[Contract] | None,
    today: date,
    lenient: Collection[int] = (),
    plans: Collection[str] = (),
) -> Standing | None:
    """How somebody stands today.

    A member without any contract may come in: some train by an agreement that is none. A member whose
    contracts are all over or void may not, nor may whoever is refused or banned for these days.

    Args:
        status: What Magicline calls them.
        access_refused: They are not let in now.
        restrictions: Bans.
        pauses: Of their contracts.
        contracts: All of theirs; None: not read yet.
        today: The studio's day.
        lenient: Numbers of the contracts whose pauses do not keep out; all other pauses do.
        plans: Ids of the plans in the settings.

    Returns:
        None while it cannot be known because no contract was read.
    """
    if access_refused or any(one.covers(today) for one in restrictions):
        return Standing(MemberState.BANNED)
    if status in (CustomerStatus.PROSPECT, CustomerStatus.FORMER_MEMBER):
        return Standing(MemberState.ENDED)
    if contracts is None:
        return None
    running = [one for one in contracts if _runs(one, today)]
    if not running:
        member = status is CustomerStatus.MEMBER and not contracts
        return Standing(MemberState.ACTIVE if member else MemberState.ENDED)
    starts = [one.start for one in running]
    ends = [_last_day(one) for one in running]
    pause = _pause(running, [one for one in pauses if one.contract_id not in lenient], today)
    return Standing(
        MemberState.ACTIVE,
        valid_from=None if None in starts else min(day for day in starts if day is not None),
        valid_until=None if None in ends else max(day for day in ends if day is not None),
        plan=_plan([one for one in running if one.start is None or one.start <= today] or running, plans),
        paused_from=None if pause is None else pause.start,
        paused_until=None if pause is None or pause.unlimited else pause.end,
    )


def _runs(contract: Contract, today: date) -> bool:
    """Whether it counts: it runs, or will. What Magicline has a new word for, its days decide."""
    if contract.reversed or contract.status is ContractStatus.INACTIVE:
        return False
    last = _last_day(contract)
    if contract.status is ContractStatus.UNKNOWN:
        last = contract.end
    return last is None or today <= last


def _last_day(contract: Contract) -> date | None:
    """None for what was not cancelled: its term is prolonged by itself."""
    return (contract.end or contract.cancellation_date) if contract.cancelled else None


def _pause(running: Sequence[Contract], pauses: Sequence[Pause], today: date) -> Pause | None:
    """The pause that keeps them out today, else the next one; none while another contract goes on."""
    named = {one.contract_id for one in running}
    meant = [one for one in pauses if one.contract_id is None or one.contract_id in named]
    now = [one for one in meant if one.covers(today)]
    if now:
        resting = {one.contract_id for one in now}
        if None not in resting and any(
            one.contract_id not in resting and (one.start is None or one.start <= today) for one in running
        ):
            return None
        return max(now, key=_end)
    coming = [one for one in meant if one.start > today]
    # With several contracts the day itself will tell which of them rests.
    return min(coming, key=lambda one: one.start) if coming and len(running) == 1 else None


def _end(pause: Pause) -> date:
    return date.max if pause.unlimited or pause.end is None else pause.end


def _plan(running: Sequence[Contract], plans: Collection[str]) -> str | None:
    """The plan of the first contract whose rate the settings know, else the first rate as it is."""
    by_form = {_form(plan): plan for plan in plans}
    forms = [form for one in running for rate in (*one.rate_codes, one.rate_name) if (form := _form(rate))]
    as_it_is = next((form for one in running if (form := _form(one.rate_name))), None)
    return next((by_form[form] for form in forms if form in by_form), as_it_is)


def _form(rate: str) -> str:
    """``Off-Peak (Student)`` and ``off_peak-student`` are one."""
    return _NOT_IN_AN_ID.sub("-", fold(rate)).strip("-")[:32]
