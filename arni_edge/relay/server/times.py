"""Times as the database keeps them."""

from datetime import UTC, datetime, timedelta

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - _START) // _MS


def from_ms(value: int) -> datetime:
    """The other way; aware, UTC."""
    return _START + value * _MS
