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
from structlog.testing import capture_logs
from support.mosquitto import free_port
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerAddress, BrokerSession, Delivery
from arni_edge.broker.accounts import Account
from arni_edge.broker.managed import BrokerPlan, ManagedMosquitto, broker_directory, plan_broker
from arni_edge.broker.probe import clear_retained, find_retained
from arni_edge.daemon.rights import house_rights
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
    """A house with every kind of lock and relay, and a managed broker that lets newcomers speak."""
    return Settings.model_validate(
        {
            "site": {"id": "site1", "name": "Gym", "capacity": 40},
            "paths": {"state": short_path / "state", "runtime": short_path / "run"},
            "broker": {"listen_port": free_port(), "newcomers": True},
            "doors": [
                {"id": "front", "name": "Front", "lock": {"nuki_id": "2BB28570"}},
                {"id": "back", "name": "Back", "lock": {"nuki_id": "00000BB2"}, "reader": True},
                {"id": "street", "name": "Street", "lock": {"kind": "nuki_hub"}},
                {"id": "side", "name": "Side", "lock": {"kind": "strike", "device": "strike"}},
            ],
            "shellies": [
                {"id": "light", "prefix": "gym/light", "role": "light"},
                {"id": "siren", "prefix": "shellysiren", "role": "siren"},
                {"id": "strike", "prefix": "shellystrike", "role": "strike"},
                {"id": "lamp", "prefix": "shellies/shelly1-AA", "role": "light", "generation": 1},
            ],
        }
    )


class HouseBroker(ManagedMosquitto):
    """The broker of a house, and how its accounts reach it."""

    def __init__(self, plan: BrokerPlan, directory: Path) -> None:
        super().__init__(directory)
        self._plan = plan

    def address(self, username: str) -> BrokerAddress:
        assert self._plan is not None
        return self._plan.address(username)


def plan(settings: Settings) -> BrokerPlan:
    return plan_broker(settings, house_rights(settings))


def managed_broker(settings: Settings) -> HouseBroker:
    return HouseBroker(plan(settings), broker_directory(settings))


@pytest.fixture
async def broker(house: Settings) -> AsyncIterator[HouseBroker]:
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


