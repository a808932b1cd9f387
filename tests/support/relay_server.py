"""A real relay process, gyms in its database, and boxes that talk to it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from arni_edge.domain.errors import ArniError
from arni_edge.relay import keys
from arni_edge.relay.server import boxes, gyms
from arni_edge.relay.server.command import app
from arni_edge.relay.server.store import Store
from arni_edge.relay.server.stores import open_store
from arni_edge.relay.signature import HEADER, sign
from arni_edge.settings.relay_server import load_relay_server

SHARED_SECRET = "the-shared-app-secret"
COMMAND = [sys.executable, "-c", "from arni_edge.relay.server.command import main; main()"]
_START_SECONDS = 30.0


class RelayProcess:
    """``arni-relay serve`` on a port of its own.

    Attributes:
        url: Where it listens.
        lines: What it has logged.
    """

    def __init__(
        self, folder: Path, *, database: str | None, settings: str = "", port: int | None = None
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / f"relay-{self.port}.toml"
        self.config.write_text(
            f'[server]\npublic_url = "{self.url}"\nlisten_port = {self.port}\n'
            f'[database]\npath = "{folder / "relay.db"}"\n{settings}',
            encoding="utf-8",
        )
        credentials = folder / f"credentials-{self.port}"
        credentials.mkdir()
        (credentials / "meta_app_secret").write_text(SHARED_SECRET)
        if database is not None:
            (credentials / "database_url").write_text(database)
        self.environment = {"CREDENTIALS_DIRECTORY": str(credentials)}
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self, **environment: str) -> None:
        """Start it and wait until it is ready."""
        process = subprocess.Popen(
            [*COMMAND, "serve", "--config", str(self.config)],
            env=os.environ | self.environment | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._process = process
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(process, ready), daemon=True)
        self._reader.start()
        assert ready.wait(_START_SECONDS), "".join(self.lines)
        assert process.poll() is None, "".join(self.lines)

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.lines.append(line)
            if '"event":"ready"' in line:
                ready.set()
        ready.set()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        assert self._process is not None
        assert self._reader is not None
        code = self._process.wait(timeout=30)
        self._reader.join(timeout=30)
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process = None
        return code

    def kill(self) -> None:
        """As the kernel does it."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """As systemd does it."""
        if self._process is None:
            return 0
        self.send(signal.SIGTERM)
        return self.wait()

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Its database, as the command uses it."""
        settings = load_relay_server(self.config, self.environment)
        store = await open_store(settings)
        running = asyncio.create_task(store.run(lambda _: None, lambda: None))
        try:
            yield store
        finally:
            running.cancel()
            await asyncio.wait({running})
            await store.aclose()

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run ``arni-relay`` beside it, in this process; returns what it printed.

        Raises:
            ArniError: What the command would say in one sentence.
        """
        ended = CliRunner().invoke(
            app, [*arguments, "--config", str(self.config)], input=stdin, env=self.environment
        )
        if isinstance(ended.exception, ArniError):
            raise ended.exception
        assert ended.exit_code == 0, ended.output
        return ended.stdout


class Gym:
    """A gym at the relay, with its box.

    Attributes:
        id: Its name.
        path: Of its webhooks.
    """

    def __init__(self, id: str, passes: gyms.Passes, secrets: gyms.Secrets, code: str) -> None:  # noqa: A002
        self.id = id
        self.path = passes.path
        self.verify_token = passes.verify_token
        self.secrets = secrets
        self.code = code
        self.key = keys.BoxKey(os.urandom(32))
        self.epoch = 0

    def token(self, **changes: Any) -> str:
        """A token of its box, or one that differs."""
        claims: dict[str, Any] = {
            "key": self.key, "box": self.id, "audience": "127.0.0.1", "epoch": self.epoch,
            "now": datetime.now(UTC),
        } | changes  # fmt: skip
        return keys.sign_token(claims.pop("key"), **claims)

    def bearer(self, **changes: Any) -> dict[str, str]:
        """The header with such a token."""
        return {"Authorization": f"Bearer {self.token(**changes)}"}

    def headers(self, source: str, body: bytes) -> dict[str, str]:
        """What proves the sender."""
        if source == "magicline":
            return {"x-api-key": self.secrets.magicline_key or ""}
        return {HEADER: sign(self.secrets.app_secret or SHARED_SECRET, body)}


async def add_gym(store: Store, name: str, secrets: gyms.Secrets, *, enrolled: bool = True) -> Gym:
    """Take a gym on and enrol its box."""
    passes = await gyms.add(store, name, secrets)
    code = await boxes.new_code(store, name, now=datetime.now(UTC), good_for=timedelta(minutes=5))
    gym = Gym(name, passes, secrets, code)
    if enrolled:
        key = keys.read_public_key(gym.key.public)
        gym.epoch = (await boxes.enroll(store, code, key, now=datetime.now(UTC))).epoch
    return gym


async def post(
    http: httpx.AsyncClient, gym: Gym, body: bytes, source: str = "whatsapp", **changes: str
) -> httpx.Response:
    """A webhook, as its sender sends it."""
    headers = gym.headers(source, body) | {"Content-Type": "application/json"} | changes
    return await http.post(f"/w/{gym.path}/{source}", content=body, headers=headers)


async def pull(
    http: httpx.AsyncClient, gym: Gym, after: int, *, wait: float = 0, bearer: Mapping[str, str] | None = None
) -> httpx.Response:
    """One poll of the gym's box."""
    return await http.get(
        "/v1/events", params={"after": after, "wait": wait}, headers=bearer or gym.bearer(), timeout=30
    )


async def everything(http: httpx.AsyncClient, gym: Gym) -> list[dict[str, Any]]:
    """All events of a gym, page after page."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        answer = await pull(http, gym, after)
        assert answer.status_code == 200, answer.text
        events = answer.json()["events"]
        if not events:
            return found
        found += events
        after = events[-1]["sequence"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def events_named(lines: list[str], name: str) -> list[dict[str, Any]]:
    """Log lines of one kind."""
    said = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in said if line.get("event") == name]


def until_closed(port: int, request: bytes, *, within: float = 10.0) -> bytes:
    """Send raw bytes and read until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=within) as connection:
        connection.sendall(request)
        answer = b""
        deadline = time.monotonic() + within
        while chunk := connection.recv(4096):
            answer += chunk
            assert time.monotonic() < deadline
        return answer
