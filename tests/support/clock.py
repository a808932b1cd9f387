"""A clock that stands still until a test moves it."""

import time
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Starts on a Wednesday at noon, Berlin time."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def jump(self, by: timedelta) -> None:
        """Somebody sets the clock on the wall; the one that counts seconds goes on as it was."""
        self._now += by

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


class PassingClock(ManualClock):
    """Goes on by itself, from the same Wednesday at noon; and a test may add to it."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = time.monotonic()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._begun)

    def monotonic(self) -> float:
        return self._monotonic + time.monotonic() - self._begun
