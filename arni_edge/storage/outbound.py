"""Messages as rows of the outbox keep them: pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import (
    Channel,
    Choice,
    Language,
    Link,
    Option,
    OutboundMessage,
    Priority,
    Template,
)

RANK: Final = {Priority.ALARM: 0, Priority.CHAT: 1, Priority.BACKGROUND: 2}
"""How priorities are kept: the lower one goes first."""

MESSAGE_LIFE: Final = timedelta(hours=24)
"""An answer that old is outside every window, and nobody waits for it any more."""

MESSAGE, TEMPLATE = "message", "template"
"""Kinds of rows of the lines that are channels: what needs an open conversation, and what does not."""

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What no database and no wire carries; a model may write it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that is to leave the house, whatever it is.

    Attributes:
        key: Idempotency key; a second entry with the same key is not stored.
        line: Whose sender takes it, for instance ``whatsapp``.
        kind: What it is, in the words of its line.
        order_key: Entries of a line with the same one leave one after the other; personal, never logged.
        payload: What its sender needs (fit for JSON); personal, never logged.
        priority: Order among what waits.
        expires_at: From then on nobody waits for it, and it does not leave (aware); None: never.
        secret: The payload is forgotten as soon as the entry has ended.
        member_id: Whom it is about where the order key does not say it: it is erased with them.
    """

    key: str
    line: str
    kind: str
    order_key: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    priority: Priority = Priority.CHAT
    expires_at: datetime | None = None
    secret: bool = False
    member_id: str | None = None


def entry_of(message: OutboundMessage, now: datetime) -> Entry:
    """A message as an entry of its channel's line.

    Args:
        message: Any.
        now: When it is put in (aware).
    """
    payload: dict[str, Any] = {"text": message.text}
    if message.reply_to is not None:
        payload["reply_to"] = message.reply_to
    if message.template is not None:
        payload["template"] = asdict(message.template)
    if message.choice is not None:
        payload["choice"] = asdict(message.choice)
    if message.link is not None:
        payload["link"] = asdict(message.link)
    if message.asks_phone:
        payload["asks_phone"] = True
    if message.language is not None:
        payload["language"] = message.language.value
    return Entry(
        key=message.key,
        line=message.channel,
        kind=TEMPLATE if message.template is not None and message.template.always else MESSAGE,
        order_key=message.recipient,
        payload=payload,
        priority=message.priority,
        expires_at=message.expires_at or now + MESSAGE_LIFE,
        secret=message.secret,
    )


def message_of(entry: Entry) -> OutboundMessage:
    """The message behind an entry.

    Raises:
        InvalidInput: It holds none.
    """
    payload = entry.payload
    try:
        template, choice, link = payload.get("template"), payload.get("choice"), payload.get("link")
        language = payload.get("language")
        return OutboundMessage(
            key=entry.key,
            channel=Channel(entry.line),
            recipient=entry.order_key,
            text=_text(payload["text"]),
            priority=entry.priority,
            template=None if template is None else _template(template),
            reply_to=payload.get("reply_to"),
            secret=entry.secret,
            choice=None if choice is None else _choice(choice),
            link=None if link is None else Link(**link),
            asks_phone=bool(payload.get("asks_phone")),
            language=None if language is None else Language(language),
            expires_at=entry.expires_at,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"the entry holds no message ({type(error).__name__})") from None


def to_json(payload: Mapping[str, Any]) -> str:
    """A payload as it is stored; signs that no database takes are replaced."""
    return json.dumps(_clean(payload), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Mapping[str, Any]:
    """A payload that was stored; empty when it is none."""
    try:
        payload = json.loads(text)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _NO_TEXT.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _template(values: Mapping[str, Any]) -> Template:
    return Template(**{**values, "values": tuple(values.get("values", ()))})


def _choice(values: Mapping[str, Any]) -> Choice:
    return Choice(**{**values, "options": tuple(Option(**one) for one in values["options"])})
