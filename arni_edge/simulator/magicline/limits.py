"""The simulated Magicline's patience: so many requests a minute, then the whole next minute none."""

from collections.abc import Callable

MINUTE = 60.0


class Limits:
    """Counts requests per endpoint in minutes of the server's clock.

    Attributes:
        per_minute: How many an endpoint takes; None: all.
        refused: How many were refused, by endpoint.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """Nobody asked yet.

        Args:
            now: Seconds since 1970 on the server's clock.
        """
        self.per_minute: int | None = 1000
        self.refused: dict[str, int] = {}
        self._now = now
        self._asked: dict[str, tuple[int, int]] = {}
        self._locked: dict[str, int] = {}

    def take(self, endpoint: str) -> bool:
        """One more request; False: it is refused."""
        minute = int(self._now() // MINUTE)
        if minute <= self._locked.get(endpoint, -1):
            self.refused[endpoint] = self.refused.get(endpoint, 0) + 1
            return False
        since, count = self._asked.get(endpoint, (minute, 0))
        count = count + 1 if since == minute else 1
        self._asked[endpoint] = minute, count
        if self.per_minute is not None and count > self.per_minute:
            self.lock(endpoint)
            self.refused[endpoint] = self.refused.get(endpoint, 0) + 1
            return False
        return True

    def lock(self, endpoint: str) -> None:
        """The rest of this minute and the whole next one are lost."""
        self._locked[endpoint] = int(self._now() // MINUTE) + 1

    def seconds_locked(self, endpoint: str) -> float:
        """How long it refuses still."""
        return max(0.0, (self._locked.get(endpoint, -1) + 1) * MINUTE - self._now())
