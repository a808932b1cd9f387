"""How long people stay in a zone, and whether there are too many of them for too long."""

from collections.abc import Collection

# A crowd is over when there were few enough for this long; never later than it took to become one.
_CALM_SECONDS = 10.0


def mean_stay(since: Collection[float], at: float) -> float | None:
    """How long those who are there have been there, on average.

    Args:
        since: When each of them came, in seconds.
        at: Now.

    Returns:
        Seconds; None with nobody there.
    """
    return sum(at - one for one in since) / len(since) if since else None


class Crowd:
    """Whether a zone is crowded: more people than its limit for long enough, and the same on the way back."""

    def __init__(self, limit: int | None, seconds: float) -> None:
        """Begin with no crowd.

        Args:
            limit: So many are no crowd; None: never a crowd.
            seconds: More than that for so long are one.
        """
        self._limit = limit
        self._seconds = seconds
        self._crowded = False
        self._other_since: float | None = None

    def saw(self, count: int, at: float) -> bool:
        """Take the count of one look; whether it is crowded now."""
        if self._limit is None:
            return False
        if (count > self._limit) == self._crowded:
            self._other_since = None
            return self._crowded
        if self._other_since is None:
            self._other_since = at
        needed = min(self._seconds, _CALM_SECONDS) if self._crowded else self._seconds
        if at - self._other_since >= needed:
            self._crowded, self._other_since = not self._crowded, None
        return self._crowded
