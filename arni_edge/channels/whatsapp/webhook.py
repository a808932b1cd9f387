"""Meta's webhook body, understood: pure, and tolerant of everything that Meta may add or leave out.

Shapes and traps: WhatsApp Cloud API, "webhooks" and "business-scoped user ids" (state May 2026).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from arni_edge.channels.whatsapp.fields import ACCOUNT, MESSAGES, not_read
from arni_edge.channels.whatsapp.incoming import Contacts, read_message
from arni_edge.channels.whatsapp.reading import (
    Json,
    code,
    first_id,
    identifier,
    obj,
    objects,
    text,
    time,
    word,
)
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Channel, InboundMessage

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Meta's own limit is 3 MB."""

_OBJECT: Final = "whatsapp_business_account"
# Meta has spelt the last one in two ways.
_RECIPIENT: Final = (
    "recipient_user_id", "recipient_id", "recipient_parent_user_id", "parent_recipient_user_id",
)  # fmt: skip
_PARTICIPANT: Final = (
    "recipient_participant_id", "recipient_participant_user_id", "recipient_participant_parent_user_id",
)  # fmt: skip


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
    except RecursionError:
        raise InvalidInput("the webhook body is nested too deeply") from None
    except ValueError:
        raise InvalidInput("the webhook body is not JSON" if body.strip() else "the body is empty") from None
    if not isinstance(envelope, dict):
        raise InvalidInput("the webhook body is not a JSON object")
    about = text(envelope.get("object"))
    if about not in ("", _OBJECT):
        return [Ignored(f"not about WhatsApp: object {word(about)}")]
    items: list[Item] = []
    for entry in _each(envelope, "entry", items):
        for change in _each(entry, "changes", items):
            found = list(_change(change, received_at, phone_number_id))
            items += found or [Ignored("nothing in it", word(change.get("field")))]
    return items or [Ignored("empty webhook")]


def _each(holder: Json, name: str, items: list[Item], kind: str = "") -> list[Json]:
    """The objects under a name; of what else stands there is said once that it cannot be read."""
    value = holder.get(name)
    found = objects(value)
    strange = len(value) - len(found) if isinstance(value, list) else value is not None
    if strange:
        items.append(Ignored(f"{name}: not a list of objects", kind))
    return found


def _change(change: Json, received_at: datetime, phone_number_id: str | None) -> Iterator[Item]:
    field, value = word(change.get("field")), obj(change.get("value"))
    if field in ACCOUNT:
        yield _notice(field, value)
        return
    if field != MESSAGES:
        yield Ignored(not_read(field), field)
        return
    ours = text(obj(value.get("metadata")).get("phone_number_id"))
    if phone_number_id is not None and ours and ours != phone_number_id:
        yield Ignored("another phone number", field)
        return
    contacts = Contacts(objects(value.get("contacts")))
    unread: list[Item] = []
    for message in _each(value, "messages", unread, field):
        found = read_message(message, contacts, received_at)
        yield Ignored(found, word(message.get("type"))) if isinstance(found, str) else found
    for status in _each(value, "statuses", unread, field):
        yield _status(status, received_at)
    for error in _each(value, "errors", unread, field):
        number = code(error)
        yield Ignored("Meta reports an error" + ("" if number is None else f": {number}"), "errors")
    yield from unread


def _notice(field: str, value: Json) -> AccountNotice:
    *path, last = ACCOUNT[field] or ("",)
    for name in path:
        value = obj(value.get(name))
    return AccountNotice(field, word(value.get(last)))


def _status(status: Json, received_at: datetime) -> DeliveryStatus | Ignored:
    message_id = identifier(status.get("id"))
    if message_id is None:
        return Ignored("status without id", "status")
    # Of a payment, for instance: under the id of the message that asked for it, and no delivery.
    if (about := text(status.get("type"))) not in ("", "message"):
        return Ignored(f"status of a {word(about)}, not of a message", "status")
    try:
        state = DeliveryState(text(status.get("status")))
    except ValueError:
        return Ignored(f"status {word(status.get('status'))}: says nothing of a delivery", "status")
    errors = objects(status.get("errors"))
    category = text(obj(status.get("pricing")).get("category"))
    return DeliveryStatus(
        channel=Channel.WHATSAPP,
        message_id=message_id,
        state=state,
        at=time(status.get("timestamp"), received_at),
        tracking_id=text(status.get("biz_opaque_callback_data")) or None,
        error_code=code(errors[0]) if errors else None,
        recipient=first_id(status, *_RECIPIENT) or "",
        participant=first_id(status, *_PARTICIPANT) or "",
        category=category[:64] or None,
    )
