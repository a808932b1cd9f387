"""Lives of a box at the end of a relay, each in a process of its own that SIGKILL ends whenever it comes.

The box is real from the relay to the inbox; nobody takes the messages further.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from arni_edge.channels.whatsapp import SOURCE, WhatsAppChannel, WhatsAppIntake
from arni_edge.domain.clock import SystemClock
from arni_edge.logs import configure_logging
from arni_edge.relay import Papers, RelayClient, RelayDesk, RelayPull
from arni_edge.settings import Relay, WhatsApp
from support.whatsapp import a_store, no_progress, reception

NUMBER = "106540352242922"
_LIFE_SECONDS = 120


def webhook(message_id: str, phone: str) -> bytes:
    """One message, as Meta sends it."""
    message = {
        "id": message_id,
        "from": phone,
        "timestamp": "1795000000",
        "type": "text",
        "text": {"body": message_id},
    }
    value = {"metadata": {"phone_number_id": NUMBER}, "messages": [message]}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


def ids_in(body: bytes) -> list[str]:
    """The messages of such a webhook."""
    said = json.loads(body)["entry"][0]["changes"][0]["value"]["messages"]
    return [one["id"] for one in said]


class Nursery:
    """Makes boxes: everything is loaded once, and each life is a fork.

    Attributes:
        lives: How many there were.
        worked: How many of them died after they had taken something in.
    """

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._pid = 0
        self.lives = 0
        self.worked = 0

    def begin(self, url: str) -> None:
        """Let a box live that asks the relay at this address."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps([str(self._folder), url])}\n")
        self._process.stdin.flush()
        self._pid = int(self._line())
        self.lives += 1

    def kill(self) -> None:
        """As a power cut does it, as far as the kernel goes."""
        os.kill(self._pid, signal.SIGKILL)
        assert self._line() == "-9", "it had ended by itself"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery for boxes on one folder."""
    command = [sys.executable, "-m", "support.relay_lives"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield Nursery(process, folder)
        finally:
            process.kill()


class BadLine:
    """A line between box and relay that breaks now and then, in the middle of anything.

    Attributes:
        url: Where the box finds it.
        cuts: How often it broke.
    """

    def __init__(self, port: int, dice: random.Random, longest: float) -> None:
        self._port = port
        self._dice = dice
        self._longest = longest
        self.url = ""
        self.cuts = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        ways = [asyncio.create_task(_copy(reader, back)), asyncio.create_task(_copy(there, writer))]
        done, _ = await asyncio.wait(
            ways, timeout=self._dice.uniform(0.0, self._longest), return_when=asyncio.FIRST_COMPLETED
        )
        self.cuts += not done
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for end in (writer, back):
            end.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


# --- inside the nursery -----------------------------------------------------------------------------------


def _nurse() -> None:
    """One order a line: the answers are the pid of the life, and how it ended."""
    configure_logging("critical", component="test")
    for line in sys.stdin:
        folder, url = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(_LIFE_SECONDS)
            asyncio.run(_live(Path(folder), url))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


async def _live(folder: Path, url: str) -> None:
    async with a_store(folder) as store:
        client = RelayClient(Relay(url=url, wait_seconds=2), SystemClock(), Papers(folder / "relay"))
        intake = WhatsAppIntake(store.database, store.clock, reception(store))
        channel = WhatsAppChannel(WhatsApp(phone_number_id=NUMBER), intake)
        desk = RelayDesk(store.database, {SOURCE: channel.consume}, urgent={SOURCE: channel.heed})
        health: list[Any] = []
        pull = RelayPull(
            client, desk, clock=store.clock, health=lambda *said: health.append(said), longest_backoff=0.1
        )
        await pull.run(no_progress)


if __name__ == "__main__":
    _nurse()
