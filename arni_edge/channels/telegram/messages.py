"""Posts as bodies for the Bot API. Pure.

Plain text, without any ``parse_mode``: what people wrote into it can break nothing, and needs no escaping.
"""

from typing import Any

from arni_edge.channels.whatsapp.text import units
from arni_edge.storage.post_board import PostedItem

TEXT_LIMIT = 4096
"""Characters of a message; Telegram counts UTF-16 units."""
ALERT_LIMIT = 200
"""Characters of the answer to a press."""
_LABEL_LIMIT = 64
_CUT = "…"


def new(item: PostedItem, chat: int, tokens: list[list[str]]) -> dict[str, Any]:
    """The body of ``sendMessage``.

    Args:
        item: What is said.
        chat: Where.
        tokens: What its buttons carry, row by row.
    """
    body = _message(item, chat) | {"disable_notification": item.silent}
    if item.asks:
        return body | {"reply_markup": {"force_reply": True}}
    return body | ({"reply_markup": _keyboard(item, tokens)} if item.buttons else {})


def changed(item: PostedItem, chat: int, message_id: int, tokens: list[list[str]]) -> dict[str, Any]:
    """The body of ``editMessageText``; without buttons, those that were there go."""
    return _message(item, chat) | {"message_id": message_id, "reply_markup": _keyboard(item, tokens)}


def cleared(chat: int, message_id: int) -> dict[str, Any]:
    """The body of ``editMessageReplyMarkup`` that leaves a message without buttons."""
    return {"chat_id": chat, "message_id": message_id, "reply_markup": {"inline_keyboard": []}}


def fit(text: str, limit: int = TEXT_LIMIT) -> str:
    """A text that Telegram takes: never empty, and cut with an ellipsis where it is too long."""
    text = text.strip() or _CUT
    if units(text) <= limit:
        return text
    head = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)]
    return head.decode("utf-16-le", "ignore").rstrip() + _CUT


def plain(text: str, chat: int) -> dict[str, Any]:
    """The body of ``sendMessage`` for a text without anything."""
    return {"chat_id": chat, "text": fit(text), "link_preview_options": {"is_disabled": True}}


def _message(item: PostedItem, chat: int) -> dict[str, Any]:
    return plain(item.text, chat)


def _keyboard(item: PostedItem, tokens: list[list[str]]) -> dict[str, Any]:
    return {
        "inline_keyboard": [
            [
                {"text": fit(button.label, _LABEL_LIMIT), "callback_data": token}
                for button, token in zip(row, marks, strict=True)
            ]
            for row, marks in zip(item.buttons, tokens, strict=True)
            if row
        ]
    }
