"""Meta's webhook body, understood: pure, and tolerant of everything that Meta may add or leave out.

Shapes and traps: WhatsApp Cloud API, "webhooks" and "business-scoped user ids" (state May 2026).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from arni_edge.channels.whatsapp.incoming import Contacts, read_message
from arni_edge.channels.whatsapp.reading import Json, code, identifier, obj, objects, text, time, word
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Channel, InboundMessage

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Meta's own limit is 3 MB."""

# What Meta tells about the account, and where it says what happened. Everything else concerns nobody here.
_ACCOUNT_FIELDS: Final = {
    "account_alerts": ("alert_info", "alert_type"),
    "account_review_update": ("decision",),
    "account_update": ("event",),
    "business_capability_update": (),
    "message_template_components_update": (),
    "message_template_quality_update": ("new_quality_score",),
    "message_template_status_update": ("event",),
    "payment_configuration_update": (),
    "phone_number_name_update": ("decision",),
    "phone_number_quality_update": ("event",),
    "security": ("event",),
    "template_category_update": ("new_category",),
}


class DeliveryState(StrEnum):
    """How far a message of ours has come. Order of arrival means nothing: ``read`` may come first."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """What became of a message of ours.

    Attributes:
        channel: How it left.
        message_id: The channel's id of our message.
        state: How far it has come; every state but ``failed`` proves that the channel has accepted it.
        at: When, by the channel's clock (aware).
        tracking_id: Our outbox id as it was sent along, or None.
        error_code: Meta's code when it failed, or None.
        recipient: Whom it was for, as the webhook names them; personal, never logged. Empty when it does not.
        participant: Who of a group it is about; empty outside of groups. Personal, never logged.
        category: As what Meta charges for it, or None.
    """

    channel: Channel
    message_id: str
    state: DeliveryState
    at: datetime
    tracking_id: str | None = None
    error_code: int | None = None
    recipient: str = ""
    participant: str = ""
    category: str | None = None


@dataclass(frozen=True, slots=True)
class AccountNotice:
    """Something about the gym's account at Meta: for whoever runs it.

    Attributes:
        field: Which kind of thing.
        event: What happened, in Meta's word; ``unknown`` when it does not say.
    """

    field: str
    event: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part that is not for us.

    Attributes:
        reason: Why; holds no personal data.
        kind: Of which kind it would be; empty when nobody can tell.
    """

    reason: str
    kind: str = ""


Item = InboundMessage | DeliveryStatus | AccountNotice | Ignored


def parse(body: bytes, received_at: datetime, phone_number_id: str | None = None) -> list[Item]:
    """All messages and statuses of one webhook body, in its order.

    Args:
        body: The exact bytes.
        received_at: Stands in for a timestamp that cannot be read (aware).
        phone_number_id: Our number; what is meant for another one is ignored. None takes all.

    Raises:
        InvalidInput: The body is too large, is not JSON, or is not an object.
    """
    if len(body) > MAX_BODY_BYTES:
        raise InvalidInput("the webhook body is too large")
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("the webhook body is not JSON") from None
    if not isinstance(envelope, dict):
        raise InvalidInput("the webhook body is not a JSON object")
    items: list[Item] = []
    for entry in objects(envelope.get("entry")):
        for change in objects(entry.get("changes")):
            found = list(_change(change, received_at, phone_number_id))
            items += found or [Ignored("nothing in it", word(change.get("field")))]
    return items or [Ignored("empty webhook")]


def _change(change: Json, received_at: datetime, phone_number_id: str | None) -> Iterator[Item]:
    field, value = word(change.get("field")), obj(change.get("value"))
    if field in _ACCOUNT_FIELDS:
        yield _notice(field, value)
        return
    if field != "messages":
        yield Ignored(f"field {field}", field)
        return
    ours = text(obj(value.get("metadata")).get("phone_number_id"))
    if phone_number_id is not None and ours and ours != phone_number_id:
        yield Ignored("another phone number", field)
        return
    contacts = Contacts(objects(value.get("contacts")))
    for message in objects(value.get("messages")):
        found = read_message(message, contacts, received_at)
        yield Ignored(found, word(message.get("type"))) if isinstance(found, str) else found
    for status in objects(value.get("statuses")):
        yield _status(status, received_at)
    for error in objects(value.get("errors")):
        yield Ignored(f"error {code(error)}", "errors")


def _notice(field: str, value: Json) -> AccountNotice:
    *path, last = _ACCOUNT_FIELDS[field] or ("",)
    for name in path:
        value = obj(value.get(name))
    return AccountNotice(field, word(value.get(last)))


def _status(status: Json, received_at: datetime) -> DeliveryStatus | Ignored:
    message_id = identifier(status.get("id"))
    if message_id is None:
        return Ignored("status without id", "status")
    try:
        state = DeliveryState(text(status.get("status")))
    except ValueError:
        return Ignored(f"status {word(status.get('status'))}", "status")
    errors = objects(status.get("errors"))
    category = text(obj(status.get("pricing")).get("category"))
    return DeliveryStatus(
        channel=Channel.WHATSAPP,
        message_id=message_id,
        state=state,
        at=time(status.get("timestamp"), received_at),
        tracking_id=text(status.get("biz_opaque_callback_data")) or None,
        error_code=code(errors[0]) if errors else None,
        recipient=identifier(status.get("recipient_user_id")) or identifier(status.get("recipient_id")) or "",
        participant=identifier(status.get("recipient_participant_id")) or "",
        category=category[:64] or None,
    )
