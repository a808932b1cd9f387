"""The device book over a real Mosquitto, with simulated devices and the reader that the daemon uses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from support.clock import ManualClock
from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession, Delivery
from arni_edge.bus import Bus
from arni_edge.devices import ShellyRpc
from arni_edge.devices.book import DeviceBook
from arni_edge.devices.interpreter import Interpreter
from arni_edge.devices.listening import book_filters
from arni_edge.devices.picture import Picture
from arni_edge.devices.ports import Sighting
from arni_edge.devices.rights import hub_commands, nuki_commands, shelly_commands
from arni_edge.devices.shelf import MOST_DEVICES, MOST_STRANGE_ENTITIES, owned_devices
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.devices import Availability, DeviceTrouble
from arni_edge.domain.events import DeviceSignalled, ReadingChanged
from arni_edge.settings import NukiLock, Settings
from arni_edge.simulator.door_leaf import DoorLeaf
from arni_edge.simulator.nuki import SimulatedNuki
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_gen1 import SimulatedShellyGen1
from arni_edge.simulator.shelly_gen1_sleeper import SimulatedSleeperGen1

LIGHT = "gym/light"
LIGHT_ID = "shellyplus1-a8032abe54dc"
FAN = "shelly1-34945472A643"
FLOOD = "shellyflood-EC64C9C1DA9A"
RECONNECT = (0.05, 0.2)

SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "doors": [{"id": "front", "name": "Front", "lock": {"nuki_id": "2BB28570"}}],
        "shellies": [
            {"id": "light", "prefix": LIGHT, "role": "light"},
            {"id": "fan", "prefix": f"shellies/{FAN}", "role": "ventilation", "generation": 1},
            {"id": "leak", "prefix": f"shellies/{FLOOD}", "role": "sensor", "generation": 1},
        ],
    }
)


@dataclass
class Ledger:
    """Stands where incidents and sightings are stored."""

    incidents: list[tuple[str, DeviceTrouble, bool]] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)

    async def begin(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        assert evidence
        self.incidents.append((device, trouble, True))

    async def over(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        assert evidence
        self.incidents.append((device, trouble, False))

    async def note(self, sightings: Any) -> None:
        self.sightings += sightings

    @property
    def begun(self) -> list[tuple[str, DeviceTrouble]]:
        return [(device, trouble) for device, trouble, begun in self.incidents if begun]


@dataclass
class Gym:
    mosquitto: Mosquitto
    session: BrokerSession
    book: DeviceBook
    ear: Ear
    ledger: Ledger
    clock: ManualClock

    def device(self, key_or_name: str) -> Picture:
        picture = self.book.find(key_or_name)
        assert picture is not None
        return picture

    def state(self, key_or_name: str) -> Availability | None:
        picture = self.book.find(key_or_name)
        return self.book.availability(picture) if picture else None

    def live(self, key_or_name: str, entity: str) -> object:
        """The live value; ``history`` for one that is only remembered, ``nothing`` for none."""
        picture = self.book.find(key_or_name)
        reading = picture.readings.get(entity) if picture else None
        if reading is None:
            return "nothing"
        return reading.value if reading.live else "history"

    def changes(self, device: str) -> list[tuple[str, object]]:
        return [(one.entity, one.value) for one in self.ear.heard(ReadingChanged) if one.device == device]

    def light(self) -> SimulatedShellyGen2:
        return SimulatedShellyGen2(
            LIGHT, LIGHT_ID, self.mosquitto.address("light", tcp=True), lambda _: None,
            latency=0.01, reconnect=RECONNECT,
        )  # fmt: skip

    def fan(self) -> SimulatedShellyGen1:
        return SimulatedShellyGen1(
            FAN, self.mosquitto.address("fan", tcp=True), lambda _: None, update_period=0, reconnect=RECONNECT
        )


@asynccontextmanager
async def a_gym(mosquitto: Mosquitto, *before: tuple[str, str]) -> AsyncIterator[Gym]:
    """A running book; ``before`` is what the broker remembers from earlier."""
    for account in ("arni-edge", "light", "fan", "flood", "lock", "visitor", "hostile"):
        mosquitto.address(account)
    async with Device(mosquitto.address("visitor", tcp=True)) as visitor:
        for topic, payload in before:
            await visitor.publish(topic, payload, retain=True)
    clock, bus, ledger = ManualClock(), Bus(), Ledger()
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=SystemClock())
    rpc, strangers = ShellyRpc(session, "arni/studio/edge"), ShellyRpc(session, "arni/studio/newcomer")
    book = DeviceBook(
        Interpreter(),
        book_filters(SETTINGS),
        owned_devices(SETTINGS),
        broker=session,
        rpc=rpc,
        strangers_rpc=strangers,
        bus=bus,
        clock=clock,
        incidents=ledger,
        notebook=ledger,
    )
    async with (
        listening(bus) as ear,
        running(rpc.run),
        running(strangers.run),
        running(book.run),
        connected(session),
        running(lambda _: _tick(clock)),
    ):
        yield Gym(mosquitto, session, book, ear, ledger, clock)


async def _tick(clock: ManualClock) -> None:
    """Time passes, slowly: questions become due, and nothing falls silent by it."""
    while True:
        await asyncio.sleep(0.02)
        clock.advance(0.02)


REMEMBERED = (
    ("nuki/2BB28570/connected", "true"),
    ("nuki/2BB28570/state", "5"),
    ("nuki/2BB28570/doorsensorState", "240"),
    ("nuki/2BB28570/batteryCritical", "true"),
    ("nuki/77/state", "1"),
    (f"{LIGHT}/online", "true"),
    (f"{LIGHT}/status/switch:0", '{"id":0,"output":true}'),
)


async def test_what_the_broker_remembers_is_last_known_and_does_nothing(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto, *REMEMBERED) as gym:
        await eventually(lambda: gym.live("lock/front", "batteryCritical") == "history")
        await eventually(lambda: gym.live("light", "switch:0.output") == "history")
        await eventually(lambda: gym.live("nuki:77", "state") == "history")
        passed = gym.clock.monotonic() + 1.0
        await eventually(lambda: gym.clock.monotonic() > passed)
        assert {gym.state(name) for name in ("lock/front", "light", "nuki:77")} == {Availability.UNKNOWN}
        assert gym.device("lock/front").readings["state"].value == "unlatched"
        assert gym.ear.events == []
        assert gym.ledger.incidents == []
        assert gym.ledger.sightings == []


async def test_a_relay_is_asked_who_and_how_it_is(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym:
        light = gym.light()
        async with plugged_in(light):
            await eventually(lambda: gym.live("light", "switch:0.output") is False)
            await eventually(lambda: gym.device("light").identity.model == "SNSW-001X16EU")
            assert gym.device("light").key == "shelly:A8032ABE54DC"
            light.press()
            await eventually(lambda: ("switch:0.output", True) in gym.changes("light"))
            assert [value for entity, value in gym.changes("light") if entity == "switch:0.output"] == [
                False,
                True,
            ]
            await eventually(lambda: "shelly:A8032ABE54DC" in [one.key for one in gym.ledger.sightings])


async def test_a_broker_that_comes_back_makes_everything_unknown_until_it_has_spoken(
    mosquitto: Mosquitto,
) -> None:
    async with a_gym(mosquitto) as gym, plugged_in(gym.light()):
        # That it is told comes a moment after it is known.
        await eventually(lambda: ("switch:0.output", False) in gym.changes("light"))
        mosquitto.kill()
        await eventually(lambda: gym.state("light") is Availability.UNKNOWN)
        assert gym.live("light", "switch:0.output") == "history"
        await eventually(lambda: gym.changes("light")[-1][1] is None)
        mosquitto.start()
        await eventually(lambda: gym.live("light", "switch:0.output") is False)
        assert gym.state("light") is Availability.LIVE
        outputs = [("switch:0.output", value) for value in (False, None, False)]
        await eventually(lambda: [one for one in gym.changes("light") if one[0] == outputs[0][0]] == outputs)
        await eventually(lambda: gym.ear.availability == [True, False, True])


async def test_the_first_generation_is_asked_to_say_everything(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym, plugged_in(gym.fan()) as fan:
        await eventually(lambda: gym.live("fan", "switch:0.output") is False)
        assert isinstance(fan, SimulatedShellyGen1)
        gym.session._connection.close()  # type: ignore[union-attr]
        await eventually(lambda: gym.live("fan", "switch:0.output") == "history")
        # It never left the broker and repeats nothing by itself: only the question brings it back.
        await eventually(lambda: gym.live("fan", "switch:0.output") is False)


async def test_a_quiet_device_is_asked_before_it_is_called_silent(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym, plugged_in(gym.light()) as light:
        await eventually(lambda: gym.live("light", "switch:0.output") is False)
        heard = gym.device("light").presence.heard or 0.0
        gym.clock.advance(60)
        await eventually(lambda: (gym.device("light").presence.heard or 0.0) >= heard + 60)
        assert gym.state("light") is Availability.LIVE
        light.freeze()
        gym.clock.advance(91)
        await eventually(lambda: ("light", DeviceTrouble.SILENT) in gym.ledger.begun)
        assert gym.state("light") is Availability.SILENT
        assert gym.live("light", "switch:0.output") == "history"
        light.thaw()
        await eventually(lambda: ("light", DeviceTrouble.SILENT, False) in gym.ledger.incidents[-4:])
        await eventually(lambda: gym.live("light", "switch:0.output") is False)


async def test_a_reboot_begins_anew(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym, plugged_in(gym.light()) as light:
        assert isinstance(light, SimulatedShellyGen2)
        await eventually(lambda: gym.live("light", "switch:0.output") is False)
        light.press()
        await eventually(lambda: gym.live("light", "switch:0.output") is True)
        light.power_off()
        light.power_on()
        await eventually(lambda: gym.live("light", "switch:0.output") is False)
        assert gym.state("light") is Availability.LIVE


async def test_a_goodbye_is_told_and_a_flicker_is_not(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym, Device(mosquitto.address("light", tcp=True)) as light:
        await light.publish(f"{LIGHT}/online", "true")
        await eventually(lambda: gym.ear.availability == [True])
        await light.publish(f"{LIGHT}/online", "false")
        await light.publish(f"{LIGHT}/online", "true")
        await light.publish(f"{LIGHT}/status/switch:0", '{"id":0,"output":true}')
        await eventually(lambda: gym.live("light", "switch:0.output") is True)
        assert gym.ear.availability == [True]
        await light.publish(f"{LIGHT}/online", "false")
        await eventually(lambda: gym.state("light") is Availability.OFFLINE)
        assert gym.live("light", "switch:0.output") == "history"
        await eventually(lambda: gym.ear.availability == [True, False])


async def test_a_sleeper_is_asleep_and_not_away(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym:
        readings = {"sensor/flood": "false", "sensor/battery": "97"}
        sleeper = SimulatedSleeperGen1(
            FLOOD, "SHWT-1", mosquitto.address("flood", tcp=True), readings=readings
        )
        async with plugged_in(sleeper):
            sleeper.wake()
            await eventually(lambda: gym.state("leak") is Availability.ASLEEP)
            assert gym.live("leak", "flood:0.alarm") is False
            gym.clock.advance(600)
            assert gym.state("leak") is Availability.ASLEEP
            gym.clock.advance(3600 * 24)
            await eventually(lambda: ("leak", DeviceTrouble.SILENT) in gym.ledger.begun)


async def test_a_lock_says_its_batteries(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym:
        lock = SimulatedNuki("2BB28570", mosquitto.address("lock", tcp=True), DoorLeaf(), reconnect=RECONNECT)
        async with plugged_in(lock):
            await eventually(lambda: gym.live("lock/front", "batteryChargeState") == 84)
            async with Device(mosquitto.address("visitor", tcp=True)) as visitor:
                await visitor.publish("nuki/2BB28570/batteryChargeState", "12", retain=True)
            await eventually(lambda: ("lock/front", DeviceTrouble.BATTERY_LOW) in gym.ledger.begun)


async def test_two_devices_never_mix(mosquitto: Mosquitto) -> None:
    """Whoever claims the identity, the prefix or the former name of another one changes nothing of it."""
    async with a_gym(mosquitto) as gym, plugged_in(gym.light()):
        await eventually(lambda: gym.device("light").identity.model is not None)
        before = (gym.device("light").key, gym.device("light").identity)
        async with Device(mosquitto.address("hostile", tcp=True)) as hostile:
            frame = {
                "src": LIGHT_ID,
                "method": "NotifyFullStatus",
                "params": {
                    "switch:0": {"id": 0, "output": True},
                    "sys": {"mac": "A8032ABE54DC", "uptime": 1},
                },
            }
            await hostile.publish("evil/events/rpc", orjson.dumps(frame).decode())
            info = {"id": LIGHT, "mac": "A8032ABE54DC", "model": "EVIL", "gen": 2, "ver": "6.6.6"}
            await hostile.publish("evil/announce", orjson.dumps(info).decode())
            await hostile.publish("shellies/announce", orjson.dumps(info).decode())
            await hostile.publish(
                "arni/studio/edge/rpc", orjson.dumps({"id": 1, "src": LIGHT_ID, "result": info}).decode()
            )
            await hostile.publish("evil2/online", "true")
            await eventually(lambda: gym.state("shelly:evil2") is Availability.LIVE)
        assert gym.live("light", "switch:0.output") is False
        assert (gym.device("light").key, gym.device("light").identity) == before
        assert ("switch:0.output", True) not in gym.changes("light")


async def test_a_crowd_of_hostile_devices_stays_within_bounds_and_pushes_nobody_of_ours_out(
    mosquitto: Mosquitto,
) -> None:
    async with a_gym(mosquitto) as gym, plugged_in(gym.light()):
        await eventually(lambda: gym.live("light", "switch:0.output") is False)
        everything = {f"number:{n}": {"value": n} for n in range(200, 400)}
        frame = orjson.dumps({"src": "x", "method": "NotifyStatus", "params": everything}).decode()
        async with Device(mosquitto.address("hostile", tcp=True)) as hostile:
            for number in range(5000):
                await hostile.publish(f"h{number}/online", "true", qos=0)
                if number % 5 == 0:
                    await hostile.publish(f"h{number}/events/rpc", frame, qos=0)
            await hostile.publish("last/online", "true")
            await eventually(lambda: gym.state("shelly:last") is Availability.LIVE, within=60)
        assert len(gym.book.pictures) <= MOST_DEVICES
        strange = sum(len(one.readings) for one in gym.book.pictures if one.owned is None)
        assert strange <= MOST_STRANGE_ENTITIES
        assert gym.live("light", "switch:0.output") is False
        assert not gym.ear.heard(DeviceSignalled)


async def test_nobody_of_ours_hides_that_a_device_does_not_listen(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym:
        topics = [
            *nuki_commands(NukiLock(nuki_id="2BB28570")),
            *hub_commands("nukihub"),
            *(
                one
                for shelly in SETTINGS.shellies
                for one in shelly_commands(shelly.prefix, shelly.generation)
            ),
        ]
        for topic in topics:
            plain = topic.replace("+", "0").replace("#", "switch:0")
            assert await gym.session.publish(plain, "", qos=1) is Delivery.NO_SUBSCRIBER, plain
