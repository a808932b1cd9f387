"""When silence proves that Meta never had a message.

Every message that Meta accepts yields at least one status, which the relay keeps for us. A relay that has
been caught up without a break for some time has therefore heard of everything that was accepted before. How
long that takes depends on Meta: what could not be delivered to the relay is delivered again after a pause
that grows with the time for which it could not. After an absence of the relay, silence counts only when it
has lasted as long.
"""

from typing import Final, Protocol

_LONGEST_SILENCE: Final = 6 * 3600.0
"""Seconds; Meta begins with pauses of minutes, and nobody waits for a chat for longer."""

NEVER: Final = float("-inf")


class RelayView(Protocol):
    """What the sender must know of the relay's line; :class:`~arni_edge.relay.RelayPull` has it."""

    @property
    def caught_up_at(self) -> float | None:
        """Monotonic time of the last poll that ended at the newest event; None when behind or away."""
        ...

    @property
    def caught_up_since(self) -> float | None:
        """Monotonic time since when every poll has ended there, or None."""
        ...

    @property
    def away_since(self) -> float | None:
        """Monotonic time since when the relay has not answered; None while it does, even when behind."""
        ...


class Silence:
    """Watches the relay's line."""

    def __init__(self, relay: RelayView, *, resolve_seconds: float) -> None:
        """Look now and then: :meth:`look`.

        Args:
            relay: Its line.
            resolve_seconds: So long does Meta take for a status when all is well.
        """
        self._relay = relay
        self.resolve_seconds = resolve_seconds
        self._away_for = 0.0

    def look(self, now: float) -> None:
        """See how long the relay has been away; at least every second or so.

        Args:
            now: Monotonic seconds.
        """
        away = self._relay.away_since
        if away is not None:
            self._away_for = max(self._away_for, now - away)
        elif (since := self._relay.caught_up_since) is not None and now - since >= self._demanded:
            self._away_for = 0.0

    @property
    def horizon(self) -> float:
        """Monotonic time before which every accepted message has shown itself by a status."""
        at, since = self._relay.caught_up_at, self._relay.caught_up_since
        if at is None or since is None or at - since < self._demanded:
            return NEVER
        return at - self.resolve_seconds

    def is_gone(self, now: float) -> bool:
        """Whether the relay has been away for so long that nothing urgent waits for it."""
        away = self._relay.away_since
        return away is not None and now - away >= self.resolve_seconds

    @property
    def _demanded(self) -> float:
        return max(self.resolve_seconds, min(self._away_for, _LONGEST_SILENCE))
