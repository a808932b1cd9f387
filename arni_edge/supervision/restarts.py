"""How long to wait before a part that failed is started again."""

from collections import deque
from dataclasses import dataclass

from arni_edge.domain.backoff import Backoff


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a part is started again. All times in seconds.

    Attributes:
        first_delay: After the first failure; doubled after each further one.
        longest_delay: Where the doubling ends.
        stable_after: A part that ran for so long starts anew with ``first_delay``.
        intensity: More failures than this within ``window``: broken rather than unlucky. Nobody is there at
            night to reset a counter, so the part is tried for ever, only seldom.
        window: See ``intensity``.
        pause: How seldom.
    """

    first_delay: float = 0.2
    longest_delay: float = 5.0
    stable_after: float = 30.0
    intensity: int = 10
    window: float = 60.0
    pause: float = 30.0


class Restarts:
    """The failures of one part."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._failures: deque[float] = deque(maxlen=policy.intensity + 1)
        self._backoff = Backoff(
            first=policy.first_delay, longest=policy.longest_delay, stable=policy.stable_after
        )

    def delay(self, *, started: float, failed: float) -> float:
        """Seconds until the next start.

        Args:
            started: When the part was started, on the monotonic clock.
            failed: When it ended.
        """
        policy = self._policy
        wait = self._backoff.next(failed - started)
        self._failures.append(failed)
        if len(self._failures) > policy.intensity and failed - self._failures[0] < policy.window:
            return policy.pause
        return wait
