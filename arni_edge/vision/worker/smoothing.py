"""From counts of single pictures to a count that is worth telling: one flickering picture changes nothing."""

from collections import deque


class SteadyCount:
    """The median of the last half second, of three pictures at least.

    At five pictures a second those are three: a change shows with its second picture, 0.2 to 0.4 s after it
    happened, and a person who is missed or doubled on one picture never shows.
    """

    def __init__(self, seconds: float = 0.5, pictures: int = 3) -> None:
        """Begin without knowing anything.

        Args:
            seconds: Pictures of this span take part.
            pictures: So many take part at least, however old; before that there is no count.
        """
        self._seconds = seconds
        self._pictures = pictures
        self._counts: deque[tuple[float, int]] = deque()

    def add(self, at: float, count: int) -> int | None:
        """Take the count of one picture.

        Args:
            at: When the picture came, in seconds of a clock that never jumps.
            count: People on it.

        Returns:
            The steady count, or None while there are too few pictures.
        """
        self._counts.append((at, count))
        while len(self._counts) > self._pictures and at - self._counts[0][0] > self._seconds:
            self._counts.popleft()
        if len(self._counts) < self._pictures:
            return None
        # Of an even number the oldest is left out, so that the median is a count that was seen.
        recent = [one for _, one in self._counts][1 - len(self._counts) % 2 :]
        return sorted(recent)[len(recent) // 2]

    def forget(self) -> None:
        """Start anew, because the camera was away."""
        self._counts.clear()