def session(broker: HouseBroker, username: str) -> BrokerSession:
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
    ("shelly-light", "arni/site1/newcomer/rpc"),
    ("shelly-lamp", "shellies/shelly1-AA/command"),
    ("shelly-lamp", "shellies/shelly1-AA/relay/0/command"),
    ("shelly-lamp", "shellies/shelly1-AA/light/0/set"),
    ("shelly-lamp", "shellies/shelly1-AA/roller/0/command/pos"),
    ("shelly-lamp", "shellies/shelly1-AA/sensor/mute"),
    ("shelly-lamp", "shellies/shelly1-BB/online"),
    ("shelly-lamp", "shellies/command"),
    ("shelly-lamp", "arni/site1/edge/rpc"),
    ("hub-street", "nukihub/opener/action"),
    ("hub-street", "nukihub/lock/action"),
    ("hub-street", "nukihub/lock/query/lockstate"),
    ("hub-street", "nukihub/maintenance/reset"),
    ("hub-street", "nuki/2BB28570/state"),
    ("reader-back", "arni/site1/reader/front"),
    ("reader-back", "arni/site1/reader/back/answer"),
    ("reader-back", "arni/site1/online"),
    ("reader-back", "nuki/BB2/lockAction"),
    ("arni-newcomer", "nuki/2BB28570/state"),
    ("arni-newcomer", "nuki/2BB28570/connected"),
    ("arni-newcomer", "nuki/00000BB2/connected"),
    ("arni-newcomer", "nuki/BB2/doorsensorState"),
    ("arni-newcomer", "nuki/2BB28570/lockAction"),
    ("arni-newcomer", "nuki/ABCDEF/lockAction"),
    ("arni-newcomer", "nuki/ABCDEF/lockActionEvent"),
    ("arni-newcomer", "shellysiren/online"),
    ("arni-newcomer", "shellysiren/events/rpc"),
    ("arni-newcomer", "shellysiren/status/switch:0"),
    ("arni-newcomer", "shellysiren/rpc"),
    ("arni-newcomer", "shellystrike/status/input:0"),
    ("arni-newcomer", "shellies/shelly1-AA/online"),
    ("arni-newcomer", "shellies/shelly1-AA/info"),
    ("arni-newcomer", "shellies/command"),
    ("arni-newcomer", "stranger/rpc"),
    ("arni-newcomer", "stranger/command"),
    ("arni-newcomer", "nukihub/opener/state"),
    ("arni-newcomer", "arni/site1/edge/rpc"),
    ("arni-newcomer", "arni/site1/reader/back"),
    ("arni-newcomer", "arni/site1/online"),
    ("arni-newcomer", "homeassistant/status"),
    ("arni-edge", "homeassistant/lock/2BB28570/lock/config"),
    ("arni-vision", "nuki/2BB28570/lockAction"),
    ("arni-vision", "gym/light/rpc"),
    ("arni-vision", "arni/site1/edge/rpc"),
    ("arni-vision", "arni/site1/online"),
    ("arni-edge", "nuki/2BB28570/state"),
    ("arni-edge", "nuki/ABCDEF/lockAction"),
    ("arni-edge", "gym/light/online"),
    ("arni-edge", "gym/stranger/rpc"),
    ("arni-edge", "shellies/shelly1-BB/relay/0/command"),
    ("arni-edge", "nukihub/opener/state"),
    ("arni-edge", "nukihub/configuration/action"),
    ("arni-edge", "nukihub/maintenance/reset"),
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
    ("shelly-light", "shellies/announce"),
    ("shelly-lamp", "shellies/announce"),
    ("shelly-lamp", "shellies/shelly1-AA/online"),
    ("shelly-lamp", "shellies/shelly1-AA/info"),
    ("shelly-lamp", "shellies/shelly1-AA/relay/0"),
    ("shelly-lamp", "shellies/shelly1-AA/relay/0/power"),
    ("shelly-lamp", "shellies/shelly1-AA/input_event/0"),
    ("shelly-lamp", "shellies/shelly1-AA/sensor/temperature"),
    ("shelly-lamp", "shellies/shelly1-AA/emeter/0/power"),
    ("hub-street", "nukihub/opener/state"),
    ("hub-street", "nukihub/opener/commandResult"),
    ("hub-street", "nukihub/lock/doorSensorState"),
    ("hub-street", "nukihub/maintenance/mqttConnectionState"),
    ("reader-back", "arni/site1/reader/back"),
    ("arni-newcomer", "shellies/announce"),
    ("arni-newcomer", "shellies/shelly1-BB/online"),
    ("arni-newcomer", "shellies/shelly1-BB/announce"),
    ("arni-newcomer", "shellies/shelly1-BB/info"),
    ("arni-newcomer", "stranger/online"),
    ("arni-newcomer", "stranger/events/rpc"),
    ("arni-newcomer", "stranger/status/switch:0"),
    ("arni-newcomer", "nuki/ABCDEF/connected"),
    ("arni-newcomer", "nuki/ABCDEF/state"),
    ("arni-newcomer", "arni/site1/newcomer/rpc"),
    ("arni-vision", "arni/site1/vision/zone/floor"),
    ("arni-vision", "arni/site1/vision/online"),
    ("arni-edge", "arni/site1/online"),
    ("arni-edge", "nuki/2BB28570/lockAction"),
    ("arni-edge", "nuki/2BB28570/lock"),
    ("arni-edge", "nuki/2BB28570/unlock"),
    ("arni-edge", "nuki/00000BB2/lockAction"),
    ("arni-edge", "nuki/BB2/lockAction"),
    ("arni-edge", "nukihub/opener/action"),
    ("arni-edge", "nukihub/opener/query/lockstate"),
    ("arni-edge", "shellies/command"),
    ("arni-edge", "shellies/shelly1-AA/command"),
    ("arni-edge", "shellies/shelly1-AA/relay/0/command"),
    ("arni-edge", "shellies/shelly1-AA/light/0/set"),
    ("arni-edge", "homeassistant/binary_sensor/arni_site1/front/config"),
    ("arni-edge", "stranger/rpc"),
    ("arni-edge", "gym/light/rpc"),
    ("arni-edge", "gym/light/command/switch:0"),
]


