"""Opening hours as moments: weekdays, holidays, nights across midnight, days of 23 and 25 hours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from arni_edge.automation.picture import HoursView
from arni_edge.settings import Holiday, Hours, Span

# So far back and ahead is looked; who is open for longer without a break never closes.
_DAYS = 8


class Calendar:
    """The owner's opening hours. Pure: the moment is handed in."""

    def __init__(self, hours: Hours, holidays: Sequence[Holiday], zone: ZoneInfo) -> None:
        self._hours = hours
        self._holidays = {holiday.day: holiday.hours for holiday in holidays}
        self._zone = zone
        self._known: tuple[date, list[tuple[datetime, datetime]]] | None = None

    def view(self, at: datetime) -> HoursView:
        """Where a moment (aware) lies in the opening hours."""
        closed_at: datetime | None = None
        for start, end in self._openings(at.astimezone(self._zone).date()):
            if start <= at < end:
                return HoursView(open=True, opened_at=start, closes_at=end)
            if end <= at:
                closed_at = end
        return HoursView(open=False, closed_at=closed_at)

    def within(self, spans: Sequence[Span], at: datetime) -> bool:
        """Whether the local time of a moment lies in one of a day's spans."""
        local = at.astimezone(self._zone).time()
        return any(span.start <= local and (local < span.until or span.until == time.max) for span in spans)

    def _openings(self, today: date) -> list[tuple[datetime, datetime]]:
        """All openings around a day in their order; those that touch are one."""
        if self._known is None or self._known[0] != today:
            days = [today + timedelta(days=offset) for offset in range(-_DAYS, _DAYS + 1)]
            self._known = (today, _joined(sorted(one for day in days for one in self._of(day))))
        return self._known[1]

    def _of(self, day: date) -> list[tuple[datetime, datetime]]:
        spans = self._holidays.get(day)
        if spans is None:
            spans = self._hours.of(day.weekday())
        return [(self._instant(day, span.start)[0], self._instant(day, span.until)[1]) for span in spans]

    def _instant(self, day: date, at: time) -> tuple[datetime, datetime]:
        """A local time as the earliest and the latest moment it can mean.

        They differ in the nights when the clock is changed; the gym then counts as open in between.
        """
        if at == time.max:
            day, at = day + timedelta(days=1), time.min
        local = datetime.combine(day, at, self._zone)
        moments = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return moments[0], moments[1]


def _joined(openings: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in openings:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined
