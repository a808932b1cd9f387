"""The house that is lived in, and moving into another one when the settings change."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog

from arni_edge.access.incidents import Subject
from arni_edge.bus import Bus
from arni_edge.daemon.broker_keeper import BrokerKeeper
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House, build_house
from arni_edge.domain.doors import Incident
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.settings import Settings
from arni_edge.supervision import HealthBoard, Supervisor

_LOG = structlog.get_logger(__name__)

# Less than the whole daemon has: the broker, and what the house rests on, are stopped after it.
_STOP_SECONDS = 2.0
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
        self._keeper = BrokerKeeper(base.mosquitto, base.board, base.clock)
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
        return [*(self._tree.late if self._tree else []), *self._keeper.late]

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
        """Live in one house after the other until cancelled. The broker stays over the moves."""
        try:
            while True:
                self._move.clear()
                if self._settings.broker.mode != "managed":
                    await self._keeper.stop()
                # Only now: until its last moment the house before reported how its parts are doing.
                self._base.board.forget_all_but(*self._lasting, *self._keeper.parts)
                house = build_house(self._settings, self._base)
                if house.broker_plan is not None:
                    # Before the house speaks to its devices: what it may not say yet would be refused.
                    await self._keeper.keep(house.broker_plan)
                await self._live_in(house, progress)
                _LOG.info("house_left")
        finally:
            await self._keeper.stop()

    async def _live_in(self, house: House, progress: Progress) -> None:
        async with AsyncExitStack() as closing:
            closing.push_async_callback(_close, house)
            await house.hands.timekeeping.look_back()
            for door in await house.entry.abandon():
                await house.incidents.begin(
                    Subject("door", door), Incident.UNCONFIRMED, "the daemon was restarted during a command"
                )
            tree = Supervisor(self._base.board, self._base.clock, stop_seconds=_STOP_SECONDS)
            for child in house.children:
                tree.add(child)
            if house.room.telegram is not None:  # whom it reaches decides whom an alarm is told to, and how
                await house.room.telegram.roster.load()
            await house.alarms.resume()
            await house.privacy.consents.resume()
            self._house, self._tree = house, tree
            progress()
            running = asyncio.create_task(tree.run(), name="house tree")
            moving = asyncio.create_task(self._move.wait(), name="moving")
            watched = {running, self._keeper.task} if self._keeper.task else {running}
            self._moved.set()
            try:
                await asyncio.wait({moving, *watched}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._tree = None
                moving.cancel()
                running.cancel()
                await asyncio.wait({running})
            for one in watched:
                if one.done() and not one.cancelled():
                    one.result()


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
