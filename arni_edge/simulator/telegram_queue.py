"""The queue of updates behind ``getUpdates``, as the official server keeps it.

After its source (tdlib/telegram-bot-api 10.0, ``process_get_updates_query``, ``do_get_updates``): one poll at
a time, confirmation by offset, three seconds for those who hurry, and an expiry that asks nobody.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

DAY_SECONDS = 24 * 3600.0
CALLBACK_SECONDS = 150.0
OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)
WEBHOOK_SET = "Conflict: terminated by setWebhook request"
_LONGEST_POLL = 50.0
_HURRY_SECONDS = 3.0
_RUSH_SECONDS = 0.5
_FUTURE = 10
"""An offset so far behind the last update is not believed: then the queue is shown from its head."""


class Conflict(Exception):
    """A poll that was ended by somebody else; its text is the server's."""


class UpdateQueue:
    """Updates that nobody has confirmed.

    Attributes:
        conflict_seconds: So long is a second conflict within the same time held back, as at Telegram.
        closed: No poll waits any more.
    """

    def __init__(self, now: Callable[[], float], first: int) -> None:
        """Empty.

        Args:
            now: Seconds of the server's clock.
            first: Number of the first update.
        """
        self._now = now
        self._next = first
        self._updates: list[tuple[int, float, dict[str, Any]]] = []
        self._allowed: set[str] | None = None
        self._arrived = asyncio.Event()
        self._poll: asyncio.Future[None] | None = None
        self._before: tuple[int, float] = (0, -_HURRY_SECONDS)
        self._next_conflict_at = 0.0
        self.conflict_seconds = 3.0
        self.closed = False

    def add(self, content: dict[str, Any], *, seconds: float = DAY_SECONDS) -> int | None:
        """Something happened; returns its number, or None when the bot did not ask for such things.

        Args:
            content: The one content field of the update.
            seconds: How long it is kept.
        """
        if self._allowed is not None and not self._allowed.issuperset(content):
            return None
        number = self._next
        self._next += 1
        self._updates.append((number, self._now() + seconds, content))
        self._wake()
        return number

    def renumber(self, first: int) -> None:
        """The next update gets this number, as after a week of silence."""
        self._next = first

    def close(self) -> None:
        """End the poll that waits, and let none wait any more."""
        self.closed = True
        self._wake()

    def abort(self, reason: str) -> None:
        """End the poll that waits, with a conflict."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(Conflict(reason))

    @property
    def waiting(self) -> bool:
        """Whether a poll waits."""
        return self._poll is not None and not self._poll.done()

    @property
    def pending(self) -> int:
        """How many updates nobody has confirmed."""
        self._expire()
        return len(self._updates)

    async def get(
        self, offset: int, limit: int, seconds: float, allowed: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """Answer one poll.

        Args:
            offset: Everything below is confirmed; negative: everything but the last so many is forgotten.
            limit: At most so many, 1 to 100.
            seconds: How long it may wait for the first one.
            allowed: Kinds that are wanted from now on; None: as before.

        Raises:
            Conflict: Another poll came meanwhile.
        """
        if allowed is not None:
            self._allowed = set(allowed) or None
        loop = asyncio.get_running_loop()
        limit = min(max(limit, 1), 100)
        seconds = min(max(seconds, 0.0), _LONGEST_POLL)
        before, at = self._before
        if offset == before and loop.time() < at + _HURRY_SECONDS and seconds < _HURRY_SECONDS:
            seconds = _HURRY_SECONDS
        if offset == before and loop.time() < at + _RUSH_SECONDS:
            limit = 1
        self._before = (offset, loop.time())
        found = self._take(offset, limit)
        if found or not seconds or self.closed:
            return found
        self.abort(OTHER_POLL)
        return await self._wait(max(offset, 0), limit, loop.time() + seconds)

    async def hold_conflict(self) -> None:
        """Keep a conflict back if there was one just now."""
        now = asyncio.get_running_loop().time()
        if now < self._next_conflict_at:
            await asyncio.sleep(self.conflict_seconds)
        else:
            self._next_conflict_at = now + self.conflict_seconds

    async def _wait(self, offset: int, limit: int, until: float) -> list[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        while True:
            self._poll = poll = loop.create_future()
            done, _ = await asyncio.wait({poll}, timeout=max(0.0, until - loop.time()))
            if done:
                poll.result()
            found = self._take(offset, limit)
            if found or self.closed or loop.time() >= until:
                if self._poll is poll:
                    self._poll = None
                return found

    def _wake(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def _take(self, offset: int, limit: int) -> list[dict[str, Any]]:
        self._expire()
        if offset < 0:
            self._updates = self._updates[offset:]
        elif offset <= self._next + _FUTURE:
            self._updates = [one for one in self._updates if one[0] >= offset]
        return [{"update_id": number, **content} for number, _, content in self._updates[:limit]]

    def _expire(self) -> None:
        now = self._now()
        self._updates = [one for one in self._updates if one[1] > now]
