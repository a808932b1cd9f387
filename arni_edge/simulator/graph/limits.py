"""How fast the simulated Graph API may be asked: to one person, and to all of them together."""

from collections import deque
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.simulator.graph.errors import GraphError

EVERY_SECONDS: Final = 6.0
BURST: Final = 45
PER_SECOND: Final = 80


class Limits:
    """Meta's pair rate and throughput, by the clock of the simulator.

    One message in six seconds to the same person; up to 45 may borrow from the future, and are paid back
    with silence. 80 messages a second in all.

    Attributes:
        on: Whether they are kept.
        silence: The strict reading of Meta's text: a burst is what is sent within six seconds, and whoever
            has borrowed is silent until everything is paid back. Otherwise each six seconds free one message.
        refused: How often somebody was too fast.
    """

    def __init__(self, clock: Clock) -> None:
        """Nothing was sent yet.

        Args:
            clock: By which it is measured.
        """
        self.on = True
        self.silence = False
        self.refused = 0
        self._clock = clock
        self._paid_back: dict[str, float] = {}
        self._burst_began: dict[str, float] = {}
        self._all: deque[float] = deque()

    def take(self, person: str) -> None:
        """One more message to somebody.

        Raises:
            GraphError: Too fast: 130429 in all, 131056 to them.
        """
        if not self.on:
            return
        now = self._clock.monotonic()
        while self._all and self._all[0] <= now - 1.0:
            self._all.popleft()
        if len(self._all) >= PER_SECOND:
            self._refuse(130429, "Cloud API message throughput has been reached.")
        owes_until = self._paid_back.get(person, now)
        if owes_until <= now:
            owes_until = self._burst_began[person] = now
        if owes_until - now > (BURST - 1) * EVERY_SECONDS or (
            self.silence and now - self._burst_began[person] >= EVERY_SECONDS
        ):
            self._refuse(
                131056,
                "Message failed to send because there were too many messages sent from this phone number to"
                " the same phone number in a short period of time.",
            )
        self._paid_back[person] = owes_until + EVERY_SECONDS
        self._all.append(now)

    def _refuse(self, code: int, details: str) -> None:
        self.refused += 1
        raise GraphError(code, details)
