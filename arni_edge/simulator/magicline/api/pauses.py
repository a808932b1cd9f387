"""Idle periods: what a contract allows, and asking for one."""

from datetime import date, timedelta
from typing import Any, Final

import orjson

from arni_edge.simulator.magicline.asking import ApiError, Ask, Fields, Operation, absent, fields_of, invalid
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.records import Contract, Pause, money

_UNITS: Final = ("DAY", "WEEK", "MONTH")
_MOST_MONTHS: Final = 6
_YEARS: Final = 2
_REASONS: Final = {203: ("Urlaub", False), 204: ("Krankheit", True), 205: ("Schwangerschaft", True)}
_FEE: Final = 5.0


def _contract(gym: Gym, ask: Ask) -> Contract:
    return gym.contract(ask.id("contractId"))[1]


def _next_month(day: date, months: int = 1) -> date:
    """The first day of a month after a day's."""
    year, month = divmod(day.month - 1 + months, 12)
    return date(day.year + year, month + 1, 1)


def _fee_config() -> dict[str, Any]:
    amount = money(_FEE)
    return {
        "idlePeriodAmount": amount,
        "idlePeriodAmountPerTermUnit": amount,
        "defaultTemporalUnit": "MONTH",
        "recurringIdlePeriodCharges": True,
    }


def _config(gym: Gym, ask: Ask) -> Any:
    contract = _contract(gym, ask)
    return {
        "temporalUnit": "MONTH",
        "maxTerms": _MOST_MONTHS,
        "firstPossibleStartDate": _next_month(gym.today()).isoformat(),
        "nextPossibleStartDateOnly": False,
        "idlePeriodFee": money(_FEE),
        "accessRefusal": contract.pause_refuses,
        "idlePeriodReasons": [_reason(one) for one in _REASONS],
        "idlePeriodCreationStatus": "CHANGES_REQUIRE_VERIFICATION",
        "contractHasExtension": False,
        "unlimitedAllowed": False,
        "freeTerms": {"value": 1, "unit": "MONTH"},
        "dayBasedTermShorteningAllowed": False,
        "idlePeriodFeeCalculationConfig": _fee_config(),
    }


def _reason(reason_id: int) -> dict[str, Any]:
    name, document = _REASONS[reason_id]
    return {"id": reason_id, "name": name, "documentRequired": document}


def _verdict(gym: Gym, contract: Contract, fields: Fields) -> tuple[str, date, date]:
    """The ``validationStatus`` of a wish, and its first and last day."""
    start, today = fields.day("startDate"), gym.today()
    unlimited = fields.flag("unlimited", default=False)
    unit = fields.choice("temporalUnit", _UNITS) if fields.has("temporalUnit") else None
    terms = fields.integer("termValue") if fields.has("termValue") else None
    if unlimited:
        return "IDLEPERIOD_DEACTIVATED_FOR_CONTRACT", start, start
    if terms is None or unit is None:
        return "IDLEPERIOD_TERMVALUE_MISSING", start, start
    if unit != "MONTH":
        return "IDLEPERIOD_TEMPORALUNIT_INVALID", start, start
    if start.day != 1:
        return "IDLEPERIOD_DATE_NOT_FIRSTDAY_OF_TEMPORALUNIT", start, start
    if start <= today:
        return "IDLEPERIOD_DEADLINE_VIOLATED", start, start
    if start > today + timedelta(days=365 * _YEARS):
        return "IDLEPERIOD_MAXIMUM_YEARS_VIOLATED", start, start
    if not 1 <= terms <= _MOST_MONTHS:
        return "IDLEPERIOD_MAXIMUM_TERMS_VIOLATED", start, start
    end = _next_month(start, terms) - timedelta(days=1)
    if any(not one.accepted for one in contract.pauses):
        return "IDLEPERIOD_PENDING_VERIFICATION", start, end
    if any(one.start <= end and (one.unlimited or start <= one.end) for one in contract.pauses):
        return "IDLEPERIOD_OVERLAPPING", start, end
    return "IDLEPERIOD_CREATABLE", start, end


def _validate(gym: Gym, ask: Ask) -> Any:
    return {"validationStatus": _verdict(gym, _contract(gym, ask), ask.fields())[0]}


