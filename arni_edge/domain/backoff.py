"""How long to wait before the next attempt at something that failed."""

import random


class Backoff:
    """Doubling waits with jitter, one per thing that is tried.

    The jitter keeps a fleet that lost the same broker, or a house that lost all cameras, apart.
    """

    def __init__(self, *, first: float, longest: float, stable: float = 30.0) -> None:
        """Start with a clean record.

        Args:
            first: Seconds after the first failure.
            longest: Seconds that are never exceeded.
            stable: What held for so many seconds was no flicker: the next attempt is quick again.
        """
        self._first = first
        self._longest = longest
        self._stable = stable
        self._failures = 0

    def next(self, lasted: float = 0.0) -> float:
        """Seconds to wait now: between half and the whole of the doubled wait.

        Args:
            lasted: Seconds for which it had held; 0 when it never did.
        """
        if lasted >= self._stable:
            self.forget()
        wait = min(self._longest, self._first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads attempts, guards nothing

    def forget(self) -> None:
        """All is well: the next failure counts as the first."""
        self._failures = 0
