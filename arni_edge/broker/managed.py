"""The daemon's own Mosquitto, started, watched and stopped with it."""

import asyncio
import contextlib
import os
import secrets
import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog
from pydantic import SecretStr

from arni_edge import files
from arni_edge.broker.accounts import Account, Rights, accounts
from arni_edge.broker.client import Connection
from arni_edge.broker.config import render_acl, render_config, render_passwords
from arni_edge.broker.model import BrokerAddress
from arni_edge.broker.orphans import end_orphans
from arni_edge.broker.passwords import keep_passwords
from arni_edge.broker.preflight import check_port, find_program, only_one
from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.settings import Settings

_LOG = structlog.get_logger(__name__)

_START_SECONDS: Final = 10.0
_HASH_SECONDS: Final = 30.0
_BEAT_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 1.5
_ADOPT_SECONDS: Final = 5.0
_TRY_SECONDS: Final = 0.05
_WATCH: Final = "arni-watch"
_PROOF: Final = "arni-proof"


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """The broker that a house needs.

    Attributes:
        accounts: Everybody who may connect, with their rights.
        socket: Where its Unix socket shall be, for the processes of this box.
        host: Address on which devices reach it.
        port: TCP port for them.
    """

    accounts: tuple[Account, ...]
    socket: Path
    host: str
    port: int

    def address(self, username: str) -> BrokerAddress:
        """How the holder of this account reaches the broker from this box."""
        password = next(one.password for one in self.accounts if one.username == username)
        return BrokerAddress(self.host, self.port, username, password, self.socket)


def plan_broker(settings: Settings, rights: Rights) -> BrokerPlan:
    """The broker of this house. Passwords are kept; an account that is new gets one.

    Raises:
        ConfigurationError: The kept passwords cannot be read.
    """
    passwords = keep_passwords(broker_directory(settings) / "accounts.json", rights)
    return BrokerPlan(
        accounts(rights, passwords),
        socket=settings.paths.runtime / "mqtt.sock",
        host=settings.broker.listen_host,
        port=settings.broker.listen_port,
    )


def broker_directory(settings: Settings) -> Path:
    """Where the files of the managed broker lie."""
    return settings.paths.state / "broker"


