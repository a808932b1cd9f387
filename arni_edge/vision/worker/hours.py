"""When a camera watches: the owner's hours, on the studio's wall clock."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from arni_edge.settings import Hours


class WatchHours:
    """The hours of one camera. Pure: the moment is handed in.

    A local time is looked up, not a moment computed: in the nights when the clocks change, an hour that comes
    twice counts twice, and a span that begins in the hour that is left out begins right after it.
    """

    def __init__(self, hours: Hours | None, timezone: str) -> None:
        """Take the hours.

        Args:
            hours: Spans per weekday; None: always.
            timezone: The studio's, such as ``Europe/Berlin``.
        """
        self._hours = hours
        self._zone = ZoneInfo(timezone)

    def watching(self, at: datetime) -> bool:
        """Whether the camera watches at a moment (aware)."""
        if self._hours is None:
            return True
        local = at.astimezone(self._zone)
        now = local.time()
        return any(
            span.start <= now and (now < span.until or span.until == time.max)
            for span in self._hours.of(local.weekday())
        )
