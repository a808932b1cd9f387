"""The time of a simulated service: as it is, or as far ahead as somebody has set it."""

from datetime import datetime, timedelta

from arni_edge.domain.clock import Clock, SystemClock


class MovableClock:
    """A clock that goes on by itself and can be set forward, so that a day passes in a moment."""

    def __init__(self, clock: Clock | None = None) -> None:
        """It is as late as it is.

        Args:
            clock: What goes on; None: the clock of this computer.
        """
        self._clock = clock or SystemClock()
        self._ahead = 0.0

    def now(self) -> datetime:
        """The wall clock, aware."""
        return self._clock.now() + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        """Seconds."""
        return self._clock.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._ahead += seconds