class ManagedMosquitto:
    """One Mosquitto as a child process: it cannot outlive us, and the supervisor starts it again.

    Devices reach it by TCP, the processes of this box by a Unix socket. It outlives a change of the settings:
    new accounts and rights are given to the running broker, and nobody who may stay is disconnected.

    Attributes:
        pid: Its process id while it runs.
    """

    def __init__(self, directory: Path) -> None:
        """Nothing is written or started before :meth:`run`.

        Args:
            directory: For its files; made with mode 0700, one broker each.
        """
        self._directory = directory
        self._config = directory / "mosquitto.conf"
        self._complaints: deque[str] = deque(maxlen=3)
        self._plan: BrokerPlan | None = None
        self._in_force: BrokerPlan | None = None
        self._wished = asyncio.Event()
        self._ready = asyncio.Event()
        self._news = asyncio.Event()
        self.pid: int | None = None

    @property
    def ready(self) -> bool:
        """Whether it has let us in."""
        return self._ready.is_set()

    async def reconfigure(self, plan: BrokerPlan) -> None:
        """Have the broker as planned from now on, running or not.

        Accounts and rights are given to the running one; for another address or port it is started anew.
        Returns when new rights hold, or at once where nothing runs that could take them over. When taking
        them over fails, the broker is started anew, with them: a right that was taken away does not stay.
        """
        self._plan = plan
        self._wished.set()
        try:
            async with asyncio.timeout(_ADOPT_SECONDS):
                while self.pid is not None and self._in_force != plan:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            _LOG.warning("mosquitto_rights_late", seconds=_ADOPT_SECONDS)

    async def run(self, progress: Progress) -> None:
        """Start it and stay with it until cancelled. There must be a plan.

        Args:
            progress: Called every second for as long as the broker answers.

        Raises:
            ConfigurationError: It is not installed, or its files cannot be made.
            Unavailable: It ended or hung, or its port is taken now; it is gone for certain and can be started
                again.
        """
        files.make_folder(self._directory, mode=0o700)
        with only_one(self._directory):
            while True:
                await self._run_once(progress)
                _LOG.info("mosquitto_starts_anew", reason="another address or port")

    async def _run_once(self, progress: Progress) -> None:
        """From the start to the end of one process; returns when the next one shall be different."""
        plan = self._plan
        assert plan is not None
        self._wished.clear()
        await end_orphans(self._config)
        watcher = _one_of_ours(_WATCH)
        await self._write_files(plan, watcher)
        check_port(plan.host, plan.port)
        process = await self._spawn()
        self.pid = process.pid
        self._in_force = plan
        try:
            await self._attend(process, watcher, progress)
        finally:
            self.pid = None
            self._in_force = None
            self._ready.clear()
            self._news.set()
            await _end(process)

    # --- before the start ---------------------------------------------------------------------------------

    async def _write_files(self, plan: BrokerPlan, watcher: Account) -> None:
        config = render_config(
            directory=self._directory,
            socket=plan.socket,
            host=plan.host,
            port=plan.port,
            as_root=os.geteuid() == 0,
        )
        files.replace(self._config, config.encode())
        await self._write_rights([*plan.accounts, watcher])
        plan.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The broker cannot bind where the socket of its killed predecessor still lies.
        plan.socket.unlink(missing_ok=True)

    async def _write_rights(self, everybody: Sequence[Account]) -> None:
        rights = render_acl({one.username: one.acl for one in everybody})
        files.replace(self._directory / "acl", rights.encode())
        await self._write_passwords(everybody)

    async def _write_passwords(self, accounts: Sequence[Account]) -> None:
        """The tool hashes a whole file in place, so no password is ever seen in a list of processes."""
        file = self._directory / "passwords"
        files.replace(file, render_passwords(accounts).encode())
        tool = find_program("mosquitto_passwd")
        process = await asyncio.create_subprocess_exec(tool, "-U", str(file), stderr=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(_HASH_SECONDS):
                _, complaint = await process.communicate()
        except TimeoutError:
            raise Unavailable("mosquitto_passwd does not come to its end") from None
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            raise ConfigurationError(f"{file}: mosquitto_passwd refused it: {complaint.decode().strip()}")

    # --- the process --------------------------------------------------------------------------------------

    async def _spawn(self) -> asyncio.subprocess.Process:
        # setpriv asks the kernel to kill the broker when we die, whatever kills us.
        command = (
            find_program("setpriv"),
            "--pdeathsig",
            "KILL",
            find_program("mosquitto"),
            "-c",
            str(self._config),
        )
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

    async def _attend(
        self, process: asyncio.subprocess.Process, watcher: Account, progress: Progress
    ) -> None:
        assert process.stderr is not None
        listening = asyncio.create_task(self._forward_log(process.stderr))
        watching = asyncio.create_task(self._watch(watcher, progress))
        following = asyncio.create_task(self._follow(process, watcher))
        tasks = (listening, watching, following)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if following.done() and not listening.done():
                following.result()
                return
            # A broker that ends hangs up first: wait a moment for its last words.
            await asyncio.wait({listening}, timeout=_BEAT_SECONDS)
            if not listening.done():
                watching.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise Unavailable(f"mosquitto ended: {' / '.join(self._complaints) or 'without a complaint'}")

    # --- other settings for the running one -----------------------------------------------------------------

    async def _follow(self, process: asyncio.subprocess.Process, watcher: Account) -> None:
        """Give the running broker what :meth:`reconfigure` wants; returns when it needs another process."""
        await self._ready.wait()
        while True:
            await self._wished.wait()
            self._wished.clear()
            plan, present = self._plan, self._in_force
            assert plan is not None
            assert present is not None
            if plan == present:
                continue
            if replace(plan, accounts=present.accounts) != present:
                return  # its address is another one
            await self._adopt(plan, process, watcher)
            self._in_force = plan
            self._news.set()
            _LOG.info("mosquitto_rights_changed", accounts=len(plan.accounts))

    async def _adopt(self, plan: BrokerPlan, process: asyncio.subprocess.Process, watcher: Account) -> None:
        """Have it read its accounts and rights again, and wait until it has.

        It does not tell; but an account that did not exist before gets in as soon as it did.
        """
        proof = _one_of_ours(_PROOF)
        await self._write_rights([*plan.accounts, watcher, proof])
        process.send_signal(signal.SIGHUP)
        connection = await _log_in(plan, proof, seconds=_ADOPT_SECONDS)
        connection.close()

    async def _forward_log(self, stderr: asyncio.StreamReader) -> None:
        while line := await stderr.readline():
            words = line.decode(errors="replace").strip()
            if words.startswith("Error"):
                self._complaints.append(words)
            bad = words.startswith(("Error", "Warning"))
            (_LOG.warning if bad else _LOG.debug)("mosquitto_says", line=words)

    async def _watch(self, watcher: Account, progress: Progress) -> None:
        """Log in once, then ask for signs of life for ever: a broker that hangs must be killed too."""
        assert self._in_force is not None
        connection = await _log_in(self._in_force, watcher, seconds=_START_SECONDS, progress=progress)
        self._ready.set()
        _LOG.info("mosquitto_ready", pid=self.pid, port=self._in_force.port)
        try:
            while True:
                progress()
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await connection.sign_of_life()
                await asyncio.sleep(_BEAT_SECONDS)
        except TimeoutError:
            raise Unavailable(f"mosquitto gave no sign of life for {_ANSWER_SECONDS:g} s") from None
        finally:
            connection.close()


def _one_of_ours(username: str) -> Account:
    """An account for ourselves that may do nothing but come in, with a password that is used only now."""
    return Account(username, SecretStr(secrets.token_urlsafe(18)), ())


async def _log_in(
    plan: BrokerPlan, account: Account, *, seconds: float, progress: Progress = lambda: None
) -> Connection:
    """Try until the broker lets this account in."""
    address = BrokerAddress(plan.host, plan.port, account.username, account.password, plan.socket)
    problem = "nobody listens"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                progress()
                connection = Connection(address, client_id=account.username, will=None, on_lost=lambda: None)
                try:
                    await connection.open()
                except Unavailable as error:
                    problem = str(error)
                else:
                    return connection
                await asyncio.sleep(_TRY_SECONDS)
    raise Unavailable(f"mosquitto did not let us in within {seconds:g} s: {problem}")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Stop it, by force after a moment. Also when we are cancelled meanwhile."""
    if process.returncode is not None:
        return
    try:
        process.terminate()
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        _LOG.warning("mosquitto_killed", pid=process.pid)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
