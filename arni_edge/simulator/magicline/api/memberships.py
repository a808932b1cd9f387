"""What members may do with their contract: look at it, cancel it, take that back."""

from datetime import date, timedelta
from typing import Any, Final

from arni_edge.simulator.magicline.api.members import price_details
from arni_edge.simulator.magicline.asking import ApiError, Ask, Operation, absent, invalid
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.records import Contract, Member

_REASONS: Final = {1000: "Umzug", 1001: "Krankheit", 1002: "Unzufrieden", 1003: "Sonstiges"}
_NOTICE: Final = timedelta(days=30)


def _possible(contract: Contract, today: date) -> list[date]:
    """The days at which a contract can end."""
    if contract.cancelled or contract.reversed:
        return []
    ends = [contract.end + timedelta(days=365 * years) for years in range(3)]
    return [one for one in ends if one - _NOTICE >= today]


def _data(gym: Gym, ask: Ask) -> Any:
    today = gym.today()
    return [_as_json(one, today) for one in gym.member(ask.id("customerId")).contracts]


def _as_json(contract: Contract, today: date) -> dict[str, Any]:
    ends = _possible(contract, today)
    return {
        "id": contract.contract_id,
        "startDate": contract.start.isoformat(),
        "endDate": contract.end.isoformat(),
        "rateName": contract.rate,
        "contractStatus": "ACTIVE" if today <= contract.end else "INACTIVE",
        "cancelationPeriod": {"periodValue": 1, "periodUnit": "MONTH"},
        "cancelationStatus": contract.cancelation,
        "cancelationDate": contract.end.isoformat() if contract.cancelation else None,
        "cancelationReason": contract.reason,
        "cancelationOrigin": "CUSTOMER" if contract.cancelation else None,
        "price": contract.price,
        "priceDetails": price_details(contract),
        "lastPossibleCancelationDate": (ends[0] - _NOTICE).isoformat() if ends else None,
        "availableCancelationDates": [one.isoformat() for one in ends],
    }


def _reasons(_: Gym, __: Ask) -> Any:
    return [{"cancelationReasonId": key, "cancelationReasonName": name} for key, name in _REASONS.items()]


def _own(member: Member, contract_id: int) -> Contract:
    contract = next((one for one in member.contracts if one.contract_id == contract_id), None)
    if contract is None:
        raise absent("The contract")
    return contract


def _cancel(gym: Gym, ask: Ask) -> Any:
    member, fields = gym.member(ask.id("customerId")), ask.fields()
    wanted, reason = fields.day("cancelationDate"), fields.integer("cancelationReasonId")
    contract = _own(member, fields.integer("contractId"))
    if reason not in _REASONS:
        raise absent("The cancelation reason")
    if contract.cancelation is not None:
        raise ApiError(400, "The contract is canceled already", code="errormessage.contract.canceled")
    if wanted not in _possible(contract, gym.today()):
        raise invalid("cancelationDate")
    # An amendment: the staff has to verify it before the contract says "cancelled".
    contract.cancelation, contract.reason, contract.end = "PENDING_VERIFICATION", _REASONS[reason], wanted
    gym.tell("CONTRACT_UPDATED", member.member_id, contractId=contract.contract_id)
    return {"success": "true"}


def _withdraw(gym: Gym, ask: Ask) -> Any:
    member = gym.member(ask.id("customerId"))
    contract = _own(member, ask.id("contractId"))
    if contract.cancelation is None:
        raise ApiError(400, "The contract is not canceled", code="errormessage.contract.notcanceled")
    pending = contract.cancelation == "PENDING_VERIFICATION"
    contract.cancelation = None if pending else "PENDING_WITHDRAWAL_VERIFICATION"
    contract.reason = None if pending else contract.reason
    gym.tell("CONTRACT_UPDATED", member.member_id, contractId=contract.contract_id)
    return {"success": "true"}


_SCOPE: Final = "MEMBERSHIP_SELF_SERVICE_"
_AT: Final = "/v1/memberships/{customerId}/self-service"
OPERATIONS: Final = (
    Operation("getContractData", "GET", f"{_AT}/contract-data", f"{_SCOPE}READ", _data),
    Operation(
        "getContractCancelationReasonData",
        "GET",
        "/v1/memberships/self-service/contract-cancelation-reasons",
        f"{_SCOPE}READ",
        _reasons,
    ),
    Operation(
        "createContractCancelationAmendment",
        "POST",
        f"{_AT}/ordinary-contract-cancelation",
        f"{_SCOPE}WRITE",
        _cancel,
    ),
    Operation(
        "withdrawContractCancelation",
        "POST",
        f"{_AT}/withdraw-ordinary-contract-cancelation/{{contractId}}",
        f"{_SCOPE}WRITE",
        _withdraw,
    ),
)
