"""The line from Telegram into the house: long polls, nothing lost, nothing asked twice as often as needed."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from arni_edge.channels.telegram.answers import Answer, Away, Conflict, Done, Stop, Wait
from arni_edge.channels.telegram.client import BotApi
from arni_edge.channels.telegram.condition import Condition
from arni_edge.channels.telegram.updates import ALLOWED, Update, read_updates
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.storage import Database, telegram
from arni_edge.supervision.ticking import ticking

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 50
"""The most that the server allows."""
_GRACE_SECONDS = 10.0
_SHORTEST_ROUND = 1.0
"""A server that answers "nothing" at once is asked once a second, not in a spin."""
_NEW_NUMBERS_AFTER = timedelta(days=6)
"""After a week without updates their numbers begin anew somewhere: then we ask for whatever there is."""
_STOP_SECONDS = 60.0
_CONFLICTS = 3
_CONFLICT_SECONDS = 120.0
"""One conflict is a poll of ours that the network has forgotten; so many in so short a time is somebody."""
_WEBHOOK_SECONDS = 600.0

Take = Callable[[Sequence[Update]], Awaitable[None]]


class Poller:
    """Fetches updates and hands them on; the next poll confirms what was stored."""

    def __init__(
        self,
        api: BotApi,
        database: Database,
        clock: Clock,
        take: Take,
        *,
        named: Callable[[str], None],
        condition: Condition,
        longest_backoff: float = 30.0,
    ) -> None:
        """Nothing is asked yet.

        Args:
            api: The bot.
            database: Knows how far we are.
            clock: Of the box.
            take: Stores a batch and the cursor behind it, in that order or together.
            named: Is told what the bot is called at Telegram.
            condition: Is told how it goes.
            longest_backoff: Seconds between attempts at most, while Telegram is away.
        """
        self._api = api
        self._database = database
        self._clock = clock
        self._take = take
        self._named = named
        self._condition = condition
        self._backoff = Backoff(first=0.5, longest=longest_backoff)
        self._conflicts: deque[float] = deque(maxlen=_CONFLICTS)
        self._webhook_removed_at: float | None = None
        self._introduced = False
        self._fresh = True

    async def run(self, progress: Progress) -> None:
        """Poll for ever. Returns only by cancellation; raises only what is a bug."""
        while True:
            progress()
            try:
                pause = await self._round(progress)
            except Unavailable as error:
                self._condition.note("poll", State.DOWN, str(error))
                pause = self._backoff.next()
            await ticking(asyncio.sleep(pause), progress)

    async def _round(self, progress: Progress) -> float:
        """One question; returns the seconds before the next."""
        if not self._introduced:
            return self._introduce(await ticking(self._api.call("getMe"), progress))
        # The first poll after a trouble does not wait, so that its end shows soon.
        wait = 0 if self._fresh else _POLL_SECONDS
        began = self._clock.monotonic()
        answer = await ticking(self._poll(wait), progress)
        if not isinstance(answer, Done):
            return await self._failed(answer)
        updates = read_updates(answer.result)
        if answer.result and not updates:
            return await self._failed(Away("Telegram's updates cannot be read", arrived=False))
        await self._take(updates)
        self._well()
        lasted = self._clock.monotonic() - began
        return 0.0 if updates or not wait else max(0.0, _SHORTEST_ROUND - lasted)

    def _introduce(self, answer: Answer) -> float:
        """Learn what the bot is called: groups name it behind a command, links need it."""
        if not isinstance(answer, Done):
            return self._trouble(answer)
        name = answer.result.get("username") if isinstance(answer.result, dict) else None
        if isinstance(name, str):
            self._named(name)
        self._introduced = True
        self._well()
        return 0.0

    async def _poll(self, seconds: int) -> Answer:
        body: dict[str, Any] = {"timeout": seconds, "allowed_updates": ALLOWED}
        offset = await self._offset(self._clock.now())
        if offset is not None:
            body["offset"] = offset
        return await self._api.call("getUpdates", body, deadline=seconds + _GRACE_SECONDS)

    async def _offset(self, now: datetime) -> int | None:
        """What we have not got yet begins here; None: whatever is not confirmed."""
        known = await telegram.cursor(self._database)
        if known is None or now - known[1] > _NEW_NUMBERS_AFTER:
            return None
        return known[0] + 1

    # --- how it goes ------------------------------------------------------------------------------------

    def _well(self) -> None:
        self._fresh = False
        self._backoff.forget()
        if self._contested():
            return
        self._condition.note("poll", State.OK)

    async def _failed(self, answer: Answer) -> float:
        if isinstance(answer, Conflict):
            return await self._conflict(answer)
        return self._trouble(answer)

    def _trouble(self, answer: Answer) -> float:
        self._fresh = True
        match answer:
            case Wait(seconds):
                self._condition.note("poll", State.DEGRADED, "Telegram limits the rate")
                return seconds
            case Stop(reason):
                self._condition.note("poll", State.DOWN, reason)
                return _STOP_SECONDS
            case Away(reason):
                self._condition.note("poll", State.DOWN, reason)
            case _:
                _log.error("telegram_poll_refused", answer=type(answer).__name__)
                self._condition.note("poll", State.DOWN, "Telegram refuses to hand out updates")
        return self._backoff.next()

    async def _conflict(self, conflict: Conflict) -> float:
        now = self._clock.monotonic()
        if not conflict.webhook:
            self._conflicts.append(now)
            self._contested()
            return self._backoff.next()
        removed_at, self._webhook_removed_at = self._webhook_removed_at, now
        if removed_at is None or now - removed_at > _WEBHOOK_SECONDS:
            _log.warning("telegram_webhook_removed")
            await self._api.call("deleteWebhook", {"drop_pending_updates": False})
            return 0.0
        self._condition.note("poll", State.DOWN, "somebody sets a webhook for this bot again and again")
        return _STOP_SECONDS

    def _contested(self) -> bool:
        """Whether somebody else takes updates away from us: then every second one may be lost to them."""
        now = self._clock.monotonic()
        if len(self._conflicts) < _CONFLICTS or now - self._conflicts[0] > _CONFLICT_SECONDS:
            return False
        self._condition.note("poll", State.DOWN, "somebody else polls with this token: an old box?")
        return True
