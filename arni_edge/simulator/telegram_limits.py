"""What the simulated Telegram refuses, in its own words."""

import asyncio
import math
import re
from collections import deque
from typing import Any

_BURST = 8.0
_GROUP_PER_MINUTE = 20
_PER_SECOND = 30
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the"
    " same as a current content and reply markup of the message"
)


class ApiError(Exception):
    """An answer with ``ok: false``."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


class Limits:
    """Telegram's guidance, enforced: one message a second after a burst, 20 a minute to a group, 30 a second.

    Attributes:
        on: Whether they are enforced.
        ignored: How often a chat was written to before its ``retry_after`` was over.
        refused: How often somebody was too fast.
    """

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.on = True
        self.ignored = 0
        self.refused = 0
        self._tokens: dict[int, tuple[float, float]] = {}
        self._said: dict[int, deque[float]] = {}
        self._all: deque[float] = deque()
        self._waits: dict[int, float] = {}

    def check(self, chat: int) -> None:
        """Something is about to be said in a chat.

        Raises:
            ApiError: Too fast.
        """
        if not self.on:
            return
        now = asyncio.get_running_loop().time()
        said = self._said.setdefault(chat, deque())
        for times, window in ((said, 60.0), (self._all, 1.0)):
            while times and times[0] <= now - window:
                times.popleft()
        if now < self._waits.get(chat, now):
            self.ignored += 1
            self._refuse(chat, self._waits[chat] - now)
        tokens, at = self._tokens.get(chat, (_BURST, now))
        tokens = min(_BURST, tokens + now - at)
        if tokens < 1.0:
            self._refuse(chat, 1.0 - tokens)
        if chat < 0 and len(said) >= _GROUP_PER_MINUTE:
            self._refuse(chat, said[0] + 60.0 - now)
        if len(self._all) >= _PER_SECOND:
            self._refuse(chat, 1.0)
        self._tokens[chat] = tokens - 1.0, now
        said.append(now)
        self._all.append(now)

    def _refuse(self, chat: int, seconds: float) -> None:
        wait = max(1, math.ceil(seconds))
        self.refused += 1
        self._waits[chat] = asyncio.get_running_loop().time() + wait
        raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)


def text_of(body: dict[str, Any]) -> str:
    """What is said; Telegram trims it.

    Raises:
        ApiError: It is empty or too long.
    """
    text = str(body.get("text", "")).strip()
    if not text:
        raise ApiError(400, "Bad Request: message text is empty")
    if units(text) > 4096:
        raise ApiError(400, "Bad Request: message is too long")
    return text


def buttons_of(markup: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """Rows of labels with what they carry.

    Raises:
        ApiError: A button carries nothing, or too much.
    """
    rows: list[list[tuple[str, str]]] = []
    for row in markup.get("inline_keyboard", []):
        rows.append([])
        for button in row:
            if not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
                raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
            rows[-1].append((button["text"], button["callback_data"]))
    return rows


def commands_of(body: dict[str, Any]) -> list[dict[str, str]]:
    """The commands of a menu.

    Raises:
        ApiError: There are too many, or one is malformed.
    """
    commands: list[dict[str, str]] = body["commands"]
    if len(commands) > 100:
        raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for one in commands:
        if not _COMMAND.fullmatch(one["command"]):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(one["description"]) <= 256:
            raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return commands


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
