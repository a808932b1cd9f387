"""How fast we may ask, so that Magicline never has to lock us out.

Magicline allows 1000 requests a minute, counted per endpoint; whoever exceeds that gets nothing from this
endpoint for the whole next minute. So everything is spread: what reads on its own account leaves at even
distances and keeps a fifth of the minute free, and a person who waits for an answer goes before it.
"""

import asyncio
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.magicline.errors import Away

_MINUTE: Final = 60.0
_RESERVED_SHARE: Final = 0.2
"""Of each minute, for people who wait."""
_PATIENCE: Final = {True: 5.0, False: 180.0}
"""Seconds for which a request waits for its turn, by whether somebody waits for it. A lock-out takes two
minutes at most."""
_JITTER: Final = 5.0
_LONGEST_CLOSURE: Final = 3600.0

Sleep = Callable[[float], Awaitable[None]]


class Lane:
    """What left for one endpoint lately, and when the next may. Pure: it is told the time."""

    def __init__(self, per_minute: int) -> None:
        """Nothing has left yet.

        Args:
            per_minute: Requests in any 60 seconds.
        """
        self._per_minute = per_minute
        self._own = max(1, per_minute - max(1, math.ceil(per_minute * _RESERVED_SHARE)))
        self._left: deque[float] = deque()
        self._next_own = -math.inf
        self._closed_until = -math.inf

    def leave(self, now: float, *, urgent: bool) -> float:
        """Take a turn now if there is one.

        Args:
            now: Monotonic seconds.
            urgent: Somebody waits for it.

        Returns:
            0 when the turn was taken, else the seconds until asking again has a chance.
        """
        while self._left and self._left[0] <= now - _MINUTE:
            self._left.popleft()
        wait = max(self._closed_until - now, 0.0)
        most = self._per_minute if urgent else self._own
        if len(self._left) >= most:
            wait = max(wait, self._left[len(self._left) - most] + _MINUTE - now)
        if not urgent:
            wait = max(wait, self._next_own - now)
        if wait > 0:
            return wait
        self._left.append(now)
        if not urgent:
            self._next_own = now + _MINUTE / self._own
        return 0.0

    def close(self, until: float) -> None:
        """Nothing leaves before so many monotonic seconds."""
        self._closed_until = max(self._closed_until, until)


class Pace:
    """The lanes of all endpoints of one key."""

    def __init__(self, per_minute: int, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        """Nothing has left yet.

        Args:
            per_minute: Requests to each endpoint in any 60 seconds.
            clock: Of the box.
            sleep: How to wait.
        """
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, Lane] = {}
        self._queues: dict[tuple[str, bool], asyncio.Lock] = {}

    async def turn(self, endpoint: str, *, urgent: bool) -> None:
        """Wait until a request may leave; those that came first leave first.

        Args:
            endpoint: Method and path template.
            urgent: Somebody waits for it: it goes before what nobody waits for, and rather fails than waits.

        Raises:
            Away: Its turn would come too late.
        """
        lane = self._lanes.setdefault(endpoint, Lane(self._per_minute))
        queue = self._queues.setdefault((endpoint, urgent), asyncio.Lock())
        latest = self._clock.monotonic() + _PATIENCE[urgent]
        # A lock hands itself on in the order of asking, also when somebody gives up.
        async with queue:
            while (wait := lane.leave(now := self._clock.monotonic(), urgent=urgent)) > 0:
                if now + wait > latest:
                    raise Away("Magicline's limit for requests is used up", retry_after=wait)
                await self._sleep(wait)

    def locked_out(self, endpoint: str, retry_after: float | None) -> float:
        """Magicline answered 429: leave this endpoint alone.

        Args:
            endpoint: Method and path template.
            retry_after: Seconds that Magicline asked for, or None: then the whole next minute, by the clock
                on the wall.

        Returns:
            Seconds for which it stays closed.
        """
        rest = _MINUTE - self._clock.now().timestamp() % _MINUTE
        seconds = rest + _MINUTE if retry_after is None else min(retry_after, _LONGEST_CLOSURE)
        seconds += random.uniform(0.0, _JITTER)  # noqa: S311 - keeps a fleet apart, guards nothing
        now = self._clock.monotonic()
        self._lanes.setdefault(endpoint, Lane(self._per_minute)).close(now + seconds)
        return seconds
