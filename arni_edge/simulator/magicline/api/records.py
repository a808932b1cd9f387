"""What hangs on a customer: visits, money, access mediums, restrictions, the access code."""

from datetime import timedelta
from typing import Any, Final

from arni_edge.simulator.magicline.api.members import qr_content
from arni_edge.simulator.magicline.asking import (
    SLICE,
    ApiError,
    Ask,
    Fields,
    Operation,
    absent,
    invalid,
    sliced,
)
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.records import Medium, Member, Restriction, as_json, money
from arni_edge.simulator.magicline.spelling import in_utc, with_offset

_SMALL: Final = (1, 50, 10)
_KINDS: Final = ("CARD_NUMBER", "PIN", "BARCODE", "WALLET_PASS")
_CODE_LASTS: Final = timedelta(minutes=5)
_CATEGORIES: Final = ("CONTRACT", "GENERAL", "APPOINTMENT", "NEWSLETTER", "LOYALTY_PROGRAM")
_CHANNELS: Final = ("LETTER", "EMAIL", "TEXT_MESSAGE", "PHONE", "FAX", "CONVERSATION", "CHAT", "OTHER")


def _member(gym: Gym, ask: Ask) -> Member:
    return gym.member(ask.id("customerId"))


def _visits(gym: Gym, ask: Ask) -> Any:
    member, today = _member(gym, ask), gym.today()
    until = ask.day("toDate") or today
    # Arithmetic on the first days of the calendar would overflow.
    since = ask.day("fromDate") or (until - timedelta(days=min(30, until.toordinal() - 1)))
    if until < since:
        raise invalid("toDate", "The end is before the start", "period")
    if (until - since).days > 365:
        raise invalid("toDate", "The period is longer than 365 days", "period")
    found = [
        {
            "checkinId": one.check_in_id,
            "checkInDateTime": with_offset(one.came),
            "checkOutDateTime": one.left and with_offset(one.left),
            "studioId": gym.studio_id,
            "studioName": "Simulated Gym",
        }
        for one in reversed(member.visits)
        if since <= one.came.date() <= until
    ]
    return sliced(ask, found, dict, size=_SMALL)


def _balance(gym: Gym, ask: Ask) -> Any:
    member = _member(gym, ask)
    return {
        "accountBalance": money(-member.owes),
        "consumptionCredit": money(member.credit),
        "dunningLevel": member.dunning,
        "inDebtCollection": member.collection,
    }


def _transactions(gym: Gym, ask: Ask) -> Any:
    member = _member(gym, ask)
    fees = [
        _entry(contract.contract_id, gym.today().replace(day=1).isoformat(), contract.price, member.owes)
        for contract in member.contracts
    ]
    return sliced(ask, fees, dict, size=_SMALL)


def _upcoming(gym: Gym, ask: Ask) -> Any:
    member, today = _member(gym, ask), gym.today()
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1).isoformat()
    running = [one for one in member.contracts if one.active(today)]
    fees = [_entry(one.contract_id + 1_000_000, following, one.price, one.price) for one in running]
    return sliced(ask, fees, dict, size=_SMALL)


def _entry(entry_id: int, due: str, amount: float, still_open: float) -> dict[str, Any]:
    return {
        "id": entry_id,
        "dueDate": due,
        "description": "Beitrag",
        "amount": money(amount),
        "openAmount": money(still_open),
        "installmentPlan": False,
    }


def _code(gym: Gym, ask: Ask) -> Any:
    member = _member(gym, ask)
    if not gym.access_codes:
        raise ApiError(400, "The access code is not enabled", code="errormessage.accesscode.disabled")
    return {"format": "QR_CODE", "content": qr_content(member), "expiresAt": in_utc(gym.now() + _CODE_LASTS)}


# --- what opens the door for them -----------------------------------------------------------------------


def _add_medium(gym: Gym, ask: Ask) -> Any:
    member, fields = _member(gym, ask), ask.fields()
    kind, value = fields.choice("type", _KINDS), fields.text("value")
    if kind == "CARD_NUMBER" and not (value.isascii() and value.isdigit()):
        raise invalid("value")
    medium = Medium(gym.registry.new_id(), kind, value)
    member.mediums.append(medium)
    gym.tell("CUSTOMER_ACCESS_MEDIUM_CREATED", member.member_id)
    return _medium(medium)


def _change_medium(gym: Gym, ask: Ask) -> Any:
    member = _member(gym, ask)
    medium, value = _of(member, ask), ask.fields().text("value")
    if medium.kind == "CARD_NUMBER" and not (value.isascii() and value.isdigit()):
        raise invalid("value")
    medium.value = value
    gym.tell("CUSTOMER_ACCESS_MEDIUM_UPDATED", member.member_id)
    return _medium(medium)


def _remove_medium(gym: Gym, ask: Ask) -> Any:
    member = _member(gym, ask)
    member.mediums.remove(_of(member, ask))
    gym.tell("CUSTOMER_ACCESS_MEDIUM_DELETED", member.member_id)


