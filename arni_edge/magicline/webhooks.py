"""What a webhook of Magicline hints at. Pure; the body is hostile until it was read.

No webhook says how something is: it only says what is to be read anew. Source: event types of the Webhooks
documentation, 2026-02-04.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from arni_edge.domain.json_text import read_json
from arni_edge.storage.magicline.hints import Hint

SOURCE: Final = "magicline"
"""How the relay calls Magicline's webhooks."""

_LARGEST: Final = 2**63 - 1
_MOST: Final = 1000
"""Events, or people in one: more are no webhook."""

Reads = Callable[[int, dict[str, Any]], Iterator[Hint]]


def _customer(entity_id: int, _: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("customer", entity_id)


def _shut_out(entity_id: int, _: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("customer", entity_id, urgent=True)


def _visit(entity_id: int, _: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("checkins", entity_id)


def _visits(_: int, content: dict[str, Any]) -> Iterator[Hint]:
    checkouts = content.get("checkouts")
    for one in checkouts[:_MOST] if isinstance(checkouts, list) else ():
        customer = _number(one.get("customerId")) if isinstance(one, dict) else None
        if customer is not None:
            yield Hint("checkins", customer)


def _class_booking(entity_id: int, _: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("class_booking", entity_id)


def _appointment_booking(entity_id: int, _: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("appointment_booking", entity_id)


def _slot(entity_id: int, content: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("slot", entity_id, _number(content.get("classId")))


def _employees(_: int, __: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("employees", 0)


def _studio(_: int, __: dict[str, Any]) -> Iterator[Hint]:
    yield Hint("studio", 0)


_NOT_KEPT: Final = "this is not kept here"
_NOT_NEEDED: Final = "nothing here depends on it"

EVENTS: Final[dict[str, Reads | str]] = {
    "ADDITIONAL_INFORMATION_FIELDS_UPDATED": _NOT_KEPT,
    "AGGREGATOR_MEMBER_CREATED": _customer,
    "APPOINTMENT_BOOKING_CANCELLED": _appointment_booking,
    "APPOINTMENT_BOOKING_CREATED": _appointment_booking,
    "APPOINTMENT_BOOKING_UPDATED": _appointment_booking,
    "AUTOMATIC_CUSTOMER_CHECKOUT": _visits,
    "CLASS_BOOKING_CANCELLED": _class_booking,
    "CLASS_BOOKING_CREATED": _class_booking,
    "CLASS_BOOKING_UPDATED": _class_booking,
    "CLASS_SLOT_CANCELLED": _slot,
    "CLASS_SLOT_UPDATED": _slot,
    "CONTRACT_ADDITIONAL_MODULE_CANCELLED": _customer,
    "CONTRACT_ADDITIONAL_MODULE_CREATED": _customer,
    "CONTRACT_ADDITIONAL_MODULE_DELETED": _customer,
    "CONTRACT_ADDITIONAL_MODULE_UPDATED": _customer,
    "CONTRACT_CANCELLED": _customer,
    "CONTRACT_CREATED": _customer,
    "CONTRACT_IDLE_PERIOD_CANCELLED": _customer,
    "CONTRACT_IDLE_PERIOD_CREATED": _customer,
    "CONTRACT_IDLE_PERIOD_UPDATED": _customer,
    "CONTRACT_UPDATED": _customer,
    "CUSTOMER_ACCESS_DISABLED": _shut_out,
    "CUSTOMER_ACCESS_MEDIUM_CREATED": _NOT_KEPT,
    "CUSTOMER_ACCESS_MEDIUM_DELETED": _NOT_KEPT,
    "CUSTOMER_ACCESS_MEDIUM_UPDATED": _NOT_KEPT,
    "CUSTOMER_ACCESS_RESTRICTION_CREATED": _customer,
    "CUSTOMER_ACCESS_RESTRICTION_DELETED": _customer,
    "CUSTOMER_CHECKIN": _visit,
    "CUSTOMER_CHECKIN_STUDIOS_UPDATED": _customer,
    "CUSTOMER_CHECKOUT": _visit,
    "CUSTOMER_COMMUNICATION_PREFERENCES_UPDATED": _NOT_KEPT,
    "CUSTOMER_CREATED": _customer,
    "CUSTOMER_DELETED": _shut_out,
    "CUSTOMER_HOME_STUDIO_UPDATED": _customer,
    "CUSTOMER_UPDATED": _customer,
    "DEVICE_CREATED": _NOT_NEEDED,
    "EMPLOYEE_CREATED": _employees,
    "EMPLOYEE_DELETED": _employees,
    "EMPLOYEE_UPDATED": _employees,
    "FINANCE_DEBT_COLLECTION_CASE_UPDATED": _NOT_KEPT,
    "FINANCE_DEBT_COLLECTION_CONFIGURATION_UPDATED": _NOT_KEPT,
    "FINANCE_DEBT_COLLECTION_RUN_CREATED": _NOT_KEPT,
    "STUDIO_OPENING_HOURS_UPDATED": _studio,
    "TAX_ADVISOR_EXPORT_CREATED": _NOT_NEEDED,
}
"""All 44 types, each with what it hints at, or why it hints at nothing."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a body says.

    Attributes:
        uuid: Of the delivery; every copy has it. Empty: it cannot be told from others, and is not taken in.
        hints: What is to be read anew, each once.
        ignored: Why something in it was passed over, one reason each.
    """

    uuid: str = ""
    hints: tuple[Hint, ...] = ()
    ignored: tuple[str, ...] = ()


def understand(body: bytes) -> Understood:
    """Read the body of a webhook; never raises.

    Args:
        body: As it was posted.
    """
    content = read_json(body)
    if not isinstance(content, dict):
        return Understood(ignored=("it is no JSON object",))
    uuid, entity_id = _uuid(content.get("uuid")), _number(content.get("entityId"))
    events = content.get("payload")
    if not uuid or not isinstance(events, list):
        return Understood(ignored=("it is no webhook of Magicline's",))
    hints: dict[tuple[str, int], Hint] = {}
    ignored: list[str] = []
    for event in events[:_MOST]:
        kind = event.get("type") if isinstance(event, dict) else None
        rule = EVENTS.get(kind) if isinstance(kind, str) else None
        if rule is None:
            ignored.append("its type is not known")
        elif isinstance(rule, str):
            ignored.append(f"{kind}: {rule}")
        elif entity_id is None:
            ignored.append(f"{kind}: it says nowhere of what")
        else:
            inner = event.get("content")
            for hint in rule(entity_id, inner if isinstance(inner, dict) else {}):
                known = hints.get((hint.entity, hint.entity_id))
                hints[hint.entity, hint.entity_id] = known if known is not None and known.urgent else hint
    return Understood(uuid, tuple(hints.values()), tuple(ignored))


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST else None


def _uuid(value: object) -> str:
    if not isinstance(value, str) or len(value) > 64:
        return ""
    try:
        return str(UUID(value))
    except ValueError:
        return ""
