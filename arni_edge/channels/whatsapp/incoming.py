"""What a person sends: every kind of message in Meta's webhooks, as one :class:`InboundMessage`. Pure.

Shapes and traps: WhatsApp Cloud API, "webhooks" and "business-scoped user ids" (state May 2026).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from arni_edge.channels.whatsapp.reading import (
    MAX_ID,
    Json,
    first_id,
    identifier,
    number,
    obj,
    objects,
    text,
    time,
    word,
)
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Channel, InboundMessage, Media, Place
from arni_edge.domain.people import normalise_phone

_MAX_PAYLOAD: Final = 256
"""Meta's own limit for the id of a button."""
_MAX_NUMBERS: Final = 5
_WITH_MEDIA: Final = frozenset({"audio", "document", "image", "sticker", "video"})
_OWN_NUMBER: Final = "contact_request"
"""The answer to our question for their number; any other origin is a contact of theirs and proves nothing."""
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
_CHANGED: Final = re.compile(r" changed from (\S+) to \S+$")
"""The end of what WhatsApp says of a new number or id; in front of it stands a name that somebody chose."""


class Contacts:
    """Whom a webhook introduces, found by number or by user id."""

    def __init__(self, contacts: Sequence[Json]) -> None:
        """Read them once: a webhook may bring thousands, and as many messages.

        Args:
            contacts: As they stand beside the messages; the first of several that claim the same counts.
        """
        self._only: Json = contacts[0] if len(contacts) == 1 else {}
        self._by_number: dict[str, Json] = {}
        self._by_user: dict[str, Json] = {}
        for contact in contacts:
            self._by_number.setdefault(text(contact.get("wa_id")), contact)
            self._by_user.setdefault(text(contact.get("user_id")), contact)

    def of(self, message: Json) -> Json:
        """The contact that belongs to a message: by user id, by number, or the only one there is.

        A contact that does not match is never taken: it would lend somebody else's identity.
        """
        given, user_id = text(message.get("from")), text(message.get("from_user_id"))
        if not (given or user_id):
            return self._only
        found = self._by_user.get(user_id) if user_id else None
        return found or (self._by_number.get(given) if given else None) or {}


def read_message(message: Json, contacts: Contacts, received_at: datetime) -> InboundMessage | str:
    """One message; or why it is none, in words that hold nothing personal."""
    message_id = identifier(message.get("id"))
    if message_id is None:
        return "message without id"
    if message.get("group_id"):
        return "group message"
    kind = word(message.get("type"))
    message = _with_sender(message) if kind == "system" else message
    contact = contacts.of(message)
    given = text(message.get("from")) or text(contact.get("wa_id"))
    user_id = (
        identifier(message.get("from_user_id")) or identifier(contact.get("user_id")) or _as_user_id(given)
    )
    phone = _phone(given)
    number = identifier(contact.get("wa_id")) or identifier(given)
    if user_id is None and number is None:  # known to several businesses of one owner, and to none by itself
        user_id = identifier(message.get("from_parent_user_id")) or identifier(contact.get("parent_user_id"))
    address = user_id or (phone.removeprefix("+") if phone and number == given else number)
    if address is None:
        return "message without sender"
    plain = InboundMessage(
        channel=Channel.WHATSAPP,
        message_id=message_id,
        # The business-scoped id first: it stays when the number is hidden behind a username.
        conversation=address,
        text=_words(message),
        sent_at=time(message.get("timestamp"), received_at),
        phone=phone,
        kind=kind,
        payload=_payload(message),
        user_id=user_id,
        refers_to=_refers_to(message),
    )
    return _with_content(plain, _content(message), message.get("origin"))


