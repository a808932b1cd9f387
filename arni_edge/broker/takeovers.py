"""Whether somebody else uses our client id."""

from collections import deque
from typing import Final

# Two connections with one client id throw each other out for ever, about once per second in the beginning and
# still more than six times per minute when both back off; a hiccup of our own makes one or two.
_TOLERATED: Final = 5
_WINDOW_SECONDS: Final = 60.0


class Takeovers:
    """Counts how often our session was taken over in the last minute.

    Mosquitto 2.0.11 hangs up without the reason code that MQTT 5 has for it. A takeover is recognised by what
    surrounds it: thrown out by a broker that lets us in again at the next attempt and is still the same
    process, so neither it nor the way to it broke.
    """

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=_TOLERATED + 1)
        self._thrown_out = False
        self._by: int | None = None

    def ended(self, *, thrown_out: bool, broker: int | None) -> None:
        """A connection, or an attempt to make one, came to its end.

        Args:
            thrown_out: It was a session, and the broker hung up.
            broker: Process id of the broker, None where it cannot be known (TCP).
        """
        self._thrown_out = thrown_out
        self._by = broker

    def connected(self, *, broker: int | None, now: float) -> None:
        """We are in again at ``now`` (monotonic seconds)."""
        if self._thrown_out and self._by == broker:
            self._at.append(now)
        self._thrown_out = False

    def too_many(self, now: float) -> bool:
        """Whether this can only mean that a second instance is running."""
        return len(self._at) > _TOLERATED and now - self._at[0] < _WINDOW_SECONDS
