"""Light, siren and doors in an emergency: simulated Shellys, a real Mosquitto that dies, their own HTTP."""

import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from support.clock import ManualClock
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.waiting import eventually

from arni_edge.access import Entry
from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.daemon.acts import AlarmDoors, AnnounceAct, DoorAct, SwitchAct, switch_acts
from arni_edge.devices import ShellyLight, ShellyRpc, ShellySwitch
from arni_edge.devices.shelly.gen1_light import Gen1Light
from arni_edge.devices.shelly.gen1_switch import Gen1Switch
from arni_edge.devices.shelly.local_http import LocalHttp
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import DenyReason, DoorContact, LockState, Outcome
from arni_edge.domain.errors import ArniError, InvalidInput, Refused, Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import AlarmWords
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Alarm, LocalAct
from arni_edge.settings import Door, Shelly, Site
from arni_edge.simulator.mqtt_device import MqttDevice
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_gen1 import SimulatedShellyGen1
from arni_edge.simulator.shelly_gen1_movers import SimulatedLightGen1
from arni_edge.simulator.shelly_movers import Light
from arni_edge.simulator.shelly_parts import Switch

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ALARM = Alarm("a1b2c3", "medical", "whatsapp", NOW, NOW)
PREFIX, DEVICE_ID = "gym/lamp", "shellyplus1-a8032abe54dc"
OLD_SIREN, OLD_LAMP = "shelly1-34945472A643", "shellydimmer2-E098068D0E70"
RECONNECT = (0.05, 0.2)


@dataclass
class Gym:
    """A broker session, and what makes an act for a device that is plugged in."""

    mosquitto: Mosquitto
    session: BrokerSession
    rpc: ShellyRpc

    def new(self, part: Any, *, http: bool = True) -> SimulatedShellyGen2:
        return SimulatedShellyGen2(
            PREFIX,
            DEVICE_ID,
            self.mosquitto.address("device", tcp=True),
            parts=[part],
            latency=0.01,
            reconnect=RECONNECT,
            http_port=0 if http else None,
        )


@dataclass
class Lamp:
    """A device, the act that switches it, and its driver."""

    act: SwitchAct
    driver: ShellySwitch | ShellyLight | Gen1Switch | Gen1Light

    async def take(self) -> tuple[str, float]:
        """Do the act; gives the evidence and how long it took."""
        started = time.monotonic()
        evidence = await self.act.act(ALARM)
        return evidence, time.monotonic() - started


@asynccontextmanager
async def gym(mosquitto: Mosquitto) -> AsyncIterator[Gym]:
    for account in ("edge", "device"):
        mosquitto.address(account)
    session = BrokerSession(mosquitto.address("edge"), client_id="edge", clock=SystemClock())
    yield Gym(mosquitto, session, ShellyRpc(session, "arni/studio/edge"))


@asynccontextmanager
async def lamp(house: Gym, device: MqttDevice, at: Callable[[], str], **shelly: Any) -> AsyncIterator[Lamp]:
    settings = Shelly.model_validate({"id": "lamp", "prefix": PREFIX, "role": "light", **shelly})
    clock, bus = SystemClock(), Bus()
    common = (settings, house.rpc, house.session, bus, clock)
    driver: ShellySwitch | ShellyLight | Gen1Switch | Gen1Light
    if settings.generation == 1:
        kind = Gen1Switch if settings.component == "switch" else Gen1Light
        driver = kind(*common, auto_off=lambda: None)
    else:
        driver = ShellySwitch(*common) if settings.component == "switch" else ShellyLight(*common)
    async with running(house.rpc.run), connected(house.session), plugged_in(device):
        await eventually(lambda: driver.live and driver.output is not None)
        there = at()
        with_address = settings.model_copy(update={"address": there or None})
        (act,) = switch_acts([with_address], {"lamp": driver})
        yield Lamp(act, driver)