def _with_sender(message: Json) -> Json:
    """WhatsApp's own message with whom it is about: Meta names none as its sender whose number is hidden."""
    if message.get("from_user_id"):
        return message
    system = obj(message.get("system"))
    before = first_id(system, "previous_user_id", "previous_parent_user_id")
    if before is None and not message.get("from"):
        # Until August 2026 it stood in the words alone.
        said = _CHANGED.search(text(system.get("body"))[-3 * MAX_ID :])
        before = said[1] if said else None
        if before is not None and _as_user_id(before) is None:
            return message | {"from": before}
    return message if before is None else message | {"from_user_id": before}


def _as_user_id(given: str) -> str | None:
    return given if _USER_ID.fullmatch(given) else None


def _content(message: Json) -> Json:
    """What stands under the kind's own name; contacts come as a list."""
    found = message.get(text(message.get("type")))
    return {"contacts": found} if isinstance(found, list) else obj(found)


def _words(message: Json) -> str:
    """What the person said: typed, tapped, written under a picture or an order; empty for everything else."""
    content = _content(message)
    match text(message.get("type")):
        case "text":
            return text(content.get("body"))
        case "button":
            return text(content.get("text"))
        case "interactive":
            # Missing when Meta could not render the reply; then only errors[] explains.
            return text(obj(content.get(text(content.get("type")))).get("title"))
        case "image" | "video" | "document":
            return text(content.get("caption"))
        case "order":
            return text(content.get("text"))
        case "edit":
            return _words(obj(content.get("message")) | {"edit": None})
        case _:
            return ""


def _payload(message: Json) -> str | None:
    """What stands behind a button or a row of a list that was tapped; a client may send what it likes."""
    content = _content(message)
    match text(message.get("type")):
        case "button":
            payload = text(content.get("payload"))
        case "interactive":
            payload = text(obj(content.get(text(content.get("type")))).get("id"))
        case _:
            return None
    return payload if 0 < len(payload) <= _MAX_PAYLOAD else None


def _refers_to(message: Json) -> str | None:
    """The message that this one is about: the one it changes, takes back, reacts to or answers."""
    content = _content(message)
    return (
        identifier(content.get("original_message_id"))
        or identifier(content.get("message_id"))
        or identifier(obj(message.get("context")).get("id"))
    )


def _with_content(message: InboundMessage, content: Json, origin: object) -> InboundMessage:
    if message.kind in _WITH_MEDIA:
        return replace(message, media=_media(content))
    if message.kind == "location":
        return replace(message, place=_place(content))
    if message.kind == "contacts":
        cards = objects(content.get("contacts"))
        # A card of the address book says nothing of who sends it, whatever it calls itself.
        own = len(cards) == 1 and cards[0].get("origin", origin) == _OWN_NUMBER and "vcard" not in cards[0]
        return replace(message, shared_phone=_shared_phone(cards) if own else None)
    if message.kind == "system":
        return replace(
            message, successor=identifier(content.get("wa_id")) or identifier(content.get("user_id"))
        )
    return message


def _media(content: Json) -> Media | None:
    media_id = identifier(content.get("id"))
    if media_id is None:
        return None
    return Media(
        media_id=media_id,
        mime=text(content.get("mime_type"))[:128],
        sha256=text(content.get("sha256"))[:128],
        voice=content.get("voice") is True,
        name=text(content.get("filename"))[:255],
    )


def _place(content: Json) -> Place | None:
    latitude, longitude = number(content.get("latitude")), number(content.get("longitude"))
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    name = text(content.get("name")) or text(content.get("address"))
    return Place(latitude, longitude, name[:255])


def _shared_phone(cards: list[Json]) -> str | None:
    """The number that somebody sent as their own, if it is exactly one."""
    phones = [entry for card in cards for entry in objects(card.get("phones"))][:_MAX_NUMBERS]
    found = {_phone(text(entry.get("wa_id")) or text(entry.get("phone"))) for entry in phones} - {None}
    return found.pop() if len(found) == 1 else None


def _phone(given: str) -> str | None:
    try:
        return normalise_phone(given)
    except InvalidInput:
        return None
