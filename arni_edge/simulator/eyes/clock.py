"""Time that passes only when somebody lets it."""

from datetime import UTC, datetime, timedelta

_BEGIN = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


class PlayClock:
    """Begins at 0; its date is a day in November, in UTC."""

    def __init__(self) -> None:
        self._time = 0.0

    def now(self) -> datetime:
        """The wall clock of the play."""
        return _BEGIN + timedelta(seconds=self._time)

    def monotonic(self) -> float:
        """Seconds since the play began."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._time = round(self._time + seconds, 6)
