"""What Telegram answers, and what that means for us: pure.

Bot API 10.0. A description decides only where the code alone does not; what it says is matched, never
shown: the words are the server's and may change.
"""

from dataclasses import dataclass
from typing import Any, Final

from arni_edge.domain.json_text import read_json

_LONGEST_WAIT = 24 * 3600.0
_WAIT_SECONDS = 5.0
"""When it says "too many" without saying how long."""


@dataclass(frozen=True, slots=True)
class Done:
    """It was done.

    Attributes:
        result: What it gave; hostile like everything from outside.
    """

    result: Any


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The message looks like this already: as good as done."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The message that was to be changed is gone, or cannot be changed."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The press of the button waits for no answer any more."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many requests: nothing to this chat for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Moved:
    """The group became a supergroup: the same again, there."""

    chat: int


@dataclass(frozen=True, slots=True)
class Unreachable:
    """This chat takes nothing from us until somebody there does something."""

    reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Updates go to somebody else: to a web address that was set, or to a second poller."""

    webhook: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing works until the owner has done something."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """This request will never work: a bug of ours, or a limit we do not know."""

    reason: str


@dataclass(frozen=True, slots=True)
class Away:
    """Later may work.

    Attributes:
        reason: Why.
        arrived: Whether it may have been done all the same.
    """

    reason: str
    arrived: bool


Answer = Done | Unchanged | Missing | Expired | Wait | Moved | Unreachable | Conflict | Stop | Rejected | Away

WRONG_TOKEN: Final = "Telegram does not accept the token; check the credential 'telegram_token'"  # noqa: S105

_UNREACHABLE = {
    "blocked by the user": "has blocked the bot",
    "user is deactivated": "has deleted the account",
    "can't initiate conversation": "has not started the bot",
    "was kicked": "has removed the bot",
    "not a member": "has removed the bot",
    "chat was deleted": "was deleted",
    "chat not found": "is not known to the bot: it must be started there first",
    "have no rights to send": "does not let the bot write",
    "not enough rights": "does not let the bot write",
    "chat_write_forbidden": "does not let the bot write",
    "peer_id_invalid": "is not known to the bot: it must be started there first",
}
_MISSING = ("message to edit not found", "message can't be edited", "message_id_invalid")


def judge(status: int, content: bytes) -> Answer:
    """What an HTTP answer of the Bot API means.

    Args:
        status: The HTTP status.
        content: The body; usually JSON, not always.
    """
    body = read_json(content)
    if not isinstance(body, dict) or not isinstance(body.get("ok"), bool):
        # Not the Bot API's own words: a gateway before it gave up, perhaps after the request went through.
        return Away(f"Telegram answers with HTTP {status} and not in its own words", arrived=True)
    if body["ok"]:
        return Done(body.get("result"))
    code = body.get("error_code")
    code = code if isinstance(code, int) and not isinstance(code, bool) else status
    description = body.get("description")
    description = description.casefold() if isinstance(description, str) else ""
    parameters = body.get("parameters")
    return _judge_error(code, description, parameters if isinstance(parameters, dict) else {})


def _judge_error(code: int, description: str, parameters: dict[str, Any]) -> Answer:
    if code == 429:
        return Wait(_seconds(parameters.get("retry_after")))
    if code == 401:
        return Stop(WRONG_TOKEN)
    if code == 404:
        # The token has not even the form of one, or the address is not that of a Bot API.
        return Stop(f"{WRONG_TOKEN} and telegram.api_url")
    if code == 409:
        return Conflict(webhook="webhook" in description)
    if code == 403:
        return Unreachable(_why(description) or "takes nothing from the bot")
    if code >= 500:
        return Away(f"Telegram has a problem (code {code})", arrived=True)
    return _judge_request(code, description, parameters)


def _judge_request(code: int, description: str, parameters: dict[str, Any]) -> Answer:
    """What is wrong with a single request."""
    moved = parameters.get("migrate_to_chat_id")
    if isinstance(moved, int) and not isinstance(moved, bool) and moved < 0:
        return Moved(moved)
    if "message is not modified" in description:
        return Unchanged()
    if "query is too old" in description or "query id is invalid" in description:
        return Expired()
    if any(words in description for words in _MISSING):
        return Missing()
    if reason := _why(description):
        return Unreachable(reason)
    known = "".join(one for one in description if one.isascii() and (one.isalpha() or one in " _:'"))
    return Rejected(f"Telegram refuses the request (code {code}: {known.strip()[:80]})")


def _why(description: str) -> str | None:
    return next((reason for words, reason in _UNREACHABLE.items() if words in description), None)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return _WAIT_SECONDS
    return min(float(value), _LONGEST_WAIT)
