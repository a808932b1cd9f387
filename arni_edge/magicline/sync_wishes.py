"""What somebody wants read now, and waits for."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from arni_edge.domain.errors import ArniError


@dataclass(slots=True, eq=False)
class SyncWish:
    """Somebody wants a part read now.

    Attributes:
        part: Which; None: everything.
        accept_missing: Whoever is missing is really gone, however many they are.
        pass_id: Of the pass that it began, and that fulfils it; None: none has yet.
    """

    part: str | None
    accept_missing: bool
    done: "asyncio.Future[None]"
    pass_id: int | None = None

    def grant(self) -> None:
        """It is fulfilled."""
        if not self.done.done():
            self.done.set_result(None)


class SyncWishes:
    """All that are open."""

    def __init__(self) -> None:
        """Nobody wants anything yet."""
        self._open: list[SyncWish] = []
        self.arrived = asyncio.Event()

    def __iter__(self) -> Iterator[SyncWish]:
        """Those that are open now."""
        return iter(list(self._open))

    async def have(self, part: str | None, *, accept_missing: bool) -> None:
        """Wish for something, and return when it is fulfilled.

        Args:
            part: Which; None: everything.
            accept_missing: Whoever is missing is really gone.

        Raises:
            Unavailable: It cannot be read now.
            Refused: Magicline refuses it.
        """
        wish = SyncWish(part, accept_missing, asyncio.get_running_loop().create_future())
        self._open.append(wish)
        self.arrived.set()
        try:
            await wish.done
        finally:
            self._open.remove(wish)

    def grant(self, enough: Callable[[SyncWish], bool]) -> None:
        """Fulfil those for which enough was read."""
        for wish in self:
            if enough(wish):
                wish.grant()

    def fail(self, error: ArniError) -> None:
        """Nothing can be read now."""
        for wish in self:
            if not wish.done.done():
                wish.done.set_exception(error)
                wish.done.exception()  # whoever asked may have gone
