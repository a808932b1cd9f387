"""The real daemon as a process, as systemd runs it; and the command beside it."""

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from arni_edge.control import call
from support.processes import started_with
from support.systemd import Systemd
from support.waiting import eventually

COMMAND = (sys.executable, "-m", "arni_edge")
# It ends itself within five seconds, but by another exit code: how long a slow machine takes says nothing.
_STOP_SECONDS = 30.0
START_SECONDS = 90.0
"""A start reads three seconds' worth of code first; on a machine that does a lot else, that is twenty."""


class DaemonProcess:
    """One box: a configuration, a state folder, a runtime folder, and the daemon when it is started.

    Attributes:
        folder: Everything of the box, in a path short enough for sockets.
        config: The configuration file.
        systemd: Hears what the daemon says.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="arni-d-", dir="/tmp"))
        self.config = self.folder / "arni.toml"
        self.systemd = Systemd()
        self.socket = self.folder / "run" / "control.sock"
        self.port = quiet_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.configure()

    # --- configuration ------------------------------------------------------------------------------------

    def configure(self, *, name: str = "Probe Gym", broker: str = "", more: str = "") -> None:
        """Write a configuration that is as small as can be."""
        broker = broker or f'mode = "managed"\nlisten_port = {self.port}'
        self.config.write_text(
            f'[site]\nid = "probe"\nname = "{name}"\ncapacity = 40\n'
            f'[paths]\nstate = "{self.folder}/state"\nruntime = "{self.folder}/run"\n'
            f"[broker]\n{broker}\n{more}",
            encoding="utf-8",
        )

    # --- life ---------------------------------------------------------------------------------------------

    def start(self, *command: str, **environment: str) -> None:
        """Start it; it is not ready then.

        Args:
            command: Instead of ``arni-edge run``.
            environment: Further variables.
        """
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command or [*COMMAND, "run", "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**_environment(), "NOTIFY_SOCKET": self.systemd.address, **environment},
            )

    async def start_ready(self, **environment: str) -> None:
        """Start it and wait until it says that it is ready."""
        before = self.systemd.count("READY=1")
        self.start(**environment)
        await self.says("READY=1", times=before + 1)

    async def says(self, message: str, *, times: int = 1) -> None:
        """Wait until systemd heard it so often."""
        await self.systemd.hears(message, times=times, within=START_SECONDS)

    async def shows(self, words: str) -> None:
        """Wait until the line for ``systemctl status`` has had these words; a start takes what it takes."""
        await eventually(
            lambda: any(words in said for said in self.systemd.said if said.startswith("STATUS=")),
            within=START_SECONDS,
            otherwise=f"{words!r} was not shown; said was {self.systemd.said}\n{self.log}",
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the daemon alone."""
        assert self.process is not None
        self.process.send_signal(number)

    async def ends(self, within: float = _STOP_SECONDS) -> int:
        """Wait for its end; returns its exit code."""
        process = self.process
        assert process is not None
        await eventually(lambda: process.poll() is not None, within=within, otherwise=f"runs on:\n{self.log}")
        return process.returncode

    async def stop(self) -> int:
        """SIGTERM, as systemd does it; returns its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ends()

    @property
    def pid(self) -> int:
        """The daemon itself."""
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        """Everything it said on stderr."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def processes(self) -> list[int]:
        """Everything that runs with a path of this box in its command line, the broker included."""
        return started_with(str(self.folder))

    def remove(self) -> None:
        """Kill what is left, and its files."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=20)
        for pid in self.processes:
            with suppress(ProcessLookupError):  # the kernel may have done it: they die with their daemon
                os.kill(pid, signal.SIGKILL)
        self.systemd.close()
        shutil.rmtree(self.folder)

    # --- asking -------------------------------------------------------------------------------------------

    async def ask(self, method: str, **params: Any) -> Any:
        """Ask over the control socket, whatever the configuration file says now."""
        return await asyncio.to_thread(call, self.socket, method, params, timeout=20.0)

    async def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``arni-edge …`` with the box's configuration."""
        return await asyncio.to_thread(
            subprocess.run,
            [*COMMAND, *words, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=90,
            env=_environment(),
            check=False,
        )

    async def parts(self, *, until_there_is: str) -> set[str]:
        """The names on the health board, as soon as this one is among them."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                names = {part["part"] for part in (await self.ask("status"))["parts"]}
                if until_there_is in names:
                    return names
                await asyncio.sleep(0.05)

    async def mosquitto(self) -> int | None:
        """Process id of its broker, as soon as that lets devices in."""
        if '"event":"mosquitto_ready"' not in self.log:
            return None
        pid: int | None = (await self.ask("status"))["processes"]["mosquitto"]
        return pid

    async def is_well(self) -> dict[str, Any]:
        """Wait until every part is; returns the status."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                status: dict[str, Any] = await self.ask("status")
                if status["state"] == "ok" and status["processes"]["mosquitto"]:
                    return status
                await asyncio.sleep(0.05)


def _environment() -> dict[str, str]:
    """Ours, without what would configure the daemon."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("ARNI_", "CREDENTIALS"))
    }


def quiet_port() -> int:
    """A TCP port that nobody takes meanwhile: the kernel gives higher ones to those who ask for any."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
