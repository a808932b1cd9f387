"""The box of the simulated gym: the real daemon as a process of its own, met only through its wires."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

import arni_edge
from arni_edge.broker import BrokerAddress
from arni_edge.control import call
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.relay import Papers
from arni_edge.simulator.blueprint import Blueprint, credentials, render_settings

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class Box:
    """Starts, stops, kills and asks the daemon.

    Attributes:
        folder: Everything of the box: configuration, credentials, state, log.
        config: Its configuration file.
        process: The daemon, while it runs.
    """

    def __init__(self, blueprint: Blueprint, folder: Path | None) -> None:
        """Prepare a box.

        Args:
            blueprint: What it is connected to.
            folder: Where its files stay; None: a temporary folder that goes with the box.
        """
        self._keep = folder is not None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="arni-box-"))
        # Sockets have names of at most 107 bytes, so they get a short folder whatever the owner chose.
        self._runtime = Path(tempfile.mkdtemp(prefix="arni-run-"))
        self.broker_port = free_port()
        self.config = self.folder / "arni.toml"
        self._blueprint = blueprint
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._write)
        papers = Papers(self.folder / "state" / "relay")
        if not papers.version:
            await self._blueprint.cloud.relay.enroll(papers)
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await asyncio.to_thread(self._clear_away)

    @property
    def log(self) -> Path:
        """What the daemon has logged."""
        return self.folder / "arni-edge.log"

    async def start(self) -> None:
        """Start the daemon and wait until it can be asked.

        Raises:
            Unavailable: It ended or did not answer; the message names its log.
        """
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "arni_edge", "run", "--config", str(self.config)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "CREDENTIALS_DIRECTORY": str(self.folder / "credentials")},
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self._answers():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self.kill()
            raise Unavailable(f"the daemon does not answer; its log is {self.log}") from None

    async def stop(self) -> None:
        """Ask the daemon to stop, as systemd would; kill it when it does not."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL to the daemon: nothing of it gets to say goodbye."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def ask(self, method: str, **params: Any) -> Any:
        """Ask the daemon over its control socket."""
        return await asyncio.to_thread(call, self._runtime / "control.sock", method, params, timeout=10.0)

    def device_address(self, username: str) -> BrokerAddress:
        """How a device reaches the broker, with the password that the box made for it."""
        accounts = json.loads((self.folder / "state" / "broker" / "accounts.json").read_text("utf-8"))
        return BrokerAddress("127.0.0.1", self.broker_port, username, SecretStr(accounts[username]))

    async def _answers(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise Unavailable(f"the daemon ended with {self.process.returncode}; its log is {self.log}")
        try:
            await self.ask("status")
        except ArniError:
            return False
        return True

    def _write(self) -> None:
        secrets = self.folder / "credentials"
        secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, value in credentials(self._blueprint).items():
            (secrets / name).write_text(value, encoding="utf-8")
        text = render_settings(
            self._blueprint,
            state=self.folder / "state",
            runtime=self._runtime,
            broker_port=self.broker_port,
            model=simulation_model(),
        )
        self.config.write_text(text, encoding="utf-8")

    def _clear_away(self) -> None:
        shutil.rmtree(self._runtime, ignore_errors=True)
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def simulation_model() -> Path:
    """The detector that was trained on the simulated gym."""
    return Path(arni_edge.__file__).parents[1] / "models" / "sim-person-yolov8.onnx"


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
