"""Time, passed in wherever time decides."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a room may know about time."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC: for people, tokens and law."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps: for durations and deadlines."""
        ...


class SystemClock:
    """The clock of the box."""

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """``CLOCK_MONOTONIC`` in seconds."""
        return time.monotonic()
