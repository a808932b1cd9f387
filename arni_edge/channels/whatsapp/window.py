"""Meta's 24-hour window: so long after somebody's last message we may write to them in our own words."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from arni_edge.domain.messages import Channel
from arni_edge.storage import Database, heard

_WINDOW: Final = timedelta(hours=24) - timedelta(minutes=10)
"""With a margin: a message has to arrive within it, and clocks differ."""


class Windows(Protocol):
    """Knows whose window is open."""

    async def is_open(self, recipient: str, now: datetime) -> bool:
        """Whether somebody may be written to in our own words at a moment.

        Raises:
            Unavailable: Nobody can tell now.
        """
        ...


class HeardWindows:
    """Reckons from what people wrote."""

    def __init__(self, database: Database) -> None:
        """Nothing is read before the first question.

        Args:
            database: Has what came in.
        """
        self._database = database

    async def is_open(self, recipient: str, now: datetime) -> bool:
        """Whether they wrote within the last day.

        Raises:
            Unavailable: It cannot be read now.
        """
        return await heard.wrote_since(self._database, Channel.WHATSAPP, recipient, now - _WINDOW)