async def test_everybody_may_say_exactly_what_is_theirs(broker: HouseBroker) -> None:
    said: dict[tuple[str, str], Delivery] = {}
    for username in {username for username, _ in FORBIDDEN + ALLOWED}:
        async with connected(session(broker, username)) as speaker:
            for name, topic in FORBIDDEN + ALLOWED:
                if name == username:
                    said[name, topic] = await speaker.publish(topic, "3")
    assert [what for what, delivery in said.items() if delivery is Delivery.NOT_PERMITTED] == [
        what for what in said if what in FORBIDDEN
    ]


async def test_a_lock_hears_its_commands_and_nobody_else_does(broker: HouseBroker) -> None:
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


async def test_the_daemon_hears_its_devices_and_its_eyes(broker: HouseBroker) -> None:
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
async def test_nobody_comes_in_without_the_right_password(broker: HouseBroker, password: str | None) -> None:
    good = broker.address("nuki-front")
    bad = BrokerAddress(good.host, good.port, good.username, SecretStr(password) if password else None, None)
    with pytest.raises(aiomqtt.MqttError):
        async with Device(bad):
            pass


# --- files ------------------------------------------------------------------------------------------------


async def test_its_files_are_private_and_hold_no_password_in_the_clear(
    broker: HouseBroker, house: Settings
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


async def run_and_hurt(broker: HouseBroker, how: signal.Signals) -> Unavailable:
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
from arni_edge.broker.probe import clear_retained, find_retained
from arni_edge.broker.managed import BrokerPlan, ManagedMosquitto
state, port = Path(sys.argv[1]), int(sys.argv[2])
async def main():
    broker = ManagedMosquitto(state / "broker")
    await broker.reconfigure(BrokerPlan((), state / "s", "127.0.0.1", port))
    def progress():
        if broker.ready:
            print("pid", broker.pid, flush=True)
    await broker.run(progress)
asyncio.run(main())
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
    again = HouseBroker(BrokerPlan((), short_path / "s", "127.0.0.1", port), short_path / "broker")
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


async def test_leaves_the_broker_of_a_living_daemon_alone(house: Settings, broker: HouseBroker) -> None:
    with pytest.raises(ConfigurationError, match="another Arni Edge is running"):
        await managed_broker(house).run(lambda: None)
    assert broker.pid is not None
    assert alive(broker.pid)


# --- what an owner can put right --------------------------------------------------------------------------


async def test_says_which_port_is_taken(house: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.broker.listen_port))
        other.listen()
        broker = managed_broker(house)
        with pytest.raises(Unavailable, match=f"port {house.broker.listen_port} on 127.0.0.1 is taken"):
            await broker.run(lambda: None)
    async with up(broker):
        """It was freed."""


async def test_waits_for_an_address_that_is_not_there_yet(short_path: Path) -> None:
    broker = HouseBroker(BrokerPlan((), short_path / "s", "192.0.2.1", free_port()), short_path / "b")
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
    broker = HouseBroker(BrokerPlan((bad,), short_path / "s", "127.0.0.1", free_port()), short_path / "b")
    with pytest.raises(ConfigurationError, match="control character"):
        await broker.run(lambda: None)


# --- newcomers --------------------------------------------------------------------------------------------


