"""How long to wait before the next attempt to connect."""

import random
from typing import Final

_FIRST_SECONDS: Final = 0.2
_LONGEST_SECONDS: Final = 5.0
# A connection that held for so long was no flicker: the next attempt after it is quick again.
_STABLE_SECONDS: Final = 10.0


class Backoff:
    """Doubles from 0.2 s to 5 s; jitter keeps a fleet that lost the same broker apart."""

    def __init__(self) -> None:
        self._failures = 0

    def next(self, lasted: float) -> float:
        """Seconds to wait now.

        Args:
            lasted: Seconds for which the connection held that was just lost; 0 when there was none.
        """
        self._failures = 0 if lasted >= _STABLE_SECONDS else self._failures
        wait = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads attempts, guards nothing
