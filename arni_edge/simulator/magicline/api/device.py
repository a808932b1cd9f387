"""The Device API: card readers, vending machines and machines that sell time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from arni_edge.simulator.magicline.asking import ApiError, Ask, Fields, Operation, invalid
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.records import Device, Member, money
from arni_edge.simulator.magicline.spelling import CARD_FORMATS, card_from

PREFIX: Final = "/open-api/device"
_TRANSACTION: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIMES: Final = {300: 1.5, 600: 2.5}
"""Seconds of sun, and what they cost."""


@dataclass(frozen=True, slots=True)
class _No(Exception):
    """Why somebody may not, in both languages."""

    english: str
    german: str

    def said(self, ask: Ask) -> str:
        return self.english if ask.language and not ask.language.lower().startswith("de") else self.german

    def as_error(self, status: int) -> ApiError:
        return ApiError(status, self.english, german=self.german, code="errormessage.checkin.refused")


def _device(gym: Gym, ask: Ask, model: str) -> Device:
    found = next((one for one in gym.devices.values() if one.token and one.token == ask.token), None)
    if found is None:
        raise ApiError(401, "Authentication failed")
    if found.model != model:
        raise ApiError(403, "The device is of another kind", code="errormessage.device.model")
    return found


def _identified(gym: Gym, fields: Fields) -> Member:
    """Who shows it.

    Raises:
        ApiError: It is unreadable, or nobody's.
    """
    shown = fields.inner("identification")
    kind, value = shown.text("type"), shown.text("value")
    number, content = None, _json(value)
    if kind == "NUMBER":
        spelling = shown.choice("format", CARD_FORMATS) if shown.has("format") else "DECIMAL"
        number = card_from(value, spelling)
    tests: dict[str, Callable[[Member], bool]] = {
        "NUMBER": lambda one: number is not None and one.card("CARD_NUMBER") == number,
        "BARCODE": lambda one: one.card("BARCODE") == value,
        "PIN": lambda one: one.card("PIN") == value,
        "WALLET_PASS": lambda one: one.card("WALLET_PASS") == value,
        "QR_CODE": lambda one: one.uuid == content["uuid"] if content else one.card("BARCODE") == value,
    }
    if (test := tests.get(kind)) is None:
        raise invalid("identification.type")
    everybody = (one for one in gym.members.values() if one.listed)
    if (member := next(filter(test, everybody), None)) is None:
        raise _No("Unknown identification", "Unbekannter Ausweis").as_error(404)
    return member


def _json(text: str) -> dict[str, Any]:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) and "uuid" in content else {}


def _let_in(gym: Gym, member: Member) -> None:
    """Whether somebody may come in now.

    Raises:
        _No: They may not.
    """
    today = gym.today()
    if member.access_refused:
        raise _No("Access is refused", "Kein Zutritt")
    if any(one.holds(today) for one in member.restrictions):
        raise _No("Access is restricted", "Hausverbot")
    if not member.may_train(today):
        raise _No("There is no active contract", "Kein aktiver Vertrag")
    if member.shut_out(today):
        raise _No("The contract is idle", "Der Vertrag ruht")
    if gym.closed(gym.now()):
        raise _No("The studio is closed", "Das Studio ist geschlossen")


def _card_reader(gym: Gym, ask: Ask) -> Any:
    _device(gym, ask, "GENERIC_CARD_READER")
    fields = ask.fields()
    member = _identified(gym, fields)
    executed = fields.flag("shouldExecuteAction", default=True)
    try:
        _let_in(gym, member)
    except _No as no:
        raise no.as_error(403) from None
    if executed:
        gym.check_in(member)


# --- vending --------------------------------------------------------------------------------------------


def _transaction(fields: Fields) -> str:
    if not _TRANSACTION.fullmatch(own := fields.text("transactionId")):
        raise invalid("transactionId")
    return own


def _vending(gym: Gym, ask: Ask) -> tuple[Fields, Member, str, _No | None]:
    _device(gym, ask, "GENERIC_VENDING_READER")
    fields = ask.fields()
    transaction, member = _transaction(fields), _identified(gym, fields)
    try:
        _let_in(gym, member)
    except _No as no:
        return fields, member, transaction, no
    return fields, member, transaction, None


def _vending_identification(gym: Gym, ask: Ask) -> Any:
    _, member, transaction, no = _vending(gym, ask)
    return {
        "text": no.said(ask) if no else "",
        "authorized": no is None,
        "consumptionCredit": round(member.credit, 2),
        "transactionId": transaction,
    }


def _sale(gym: Gym, ask: Ask) -> Any:
    fields, member, transaction, no = _vending(gym, ask)
    price, executed = fields.amount("price"), fields.flag("shouldExecuteAction", default=True)
    known = gym.product_prices.get(fields.text("productId"))
    if no is None and known != price:
        no = _No("The price is another", "Der Preis stimmt nicht")
    if no is None and member.credit < price:
        no = _No("There is not enough credit", "Das Guthaben reicht nicht")
    if no is None and executed:
        member.credit -= price
        return None
    return {
        "text": no.said(ask) if no else "",
        "authorized": no is None,
        "consumptionCredit": round(member.credit, 2),
        "transactionId": transaction,
        "price": price,
    }


def _revalue(gym: Gym, ask: Ask) -> Any:
    fields, member, _, no = _vending(gym, ask)
    amount = fields.amount("amount")
    if no is not None:
        raise no.as_error(403)
    member.credit += amount


# --- time -----------------------------------------------------------------------------------------------


def _prices(gym: Gym, ask: Ask) -> Any:
    _device(gym, ask, "GENERIC_TIME_READER")
    return {
        "selection": [{"durationInSeconds": time, "price": money(price)} for time, price in _TIMES.items()]
    }


def _time(gym: Gym, ask: Ask) -> tuple[Fields, Member, _No | None]:
    _device(gym, ask, "GENERIC_TIME_READER")
    fields = ask.fields()
    member = _identified(gym, fields)
    try:
        _let_in(gym, member)
    except _No as no:
        return fields, member, no
    return fields, member, None


def _time_identification(gym: Gym, ask: Ask) -> Any:
    _, _, no = _time(gym, ask)
    return {"text": no.said(ask) if no else "", "authorized": no is None}


def _usage(gym: Gym, ask: Ask) -> Any:
    fields, member, no = _time(gym, ask)
    price = _TIMES.get(fields.integer("durationInSeconds")) if fields.has("durationInSeconds") else 0.0
    executed = fields.flag("shouldExecuteAction", default=True)
    if price is None:
        raise invalid("durationInSeconds")
    if no is None and member.credit < price:
        no = _No("There is not enough credit", "Das Guthaben reicht nicht")
    if no is None and executed:
        member.credit -= price
        return None
    return {"text": no.said(ask) if no else "", "authorized": no is None, "price": money(price)}


OPERATIONS: Final = (
    Operation("cardReaderIdentification", "POST", f"{PREFIX}/cardreader/identification", "", _card_reader),
    Operation(
        "vendingIdentification", "POST", f"{PREFIX}/vending/identification", "", _vending_identification
    ),
    Operation("vendingSale", "POST", f"{PREFIX}/vending/sale", "", _sale),
    Operation("vendingRevalue", "POST", f"{PREFIX}/vending/revalue", "", _revalue),
    Operation("timePrice", "GET", f"{PREFIX}/time/price", "", _prices),
    Operation("timeIdentification", "POST", f"{PREFIX}/time/identification", "", _time_identification),
    Operation("timeUsage", "POST", f"{PREFIX}/time/usage", "", _usage),
)
NO_CONTENT: Final = frozenset({"vendingSale", "vendingRevalue", "timeUsage"})
"""Those whose empty answer is a 204."""