async def test_a_newcomer_hears_who_wants_to_know_and_nothing_that_is_meant_for_others(
    broker: HouseBroker,
) -> None:
    """Whatever it calls itself: client ids are free."""
    newcomer = Device(
        broker.address("arni-newcomer"), "#", "shellysiren/rpc", "nuki/#", client_id="shellysiren"
    )
    async with connected(session(broker, "arni-edge")) as daemon, newcomer:
        for topic in (
            "nuki/2BB28570/lockAction",
            "shellysiren/rpc",
            "shellysiren/command/switch:0",
            "gym/light/rpc",
            "shellies/shelly1-AA/relay/0/command",
            "nukihub/opener/action",
            "arni/site1/online",
            "arni/site1/edge/rpc",
        ):
            await daemon.publish(topic, "3")
        await daemon.publish("shellies/command", "announce")
        await daemon.publish("stranger/rpc", "{}")
        await eventually(lambda: ("stranger/rpc", "{}") in newcomer.got)
    assert newcomer.got == [("shellies/command", "announce"), ("stranger/rpc", "{}")]


async def test_without_newcomers_there_is_no_such_account(house: Settings) -> None:
    closed = house.model_copy(update={"broker": house.broker.model_copy(update={"newcomers": False})})
    address = plan(house).address("arni-newcomer")
    managed = managed_broker(closed)
    async with up(managed), connected(session(managed, "arni-edge")) as daemon:
        with pytest.raises(aiomqtt.MqttError):
            async with Device(address):
                pass
        assert await daemon.publish("stranger/rpc", "{}") is Delivery.NOT_PERMITTED


# --- a power cut ------------------------------------------------------------------------------------------


async def test_a_cleared_command_does_not_come_back_after_a_power_cut(house: Settings) -> None:
    """With Debian's persistence it does: ``test_retained_commands.py``."""
    broker = managed_broker(house)
    task = asyncio.ensure_future(broker.run(lambda: None))
    await eventually(lambda: broker.ready)
    topic = "nuki/2BB28570/lockAction"
    async with connected(session(broker, "arni-edge")) as daemon:
        await daemon.publish(topic, "3", retain=True)
        assert await retained(broker) == [topic]
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGUSR1)  # it would write its database now
        await clear_retained(daemon, topic)
        assert await retained(broker) == []
        os.kill(broker.pid, signal.SIGKILL)
    await asyncio.wait({task}, timeout=20)
    with pytest.raises(Unavailable):
        task.result()
    async with up(broker):
        assert await retained(broker) == []


async def retained(broker: HouseBroker) -> list[str]:
    """Topics with a retained command, in the eyes of the daemon's account."""
    topics = ["nuki/2BB28570/lockAction", "gym/light/rpc"]
    return [
        found.topic
        for found in await find_retained(broker.address("arni-edge"), "arni-edge-probe", topics, deadline=20)
    ]


# --- other settings while it runs -------------------------------------------------------------------------


def other(house: Settings, **changes: object) -> Settings:
    return Settings.model_validate({**house.model_dump(), **changes})


def shellies(house: Settings, *kept: str) -> list[dict[str, object]]:
    return [one.model_dump() for one in house.shellies if one.id in kept]


async def test_new_accounts_and_rights_hold_and_nobody_is_disconnected(house: Settings) -> None:
    broker = managed_broker(other(house, shellies=shellies(house, "siren", "strike")))
    async with (
        up(broker),
        connected(session(broker, "arni-edge")) as daemon,
        connected(session(broker, "shelly-siren")) as siren,
        Device(broker.address("nuki-front"), "nuki/2BB28570/lockAction") as lock,
    ):
        pid = broker.pid
        assert await daemon.publish("gym/light/rpc", "{}") is Delivery.NOT_PERMITTED
        await broker.reconfigure(plan(house))
        assert broker.pid == pid
        # Who was connected has the new rights at once ...
        assert await daemon.publish("gym/light/rpc", "{}") is Delivery.NO_SUBSCRIBER
        # ... a new account comes in ...
        async with Device(broker.address("shelly-light"), "gym/light/rpc") as light:
            await daemon.publish("gym/light/rpc", "{}")
            await eventually(lambda: light.got)
        # ... and everybody is still there.
        assert await daemon.publish("nuki/2BB28570/lockAction", "3") is Delivery.ACCEPTED
        await eventually(lambda: lock.got)
        assert await siren.publish("shellysiren/online", "true") is Delivery.NO_SUBSCRIBER
        assert (daemon.session, siren.session) == (1, 1)


