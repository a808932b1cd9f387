"""Days and times as people write them."""

from datetime import date, datetime, timedelta, tzinfo

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language


def day_of(day: date, language: Language) -> str:
    """A day: ``22.11.2026``, ``22 November 2026``."""
    return f"{day:%d.%m.%Y}" if language is Language.GERMAN else f"{day.day} {day:%B %Y}"


def day_and_time(moment: datetime, language: Language) -> str:
    """A moment on the clock that it has: ``22.11.2026 18:30``."""
    return f"{day_of(moment.date(), language)} {moment:%H:%M}"


def as_of(
    catalogue: Catalogue,
    read_at: datetime | None,
    now: datetime,
    language: Language,
    *,
    zone: tzinfo,
    fresh_for: timedelta,
) -> str:
    """How old something is that an answer rests on: ``Stand: gestern 22:10``; empty while it is fresh.

    Args:
        catalogue: The words.
        read_at: When it was read (aware); None: nobody knows, and nothing is said.
        now: The present (aware).
        language: Of the answer.
        zone: The studio's.
        fresh_for: So old it may be.
    """
    if read_at is None or now - read_at <= fresh_for:
        return ""
    then, today = read_at.astimezone(zone), now.astimezone(zone).date()
    days = (today - then.date()).days
    key = {0: "today", 1: "yesterday"}.get(days, "earlier")
    return catalogue.text(f"as_of.{key}", language, day=day_of(then.date(), language), time=f"{then:%H:%M}")
