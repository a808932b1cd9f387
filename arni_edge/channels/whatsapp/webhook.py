"""Meta's webhook body, understood: pure, and tolerant of everything that Meta may add or leave out.

Shapes and traps: WhatsApp Cloud API, "webhooks" and "business-scoped user ids" (state May 2026).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.domain.people import normalise_phone

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Meta's own limit is 3 MB."""
_MAX_ID = 512
_MAX_PAYLOAD = 256
"""Meta's own limit for the id of a button."""
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


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
    """

    channel: Channel
    message_id: str
    state: DeliveryState
    at: datetime
    tracking_id: str | None = None
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part that is not for us. The reason holds no personal data."""

    reason: str


Item = InboundMessage | DeliveryStatus | Ignored
_Json = dict[str, Any]


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
    for entry in _objects(envelope.get("entry")):
        for change in _objects(entry.get("changes")):
            items += _change(change, received_at, phone_number_id)
    return items or [Ignored("empty webhook")]


def _change(change: _Json, received_at: datetime, phone_number_id: str | None) -> Iterator[Item]:
    value = _object(change.get("value"))
    if change.get("field") != "messages":
        yield Ignored(f"field {_word(change.get('field'))}")
        return
    number = _text(_object(value.get("metadata")).get("phone_number_id"))
    if phone_number_id is not None and number and number != phone_number_id:
        yield Ignored("another phone number")
        return
    contacts = _objects(value.get("contacts"))
    for message in _objects(value.get("messages")):
        yield _message(message, contacts, received_at)
    for status in _objects(value.get("statuses")):
        yield _status(status, received_at)
    for error in _objects(value.get("errors")):
        yield Ignored(f"error {_code(error)}")


# --- messages -------------------------------------------------------------------------------------------


def _message(message: _Json, contacts: list[_Json], received_at: datetime) -> InboundMessage | Ignored:
    message_id = _text(message.get("id"))
    kind = _word(message.get("type"))
    if not message_id or len(message_id) > _MAX_ID:
        return Ignored("message without id")
    if message.get("group_id"):
        return Ignored("group message")
    contact = _contact(message, contacts)
    number = _text(message.get("from")) or _text(contact.get("wa_id"))
    user_id = _text(message.get("from_user_id")) or _text(contact.get("user_id"))
    if not (user_id or number):
        return Ignored("message without sender")
    return InboundMessage(
        channel=Channel.WHATSAPP,
        message_id=message_id,
        # The business-scoped id first: it stays when the number is hidden behind a username.
        conversation=user_id or _text(contact.get("wa_id")) or number,
        text=_words(message),
        sent_at=_time(message.get("timestamp"), received_at),
        phone=_phone(number),
        kind=kind,
        payload=_payload(message),
    )


def _contact(message: _Json, contacts: list[_Json]) -> _Json:
    """The contact that belongs to a message: by number, by user id, or the only one there is.

    A contact that does not match is never taken: it would lend somebody else's identity.
    """
    number, user_id = _text(message.get("from")), _text(message.get("from_user_id"))
    for contact in contacts:
        if (number and contact.get("wa_id") == number) or (user_id and contact.get("user_id") == user_id):
            return contact
    return contacts[0] if len(contacts) == 1 and not (number or user_id) else {}


def _words(message: _Json) -> str:
    """What the person said: typed, tapped or written under a picture; empty for everything else."""
    kind = _text(message.get("type"))
    content = _object(message.get(kind))
    match kind:
        case "text":
            return _text(content.get("body"))
        case "button":
            return _text(content.get("text"))
        case "interactive":
            # Missing when Meta could not render the reply; then only errors[] explains.
            return _text(_object(content.get(_text(content.get("type")))).get("title"))
        case "image" | "video" | "document":
            return _text(content.get("caption"))
        case "edit":
            return _words(_object(content.get("message")) | {"edit": None})
        case _:
            return ""


def _payload(message: _Json) -> str | None:
    """What stands behind a button or a row of a list that was tapped; a client may send what it likes."""
    kind = _text(message.get("type"))
    content = _object(message.get(kind))
    if kind == "button":
        payload = _text(content.get("payload"))
    elif kind == "interactive":
        payload = _text(_object(content.get(_text(content.get("type")))).get("id"))
    else:
        return None
    return payload if 0 < len(payload) <= _MAX_PAYLOAD else None


def _phone(number: str) -> str | None:
    try:
        return normalise_phone(number)
    except InvalidInput:
        return None


# --- statuses -------------------------------------------------------------------------------------------


def _status(status: _Json, received_at: datetime) -> DeliveryStatus | Ignored:
    message_id = _text(status.get("id"))
    if not message_id or len(message_id) > _MAX_ID:
        return Ignored("status without id")
    try:
        state = DeliveryState(_text(status.get("status")))
    except ValueError:
        return Ignored(f"status {_word(status.get('status'))}")
    errors = _objects(status.get("errors"))
    return DeliveryStatus(
        channel=Channel.WHATSAPP,
        message_id=message_id,
        state=state,
        at=_time(status.get("timestamp"), received_at),
        tracking_id=_text(status.get("biz_opaque_callback_data")) or None,
        error_code=_code(errors[0]) if errors else None,
    )


# --- reading what may be anything -----------------------------------------------------------------------


def _object(value: object) -> _Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[_Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    """A string that a database and a socket can carry; empty for everything that is no string."""
    return _LONE_SURROGATES.sub("\ufffd", value).replace("\0", "") if isinstance(value, str) else ""


def _word(value: object) -> str:
    """A kind or field name as Meta writes them, fit for the log; ``unknown`` for anything else."""
    text = _text(value)
    return text if re.fullmatch(r"[a-z_]{1,64}", text) else "unknown"


def _code(error: _Json) -> int | None:
    code = error.get("code")
    return code if isinstance(code, int) else None


def _time(value: object, otherwise: datetime) -> datetime:
    """Unix seconds, as a string or a number; Meta writes both."""
    try:
        return datetime.fromtimestamp(int(value), UTC) if isinstance(value, str | int) else otherwise
    except (ValueError, OverflowError, OSError):
        return otherwise