async def test_with_the_broker_there_it_is_switched_over_the_broker(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        device = house.new(Switch(0))
        async with lamp(house, device, lambda: device.address_http) as one:
            evidence, seconds = await one.take()
            assert "HTTP" not in evidence
            assert device.output
            assert device.parts["switch:0"].status()["source"] == "MQTT"
            assert seconds < 1
            await one.take()


async def test_with_the_broker_dead_it_is_switched_at_the_device(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        device = house.new(Switch(0))
        async with lamp(house, device, lambda: device.address_http) as one:
            mosquitto.kill()
            evidence, seconds = await one.take()
            assert evidence == "HTTP Switch.Set: result was_on=false"
            assert device.output
            assert device.parts["switch:0"].status()["source"] == "HTTP_in"
            assert seconds < 1


async def test_a_device_that_does_not_hear_the_broker_is_switched_at_itself(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        device = house.new(Switch(0))
        async with lamp(house, device, lambda: device.address_http) as one:
            device.deaf = True
            evidence, seconds = await one.take()
            assert evidence.startswith("HTTP")
            assert device.output
            assert seconds < 1


async def test_a_siren_sounds_by_the_devices_own_timer_whichever_way(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        device = house.new(Switch(0))
        async with lamp(house, device, lambda: device.address_http, role="siren") as one:
            assert one.act.name == "siren/lamp"
            assert Cause.CRISIS not in one.act.causes
            await one.take()
            assert device.parts["switch:0"].status()["timer_duration"] == 120
            mosquitto.kill()
            evidence, _ = await one.take()
            assert evidence.startswith("HTTP")
            assert device.parts["switch:0"].status()["timer_duration"] == 120


async def test_a_dimmed_light_gets_all_its_brightness(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        dimmed = Light("light", 0)
        dimmed.look["brightness"] = 3
        device = house.new(dimmed)
        async with lamp(house, device, lambda: device.address_http, component="light") as one:
            await one.take()
            assert (dimmed.output, dimmed.look["brightness"]) == (True, 100)
            dimmed.look["brightness"] = 3
            mosquitto.kill()
            evidence, _ = await one.take()
            assert evidence.startswith("HTTP Light.Set")
            assert dimmed.look["brightness"] == 100


async def test_the_first_generation_takes_its_timer_over_http(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        device = SimulatedShellyGen1(
            OLD_SIREN, mosquitto.address("device", tcp=True), lambda _: None, reconnect=RECONNECT
        )
        old = {"prefix": f"shellies/{OLD_SIREN}", "generation": 1, "role": "siren", "address": "127.0.0.1"}
        async with lamp(house, device, lambda: device.address_http, **old) as one:
            # Over the broker its timer could not be set, and is not verified: at once at the device itself.
            evidence, seconds = await one.take()
            assert evidence == "HTTP /relay/0: ison=true has_timer=true"
            (relay,) = device.status()["relays"]
            assert (device.output, relay["timer_duration"]) == (True, 120)
            assert seconds < 1


async def test_a_dimmer_of_the_first_generation(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        device = SimulatedLightGen1(OLD_LAMP, mosquitto.address("device", tcp=True))
        device.look["brightness"] = 3
        old = {"prefix": f"shellies/{OLD_LAMP}", "generation": 1, "component": "light"}
        async with lamp(house, device, lambda: device.address_http, **old) as one:
            mosquitto.kill()
            evidence, _ = await one.take()
            assert evidence == "HTTP /light/0: ison=true"
            assert (device.output, device.look["brightness"]) == (True, 100)


async def test_no_list_of_authorities_is_read_for_a_light(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take 16 ms and more of everybody's time, for every light anew; a Shelly speaks plain HTTP."""
    off, read = Shelly.model_validate({"id": "lamp", "prefix": PREFIX, "role": "light"}), list[object]()
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *one, **_: read.append(one))
    with pytest.raises(Unavailable):
        await LocalHttp(off, "127.0.0.1:9").switch_on()
    assert read == []


async def test_without_any_way_it_is_not_claimed(mosquitto: Mosquitto) -> None:
    async with gym(mosquitto) as house:
        device = house.new(Switch(0), http=False)
        async with lamp(house, device, lambda: "") as one:
            mosquitto.kill()
            with pytest.raises(Unavailable):
                await one.take()
        off = Shelly.model_validate(
            {"id": "lamp", "prefix": PREFIX, "role": "light", "address": "127.0.0.1:9"}
        )
        with pytest.raises(Unavailable, match="cannot be reached over HTTP"):
            await LocalHttp(off, "127.0.0.1:9").switch_on()
        with pytest.raises(Unavailable):
            await LocalHttp(off, "127.0.0.1:99999").switch_on()


# --- doors ----------------------------------------------------------------------------------------------

SITE = Site(id="studio", name="Studio", capacity=10)
FRONT = Door.model_validate({"id": "front", "name": "Eingang", "lock": {"nuki_id": "2BB28570"}})
KIM = Contact("kim", "Kim")


@dataclass
class Lock:
    live: bool = False
    state: LockState = LockState.LOCKED
    contact: DoorContact = DoorContact.CLOSED


async def test_a_door_is_prepared_and_stays_shut() -> None:
    lock, roused = Lock(), [0]

    def rouse() -> None:
        roused[0] += 1
        lock.live = True

    evidence = await DoorAct(FRONT, lock, rouse).act(ALARM)
    assert evidence == "live, locked, contact closed; opens with one tap by staff"
    assert roused == [1]


async def test_a_door_that_is_not_heard_is_named() -> None:
    with pytest.raises(Unavailable, match="key"):
        await DoorAct(FRONT, Lock(), lambda: None).act(ALARM)


@dataclass
class Desks:
    """Stands at the ports: the entry desk and the alarm desk."""

    opened: list[tuple[str, str, str, str]] = field(default_factory=list)
    entry: Entry = field(default_factory=lambda: Entry(None, Outcome.CONFIRMED))
    alarms: list[Alarm] = field(default_factory=lambda: [ALARM])

    async def open_by_staff(self, door: str, *, staff: str, reason: str, request_id: str) -> Entry:
        self.opened.append((door, staff, reason, request_id))
        return self.entry

    async def open(self) -> list[Alarm]:
        return self.alarms


def alarm_doors(desks: Desks, clock: ManualClock) -> AlarmDoors:
    return AlarmDoors(desks, desks, clock, Catalogue.load(), doors={"front": "Eingang"})


async def test_staff_open_a_door_while_the_alarm_runs() -> None:
    desks, clock = Desks(), ManualClock()
    act = alarm_doors(desks, clock).staff_acts()["alarm.open_door"]
    assert act.role is Role.STAFF
    assert await act.do(KIM, "a1b2c3/front", "") == "Die Tür Eingang ist offen."
    await act.do(KIM, "a1b2c3/front", "")
    clock.advance(20)
    await act.do(KIM, "a1b2c3/front", "")
    assert [one[:3] for one in desks.opened] == [("front", "kim", "alarm a1b2c3")] * 3
    keys = [one[3] for one in desks.opened]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("argument", "entry", "open_alarms", "error"),
    [
        ("a1b2c3/vault", Entry(None, Outcome.CONFIRMED), [ALARM], InvalidInput),
        ("nonsense", Entry(None, Outcome.CONFIRMED), [ALARM], InvalidInput),
        ("a1b2c3/front", Entry(None, Outcome.CONFIRMED), [], Refused),
        ("other/front", Entry(None, Outcome.CONFIRMED), [ALARM], Refused),
        ("a1b2c3/front", Entry(None, Outcome.CONFIRMED), [replace(ALARM, drill=True)], Refused),
        ("a1b2c3/front", Entry(next(iter(DenyReason)), None), [ALARM], Refused),
    ],
)
async def test_no_door_opens_without_an_alarm_or_against_the_policy(
    argument: str, entry: Entry, open_alarms: list[Alarm], error: type[ArniError]
) -> None:
    desks = Desks(entry=entry, alarms=open_alarms)
    with pytest.raises(error):
        await alarm_doors(desks, ManualClock()).open(KIM, argument)
    assert len(desks.opened) == (1 if entry.denied else 0)


def test_every_alarm_that_staff_see_has_a_button_for_the_door() -> None:
    words = AlarmWords(Catalogue.load(), SITE, doors={"front": "Eingang"})
    for alarm in (ALARM, replace(ALARM, state="acknowledged")):
        buttons = [button for row in words.buttons(alarm, KIM) for button in row]
        (door,) = [one for one in buttons if one.act == "alarm.open_door"]
        assert (door.label, door.argument) == ("Tür Eingang öffnen", "a1b2c3/front")
        viewer = replace(KIM, role=Role.VIEWER)
        assert not [one for row in words.buttons(alarm, viewer) for one in row if one.act == door.act]
    for alarm in (replace(ALARM, drill=True), replace(ALARM, state="closed")):
        acts = {button.act for row in words.buttons(alarm, KIM) for button in row}
        assert "alarm.open_door" not in acts


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [(Outcome.UNKNOWN, "gesehen hat es niemand"), (Outcome.OFFLINE, "mit dem Schlüssel")],
)
async def test_what_nobody_saw_is_not_called_open(outcome: Outcome, sentence: str) -> None:
    desks = Desks(entry=Entry(None, outcome))
    assert sentence in await alarm_doors(desks, ManualClock()).open(KIM, "a1b2c3/front")


# --- words ----------------------------------------------------------------------------------------------


@dataclass
class Voice:
    said: list[tuple[str, tuple[Language, ...]]] = field(default_factory=list)

    async def announce(self, key: str, *languages: Language, **values: object) -> str:
        assert not values
        self.said.append((key, languages))
        return "spoke"


async def test_what_is_announced_are_the_facts() -> None:
    voice, people = Voice(), [2]
    act: LocalAct = AnnounceAct(voice, language=Language.GERMAN, on_call=lambda: people[0])
    assert Cause.CRISIS not in act.causes
    await act.act(ALARM)
    people[0] = 0
    await act.act(ALARM)
    await act.act(replace(ALARM, drill=True))
    assert [key for key, _ in voice.said] == [
        "announce.alarm.medical",
        "announce.alone.medical",
        "announce.drill",
    ]
    assert {languages for _, languages in voice.said} == {(Language.GERMAN, Language.ENGLISH)}
