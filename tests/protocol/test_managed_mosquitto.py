"""The managed broker: a real Mosquitto that we start, watch and stop, with the rights of a real house."""

import asyncio
import os
import secrets
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import pytest
from pydantic import SecretStr
from support.mosquitto import free_port
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerAddress, BrokerSession, Delivery
from arni_edge.broker.accounts import Account
from arni_edge.broker.managed import ManagedMosquitto, managed_broker
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.settings import Settings


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="arni-", dir="/tmp") as directory:
        yield Path(directory)


@pytest.fixture
def house(short_path: Path) -> Settings:
    """A house with two doors, a light and a managed broker."""
    return Settings.model_validate(
        {
            "site": {"id": "site1", "name": "Gym", "capacity": 40},
            "paths": {"state": short_path / "state", "runtime": short_path / "run"},
            "broker": {"listen_port": free_port()},
            "doors": [
                {"id": "front", "name": "Front", "lock": {"nuki_id": "2BB28570"}},
                {"id": "back", "name": "Back", "lock": {"nuki_id": "00000BB2"}},
            ],
            "shellies": [
                {"id": "light", "prefix": "gym/light", "role": "light"},
                {"id": "siren", "prefix": "shellysiren", "role": "siren"},
            ],
        }
    )


@pytest.fixture
async def broker(house: Settings) -> AsyncIterator[ManagedMosquitto]:
    """The house's broker, running."""
    managed = managed_broker(house)
    async with up(managed):
        yield managed


class up:  # noqa: N801 - reads as a word: async with up(broker)
    """Keeps a managed broker running for a block."""

    def __init__(self, managed: ManagedMosquitto) -> None:
        self._managed = managed
        self._running = running(managed.run)

    async def __aenter__(self) -> "asyncio.Future[None]":
        task = await self._running.__aenter__()
        await eventually(lambda: task.done() or self._managed.ready)
        if task.done():
            task.result()
        return task

    async def __aexit__(self, *problem: object) -> None:
        await self._running.__aexit__(*problem)  # type: ignore[arg-type]


def answers(address: BrokerAddress) -> bool:
    assert address.socket is not None
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(address.socket)) == 0


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def session(broker: ManagedMosquitto, username: str) -> BrokerSession:
    return BrokerSession(broker.address(username), client_id=username, clock=SystemClock())


# --- rights -----------------------------------------------------------------------------------------------

FORBIDDEN = [
    ("nuki-front", "nuki/2BB28570/lockAction"),
    ("nuki-front", "nuki/2BB28570/lock"),
    ("nuki-front", "nuki/2BB28570/unlock"),
    ("nuki-front", "nuki/BB2/state"),
    ("nuki-front", "nuki/BB2/lockAction"),
    ("nuki-front", "gym/light/rpc"),
    ("nuki-front", "arni/site1/vision/zone/floor"),
    ("shelly-light", "gym/light/rpc"),
    ("shelly-light", "gym/light/command"),
    ("shelly-light", "gym/light/command/switch:0"),
    ("shelly-light", "shellysiren/rpc"),
    ("shelly-light", "shellysiren/online"),
    ("shelly-light", "shellies/command"),
    ("shelly-light", "nuki/2BB28570/lockAction"),
    ("shelly-light", "nuki/2BB28570/state"),
    ("shelly-light", "arni/site1/online"),
    ("arni-vision", "nuki/2BB28570/lockAction"),
    ("arni-vision", "gym/light/rpc"),
    ("arni-vision", "arni/site1/edge/rpc"),
    ("arni-vision", "arni/site1/online"),
    ("arni-edge", "nuki/2BB28570/state"),
    ("arni-edge", "gym/light/online"),
    ("arni-edge", "$SYS/broker/uptime"),
]
ALLOWED = [
    ("nuki-front", "nuki/2BB28570/state"),
    ("nuki-front", "nuki/2BB28570/connected"),
    ("nuki-front", "nuki/2BB28570/commandResponse"),
    ("nuki-front", "nuki/2BB28570/lockActionEvent"),
    ("nuki-back", "nuki/BB2/state"),
    ("nuki-back", "nuki/00000BB2/state"),
    ("shelly-light", "gym/light/online"),
    ("shelly-light", "gym/light/events/rpc"),
    ("shelly-light", "gym/light/status/switch:0"),
    ("shelly-light", "gym/light/debug/log"),
    ("shelly-light", "arni/site1/edge/rpc"),
    ("arni-vision", "arni/site1/vision/zone/floor"),
    ("arni-vision", "arni/site1/vision/online"),
    ("arni-edge", "arni/site1/online"),
    ("arni-edge", "nuki/2BB28570/lockAction"),
    ("arni-edge", "gym/light/rpc"),
    ("arni-edge", "gym/light/command/switch:0"),
]


