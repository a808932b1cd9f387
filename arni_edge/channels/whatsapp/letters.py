"""What is written to the Graph API for a message: pure. Keeps Meta's limits (Cloud API, state May 2026)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from arni_edge.channels.whatsapp.text import TEXT_LIMIT, shorten, units
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Choice, Language, Link, Option, OutboundMessage, Template

Body = dict[str, Any]

_BUTTONS: Final = 3
_BUTTON_TITLE: Final = 20
_BUTTON_ID: Final = 256
_BUTTONS_BODY: Final = 1024
_ROWS: Final = 10
_ROW_TITLE: Final = 24
_ROW_DETAIL: Final = 72
_ROW_ID: Final = 200
_LIST_BODY: Final = 4096
_LIST_BUTTON: Final = 20
_SECTION_TITLE: Final = 24
_HEADER: Final = 60
_FOOTER: Final = 60
_PARAMETER: Final = 1024
_CODE: Final = 15
"""Of the button of an authentication template."""


@dataclass(frozen=True, slots=True)
class Letters:
    """Knows how a message looks on WhatsApp.

    Attributes:
        catalogue: The words on the button that opens a list.
        language: The gym's.
    """

    catalogue: Catalogue
    language: Language

    def as_template(self, message: OutboundMessage, template: Template) -> Body:
        """Words that Meta has approved; they may be sent to anybody at any time."""
        values = template.values or (() if template.code else (message.text,))
        return template_body(template.name, message.language or self.language, values, template.code)

    def as_text(self, message: OutboundMessage) -> Body:
        """Plain words; what could be tapped stands below them, numbered.

        Raises:
            InvalidInput: There are none, or too many.
        """
        return _quoting(text_body(in_plain(message)), message)

    def rich(self, message: OutboundMessage) -> Body | None:
        """With what can be tapped; None where there is nothing, or where it does not fit."""
        if message.choice is not None:
            language = message.language or self.language
            button = message.choice.button or self.catalogue.text("whatsapp.choose", language)
            found = buttons_body(message.text, message.choice) or list_body(
                message.text, message.choice, button
            )
        elif message.link is not None:
            found = _link_body(message.text, message.link)
        elif message.asks_phone:
            found = _interactive("contact_request", message.text, {"name": "request_contact_info"})
        else:
            return None
        return None if found is None else _quoting(found, message)


def text_body(text: str) -> Body:
    """Plain words.

    Raises:
        InvalidInput: There are none, or too many (:func:`split_text` cuts them).
    """
    if not text.strip() or units(text) > TEXT_LIMIT:
        raise InvalidInput(f"a text message has 1 to {TEXT_LIMIT} characters")
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def template_body(name: str, language: Language, values: Sequence[str], code: str | None = None) -> Body:
    """An approved template.

    Args:
        name: As it was approved.
        language: In which.
        values: Fill its body.
        code: For an authentication template: in its body, and copied by its button.
    """
    filled = [*values, *([code] if code is not None and not values else [])]
    components: list[Body] = []
    if filled:
        texts = [{"type": "text", "text": shorten(text, _PARAMETER)} for text in filled]
        components.append({"type": "body", "parameters": texts})
    if code is not None:
        copied = [{"type": "text", "text": code[:_CODE]}]
        components.append({"type": "button", "sub_type": "url", "index": "0", "parameters": copied})
    template = {"name": name, "language": {"code": language.value}, "components": components}
    return {"type": "template", "template": template}


def buttons_body(text: str, choice: Choice) -> Body | None:
    """One to three buttons; None where they do not fit."""
    options = choice.options
    titles = [_one_line(option.title) for option in options]
    if (
        not 1 <= len(options) <= _BUTTONS
        or not 1 <= units(text) <= _BUTTONS_BODY
        or any(not 1 <= units(title) <= _BUTTON_TITLE for title in titles)
        or len(set(titles)) < len(titles)
        or any(option.detail or option.section for option in options)
        or not _ids_fit(options, _BUTTON_ID)
    ):
        return None
    buttons = [
        {"type": "reply", "reply": {"id": option.id, "title": title}}
        for option, title in zip(options, titles, strict=True)
    ]
    return _interactive("button", text, {"buttons": buttons}, choice)


def list_body(text: str, choice: Choice, button: str) -> Body | None:
    """A list of up to ten rows; None where they do not fit. Long titles go on in the second line."""
    options = choice.options
    if (
        not 1 <= len(options) <= _ROWS
        or not 1 <= units(text) <= _LIST_BODY
        or any(not option.title.strip() for option in options)
        or not _ids_fit(options, _ROW_ID)
    ):
        return None
    names = list(dict.fromkeys(option.section for option in options))
    if len(names) > 1 and not all(name.strip() for name in names):
        return None
    sections = []
    for name in names:
        title = {"title": shorten(name, _SECTION_TITLE)} if name.strip() else {}
        sections.append(title | {"rows": [_row(option) for option in options if option.section == name]})
    return _interactive("list", text, {"button": shorten(button, _LIST_BUTTON), "sections": sections}, choice)


def in_plain(message: OutboundMessage) -> str:
    """Everything that a message says, as one text: options numbered, a link as it is."""
    choice, link = message.choice, message.link
    if choice is None:
        return message.text if link is None else f"{message.text}\n\n{link.title}: {link.url}"
    lines = [choice.header, message.text, ""]
    section = ""
    for number, option in enumerate(choice.options, start=1):
        if option.section != section:
            section = option.section
            lines.append(section)
        lines.append(f"{number}. {option.title}" + (f" ({option.detail})" if option.detail else ""))
    lines += ["", choice.footer] if choice.footer else []
    return "\n".join(lines).strip()


def _row(option: Option) -> Body:
    title = _one_line(option.title)
    shown = shorten(title, _ROW_TITLE)
    detail = option.detail if shown == title else f"{title} {option.detail}"
    return {"id": option.id, "title": shown} | (
        {"description": shorten(detail, _ROW_DETAIL)} if detail.strip() else {}
    )


def _link_body(text: str, link: Link) -> Body | None:
    if not 1 <= units(text) <= _BUTTONS_BODY or not 1 <= units(link.title) <= _BUTTON_TITLE:
        return None
    if not link.url.startswith(("https://", "http://")):
        return None
    parameters = {"display_text": link.title, "url": link.url}
    return _interactive("cta_url", text, {"name": "cta_url", "parameters": parameters})


def _interactive(kind: str, text: str, action: Body, choice: Choice | None = None) -> Body:
    around: Body = {}
    if choice is not None and choice.header.strip():
        around["header"] = {"type": "text", "text": shorten(choice.header, _HEADER)}
    if choice is not None and choice.footer.strip():
        around["footer"] = {"text": shorten(choice.footer, _FOOTER)}
    interactive = {"type": kind, **around, "body": {"text": text}, "action": action}
    return {"type": "interactive", "interactive": interactive}


def _quoting(body: Body, message: OutboundMessage) -> Body:
    return body if message.reply_to is None else body | {"context": {"message_id": message.reply_to}}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _ids_fit(options: Sequence[Option], longest: int) -> bool:
    """An id comes back as it was sent: a longer one cannot be shortened, and two may not be the same."""
    ids = [option.id for option in options]
    return len(set(ids)) == len(ids) and all(1 <= units(one) <= longest for one in ids)
