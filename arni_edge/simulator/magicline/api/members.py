"""Customers: lists, look-ups, contracts, and signing up."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import orjson

from arni_edge.simulator.magicline.asking import SLICE, Ask, Fields, Operation, absent, invalid, sliced
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.records import PHONES, Contract, Member, money
from arni_edge.simulator.magicline.spelling import CARD_FORMATS, card_from

_CARD: Final = "cardNumberFormat"
_BY: Final = ("cardNumber", "barcode", "pin", "customerNumber", "qrCodeUuid", "debtorId")
_GENDERS: Final = ("MALE", "FEMALE", "UNISEX")


def _list(gym: Gym, ask: Ask) -> Any:
    status = ask.choice("customerStatus", ("MEMBER", "PROSPECT")) or "MEMBER"
    spelling = ask.choice(_CARD, CARD_FORMATS) or "DECIMAL"
    old = {"offset": str(ask.query_id("lastOffsetId"))} if "lastOffsetId" in ask.query else {}
    ask = Ask(query={**old, **ask.query})
    listed = [one for one in gym.members.values() if one.listed and one.status == status]
    everybody = sorted(listed, key=_id_of)
    return sliced(ask, everybody, lambda one: one.as_json(spelling), by=_id_of, size=(50, 500, 100))


def _id_of(member: Member) -> int:
    return member.member_id


def _one(gym: Gym, ask: Ask) -> Any:
    spelling = ask.choice(_CARD, CARD_FORMATS) or "DECIMAL"
    return gym.member(ask.id("customerId")).as_json(spelling)


def _found(gym: Gym, ask: Ask) -> Member:
    spelling = ask.choice(_CARD, CARD_FORMATS) or "DECIMAL"
    given = [name for name in _BY if name in ask.query]
    if len(given) != 1:
        raise invalid("query", "Exactly one search parameter must be given", "parameters")
    value = ask.query[given[0]]
    tests: dict[str, Callable[[Member], bool]] = {
        "cardNumber": lambda one: one.card("CARD_NUMBER") == card_from(value, spelling),
        "barcode": lambda one: one.card("BARCODE") == value,
        "pin": lambda one: one.card("PIN") == value,
        "customerNumber": lambda one: one.number == value,
        "qrCodeUuid": lambda one: one.uuid == value,
    }
    test = tests.get(given[0], lambda _: False)
    listed = (one for one in gym.members.values() if one.listed)
    if not value or (member := next(filter(test, listed), None)) is None:
        raise absent("The customer")
    return member


def _by(gym: Gym, ask: Ask) -> Any:
    return _found(gym, ask).as_json(ask.query.get(_CARD, "DECIMAL"))


def _search(gym: Gym, ask: Ask) -> Any:
    fields = ask.fields()
    spelling = fields.choice(_CARD, CARD_FORMATS) if fields.has(_CARD) else "DECIMAL"
    tests = _criteria(gym, fields)
    if not tests:
        return []
    listed = (one for one in gym.members.values() if one.listed)
    return [one.as_json(spelling) for one in listed if all(test(one) for test in tests)]


def _criteria(gym: Gym, fields: Fields) -> list[Callable[[Member], bool]]:
    tests: list[Callable[[Member], bool]] = []
    if first := fields.optional("firstName"):
        tests.append(lambda one: one.first_name.casefold().startswith(first.casefold()))
    if last := fields.optional("lastName"):
        tests.append(lambda one: one.last_name.casefold().startswith(last.casefold()))
    if email := fields.optional("email"):
        tests.append(lambda one: one.email == email)
    if fields.has("dateOfBirth"):
        born = fields.day("dateOfBirth")
        tests.append(lambda one: one.born == born)
    if gym.quirks.phone_search and (phone := fields.optional("phoneNumber")):
        tests.append(lambda one: any(one.phones.get(name) == phone for name in PHONES))
    return tests


def _create(gym: Gym, ask: Ask) -> Any:
    fields = ask.fields()
    language = fields.inner("language")
    needed = {name: fields.text(name) for name in ("firstName", "lastName", "email", "street", "zipCode")}
    for name in ("city", "countryCode"):
        fields.text(name)
    for assigned in fields.objects("additionalInformationFieldAssignments"):
        if assigned.integer("additionalInformationFieldId") < 1:
            raise invalid(f"{assigned.at}additionalInformationFieldId")
        assigned.text("value")
    phones = {"phonePrivate": "phoneNumberPrivate", "phonePrivateMobile": "phoneNumberMobile"}
    given = {own: fields.optional(theirs) for own, theirs in phones.items()}
    changes: dict[str, Any] = {
        "first_name": needed["firstName"],
        "last_name": needed["lastName"],
        "email": needed["email"],
        "street": needed["street"],
        "zip_code": needed["zipCode"],
        "born": fields.day("dateOfBirth"),
        "gender": fields.choice("gender", _GENDERS) if fields.has("gender") else "UNISEX",
        "house": fields.optional("houseNumber") or "",
        "language": language.text("languageCode"),
        "phones": {name: value for name, value in given.items() if value},
        "third_party_id": fields.optional("thirdPartyId"),
    }
    return {"customerId": gym.add_member(status="PROSPECT", **changes).member_id}


# --- contracts ------------------------------------------------------------------------------------------


def _contracts(gym: Gym, ask: Ask) -> Any:
    return _listed(gym, gym.member(ask.id("customerId")), ask)


def _contracts_by(gym: Gym, ask: Ask) -> Any:
    return _listed(gym, _found(gym, ask), ask)


def _listed(gym: Gym, member: Member, ask: Ask) -> list[dict[str, Any]]:
    status = ask.choice("status", ("ACTIVE", "INACTIVE"))
    found = [contract_as_json(one, gym.today()) for one in member.contracts]
    return [one for one in found if status in (None, one["contractStatus"])]


def price_details(contract: Contract) -> dict[str, Any]:
    """The ``PriceDetails``."""
    return {
        "basePrice": money(contract.price),
        "currentPrice": money(contract.price),
        "paymentFrequency": {
            "id": 203,
            "type": "RECURRING",
            "term": {"value": 1, "unit": "MONTH"},
            "price": money(contract.price),
        },
    }


def contract_as_json(contract: Contract, today: date) -> dict[str, Any]:
    """The ``Contract``."""
    month = {"periodValue": 1, "periodUnit": "MONTH"}
    said = contract.cancelled_on and contract.cancelled_on.isoformat()
    return {
        "id": contract.contract_id,
        "createdDate": contract.created.isoformat(),
        "startDate": contract.start.isoformat(),
        "endDate": contract.end.isoformat(),
        "rateName": contract.rate,
        "contractStatus": "ACTIVE" if today <= contract.end else "INACTIVE",
        "cancellationPeriod": month,
        "cancelled": contract.cancelled,
        "cancellationDate": contract.end.isoformat() if contract.cancelled else None,
        "cancellationReceiptDate": said,
        "cancellationReason": contract.reason,
        "price": contract.price,
        "priceDetails": price_details(contract),
        "lastPossibleCancellationDate": contract.end.replace(day=1).isoformat(),
        "term": {"periodValue": 12, "periodUnit": "MONTH"},
        "extensionTerm": month,
        "flatFeeContracts": [],
        "moduleContracts": [],
        "signedDocumentUrl": None,
        "thirdPartyId": None,
        "reversed": contract.reversed,
        "reversalReason": "Widerruf" if contract.reversed else None,
        "contractOrigin": "CONNECT_API",
    }


# --- a QR code for the door -----------------------------------------------------------------------------


def qr_content(member: Member) -> str:
    """What a member's QR code says."""
    content = {"uuid": member.uuid, "customer_number": member.number, "tenant": "simulated"}
    return orjson.dumps(content).decode()


_LIST: Final = (*SLICE, _CARD, "customerStatus", "lastOffsetId")
OPERATIONS: Final = (
    Operation("getCustomers", "GET", "/v1/customers", "CUSTOMER_READ", _list, _LIST),
    Operation("getCustomerBy", "GET", "/v1/customers/by", "CUSTOMER_READ", _by, (*_BY, _CARD)),
    Operation("searchCustomers", "POST", "/v1/customers/search", "CUSTOMER_READ", _search),
    Operation("createCustomer", "POST", "/v1/customers/create", "CUSTOMER_WRITE", _create),
    Operation("getCustomerById", "GET", "/v1/customers/{customerId}", "CUSTOMER_READ", _one, (_CARD,)),
    Operation(
        "getCustomersContracts",
        "GET",
        "/v1/customers/{customerId}/contracts",
        "CUSTOMER_CONTRACT_READ",
        _contracts,
        ("status",),
    ),
    Operation(
        "getCustomerContractsBy",
        "GET",
        "/v1/customers/contracts/by",
        "CUSTOMER_CONTRACT_READ",
        _contracts_by,
        (*_BY, _CARD, "status"),
    ),
)