async def test_everybody_may_say_exactly_what_is_theirs(broker: ManagedMosquitto) -> None:
    said: dict[tuple[str, str], Delivery] = {}
    for username in {username for username, _ in FORBIDDEN + ALLOWED}:
        async with connected(session(broker, username)) as speaker:
            for name, topic in FORBIDDEN + ALLOWED:
                if name == username:
                    said[name, topic] = await speaker.publish(topic, "3")
    assert [what for what, delivery in said.items() if delivery is Delivery.NOT_PERMITTED] == [
        what for what in said if what in FORBIDDEN
    ]


async def test_a_lock_hears_its_commands_and_nobody_else_does(broker: ManagedMosquitto) -> None:
    """Mosquitto grants a forbidden subscription and withholds the messages."""
    async with (
        connected(session(broker, "arni-edge")) as daemon,
        Device(broker.address("nuki-front"), "nuki/#") as front,
        Device(broker.address("nuki-back"), "nuki/#") as back,
        Device(broker.address("arni-vision"), "#") as vision,
        Device(broker.address("shelly-light"), "#") as light,
    ):
        assert await daemon.publish("nuki/2BB28570/lockAction", "3") is Delivery.ACCEPTED
        await daemon.publish("nuki/BB2/lockAction", "1")
        await daemon.publish("gym/light/rpc", "{}")
        await eventually(lambda: front.got and back.got and light.got)
    assert front.got == [("nuki/2BB28570/lockAction", "3")]
    assert back.got == [("nuki/BB2/lockAction", "1")]
    assert light.got == [("gym/light/rpc", "{}")]
    assert vision.got == []


async def test_the_daemon_hears_its_devices_and_its_eyes(broker: ManagedMosquitto) -> None:
    async with (
        Device(broker.address("arni-edge"), "nuki/+/state", "gym/light/events/rpc", "arni/site1/#") as daemon,
        Device(broker.address("nuki-front")) as lock,
        Device(broker.address("shelly-light")) as light,
        Device(broker.address("arni-vision")) as vision,
    ):
        await lock.publish("nuki/2BB28570/state", "1")
        await light.publish("gym/light/events/rpc", "{}")
        await light.publish("arni/site1/edge/rpc", "{}")
        await vision.publish("arni/site1/vision/zone/floor", "{}")
        await eventually(lambda: len(daemon.got) == 4)


@pytest.mark.parametrize("password", [None, "wrong", ""])
async def test_nobody_comes_in_without_the_right_password(
    broker: ManagedMosquitto, password: str | None
) -> None:
    good = broker.address("nuki-front")
    bad = BrokerAddress(good.host, good.port, good.username, SecretStr(password) if password else None, None)
    with pytest.raises(aiomqtt.MqttError):
        async with Device(bad):
            pass


# --- files ------------------------------------------------------------------------------------------------


async def test_its_files_are_private_and_hold_no_password_in_the_clear(
    broker: ManagedMosquitto, house: Settings
) -> None:
    directory = house.paths.state / "broker"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}
    assert files.keys() == {"accounts.json", "acl", "mosquitto.conf", "passwords"}
    assert set(files.values()) == {0o600}
    hashed = (directory / "passwords").read_text().splitlines()
    assert all(":$7$" in line for line in hashed)
    password = broker.address("nuki-front").password
    assert password is not None
    assert not any(password.get_secret_value() in line for line in hashed)


async def test_devices_keep_their_passwords_over_a_restart(house: Settings) -> None:
    first = managed_broker(house)
    address = first.address("nuki-front")
    async with up(first):
        pass
    async with up(managed_broker(house)), Device(address) as device:
        await device.publish("nuki/2BB28570/state", "1")


# --- life -------------------------------------------------------------------------------------------------


async def test_stops_within_two_seconds(house: Settings) -> None:
    broker = managed_broker(house)
    async with up(broker):
        pid = broker.pid
        assert pid is not None
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 2.0
    assert not alive(pid)


async def test_stops_within_two_seconds_even_when_frozen(house: Settings) -> None:
    broker = managed_broker(house)
    async with up(broker):
        pid = broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 2.5
    assert not alive(pid)


async def test_fails_when_it_dies_and_can_be_started_again(house: Settings) -> None:
    broker = managed_broker(house)
    problem = await run_and_hurt(broker, signal.SIGKILL)
    assert "mosquitto ended" in str(problem)
    async with up(broker), connected(session(broker, "arni-edge")):
        pass


