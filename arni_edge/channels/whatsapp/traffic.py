"""Whether the line to Meta is open just now, for whom, and how it is doing."""

from collections.abc import Callable
from typing import Final

from arni_edge.channels.whatsapp.pace import Pace
from arni_edge.domain.clock import Clock
from arni_edge.domain.health import State

_STOP_PAUSE: Final = 60.0


class Traffic:
    """Pauses of the whole line, of templates, and of single people.

    Attributes:
        pace: Of single people.
        pauses: How often in a row the whole line had to wait.
    """

    def __init__(self, clock: Clock, health: Callable[[State, str], None]) -> None:
        """All is open.

        Args:
            clock: For how long pauses last.
            health: Where is told how Meta is.
        """
        self._clock = clock
        self._report = health
        self._health = (State.OK, "")
        self._paused_until = clock.monotonic()
        self._templates_until = clock.monotonic()
        self.pace = Pace()
        self.pauses = 0

    @property
    def paused(self) -> bool:
        """Whether nothing goes but an alarm that has not been tried yet."""
        return self._clock.monotonic() < self._paused_until

    @property
    def templates_paused(self) -> bool:
        """Whether nothing goes of the gym's own accord, alarms excepted."""
        return self._clock.monotonic() < self._templates_until

    def well(self) -> None:
        """Meta answers as it should."""
        self.pauses = 0
        self._paused_until = self._clock.monotonic()
        if not self.templates_paused:
            self._say(State.OK, "")

    def limited(self, seconds: float, reason: str) -> None:
        """Everybody has to wait for a while."""
        self._pause(seconds)
        self._say(State.DEGRADED, reason)

    def stopped(self, reason: str) -> None:
        """Nothing goes until the owner has done something; now and then it is tried."""
        self._pause(_STOP_PAUSE)
        self._say(State.DOWN, reason)

    def templates_stopped(self, reason: str) -> None:
        """Likewise, for what the gym sends of its own accord."""
        self._templates_until = self._clock.monotonic() + _STOP_PAUSE
        self._say(State.DEGRADED, reason)

    def say_again(self) -> None:
        """Tell once more how Meta is: meanwhile something else was told."""
        self._report(*self._health)

    def _pause(self, seconds: float) -> None:
        now = self._clock.monotonic()
        if now >= self._paused_until:  # the others in flight meet the same: that is one failure, not eight
            self.pauses += 1
        self._paused_until = max(self._paused_until, now + seconds)

    def _say(self, state: State, reason: str) -> None:
        self._health = (state, reason)
        self._report(state, reason)