def _of(member: Member, ask: Ask) -> Medium:
    wanted = ask.id("accessMediumId")
    if (medium := next((one for one in member.mediums if one.medium_id == wanted), None)) is None:
        raise absent("The access medium")
    return medium


def _medium(medium: Medium) -> dict[str, Any]:
    return {"id": medium.medium_id, "type": medium.kind, "value": medium.value}


def _restrict(gym: Gym, ask: Ask) -> Any:
    member, fields = _member(gym, ask), ask.fields()
    reason = fields.text("reason")
    days = [fields.day(name) if fields.has(name) else None for name in ("startDate", "endDate")]
    if (days[0] is None) != (days[1] is None):
        raise invalid("endDate", "Both dates or none must be given", "period")
    if days[0] is not None and days[1] is not None and days[1] < days[0]:
        raise invalid("endDate", "The end is before the start", "period")
    member.restrictions = [Restriction(reason, *days)]
    gym.tell("CUSTOMER_ACCESS_RESTRICTION_CREATED", member.member_id)
    return as_json(member.restrictions[0])


def _release(gym: Gym, ask: Ask) -> Any:
    member = _member(gym, ask)
    member.restrictions = []
    gym.tell("CUSTOMER_ACCESS_RESTRICTION_DELETED", member.member_id)


# --- how they want to be written to ---------------------------------------------------------------------


def _preferences(gym: Gym, ask: Ask) -> Any:
    return _member(gym, ask).preferences or [_category("CONTRACT", [("EMAIL", True)])]


def _prefer(gym: Gym, ask: Ask) -> Any:
    member, sent = _member(gym, ask), ask.json()
    if not isinstance(sent, list):
        raise invalid("body")
    member.preferences = [
        _category(
            one.choice("messageCategory", _CATEGORIES), [_wish(each) for each in one.objects("channels")]
        )
        for one in Fields({"preferences": sent}).objects("preferences")
        if one.has("messageCategory")
    ]
    gym.tell("CUSTOMER_COMMUNICATION_PREFERENCES_UPDATED", member.member_id)
    return member.preferences


def _wish(channel: Fields) -> tuple[str, bool]:
    channel.flag("customerOverridable", default=True)  # which of them is, the studio decides
    return channel.choice("communicationChannel", _CHANNELS), channel.flag("active", default=False)


def _category(category: str, channels: list[tuple[str, bool]]) -> dict[str, Any]:
    listed = [
        {"communicationChannel": name, "customerOverridable": True, "active": on} for name, on in channels
    ]
    return {"messageCategory": category, "channels": listed}


_AT: Final = "/v1/customers/{customerId}"
_PREFERENCES: Final = "/v1/communications/{customerId}/communication-preferences"
_MEDIUM_SCOPE: Final = "CUSTOMER_ACCESS_MEDIUM_WRITE"
_RESTRICTION_SCOPE: Final = "CUSTOMER_ACCESS_RESTRICTION_WRITE"
OPERATIONS: Final = (
    Operation(
        "getCustomersCheckinHistory",
        "GET",
        f"{_AT}/activities/checkins",
        "CHECKIN_READ",
        _visits,
        (*SLICE, "fromDate", "toDate"),
    ),
    Operation(
        "getCustomersAccountBalanceData", "GET", f"{_AT}/account/balances", "CUSTOMER_ACCOUNT_READ", _balance
    ),
    Operation(
        "getCustomersAccountTransactionData",
        "GET",
        f"{_AT}/account/transactions",
        "CUSTOMER_ACCOUNT_READ",
        _transactions,
        SLICE,
    ),
    Operation(
        "getCustomersAccountUpcomingData",
        "GET",
        f"{_AT}/account/transactions/upcoming",
        "CUSTOMER_ACCOUNT_READ",
        _upcoming,
        SLICE,
    ),
    Operation("getCustomerAccessCode", "GET", f"{_AT}/access-code", "CUSTOMER_READ", _code),
    Operation("addAccessMediums", "POST", f"{_AT}/access-mediums", _MEDIUM_SCOPE, _add_medium),
    Operation(
        "updateAccessMediums",
        "PUT",
        f"{_AT}/access-mediums/{{accessMediumId}}",
        _MEDIUM_SCOPE,
        _change_medium,
    ),
    Operation(
        "deleteAccessMediums",
        "DELETE",
        f"{_AT}/access-mediums/{{accessMediumId}}",
        _MEDIUM_SCOPE,
        _remove_medium,
    ),
    Operation("setAccessRestriction", "PUT", f"{_AT}/access-restrictions", _RESTRICTION_SCOPE, _restrict),
    Operation(
        "deleteAccessRestriction", "DELETE", f"{_AT}/access-restrictions", _RESTRICTION_SCOPE, _release
    ),
    Operation(
        "getCommunicationPreferences", "GET", _PREFERENCES, "COMMUNICATION_PREFERENCES_READ", _preferences
    ),
    Operation(
        "updateCommunicationPreferences", "PUT", _PREFERENCES, "COMMUNICATION_PREFERENCES_WRITE", _prefer
    ),
)
