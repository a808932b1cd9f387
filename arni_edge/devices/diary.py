"""The latest of what devices said, for people who watch: bounded, and gone with the process."""

import asyncio
import re
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.readings import Value

_LONGEST = 2000
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the diary.

    Attributes:
        number: Its place; numbers have no gaps.
        at: When it was heard (aware).
        device: Key of the device.
        name: Its id in the house, or None for one that is nobody's.
        what: ``reading``, ``event`` or ``availability``.
        entity: Where within the device.
        value: A reading's value, or the name of the event or state.
        unit: Of a reading.
    """

    number: int
    at: datetime
    device: str
    name: str | None
    what: str
    entity: str
    value: Value
    unit: str | None = None


class Diary:
    """A ring of the latest entries with a cursor that survives nothing: who comes back is told so."""

    def __init__(self, longest: int = _LONGEST) -> None:
        self._entries: deque[Entry] = deque(maxlen=longest)
        self._volume = secrets.token_hex(4)
        self._next = 0
        self._news = asyncio.Event()

    @property
    def cursor(self) -> str:
        """Where the next entry will be."""
        return f"{self._volume}-{self._next}"

    def note(
        self,
        at: datetime,
        device: str,
        name: str | None,
        what: str,
        entity: str,
        value: Value,
        unit: str | None = None,
    ) -> None:
        """Add an entry; the oldest falls out when the ring is full."""
        self._entries.append(Entry(self._next, at, device, name, what, entity, value, unit))
        self._next += 1
        self._news.set()

    def since(self, cursor: str) -> tuple[list[Entry], bool]:
        """Entries from a cursor on, and whether some before them were missed."""
        volume, _, number = cursor.partition("-")
        if volume != self._volume or not _NUMBER.fullmatch(number):
            return list(self._entries), True
        first = self._entries[0].number if self._entries else self._next
        return [one for one in self._entries if one.number >= int(number)], int(number) < first

    async def news(self, cursor: str, seconds: float) -> None:
        """Return as soon as there is an entry at the cursor or behind it, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while self.cursor == cursor:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return