def _create(gym: Gym, ask: Ask) -> Any:
    member, contract = gym.contract(ask.id("contractId"))
    parts = ask.parts()
    kind, content = parts.get("data", ("", b""))
    if kind != "application/json":
        raise invalid("data", "The part must be application/json", "body")
    try:
        fields = fields_of(orjson.loads(content))
    except orjson.JSONDecodeError:
        raise invalid("data", "The request is not readable", "body") from None
    verdict, start, end = _verdict(gym, contract, fields)
    if (reason_id := fields.integer("reasonId")) not in _REASONS:
        raise absent("The idle period reason")
    name, document_required = _REASONS[reason_id]
    if document_required and not parts.get("document", ("", b""))[1]:
        raise invalid("document", "The value must not be empty", "notnull")
    if verdict != "IDLEPERIOD_CREATABLE":
        raise ApiError(
            400, f"The idle period is not possible: {verdict}", code=f"errormessage.{verdict.lower()}"
        )
    pause = Pause(gym.registry.new_id(), start, end, name, reason_id, accepted=False)
    contract.pauses.append(pause)
    content_of_event = {"contractId": contract.contract_id, "idlePeriodId": pause.pause_id}
    gym.tell("CONTRACT_IDLE_PERIOD_CREATED", member.member_id, **content_of_event)
    return _as_json(pause)


def _as_json(pause: Pause) -> dict[str, Any]:
    return {
        "id": pause.pause_id,
        "startDate": pause.start.isoformat(),
        "endDate": pause.end.isoformat(),
        "unlimited": pause.unlimited,
        "reason": pause.reason,
        "idlePeriodReason": _reason(pause.reason_id),
        "fee": money(_FEE),
        "idlePeriodFeeCalculationConfig": _fee_config(),
        "state": "ACCEPTED" if pause.accepted else "PENDING_VERIFICATION",
    }


def _list(gym: Gym, ask: Ask) -> Any:
    contract, today = _contract(gym, ask), gym.today()
    lists: dict[str, list[dict[str, Any]]] = {"pastIdlePeriods": [], "currentAndUpcomingIdlePeriods": []}
    for pause in contract.pauses:
        past = pause.end < today and not pause.unlimited
        lists["pastIdlePeriods" if past else "currentAndUpcomingIdlePeriods"].append(_as_json(pause))
    return lists


def _found(gym: Gym, ask: Ask) -> tuple[Contract, Pause]:
    contract, wanted = _contract(gym, ask), ask.id("idlePeriodId")
    pause = next((one for one in contract.pauses if one.pause_id == wanted), None)
    if pause is None:
        raise absent("The idle period")
    return contract, pause


def _one(gym: Gym, ask: Ask) -> Any:
    return _as_json(_found(gym, ask)[1])


def _remaining(gym: Gym, ask: Ask) -> Any:
    used = sum(round((one.end - one.start).days / 30) for one in _contract(gym, ask).pauses)
    left = {"value": max(0, _MOST_MONTHS - used), "unit": "MONTH"}
    return {"remainingMaxTerms": left, "remainingFreeTerms": {"value": 0 if used else 1, "unit": "MONTH"}}


def _withdraw(gym: Gym, ask: Ask) -> Any:
    contract, pause = _found(gym, ask)
    if pause.accepted and pause.start <= gym.today():
        raise ApiError(400, "The idle period has begun", code="errormessage.idleperiod.begun")
    contract.pauses.remove(pause)
    member, _ = gym.contract(contract.contract_id)
    content = {"contractId": contract.contract_id, "idlePeriodId": pause.pause_id}
    gym.tell("CONTRACT_IDLE_PERIOD_CANCELLED", member.member_id, **content)
    return {"success": "true"}


_AT: Final = "/v1/memberships/{contractId}/self-service/idle-periods"
_SCOPE: Final = "MEMBERSHIP_SELF_SERVICE_IDLE_PERIOD"
OPERATIONS: Final = (
    Operation("getIdlePeriodConfig", "GET", f"{_AT}/config", f"{_SCOPE}_CONFIG_READ", _config),
    Operation("validateIdlePeriodRequest", "POST", f"{_AT}/validate", f"{_SCOPE}_READ", _validate),
    Operation("getremainingidleperiods", "GET", f"{_AT}/remaining", f"{_SCOPE}_READ", _remaining),
    Operation("getIdlePeriods", "GET", _AT, f"{_SCOPE}_READ", _list),
    Operation("createIdlePeriodAmendment", "POST", _AT, f"{_SCOPE}_WRITE", _create),
    Operation("getidleperiodbyid", "GET", f"{_AT}/{{idlePeriodId}}", f"{_SCOPE}_READ", _one),
    Operation("withdrawIdlePeriod", "DELETE", f"{_AT}/{{idlePeriodId}}", f"{_SCOPE}_WRITE", _withdraw),
)
