"""Telegram's updates, read: hostile, in many kinds, and more of them with every version. Pure."""

import json
from dataclasses import asdict, dataclass
from typing import Any

ALLOWED = ["message", "callback_query", "my_chat_member"]
"""What is asked for with every poll; the server remembers the last wish of whoever asked."""

_TEXT_LIMIT = 4096
_DATA_LIMIT = 64
_LAST_DATE = 2**32
_CONTENT = (
    "photo voice video video_note audio document sticker animation location contact poll venue dice story"
).split()
_NOT_THEIR_OWN = (
    # Forwarded, said in the name of a chat, or by way of another bot: nobody who may act has said this to us.
    "forward_origin forward_date forward_from forward_from_chat forward_sender_name is_automatic_forward"
    " sender_chat via_bot"
).split()


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button.

    Attributes:
        user: Who.
        chat: Where, or None when Telegram does not say.
        private: Whether that is the person's own chat with the bot.
        query_id: What is to be answered.
        data: What the button carries.
    """

    user: int
    chat: int | None
    private: bool
    query_id: str
    data: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """Somebody wrote.

    Attributes:
        user: Who.
        chat: Where.
        private: Whether that is the person's own chat with the bot.
        text: What; empty for what is no text.
        reply_to: The message that it replies to, or None.
        date: When, in Unix seconds by Telegram's clock.
        language: What their app speaks, for instance ``de-DE``; may be empty.
    """

    user: int
    chat: int
    private: bool
    text: str
    reply_to: int | None
    date: int
    language: str


@dataclass(frozen=True, slots=True)
class Membership:
    """A chat let the bot in, or threw it out.

    Attributes:
        chat: Which.
        present: Whether the bot can write there.
    """

    chat: int
    present: bool


@dataclass(frozen=True, slots=True)
class Migrated:
    """A group became a supergroup."""

    chat: int
    moved_to: int


What = Pressed | Wrote | Membership | Migrated


@dataclass(frozen=True, slots=True)
class Update:
    """One update.

    Attributes:
        update_id: Telegram's; confirmed whatever is in it.
        what: What it tells, or None when that is nothing for us.
    """

    update_id: int
    what: What | None


def read_updates(result: object) -> list[Update]:
    """What a poll brought; what has no usable id is left out, everything else is kept in order."""
    found = []
    for one in result if isinstance(result, list) else []:
        update_id = _integer(one, "update_id")
        if update_id is not None and update_id >= 0:
            found.append(Update(update_id, _what(one)))
    return found


def to_text(what: Pressed | Wrote) -> str:
    """As it is stored."""
    return json.dumps([type(what).__name__, asdict(what)], ensure_ascii=False)


def from_text(text: str) -> Pressed | Wrote:
    """What :func:`to_text` made."""
    name, values = json.loads(text)
    return Pressed(**values) if name == Pressed.__name__ else Wrote(**values)


def _what(update: dict[str, Any]) -> What | None:
    if isinstance(query := update.get("callback_query"), dict):
        return _pressed(query)
    if isinstance(message := update.get("message"), dict):
        return _migrated(message) or _wrote(message)
    if isinstance(change := update.get("my_chat_member"), dict):
        return _membership(change)
    return None


def _pressed(query: dict[str, Any]) -> Pressed | None:
    user, query_id, data = _person(query), query.get("id"), query.get("data")
    if user is None or not isinstance(query_id, str) or not isinstance(data, str):
        return None
    if not 0 < len(query_id) <= 100 or len(data.encode(errors="replace")) > _DATA_LIMIT:
        return None
    message = query.get("message")
    chat = _integer(_part(message, "chat"), "id")
    return Pressed(user, chat, chat == user, query_id, data)


def _wrote(message: dict[str, Any]) -> Wrote | None:
    user, chat = _person(message), _part(message, "chat")
    chat_id, kind = _integer(chat, "id"), _part(chat, "type")
    if user is None or chat_id is None or kind not in ("private", "group", "supergroup"):
        return None
    private = kind == "private"
    if (private and chat_id != user) or any(mark in message for mark in _NOT_THEIR_OWN):
        return None
    text = message.get("text")
    if not isinstance(text, str):
        if not any(one in message for one in _CONTENT):
            return None  # somebody joined, a title changed …: said by Telegram, not by a person
        text = ""
    language = _part(message.get("from"), "language_code")
    return Wrote(
        user,
        chat_id,
        private,
        text[:_TEXT_LIMIT],
        _integer(message.get("reply_to_message"), "message_id"),
        max(0, min(_integer(message, "date") or 0, _LAST_DATE)),
        language[:16] if isinstance(language, str) else "",
    )


def _migrated(message: dict[str, Any]) -> Migrated | None:
    """The group says it where it was; the supergroup repeats it."""
    chat, moved_to = _integer(message.get("chat"), "id"), _integer(message, "migrate_to_chat_id")
    if chat is not None and chat < 0 and moved_to is not None and moved_to < 0:
        return Migrated(chat, moved_to)
    return None


def _membership(change: dict[str, Any]) -> Membership | None:
    chat, status = _integer(change.get("chat"), "id"), _part(change.get("new_chat_member"), "status")
    if chat is None or not isinstance(status, str):
        return None
    return Membership(chat, status not in {"kicked", "left"})


def _person(holder: dict[str, Any]) -> int | None:
    """Who is behind it, by the number that Telegram guarantees; a bot is nobody."""
    person = holder.get("from")
    user = _integer(person, "id")
    if user is None or user <= 0 or _part(person, "is_bot") is not False:
        return None
    return user


def _part(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _integer(value: object, name: str) -> int | None:
    """A whole number of at most 52 bits, as Telegram promises."""
    number = _part(value, name)
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) >= 2**53:
        return None
    return number
