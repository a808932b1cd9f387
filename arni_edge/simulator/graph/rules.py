"""What the simulated Graph API makes of a message before anybody gets it (Cloud API, state May 2026)."""

import re
from collections.abc import Callable
from typing import Any, Final

from arni_edge.simulator.graph.errors import GraphError
from arni_edge.simulator.graph.templates import Templates
from arni_edge.simulator.graph.uploads import fits
from arni_edge.simulator.media_shelf import MediaShelf
from arni_edge.simulator.telegram_limits import units

_TRACKING: Final = 512
_TEXT: Final = 4096
_CAPTION: Final = 1024
_HEADER = _FOOTER = 60
_CONTACTS: Final = 257
_MEDIA: Final = ("audio", "document", "image", "sticker", "video")
_WITH_CAPTION: Final = ("document", "image", "video")
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)

Json = dict[str, Any]


class Rules:
    """Meta's limits, with the codes that it answers."""

    def __init__(self, shelf: MediaShelf, templates: Templates) -> None:
        """Nothing is checked by it.

        Args:
            shelf: The media that can be sent.
            templates: The templates that can be used.
        """
        self._shelf = shelf
        self._templates = templates
        self._kinds: dict[str, Callable[[Json], None]] = {
            "text": _check_text,
            "interactive": check_interactive,
            "reaction": _check_reaction,
            "location": _check_location,
            "contacts": _check_contacts,
            "template": self._check_template,
            **dict.fromkeys(_MEDIA, self._check_media),
        }

    def check(self, body: Json) -> None:
        """Whether a message is well formed.

        Args:
            body: Of the request.

        Raises:
            GraphError: It is not.
        """
        if body.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product is required.")
        if body.get("recipient_type", "individual") != "individual":
            raise GraphError(100, "Param recipient_type must be one of {INDIVIDUAL}")
        addresses = [body[key] for key in ("to", "recipient") if key in body]
        if not addresses or not all(isinstance(one, str) and one.strip() for one in addresses):
            raise GraphError(100, "The parameter to is required.")
        if "to" not in body and not _USER_ID.fullmatch(body["recipient"]):
            raise GraphError(100, "Param recipient must be a business-scoped user ID")
        kind = body.get("type", "text")
        if not isinstance(kind, str) or kind not in self._kinds:
            raise GraphError(100, f"Param type must be one of {sorted(self._kinds)}")
        tracking = body.get("biz_opaque_callback_data", "")
        if not isinstance(tracking, str) or units(tracking) > _TRACKING:
            raise GraphError(100, f"Param biz_opaque_callback_data must be at most {_TRACKING} characters")
        context = body.get("context")
        if context is not None and (kind == "reaction" or not _is_text(context, "message_id")):
            raise GraphError(131009, "context needs a message_id, and is not possible with a reaction")
        if not isinstance(body.get(kind), list if kind == "contacts" else dict):
            raise GraphError(131008, f"Required parameter is missing: {kind}")
        self._kinds[kind](body)

    def _check_template(self, body: Json) -> None:
        self._templates.check(body["template"], to_number="to" in body)

    def _check_media(self, body: Json) -> None:
        kind = body["type"]
        media = body[kind]
        if isinstance(media.get("id"), str) == isinstance(media.get("link"), str):
            raise GraphError(131008, f"Required parameter is missing: {kind} needs an id or a link")
        if "id" in media:
            medium = self._shelf.find(media["id"])
            if medium is None:
                raise GraphError(
                    131009, "the id is not a valid whatsapp business account media attachment ID"
                )
            if not fits(medium.mime, kind):
                raise GraphError(131053, f"a file of type {medium.mime} cannot be sent as {kind}")
            if media.get("voice") is True and not medium.mime.startswith("audio/ogg"):
                raise GraphError(131053, "a voice message is OGG with OPUS")
        elif not media["link"].startswith(("http://", "https://")):
            raise GraphError(131009, f"{kind} link must be an address")
        if "caption" in media:
            if kind not in _WITH_CAPTION:
                raise GraphError(100, f'Unexpected key "caption" on param "{kind}"')
            _bounded(media, "caption", _CAPTION, code=100)
        if "filename" in media and kind != "document":
            raise GraphError(100, f'Unexpected key "filename" on param "{kind}"')


