"""Reads parts of the mirror that the door does not need: one that is refused is noted, and passed over."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from arni_edge.magicline.errors import Rejected
from arni_edge.magicline.studio_mirror import StudioMirror
from arni_edge.storage import Database
from arni_edge.storage.magicline import ages

STUDIO_PARTS: Final = ("studio", "employees", "classes", "slots", "appointments", "utilization")
"""Parts that are about nobody in particular, in the order in which they need each other."""

_WRONG_KEY: Final = 401


class PartReader:
    """Reads parts by name."""

    def __init__(self, studio: StudioMirror, database: Database) -> None:
        """Nothing is read yet.

        Args:
            studio: Fills them.
            database: Has them, and why one could not be read.
        """
        self._database = database
        self._readings: Mapping[str, Callable[[], Awaitable[int]]] = {
            "studio": studio.studio,
            "employees": studio.employees,
            "classes": studio.classes,
            "slots": studio.slots,
            "appointments": studio.appointments,
            "utilization": studio.utilization,
        }

    async def read(self, part: str) -> None:
        """Read one of :data:`STUDIO_PARTS`."""
        await self.leniently(part, self._readings[part]())

    async def leniently(self, part: str, reading: Awaitable[object]) -> None:
        """Read something of a part.

        Args:
            part: Which.
            reading: Does it.

        Raises:
            Rejected: The key is not accepted at all.
            Unavailable: Magicline is away.
        """
        try:
            await reading
        except Rejected as error:
            if error.status == _WRONG_KEY:
                raise
            problem = str(error)
            await self._database.write(lambda tx: ages.failed(tx, part, problem))
