"""The house that is lived in, and moving into another one when the settings change."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog

from arni_edge.bus import Bus
from arni_edge.daemon.house import Foundation, House, build_house
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.settings import Settings
from arni_edge.supervision import HealthBoard, Supervisor

_LOG = structlog.get_logger(__name__)

# Less than the whole daemon has: what the house rests on is stopped after it.
_STOP_SECONDS = 3.2
_CLOSE_SECONDS = 0.3
_MOVE_SECONDS = 15.0


class Residence:
    """Runs one house at a time."""

    def __init__(self, settings: Settings, base: Foundation, *, lasting: tuple[str, ...]) -> None:
        """Nothing is built before :meth:`run`.

        Args:
            settings: Of the first house.
            base: What outlives every house.
            lasting: Parts on the health board that outlive every house.
        """
        self._settings = settings
        self._base = base
        self._lasting = lasting
        self._house: House | None = None
        self._tree: Supervisor | None = None
        self._move = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def house(self) -> House:
        """The present house.

        Raises:
            Unavailable: It is being built.
        """
        if self._house is None:
            raise Unavailable("the house is being built; try again in a moment")
        return self._house

    @property
    def settings(self) -> Settings:
        """Of the present house, or of the next one during a move."""
        return self._settings

    @property
    def late(self) -> list[str]:
        """Names of the parts of the house that should have moved and have not."""
        return self._tree.late if self._tree else []

    async def move(self, settings: Settings) -> None:
        """Leave the present house for the one that these settings describe; returns when it runs.

        Raises:
            ConfigurationError: There can be no such house; the present one is not left.
            Unavailable: The present one is left, and the next one does not come up.
        """
        await try_out(settings, self._base)
        self._settings = settings
        self._moved.clear()
        self._move.set()
        try:
            async with asyncio.timeout(_MOVE_SECONDS):
                await self._moved.wait()
        except TimeoutError:
            raise Unavailable("the new settings are in use, but the house does not come up") from None

    async def run(self, progress: Progress) -> None:
        """Live in one house after the other until cancelled."""
        while True:
            self._move.clear()
            # Only now: until its last moment the house before reported how its parts are doing.
            self._base.board.forget_all_but(*self._lasting)
            await self._live_in(build_house(self._settings, self._base), progress)
            _LOG.info("house_left")

    async def _live_in(self, house: House, progress: Progress) -> None:
        async with AsyncExitStack() as closing:
            closing.push_async_callback(_close, house)
            await house.entry.abandon()
            tree = Supervisor(self._base.board, self._base.clock, stop_seconds=_STOP_SECONDS)
            for child in house.children:
                tree.add(child)
            await house.alarms.resume()
            self._house, self._tree = house, tree
            progress()
            running = asyncio.create_task(tree.run(), name="house tree")
            moving = asyncio.create_task(self._move.wait(), name="moving")
            self._moved.set()
            try:
                await asyncio.wait({running, moving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._tree = None
                moving.cancel()
                running.cancel()
                await asyncio.wait({running})
            if not running.cancelled():
                running.result()


async def try_out(settings: Settings, base: Foundation) -> None:
    """Build a house that nobody moves into.

    Raises:
        ConfigurationError: The settings cannot be turned into a house.
    """
    bus = Bus()
    await _close(build_house(settings, replace(base, bus=bus, board=_DrawingBoard(bus, base.clock))))


async def _close(house: House) -> None:
    """Close what it holds; one that fails or hangs does not keep the others open."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            async with AsyncExitStack() as closing:
                for close in house.closers:
                    closing.push_async_callback(close)
    except TimeoutError:
        _LOG.warning("house_closes_slowly")


class _DrawingBoard(HealthBoard):
    """The health of a house that is only drawn concerns nobody."""

    def report(self, part: str, state: State, reason: str = "") -> None:
        """Say nothing."""