async def test_rights_that_were_taken_away_are_gone_at_once(house: Settings) -> None:
    broker = managed_broker(house)
    moved = other(house, shellies=[{"id": "light", "prefix": "gym/other", "role": "light"}], doors=[])
    async with (
        up(broker),
        connected(session(broker, "arni-edge")) as daemon,
        connected(session(broker, "shelly-light")) as light,
        connected(session(broker, "shelly-siren")) as siren,
        Device(broker.address("nuki-front"), "nuki/2BB28570/lockAction") as lock,
    ):
        pid, old = broker.pid, broker.address("shelly-siren")
        await broker.reconfigure(plan(moved))
        assert await light.publish("gym/light/online", "true") is Delivery.NOT_PERMITTED
        assert await light.publish("gym/other/online", "true") is Delivery.NO_SUBSCRIBER
        assert await daemon.publish("gym/light/rpc", "{}") is Delivery.NOT_PERMITTED
        assert await daemon.publish("nuki/2BB28570/lockAction", "3") is Delivery.NOT_PERMITTED
        # Whose account is gone is thrown out and does not come in again.
        await eventually(lambda: "refused the login" in siren.problem)
        with pytest.raises(aiomqtt.MqttError):
            async with Device(old):
                pass
        assert (daemon.session, light.session) == (1, 1)
        assert broker.pid == pid
    assert lock.got == []


async def test_the_same_plan_again_changes_nothing(house: Settings) -> None:
    broker = managed_broker(house)
    with capture_logs() as logs:
        async with up(broker):
            for wish in (house, house, other(house, doors=[]), other(house, doors=[])):
                await broker.reconfigure(plan(wish))
    assert [log["event"] for log in logs].count("mosquitto_rights_changed") == 1


async def test_another_port_is_another_process(house: Settings) -> None:
    broker = managed_broker(house)
    moved = other(house, broker={"listen_port": free_port(), "newcomers": True})
    async with up(broker):
        pid = broker.pid
        await broker.reconfigure(plan(moved))
        await eventually(lambda: broker.ready and broker.pid != pid)
        async with Device(broker.address("nuki-front")) as device:
            await device.publish("nuki/2BB28570/state", "1")
        assert broker.address("nuki-front").port == moved.broker.listen_port
    assert pid is not None
    assert not alive(pid)


async def test_a_plan_that_comes_before_the_broker_is_ready_is_not_lost(house: Settings) -> None:
    broker = managed_broker(other(house, shellies=shellies(house, "strike")))
    async with running(broker.run):
        await eventually(lambda: broker.pid is not None)
        await broker.reconfigure(plan(house))
        assert broker.ready
        async with connected(session(broker, "arni-edge")) as daemon:
            assert await daemon.publish("gym/light/rpc", "{}") is Delivery.NO_SUBSCRIBER


async def test_a_broker_that_cannot_take_over_new_rights_is_ended(house: Settings) -> None:
    """It would go on with the old ones; started again it has the new ones."""
    broker = managed_broker(house)
    task = asyncio.ensure_future(broker.run(lambda: None))
    await eventually(lambda: broker.ready)
    pid = broker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    await broker.reconfigure(plan(other(house, doors=[])))
    await asyncio.wait({task}, timeout=20)
    with pytest.raises(Unavailable):
        task.result()
    assert not alive(pid)
    async with up(broker), connected(session(broker, "arni-edge")) as daemon:
        assert await daemon.publish("nuki/2BB28570/lockAction", "3") is Delivery.NOT_PERMITTED
