"""Runs the house: start, reload, stop."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import structlog

from arni_edge.bus import Bus
from arni_edge.control import ControlServer
from arni_edge.daemon.house import Foundation, House, build_house
from arni_edge.daemon.methods import control_methods
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ConfigurationError
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.logs import configure_logging
from arni_edge.settings import Settings, load_settings
from arni_edge.storage import Database
from arni_edge.supervision import Child, HealthBoard, Notifier, Supervisor

_LOG = structlog.get_logger(__name__)


class Daemon:
    """One process, one event loop; owns every decision and all state."""

    def __init__(self, config: Path, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._house_tree: Supervisor | None = None
        self._next: House | None = None

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises:
            ConfigurationError: There is no usable configuration or database.
        """
        settings = await asyncio.to_thread(load_settings, self._config)
        configure_logging(settings.logging.level)
        database = await Database.open(settings.paths.database)
        try:
            await self._run(settings, database)
        finally:
            await database.close()
            _LOG.info("stopped")

    async def _run(self, settings: Settings, database: Database) -> None:
        bus = Bus()
        base = Foundation(database, self._clock, bus, HealthBoard(bus, self._clock), Catalogue.load())
        self._next = build_house(settings, base)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._reload_quietly(base))

        control = ControlServer(
            settings.paths.control_socket,
            control_methods(base, lambda: self._house, lambda: self._reload(base)),
        )
        tree = Supervisor(base.board, self._clock)
        tree.add(Child("storage", database.run))
        tree.add(Child("control", control.run))
        tree.add(Child("house", lambda progress: self._keep_house(base, progress), silence_seconds=None))
        tree.add(Child("systemd", lambda _: self._tell_systemd(base, tree), silence_seconds=None))
        running = asyncio.create_task(tree.run(), name="tree")
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._notifier.stopping()
        _LOG.info("stopping")
        stopping.cancel()
        running.cancel()
        await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error

    # --- the house ----------------------------------------------------------------------------------------

    @property
    def _house(self) -> House:
        assert self._next is not None  # set before anything runs
        return self._next

    async def _keep_house(self, base: Foundation, progress: Progress) -> None:
        """Run the present house; when the settings change, stop it and run the next one."""
        while True:
            house = self._house
            await house.entry.abandon()
            self._changed.clear()
            progress()
            tree = self._house_tree = Supervisor(base.board, self._clock)
            for child in house.children:
                tree.add(child)
            await house.alarms.resume()
            running = asyncio.create_task(tree.run(), name="house")
            try:
                await self._changed.wait()
            finally:
                running.cancel()
                await asyncio.wait({running})
                for close in house.closers:
                    await close()
            _LOG.info("house_stopped_for_reload")

    async def _reload(self, base: Foundation) -> None:
        """Re-read the settings and move into the house they describe; the old one stays if that fails."""
        self._notifier.reloading()
        try:
            settings = await asyncio.to_thread(load_settings, self._config)
            self._check_paths(settings)
            house = build_house(settings, base)
        except ConfigurationError as error:
            _LOG.error("reload_refused", problems=list(error.problems))
            raise
        finally:
            self._notifier.ready()
        configure_logging(settings.logging.level)
        base.board.forget_all_but("storage", "control", "house")
        self._next = house
        self._changed.set()
        _LOG.info("reloaded")

    def _check_paths(self, settings: Settings) -> None:
        if settings.paths != self._house.settings.paths:
            raise ConfigurationError(f"{self._config}: paths: cannot change while running; restart instead")

    def _reload_quietly(self, base: Foundation) -> None:
        """SIGHUP: the same, with nobody to tell but the journal."""
        task = asyncio.ensure_future(self._reload(base))
        task.add_done_callback(lambda done: done.exception())

    # --- systemd ------------------------------------------------------------------------------------------

    async def _tell_systemd(self, base: Foundation, tree: Supervisor) -> None:
        """Ready, status and watchdog. By now storage and control run: that is what must work."""
        self._notifier.ready()
        _LOG.info("ready")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._notifier.watch(self._late(tree)))
            while True:
                self._notifier.status(base.board.sentence())
                await asyncio.sleep(1.0)

    def _late(self, tree: Supervisor) -> Callable[[], list[str]]:
        def late() -> list[str]:
            return tree.late + (self._house_tree.late if self._house_tree else [])

        return late