def check_interactive(body: Json) -> None:
    """Buttons, lists, links and the question for a number.

    Raises:
        GraphError: A limit is not kept.
    """
    interactive = body["interactive"]
    kind, action = interactive.get("type"), interactive.get("action")
    checks = {
        "button": _check_buttons,
        "list": _check_list,
        "cta_url": _check_link,
        "contact_request": _check_contact_request,
    }
    if not isinstance(kind, str) or kind not in checks:
        raise GraphError(100, f"Param interactive['type'] must be one of {sorted(checks)}")
    if not isinstance(action, dict):
        raise GraphError(131008, "Required parameter is missing: interactive['action']")
    _bounded(interactive.get("body"), "text", 4096 if kind == "list" else 1024)
    if "footer" in interactive:
        _bounded(interactive["footer"], "text", _FOOTER)
    if "header" in interactive:
        header = interactive["header"]
        if not isinstance(header, dict) or header.get("type") not in ("text", "image", "video", "document"):
            raise GraphError(131009, "header type must be one of text, image, video, document")
        if kind == "list" and header["type"] != "text":
            raise GraphError(131009, "the header of a list is a text")
        if header["type"] == "text":
            _bounded(header, "text", _HEADER)
    checks[kind](action)


def _check_buttons(action: Json) -> None:
    replies = []
    for button in _objects(action.get("buttons"), 1, 3, "buttons"):
        if button.get("type") != "reply":
            raise GraphError(131009, "Button type must be reply")
        reply = button.get("reply")
        replies.append((_bounded(reply, "id", 256), _bounded(reply, "title", 20)))
    _different([one for one, _ in replies], "Button ids")
    _different([title for _, title in replies], "Button titles")


def _check_list(action: Json) -> None:
    _bounded(action, "button", 20)
    sections = _objects(action.get("sections"), 1, 10, "sections")
    rows = []
    for section in sections:
        if len(sections) > 1 or "title" in section:
            _bounded(section, "title", 24)
        rows += _objects(section.get("rows"), 1, 10, "rows")
    if len(rows) > 10:
        raise GraphError(131009, "Total row count exceed max allowed count: 10")
    for row in rows:
        _bounded(row, "title", 24)
        if "description" in row:
            _bounded(row, "description", 72)
    _different([_bounded(row, "id", 200) for row in rows], "Row ids")


def _check_link(action: Json) -> None:
    parameters = action.get("parameters")
    if action.get("name") != "cta_url":
        raise GraphError(131009, "action name must be cta_url")
    _bounded(parameters, "display_text", 20)
    if not _bounded(parameters, "url", 2000).startswith(("http://", "https://")):
        raise GraphError(131009, "url must be an address")


def _check_contact_request(action: Json) -> None:
    if action.get("name") != "request_contact_info":
        raise GraphError(131009, "action name must be request_contact_info")


def _check_text(body: Json) -> None:
    _bounded(body["text"], "body", _TEXT, code=100)
    if not isinstance(body["text"].get("preview_url", False), bool):
        raise GraphError(100, "Param text['preview_url'] must be a boolean")


def _check_reaction(body: Json) -> None:
    reaction = body["reaction"]
    if not _is_text(reaction, "message_id") or not isinstance(reaction.get("emoji"), str):
        raise GraphError(131008, "Required parameter is missing: message_id and emoji of a reaction")
    if units(reaction["emoji"]) > 32:
        raise GraphError(131009, "emoji is one emoji")


def _check_location(body: Json) -> None:
    for key, most in (("latitude", 90), ("longitude", 180)):
        try:
            value = float(body["location"][key])
        except KeyError:
            raise GraphError(131008, f"Required parameter is missing: {key}") from None
        except (TypeError, ValueError):
            raise GraphError(131009, f"{key} is a number") from None
        if not -most <= value <= most:
            raise GraphError(131009, f"{key} is between -{most} and {most}")


def _check_contacts(body: Json) -> None:
    for one in _objects(body["contacts"], 1, _CONTACTS, "contacts"):
        _bounded(one.get("name"), "formatted_name", _TEXT)


def _objects(value: object, fewest: int, most: int, what: str) -> list[Json]:
    if value is None:
        raise GraphError(131008, f"Required parameter is missing: {what}")
    if not isinstance(value, list) or not fewest <= len(value) <= most:
        raise GraphError(
            131009, f"Invalid {what} count. Min allowed {what}: {fewest}, Max allowed {what}: {most}"
        )
    if not all(isinstance(one, dict) for one in value):
        raise GraphError(131009, f"{what} must be objects")
    return value


def _bounded(holder: object, key: str, most: int, *, code: int = 131009) -> str:
    """The text under a key, which has to be there."""
    if not isinstance(holder, dict) or key not in holder:
        raise GraphError(131008, f"Required parameter is missing: {key}")
    text = holder[key]
    if not isinstance(text, str) or not text.strip() or units(text) > most:
        raise GraphError(code, f"{key} length invalid. Min length: 1, Max length: {most}")
    return text


def _different(values: list[str], what: str) -> None:
    if len(set(values)) < len(values):
        raise GraphError(131009, f"{what} must be unique")


def _is_text(holder: object, key: str) -> bool:
    return isinstance(holder, dict) and isinstance(holder.get(key), str) and bool(holder[key])
