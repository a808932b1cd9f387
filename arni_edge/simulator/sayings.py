"""Everything that a person can send on WhatsApp, as Meta's webhooks write it (state August 2026)."""

from typing import Any, Final

Content = dict[str, Any]

_UNKNOWN: Final = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}


def text(body: str) -> Content:
    """Typed words."""
    return {"type": "text", "text": {"body": body}}


def media(kind: str, described: Content, *, caption: str = "", filename: str = "") -> Content:
    """A picture, film, sticker, document or sound.

    Args:
        kind: ``audio``, ``document``, ``image``, ``sticker`` or ``video``.
        described: See :meth:`~arni_edge.simulator.media_shelf.MediaShelf.described`.
        caption: Written below it.
        filename: Of a document.
    """
    found = dict(described)
    if caption:
        found["caption"] = caption
    if filename:
        found["filename"] = filename
    if kind == "sticker":
        found["animated"] = False
    return {"type": kind, kind: found}


def voice(described: Content) -> Content:
    """A voice note: a sound that says so."""
    return {"type": "audio", "audio": described | {"voice": True}}


def reply(kind: str, choice: str, title: str, detail: str = "") -> Content:
    """A tapped button (``button_reply``) or row of a list (``list_reply``)."""
    tapped = {"id": choice, "title": title} | ({"description": detail} if detail else {})
    return {"type": "interactive", "interactive": {"type": kind, kind: tapped}}


def template_button(payload: str, title: str) -> Content:
    """A tapped button of a template."""
    return {"type": "button", "button": {"payload": payload, "text": title}}


def reaction(message_id: str, emoji: str | None) -> Content:
    """A reaction; without emoji it is taken back. Meta leaves it out or writes it empty."""
    with_emoji = {} if emoji is None else {"emoji": emoji}
    return {"type": "reaction", "reaction": {"message_id": message_id, **with_emoji}}


def location(latitude: float, longitude: float, name: str = "") -> Content:
    """A place."""
    named = {"name": name, "address": name} if name else {}
    return {"type": "location", "location": {"latitude": latitude, "longitude": longitude, **named}}


def own_number(number: str) -> Content:
    """The answer to the question for their number."""
    phone = {"phone": number, "wa_id": number.removeprefix("+"), "type": "CELL"}
    return {"type": "contacts", "contacts": [{"origin": "contact_request", "phones": [phone]}]}


def contact(name: str, number: str) -> Content:
    """Somebody else's number, or any: it proves nothing."""
    card = {
        "name": {"formatted_name": name, "first_name": name},
        "phones": [{"phone": number, "wa_id": number.removeprefix("+"), "type": "CELL"}],
        "origin": "other",
        "vcard": f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL:{number}\nEND:VCARD",
    }
    return {"type": "contacts", "contacts": [card]}


def edit(message_id: str, body: str) -> Content:
    """Other words in place of those that were sent."""
    message = {"type": "text", "text": {"body": body}}
    return {"type": "edit", "edit": {"original_message_id": message_id, "message": message}}


def revoke(message_id: str) -> Content:
    """What was sent is taken back."""
    return {"type": "revoke", "revoke": {"original_message_id": message_id}}


def changed_number(
    name: str, before: str, after: str, old_id: str | None = None, new_id: str | None = None
) -> Content:
    """They have another number, and another business-scoped id with it where they have one."""
    old, new = before.removeprefix("+"), after.removeprefix("+")
    said = {"body": f"User {name} changed from {old} to {new}", "wa_id": new, "type": "user_changed_number"}
    ids = {} if old_id is None or new_id is None else {"user_id": new_id, "previous_user_id": old_id}
    return {"type": "system", "system": said | ids}


def changed_user_id(name: str, before: str, after: str) -> Content:
    """They have another number, which nobody sees: only the business-scoped id is another."""
    said = {
        "body": f"User {name} changed from {before} to {after}",
        "user_id": after,
        "previous_user_id": before,
        "type": "user_changed_user_id",
    }
    return {"type": "system", "system": said}


def unsupported(what: str = "") -> Content:
    """A poll, an event, or what Meta invents next."""
    named = {"unsupported": {"type": what}} if what else {}
    return {"type": "unsupported", "errors": [_UNKNOWN], **named}
