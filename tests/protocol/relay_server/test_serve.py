"""The process: starts, says so, stops without losing a word; several on one database; the database away."""

import asyncio
import json
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from support.postgres import Postgres
from support.relay_server import (
    COMMAND,
    SHARED_SECRET,
    Gym,
    RelayProcess,
    add_gym,
    everything,
    post,
    pull,
)
from support.waiting import eventually_is

from arni_edge.domain.errors import InvalidInput
from arni_edge.relay.server import gyms


@asynccontextmanager
async def _client(relay: RelayProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=relay.url, trust_env=False, verify=False, timeout=30) as http:
        yield http


async def _gym(relay: RelayProcess) -> Gym:
    async with relay.store() as store:
        return await add_gym(store, f"gym-{secrets.token_hex(4)}", gyms.Secrets())


async def _numbers(http: httpx.AsyncClient) -> str:
    return (await http.get("/metrics")).text


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[RelayProcess]:
    """A relay process of this test's own, on SQLite; not started."""
    process = RelayProcess(tmp_path, database=None)
    yield process
    process.stop()


async def test_it_says_when_it_is_ready_and_ends_what_waits(alone: RelayProcess, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        await asyncio.to_thread(alone.start, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert systemd.recv(100) == b"READY=1"
        gym = await _gym(alone)
        async with _client(alone) as http:
            waiting = asyncio.create_task(pull(http, gym, 0, wait=50))
            await eventually_is(lambda: _numbers(http), lambda text: "polls_waiting 1\n" in text)
            started = time.monotonic()
            alone.send(signal.SIGTERM)
            answer = await waiting
        assert (answer.status_code, answer.json()["events"]) == (200, [])
        # All boxes at once must not come back all at once.
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert await asyncio.to_thread(alone.wait) == 0
        assert time.monotonic() - started < 5.0
        assert systemd.recv(100) == b"STOPPING=1"


async def test_instances_on_one_database_wake_each_other(postgres: Postgres, tmp_path: Path) -> None:
    database = postgres.database()
    here, there = (RelayProcess(tmp_path, database=database) for _ in range(2))
    try:
        await asyncio.gather(*(asyncio.to_thread(one.start) for one in (here, there)))
        gym = await _gym(here)
        async with _client(here) as one, _client(there) as other:
            took = []
            for number in range(5):
                waiting = asyncio.create_task(pull(other, gym, number, wait=20))
                await eventually_is(lambda: _numbers(other), lambda text: "polls_waiting 1\n" in text)
                await post(one, gym, b"x")
                at = time.monotonic()
                assert [event["sequence"] for event in (await waiting).json()["events"]] == [number + 1]
                took.append(time.monotonic() - at)
            # By itself an instance would look only every five seconds.
            assert sorted(took)[2] < 1.0
    finally:
        for process in (here, there):
            process.stop()


async def test_what_was_acknowledged_survives_the_databases_crash(postgres: Postgres, tmp_path: Path) -> None:
    relay = RelayProcess(tmp_path, database=postgres.database())
    try:
        await asyncio.to_thread(relay.start)
        gym = await _gym(relay)
        async with _client(relay) as http:
            for _ in range(20):
                assert (await post(http, gym, b"x")).status_code == 200
            await asyncio.to_thread(postgres.stop, signal.SIGQUIT)
            away = await post(http, gym, b"away")
            assert (away.status_code, (await http.get("/healthz")).status_code) == (503, 503)
            assert 1 <= int((await pull(http, gym, 0)).headers["retry-after"]) <= 30
            await asyncio.to_thread(postgres.start)

            async def status() -> int:
                return (await post(http, gym, b"back")).status_code

            await eventually_is(status, lambda code: code == 200)
            log = await everything(http, gym)
        assert len(log) == 21
        assert [event["sequence"] for event in log] == list(range(1, 22))
    finally:
        relay.stop()


# --- the command --------------------------------------------------------------------------------------------


def _value(text: str, name: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return line.removeprefix(name).split()[0]


async def test_an_operator_takes_a_gym_on(alone: RelayProcess) -> None:
    command = alone.command
    await asyncio.to_thread(alone.start)
    added = await asyncio.to_thread(command, "box", "add", "gym-a", "--magicline-key", "-", stdin="key\n")
    address, code = _value(added, "WhatsApp callback"), _value(added, "code for the box")
    assert address.startswith(f"{alone.url}/w/")
    assert len(address.removeprefix(f"{alone.url}/w/").removesuffix("/whatsapp")) == 32
    gym = Gym(
        "gym-a",
        gyms.Passes(address.split("/")[-2], _value(added, "verify token")),
        gyms.Secrets(magicline_key="key"),
        code,
    )
    async with _client(alone) as http:
        enrolled = await http.post("/v1/enroll", json={"code": code, "public_key": gym.key.public})
        gym.epoch = enrolled.json()["epoch"]
        for source in ("whatsapp", "magicline"):
            assert (await post(http, gym, b"x", source)).status_code == 200
        (shown,) = json.loads(await asyncio.to_thread(command, "box", "list", "--json"))
        assert (shown["gym"], shown["box"], shown["newest"]) == ("gym-a", "enrolled", 2)
        erased = await asyncio.to_thread(command, "erase", "gym-a", "1", "7-9")
        assert erased == "1 events erased\n"
        assert (await everything(http, gym))[0]["erased"] is True
        await asyncio.to_thread(command, "box", "rotate-path", "gym-a")
        assert (await post(http, gym, b"x")).status_code == 404
        await asyncio.to_thread(command, "box", "revoke", "gym-a")
        assert (await pull(http, gym, 0)).status_code == 403
        again = _value(await asyncio.to_thread(command, "box", "code", "gym-a"), "code for the box")
        enrolled = await http.post("/v1/enroll", json={"code": again, "public_key": gym.key.public})
        assert enrolled.json() == {"box": "gym-a", "epoch": 2}
        await asyncio.to_thread(command, "box", "remove", "gym-a", "--yes")
        assert (await pull(http, gym, 0)).status_code == 401
    said = "".join(alone.lines)
    assert gym.path not in said
    assert SHARED_SECRET not in said


def test_what_an_operator_can_act_on_is_one_sentence(alone: RelayProcess) -> None:
    for arguments, sentence in (
        (["box", "revoke", "nobody"], "there is no gym 'nobody'"),
        (["box", "add", "Not A Name"], "GYM must be small letters"),
        (["box", "secrets", "gym-a"], "give --app-secret or"),
        (["erase", "gym-a", "x"], "'x' must be a number"),
        (["erase", "gym-a"], "name the numbers"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            alone.command(*arguments)


def test_without_a_configuration_it_does_not_start(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*COMMAND, "serve", "--config", str(tmp_path / "none.toml")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 78
    assert "copy config/relay.toml there" in ended.stderr
