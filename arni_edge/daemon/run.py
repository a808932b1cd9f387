"""Runs the daemon: start, reload, stop, and what systemd is told."""

import asyncio
import faulthandler
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import structlog

from arni_edge.broker.managed import ManagedMosquitto, broker_directory
from arni_edge.broker.preflight import only_one
from arni_edge.bus import Bus
from arni_edge.control import ControlServer
from arni_edge.daemon.actions_methods import CONFIRM_SECONDS
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.methods import control_methods
from arni_edge.daemon.privacy_methods import ERASE_SECONDS
from arni_edge.daemon.residence import Residence, try_out
from arni_edge.daemon.sync_methods import SYNC_SECONDS
from arni_edge.daemon.weather import reporter
from arni_edge.devices.adopted import adopted, with_adopted
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, ConfigurationError, Unavailable
from arni_edge.domain.events import HealthChanged
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.logs import configure_logging
from arni_edge.settings import Settings, load_settings
from arni_edge.settings.doors import LONGEST_OPENING_SECONDS
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.storage.reserve import Reserve
from arni_edge.supervision import Child, HealthBoard, Notifier, Supervisor

_LOG = structlog.get_logger(__name__)

Late = Callable[[], list[str]]
Reload = Callable[[], Awaitable[None]]

# What must work before we say so. A broker or an internet that is away does not delay it.
_ESSENTIAL = ("storage", "control", "house")
_SYSTEMD = "systemd"
_DISK, _RESERVE = "disk", "disk-reserve"
_STATUS_SECONDS = 1.0
# A part that refuses to stop, or a thread that hangs, must not hold the daemon: what is on the disk is right
# at every instant.
_STOP_SECONDS = 5.0


class Daemon:
    """One process, one event loop; owns every decision and all state."""

    def __init__(self, config: Path, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._hangup = asyncio.Event()
        self._reloading = asyncio.Lock()

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises:
            ConfigurationError: There is no usable configuration or database.
            Unavailable: The disk cannot be used now, or another daemon uses it.
        """
        settings = await asyncio.to_thread(load_settings, self._config)
        configure_logging(settings.logging.level)
        self._heed_signals()
        async with AsyncExitStack() as ground:
            _hold(settings.paths.state, ground)
            reserve = await _keep_reserve(settings.paths.reserve, ground)
            database = await Database.open(settings.paths.database, reserve)
            ground.push_async_callback(database.close)
            await self._run(settings, database, reserve)
        _LOG.info("stopped")

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._hangup.set)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)

    async def _run(self, settings: Settings, database: Database, reserve: Reserve) -> None:
        bus = Bus()
        settings = with_adopted(settings, await adopted(database))
        base = Foundation(
            database,
            self._clock,
            bus,
            HealthBoard(bus, self._clock),
            Catalogue.load(),
            ManagedMosquitto(broker_directory(settings)),
            AuditLog(keep_key(settings.paths.audit_key)),
        )
        await try_out(settings, base)
        residence = Residence(settings, base, lasting=(*_ESSENTIAL, _SYSTEMD, _DISK, _RESERVE))
        tree = Supervisor(base.board, self._clock)

        async def reload() -> None:
            await self._reload(residence, database)

        def late() -> list[str]:
            return tree.late + residence.late

        methods = control_methods(base, lambda: residence.house, reload)
        control = ControlServer(
            settings.paths.control_socket,
            methods,
            longer={
                "door.open": LONGEST_OPENING_SECONDS,
                "actions.confirm": CONFIRM_SECONDS,
                "privacy.erase": ERASE_SECONDS,
                "privacy.retention": ERASE_SECONDS,
                "sync.now": SYNC_SECONDS,
            },
        )
        tree.add(Child("storage", database.run))
        disk = reporter(base.board, _DISK)
        tree.add(Child(_RESERVE, lambda progress: reserve.run(progress, disk)))
        tree.add(Child("control", control.run))
        tree.add(Child("house", residence.run, silence_seconds=None))
        tree.add(Child(_SYSTEMD, lambda _: self._serve_systemd(base, late, reload), silence_seconds=None))
        await self._until_stop(tree)

    async def _until_stop(self, tree: Supervisor) -> None:
        running = asyncio.create_task(tree.run(), name="tree")
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            self._notifier.stopping()
            _LOG.info("stopping")
        finally:
            # Shows where it hangs, and ends it.
            faulthandler.dump_traceback_later(_STOP_SECONDS, exit=True)
            stopping.cancel()
            running.cancel()
            await asyncio.wait({running})
        if not running.cancelled():
            running.result()

    async def _reload(self, residence: Residence, database: Database) -> None:
        """Re-read the settings and move into the house they describe, or stay if they are refused."""
        async with self._reloading:
            self._notifier.reloading()
            try:
                settings = await asyncio.to_thread(load_settings, self._config)
                if settings.paths != residence.settings.paths:
                    raise ConfigurationError(
                        f"{self._config}: paths: cannot change while running; restart instead"
                    )
                await residence.move(with_adopted(settings, await adopted(database)))
            except ArniError as error:
                _LOG.error("reload_refused", reason=str(error))
                raise
            finally:
                self._notifier.ready()
            configure_logging(settings.logging.level)
            _LOG.info("reloaded")

    # --- systemd ------------------------------------------------------------------------------------------

    async def _serve_systemd(self, base: Foundation, late: Late, reload: Reload) -> None:
        """Status, readiness, watchdog; and SIGHUP, by which it asks for a reload."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_status(base.board, late))
            await _until_ok(base, _ESSENTIAL)
            self._notifier.ready()
            _LOG.info("ready")
            group.create_task(self._notifier.watch(late))
            group.create_task(self._reload_on_hangup(reload))

    async def _keep_status(self, board: HealthBoard, late: Late) -> None:
        while True:
            names = late()
            self._notifier.status(f"no progress in {', '.join(names)}" if names else board.sentence())
            await asyncio.sleep(_STATUS_SECONDS)

    async def _reload_on_hangup(self, reload: Reload) -> None:
        while True:
            await self._hangup.wait()
            self._hangup.clear()
            with suppress(ArniError):  # it is in the journal; nobody else waits for it
                await reload()


def _hold(state: Path, ground: AsyncExitStack) -> None:
    """Two daemons on one database would be two writers.

    Raises:
        Unavailable: Another one is running; when it has gone, trying again helps.
    """
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        ground.enter_context(only_one(state))
    except OSError as error:
        raise Unavailable(f"{state}: cannot be used: {error.strerror}") from error
    except ConfigurationError as error:
        raise Unavailable(str(error)) from error


async def _keep_reserve(path: Path, ground: AsyncExitStack) -> Reserve:
    """Room for alarms, before anything else takes it; the health tells of a disk that does not give it."""
    reserve = Reserve(path)
    ground.callback(reserve.close)
    with suppress(OSError):
        await asyncio.to_thread(reserve.refill)
    return reserve


async def _until_ok(base: Foundation, parts: tuple[str, ...]) -> None:
    changes = aiter(base.bus.subscribe(HealthChanged))
    while not all((health := base.board.of(part)) and health.state is State.OK for part in parts):
        await anext(changes)
