"""A box as far as the owner meets it: the real command before a real control socket, anything behind it."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from arni_edge.control import ControlServer, Method, call
from arni_edge.settings import load_settings
from support.mqtt import running
from support.waiting import eventually

HereT = TypeVar("HereT")


@dataclass(frozen=True)
class Box(Generic[HereT]):
    """The command and the socket.

    Attributes:
        here: What is behind the socket.
        config: The configuration that names it.
        socket: Where it is.
    """

    here: HereT
    config: Path
    socket: Path

    async def ask(self, method: str, **params: Any) -> Any:
        """Ask the socket."""
        return await asyncio.to_thread(call, self.socket, method, params, timeout=20.0)

    async def says(self, *words: str, code: int = 0) -> str:
        """Type a command; returns what stands on the screen. Of one that works, what a script reads of it."""
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "arni_edge", *words, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == code, ended.stderr
        return ended.stdout if code == 0 else f"{ended.stdout}{ended.stderr}"


@contextmanager
def a_config() -> Iterator[Path]:
    """A configuration in a folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="arni-b-", dir="/tmp") as short:
        config = Path(short) / "arni.toml"
        config.write_text(
            f'[site]\nid = "probe"\nname = "P"\ncapacity = 40\n[paths]\nruntime = "{short}/run"\n'
        )
        yield config


@asynccontextmanager
async def a_box(config: Path, here: HereT, methods: Mapping[str, Method]) -> AsyncIterator[Box[HereT]]:
    """Answer with these methods where the configuration says."""
    socket = load_settings(config).paths.control_socket
    async with running(ControlServer(socket, methods).run):
        await eventually(socket.exists)
        yield Box(here, config, socket)