async def test_a_broker_that_hangs_is_killed(house: Settings) -> None:
    broker = managed_broker(house)
    problem = await run_and_hurt(broker, signal.SIGSTOP)
    assert "no sign of life" in str(problem)


async def run_and_hurt(broker: ManagedMosquitto, how: signal.Signals) -> Unavailable:
    """Start it, send it a signal, and return why it failed; its process is gone then."""
    task = asyncio.ensure_future(broker.run(lambda: None))
    await eventually(lambda: broker.ready)
    pid = broker.pid
    assert pid is not None
    os.kill(pid, how)
    await asyncio.wait({task}, timeout=20)
    with pytest.raises(Unavailable) as caught:
        task.result()
    assert not alive(pid)
    return caught.value


async def test_reports_progress_for_as_long_as_it_answers(house: Settings) -> None:
    beats: list[float] = []
    broker = managed_broker(house)
    async with running(lambda _: broker.run(lambda: beats.append(0))):
        await eventually(lambda: broker.ready)
        seen = len(beats)
        await eventually(lambda: len(beats) > seen + 1)


DAEMON = """
import asyncio, sys
from pathlib import Path
from arni_edge.broker.managed import ManagedMosquitto
state, port = Path(sys.argv[1]), int(sys.argv[2])
broker = ManagedMosquitto([], directory=state / "broker", socket=state / "s", host="127.0.0.1", port=port)
def progress():
    if broker.ready:
        print("pid", broker.pid, flush=True)
asyncio.run(broker.run(progress))
"""


async def test_dies_with_a_daemon_that_is_killed(short_path: Path) -> None:
    port = free_port()
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, str(short_path), str(port), stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout is not None
    line = b""
    while not line.startswith(b"pid"):
        line = await daemon.stdout.readline()
        assert line, "the daemon ended"
    pid = int(line.split()[1])
    assert alive(pid)
    daemon.kill()
    await daemon.wait()
    await eventually(lambda: not alive(pid))
    again = ManagedMosquitto(
        [], directory=short_path / "broker", socket=short_path / "s", host="127.0.0.1", port=port
    )
    async with running(again.run):
        await eventually(lambda: again.ready)


async def test_an_orphan_and_its_socket_do_not_keep_it_from_starting(house: Settings) -> None:
    broker = managed_broker(house)
    async with up(broker):
        pass
    config = house.paths.state / "broker" / "mosquitto.conf"
    orphan = await asyncio.create_subprocess_exec("mosquitto", "-c", str(config))
    try:
        await eventually(lambda: answers(broker.address("arni-edge")))
        async with up(broker), connected(session(broker, "arni-edge")):
            assert await orphan.wait() == -signal.SIGKILL
    finally:
        if orphan.returncode is None:
            orphan.kill()
            await orphan.wait()


async def test_leaves_the_broker_of_a_living_daemon_alone(house: Settings, broker: ManagedMosquitto) -> None:
    with pytest.raises(ConfigurationError, match="another Arni Edge is running"):
        await managed_broker(house).run(lambda: None)
    assert broker.pid is not None
    assert alive(broker.pid)


# --- what an owner can put right --------------------------------------------------------------------------


async def test_says_which_port_is_taken(house: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.broker.listen_port))
        other.listen()
        with pytest.raises(
            ConfigurationError, match=f"port {house.broker.listen_port} on 127.0.0.1 is taken"
        ):
            await managed_broker(house).run(lambda: None)


async def test_waits_for_an_address_that_is_not_there_yet(short_path: Path) -> None:
    broker = ManagedMosquitto(
        [], directory=short_path / "b", socket=short_path / "s", host="192.0.2.1", port=free_port()
    )
    with pytest.raises(Unavailable, match=r"192\.0\.2\.1"):
        await broker.run(lambda: None)


async def test_names_the_package_when_mosquitto_is_not_installed(
    house: Settings, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(short_path))
    monkeypatch.setattr("arni_edge.broker.preflight._SBIN", str(short_path))
    with pytest.raises(ConfigurationError, match="apt install mosquitto"):
        await managed_broker(house).run(lambda: None)


async def test_refuses_a_topic_that_would_smuggle_a_right(short_path: Path) -> None:
    bad = Account("x\ny", SecretStr(secrets.token_hex()), ())
    broker = ManagedMosquitto(
        [bad], directory=short_path / "b", socket=short_path / "s", host="127.0.0.1", port=free_port()
    )
    with pytest.raises(ConfigurationError, match="control character"):
        await broker.run(lambda: None)
