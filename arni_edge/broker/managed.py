"""The daemon's own Mosquitto, started, watched and stopped with it."""

import asyncio
import contextlib
import os
import secrets
import signal
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog
from pydantic import SecretStr

from arni_edge.broker.accounts import Account, accounts, rights
from arni_edge.broker.client import Connection
from arni_edge.broker.config import render_acl, render_config, render_passwords
from arni_edge.broker.model import BrokerAddress
from arni_edge.broker.orphans import end_orphans
from arni_edge.broker.passwords import keep_passwords, replace_private
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
_WATCH: Final = "arni-watch"


def managed_broker(settings: Settings) -> "ManagedMosquitto":
    """The broker of this house: its accounts follow from the settings, their passwords are kept.

    Raises:
        ConfigurationError: The kept passwords cannot be read.
    """
    directory = settings.paths.state / "broker"
    passwords = keep_passwords(directory / "accounts.json", rights(settings))
    return ManagedMosquitto(
        accounts(settings, passwords),
        directory=directory,
        socket=settings.paths.runtime / "mqtt.sock",
        host=settings.broker.listen_host,
        port=settings.broker.listen_port,
    )


class ManagedMosquitto:
    """One Mosquitto as a child process: it cannot outlive us, and the supervisor starts it again.

    Devices reach it by TCP, the processes of this box by a Unix socket.

    Attributes:
        pid: Its process id while it runs.
        ready: Whether it has let us in.
    """

    def __init__(
        self, accounts: Sequence[Account], *, directory: Path, socket: Path, host: str, port: int
    ) -> None:
        """Nothing is written or started before :meth:`run`.

        Args:
            accounts: Everybody who may connect.
            directory: For its files; made with mode 0700, one broker each.
            socket: Where its Unix socket shall be.
            host: Address on which devices reach it.
            port: TCP port for them.
        """
        self._accounts = {account.username: account for account in accounts}
        self._directory = directory
        self._config = directory / "mosquitto.conf"
        self._socket = socket
        self._host = host
        self._port = port
        self._complaints: deque[str] = deque(maxlen=3)
        self.pid: int | None = None
        self.ready = False

    def address(self, username: str) -> BrokerAddress:
        """How the holder of this account reaches the broker from this box."""
        return BrokerAddress(
            self._host, self._port, username, self._accounts[username].password, self._socket
        )

    async def run(self, progress: Progress) -> None:
        """Start it and stay with it until cancelled.

        Args:
            progress: Called every second for as long as the broker answers.

        Raises:
            ConfigurationError: It is not installed, its port is taken, or its files cannot be made.
            Unavailable: It ended or hung; it is gone for certain and can be started again.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with only_one(self._directory):
            await end_orphans(self._config)
            watcher = Account(_WATCH, SecretStr(secrets.token_urlsafe(18)), ())
            await self._write_files([*self._accounts.values(), watcher])
            check_port(self._host, self._port)
            process = await self._spawn()
            self.pid = process.pid
            try:
                await self._attend(process, watcher, progress)
            finally:
                self.pid = None
                self.ready = False
                await _end(process)

    # --- before the start ---------------------------------------------------------------------------------

    async def _write_files(self, accounts: Sequence[Account]) -> None:
        config = render_config(
            directory=self._directory,
            socket=self._socket,
            host=self._host,
            port=self._port,
            as_root=os.geteuid() == 0,
        )
        replace_private(self._config, config)
        replace_private(self._directory / "acl", render_acl(accounts))
        await self._write_passwords(accounts)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The broker cannot bind where the socket of its killed predecessor still lies.
        self._socket.unlink(missing_ok=True)

    async def _write_passwords(self, accounts: Sequence[Account]) -> None:
        """The tool hashes a whole file in place, so no password is ever seen in a list of processes."""
        file = self._directory / "passwords"
        replace_private(file, render_passwords(accounts))
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
        try:
            await asyncio.wait({listening, watching}, return_when=asyncio.FIRST_COMPLETED)
            # A broker that ends hangs up first: wait a moment for its last words.
            await asyncio.wait({listening}, timeout=_BEAT_SECONDS)
            if not listening.done():
                watching.result()
        finally:
            for task in (listening, watching):
                task.cancel()
            await asyncio.gather(listening, watching, return_exceptions=True)
        raise Unavailable(f"mosquitto ended: {' / '.join(self._complaints) or 'without a complaint'}")

    async def _forward_log(self, stderr: asyncio.StreamReader) -> None:
        while line := await stderr.readline():
            words = line.decode(errors="replace").strip()
            if words.startswith("Error"):
                self._complaints.append(words)
            bad = words.startswith(("Error", "Warning"))
            (_LOG.warning if bad else _LOG.debug)("mosquitto_says", line=words)

    async def _watch(self, watcher: Account, progress: Progress) -> None:
        """Log in once, then ask for signs of life for ever: a broker that hangs must be killed too."""
        address = BrokerAddress(self._host, self._port, watcher.username, watcher.password, self._socket)
        connection = await self._first_connection(address, progress)
        self.ready = True
        _LOG.info("mosquitto_ready", pid=self.pid, port=self._port)
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

    @staticmethod
    async def _first_connection(address: BrokerAddress, progress: Progress) -> Connection:
        problem = "nobody listens"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                while True:
                    progress()
                    connection = Connection(address, client_id=_WATCH, will=None, on_lost=lambda: None)
                    try:
                        await connection.open()
                    except Unavailable as error:
                        problem = str(error)
                    else:
                        return connection
                    await asyncio.sleep(0.05)
        raise Unavailable(f"mosquitto did not come up within {_START_SECONDS:g} s: {problem}")


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
