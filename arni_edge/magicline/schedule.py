"""When the nightly pass is due. Pure."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def latest_due(now: datetime, at: time, zone: tzinfo) -> datetime:
    """The last moment, up to now, at which a pass was to begin: once a day on the studio's clock.

    Of a time that the clock skips in spring, the moment is meant at which it would have been; of one that it
    shows twice in autumn, the first.

    Args:
        now: The present (aware).
        at: When on the studio's clock.
        zone: The studio's.
    """
    day = now.astimezone(zone).date()
    for back in range(3):
        due = _moment(day - timedelta(days=back), at, zone)
        if due <= now:
            return due
    raise AssertionError("some moment of the last two days has passed")


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    # In UTC: comparing within one zone would not tell the two hours apart that autumn has twice.
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
