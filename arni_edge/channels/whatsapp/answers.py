"""What the Graph API answers to a message, and what that means for us: pure.

Decided by ``error.code`` alone, never by text or HTTP status (Meta's error reference, 2025-12-12). Reasons
are our own words: Meta's texts may repeat the recipient.
"""

from dataclasses import dataclass
from typing import Any

import orjson

NEEDS_A_NUMBER = 131062
"""Code: not to a business-scoped user id."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Meta has the message. That is not "delivered": a status will tell."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Meta certainly does not have it; later may work.

    Attributes:
        after_seconds: Before the first repetition; the sender lengthens it with every attempt.
        reason: Why.
        everybody: Whether every other message would meet the same, so that the line should wait.
    """

    after_seconds: float
    reason: str
    everybody: bool


@dataclass(frozen=True, slots=True)
class RetryThisUser:
    """Too many messages to this one person: only they wait, 4^X seconds (code 131056)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Park:
    """Not before so many seconds have passed; nothing else has to wait for it (code 131049)."""

    after_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """Nothing was heard for a day: an approved template may go, our own words may not (code 131047)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """Meta does not understand it; in a plainer form it may. As it is, it is never sent again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """This message will never go out this way.

    Attributes:
        reason: Why.
        trouble: What staff have to hear of, a key below ``notice.line``; empty: it concerns nobody else.
    """

    reason: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing goes out until the owner has done something; the outbox is kept.

    Attributes:
        reason: Why.
        only_templates: Answers may go on: it is about what the gym sends of its own accord.
    """

    reason: str
    only_templates: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The message may have been sent, or not."""

    reason: str


SendResult = (
    Accepted | Retry | RetryThisUser | Park | WindowClosed | Malformed | Undeliverable | Stop | Uncertain
)

_STOP = {
    0: "the access token is not valid",
    190: "the access token has expired or was revoked",
    3: "the access token lacks a permission",
    10: "the access token lacks a permission",
    131005: "the access token lacks a permission",
    368: "Meta has restricted the WhatsApp account",
    131031: "Meta has locked the WhatsApp account",
    33: "the phone number id is wrong or was deleted",
    2500: "whatsapp.graph_url names no version of the Graph API that there is",
    131045: "the phone number is not registered",
    133010: "the phone number is not registered",
}
_STOP_TEMPLATES = {
    131042: "there is a payment problem at Meta",
    131048: "Meta limits the number because of spam reports",
    131064: "Meta limits the account because of its templates",
}
_EVERYBODY_WAITS = {
    4: 300.0,
    80007: 300.0,
    130429: 5.0,
    131057: 60.0,
    133016: 3600.0,
}
_TEMPORARY = {1, 2, 131000, 131016, 133004}
_PAIR_RATE = 131056
_PARKED = {131049: (24 * 3600.0, "Meta holds it back to protect the recipient")}
_WINDOW = 131047
_MALFORMED = {
    100: "the request is malformed",
    131008: "the request lacks a parameter",
    131009: "a parameter is wrong",
    131051: "the message type is not supported",
}
_NEVER = {
    131021: "the recipient is the gym itself",
    131026: "the recipient cannot get WhatsApp messages",
    131030: "the recipient is not on the test number's list",
    131050: "the recipient has stopped marketing messages",
    130472: "the recipient is part of an experiment of Meta",
    131052: "the media could not be fetched",
    131053: "the media could not be uploaded",
    NEEDS_A_NUMBER: "this message cannot go to a user without a phone number",
    135000: "Meta refuses the message without saying why",
}
_NEVER_AND_TOLD = {
    # Meta's table says "stop" for these two, but they concern one recipient: nobody may silence a gym.
    130497: ("Meta does not allow messages to the recipient's country", "country"),
    137000: ("the recipient's identity key has changed", "identity"),
}
_TEMPLATE_CODES = range(132000, 133000)
_TEMPORARY_SECONDS = 5.0


def judge(status: int, content: bytes) -> SendResult:
    """What an HTTP answer to ``POST …/messages`` means."""
    body = _read(content)
    error = body.get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        return judge_code(error["code"], temporary=status >= 500 or error.get("is_transient") is True)
    if status == 200:
        message_id = _message_id(body)
        return Accepted(message_id) if message_id else Uncertain("Meta's answer names no message")
    if status >= 500:
        # Not Meta's own error body: a gateway gave up on a request that may have gone through.
        return Uncertain(f"HTTP {status} without an error code")
    return Retry(_TEMPORARY_SECONDS, f"HTTP {status} without an error code", everybody=True)


def judge_code(code: int, *, temporary: bool) -> SendResult:  # noqa: C901 - Meta's table, row by row
    """What Meta's error code means; ``temporary`` decides about codes that are not in its reference."""
    if reason := _STOP.get(code):
        return Stop(f"{reason} (code {code})")
    if reason := _STOP_TEMPLATES.get(code):
        return Stop(f"{reason} (code {code})", only_templates=True)
    if 200 <= code <= 299:
        return Stop(f"the access token lacks a permission (code {code})")
    if (seconds := _EVERYBODY_WAITS.get(code)) is not None:
        return Retry(seconds, f"Meta limits the rate (code {code})", everybody=True)
    if code == _PAIR_RATE:
        return RetryThisUser(f"too many messages to this recipient (code {code})")
    if parked := _PARKED.get(code):
        return Park(parked[0], f"{parked[1]} (code {code})")
    if code == _WINDOW:
        return WindowClosed(f"the 24-hour window is closed (code {code})")
    if reason := _MALFORMED.get(code):
        return Malformed(f"{reason} (code {code})")
    if code in _TEMPLATE_CODES:
        return Undeliverable(f"the template cannot be used (code {code})", "template")
    if reason := _NEVER.get(code):
        return Undeliverable(f"{reason} (code {code})")
    if told := _NEVER_AND_TOLD.get(code):
        return Undeliverable(f"{told[0]} (code {code})", told[1])
    if code in _TEMPORARY or temporary:
        return Retry(_TEMPORARY_SECONDS, f"Meta has a temporary problem (code {code})", everybody=False)
    return Undeliverable(f"Meta refuses the message (code {code})")


def _read(content: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _message_id(body: dict[str, Any]) -> str | None:
    messages = body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    message_id = first.get("id") if isinstance(first, dict) else None
    return message_id if isinstance(message_id, str) and message_id else None
