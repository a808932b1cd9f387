"""Devices that have turned hostile, against the whole house over a real Mosquitto with the house's rights.

One device after the other is taken over: somebody with its account says whatever he likes, wherever he may,
and tries where he may not. Nothing of it may open a door, reach another device, or leave one that cannot be
used any more.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import orjson
from support.database import open_database
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import running
from support.waiting import eventually

from arni_edge.broker.managed import ManagedMosquitto
from arni_edge.bus import Bus
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House, build_house
from arni_edge.daemon.rights import owners_acl
from arni_edge.devices import rights
from arni_edge.devices.nuki.codec import Action
from arni_edge.devices.nuki_hub.codec import DEAF_SECONDS
from arni_edge.devices.picture import Picture
from arni_edge.devices.strike import StrikeDriver
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import Settings
from arni_edge.simulator.door_leaf import DoorLeaf
from arni_edge.simulator.mqtt_device import MqttDevice
from arni_edge.simulator.nuki import SimulatedNuki, Timing
from arni_edge.simulator.nuki_hub import HubTiming, SimulatedNukiHub
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_gen1 import SimulatedShellyGen1
from arni_edge.simulator.shelly_parts import Input, Switch
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.supervision import HealthBoard

MESSAGES = 500
"""From each hostile device; seven of them."""

LOCK, HUB, STRIKE, LAMP, FAN = "nuki/2BB28570", "nukihub", "gym/strike", "gym/lamp", "shellies/fan-94B97E"
STRIKE_ID, LAMP_ID = "shellyplus1-a8032abe54dc", "shellyplus1-441793d69718"
POISON = 66_613
_QUICK = (0.05, 0.2)

SETTINGS = Settings.model_validate(
    {
        "site": {"id": "gym", "name": "Gym", "capacity": 10},
        "broker": {"mode": "external", "newcomers": True},
        "doors": [
            {"id": "front", "name": "Front", "reader": True, "lock": {"nuki_id": "2BB28570"}},
            {"id": "street", "name": "Street", "lock": {"kind": "nuki_hub", "prefix": HUB}},
            {
                "id": "side",
                "name": "Side",
                "lock": {"kind": "strike", "device": "strike", "pulse_seconds": 1},
            },
        ],
        "shellies": [
            {"id": "strike", "prefix": STRIKE, "role": "strike"},
            {"id": "lamp", "prefix": LAMP, "role": "light"},
            {"id": "fan", "prefix": FAN, "role": "ventilation", "generation": 1},
        ],
    }
)

ACCOUNTS = {
    rights.nuki_username("front"): LOCK,
    rights.hub_username("street"): HUB,
    rights.reader_username("front"): "arni/gym/reader/front",
    rights.shelly_username("strike"): STRIKE,
    rights.shelly_username("lamp"): LAMP,
    rights.shelly_username("fan"): FAN,
    "arni-newcomer": "stranger",
}
"""Who may turn hostile, and where it speaks."""

LEAVES = {
    LOCK: "connected state mode doorsensorState batteryCritical batteryChargeState timestamp name firmware"
    " deviceType lockActionEvent commandResponse lockAction lock unlock",
    HUB: "maintenance/mqttConnectionState maintenance/uptime lock/state opener/state opener/completionStatus"
    " opener/commandResult opener/retry opener/ring opener/action lock/action opener/doorSensorState"
    " opener/json info/nukiHubVersion",
    STRIKE: "online announce events/rpc status/switch:0 status/input:0 status/sys error/switch:0 rpc command"
    " command/switch:0",
    FAN: "online announce info relay/0 relay/0/power input/0 input_event/0 temperature command"
    " relay/0/command",
}
LEAVES[LAMP] = LEAVES["stranger"] = LEAVES[STRIKE]
SHARED = (
    "shellies/announce", "shellies/command", "arni/gym/edge/rpc", "arni/gym/newcomer/rpc", "arni/gym/online",
    "arni/gym/reader/front", "arni/gym/reader/front/answer", "arni/gym/vision/zone/floor", "nuki/0/state",
    "nuki/2bb28570/lockAction", "nuki/02BB2857/state", "homeassistant/lock/2BB28570/lock/config",
    "shelly/x/online",
)  # fmt: skip


@dataclass
class Hall:
    """The house with its devices, and what they did.

    Attributes:
        parts: What runs of the house.
        on_since: When all devices were back after they had been switched off.
    """

    house: House
    mosquitto: Mosquitto
    lock: SimulatedNuki
    hub: SimulatedNukiHub
    strike: SimulatedShellyGen2
    lamp: SimulatedShellyGen2
    fan: SimulatedShellyGen1
    parts: list["asyncio.Future[None]"] = field(default_factory=list)
    on_since: float = 0.0

    @property
    def devices(self) -> tuple[MqttDevice, ...]:
        return (self.lock, self.hub, self.strike, self.lamp, self.fan)

    @property
    def opened(self) -> list[object]:
        """Everything that was done at any door."""
        return [*self.lock.executed, *self.hub.executed, *self.strike.executed]

    @property
    def ready(self) -> bool:
        side = self.house.locks["side"]
        switches = self.house.hands.switches.values()
        return (
            all(lock.live for lock in self.house.locks.values())
            and all(switch.live and switch.output is not None for switch in switches)
            and isinstance(side, StrikeDriver)
            and side.unsafe == ""
        )

    def picture(self, prefix: str) -> Picture:
        return next(
            one for one in self.house.hands.book.pictures if one.owned and prefix in one.owned.prefixes
        )

    def poisoned(self, prefix: str, poison: int) -> list[object]:
        """What of this device's picture the hostile device with this mark has said."""
        one = self.picture(prefix)
        said = [*one.readings, *(reading.value for reading in one.readings.values()), one.key, one.identity]
        return [value for value in said if str(poison) in str(value)]

    async def power_cycle(self) -> None:
        """Switch every device off and on, and wait until the house has heard of all of them."""
        for device in self.devices:
            device.power_off()
        off = SystemClock().monotonic()
        for device in self.devices:
            device.power_on()
        pictures = [self.picture(prefix) for prefix in (LOCK, HUB, STRIKE, LAMP, FAN)]
        await eventually(lambda: all((one.presence.heard or 0) > off for one in pictures) and self.ready)
        self.on_since = SystemClock().monotonic()

    async def switches(self, name: str) -> None:
        """A relay obeys, and says so."""
        for on in (True, False):
            result = await self.house.hands.switches[name].switch(on)
            assert result.outcome is Outcome.CONFIRMED, (name, result)


@asynccontextmanager
async def hall(mosquitto: Mosquitto, path: Path) -> AsyncIterator[Hall]:
    us = mosquitto.address(SETTINGS.broker.username)
    at = {name: mosquitto.address(name, tcp=True) for name in ACCOUNTS}
    broker = SETTINGS.broker.model_copy(update={"port": us.port, "password": us.password})
    paths = SETTINGS.paths.model_copy(update={"state": path, "runtime": path})
    settings = SETTINGS.model_copy(update={"broker": broker, "paths": paths})
    clock, bus = SystemClock(), Bus()
    relay = Switch()
    relay.config |= {"in_mode": "detached", "auto_off": True, "auto_off_delay": 5.0}
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(path / "arni.db"))
        board, managed = HealthBoard(bus, clock), ManagedMosquitto(path / "broker")
        audit = AuditLog(keep_key(path / "audit-key"))
        base = Foundation(database, clock, bus, board, Catalogue.load(), managed, audit)
        house = build_house(settings, base)
        here = Hall(
            house,
            mosquitto,
            SimulatedNuki(
                LOCK.removeprefix("nuki/"), at[rights.nuki_username("front")], DoorLeaf(),
                timing=Timing(0.05, 0.05, 0.3, 0.3), reconnect=_QUICK,
            ),
            SimulatedNukiHub(
                HUB, "opener", at[rights.hub_username("street")], DoorLeaf(),
                timing=HubTiming(0.05, 0.05, 0.3, 0.1, 0.0), reconnect=_QUICK,
            ),
            SimulatedShellyGen2(
                STRIKE, STRIKE_ID, at[rights.shelly_username("strike")],
                parts=[Input(), relay], latency=0.01, reconnect=_QUICK,
            ),
            SimulatedShellyGen2(
                LAMP, LAMP_ID, at[rights.shelly_username("lamp")], latency=0.01, reconnect=_QUICK
            ),
            SimulatedShellyGen1(
                FAN.removeprefix("shellies/"), at[rights.shelly_username("fan")], lambda _: None,
                mac="34945494B97E", update_period=0, reconnect=_QUICK,
            ),
        )  # fmt: skip
        for device in here.devices:
            await stack.enter_async_context(plugged_in(device))
        for child in house.children:
            here.parts.append(await stack.enter_async_context(running(child.run)))
        stack.push_async_callback(_close, house)
        await eventually(lambda: here.ready)
        yield here


async def _close(house: House) -> None:
    for closer in house.closers:
        await closer()


# --- what a hostile device says -----------------------------------------------------------------------------


_WORDS = (
    "true false on off 0 1 2 3 5 6 254 255 -1 1e999 NaN online offline open opening locked success"
    " 3,172,0,0,0 3,0,1,1,1 electricStrikeActuation unlatch on,5 announce overpower"
).split()


class Villain:
    """Makes up messages: garbage, and well-formed lies about itself and others."""

    def __init__(self, own: str, poison: int, dice: random.Random) -> None:
        self._own = own
        self._poison = poison
        self._word_of_poison = f"p{poison}"
        self._dice = dice

    def message(self) -> tuple[str, bytes]:
        """A topic and a payload."""
        return self._topic(), self._dice.choice(
            (self._garbage, self._frame, self._reply, self._who, self._word)
        )()

    def _topic(self) -> str:
        own = self._dice.random() < 0.7
        prefix = self._own if own else self._dice.choice([*LEAVES, *SHARED])
        leaves = LEAVES.get(prefix, "").split()
        return f"{prefix}/{self._dice.choice(leaves)}" if leaves else prefix

    def _garbage(self) -> bytes:
        size = self._dice.choice((0, 1, 5, 40, 600)) if self._dice.random() < 0.98 else 300_000
        return self._dice.choice(
            (
                self._dice.randbytes(size),
                b"9" * size,
                b"[" * size,
                b'{"a":' * size,
                b"\x1b[2J\xff\x00" * (size // 6),
            )
        )

    def _word(self) -> bytes:
        return self._dice.choice((*_WORDS, str(self._poison))).encode()

    def _source(self) -> str:
        return self._dice.choice(
            (
                STRIKE_ID,
                LAMP_ID,
                STRIKE_ID.upper(),
                f"{self._word_of_poison}-000000000000",
                "../x",
                "",
                STRIKE,
            )
        )

    def _status(self) -> dict[str, object]:
        sys = {
            "mac": self._dice.choice(("A8032ABE54DC", "441793D69718", "x")),
            "uptime": self._dice.choice((0, 10**9)),
        }
        switch = {
            "id": 0, "output": self._dice.random() < 0.5, "apower": self._poison,
            "source": self._word_of_poison,
            "timer_started_at": self._poison, "timer_duration": self._dice.choice((1, -1, None, "x")),
        }  # fmt: skip
        return {
            "switch:0": self._dice.choice((switch, [], None, self._poison)),
            "sys": sys,
            f"{self._word_of_poison}:0": {"a": self._poison},
        }

    def _frame(self) -> bytes:
        method = self._dice.choice(("NotifyStatus", "NotifyFullStatus", "NotifyEvent", self._word_of_poison))
        events = [
            {
                "component": "input:0",
                "event": self._dice.choice(("single_push", self._word_of_poison)),
                "id": 0,
            }
        ]
        params = {"ts": self._poison, "events": events} if method == "NotifyEvent" else self._status()
        return orjson.dumps({"src": self._source(), "dst": self._own, "method": method, "params": params})

    def _reply(self) -> bytes:
        config = {"id": 0, "initial_state": "on", "auto_on": True, "auto_off": False, "in_mode": "follow"}
        result = self._dice.choice(
            (None, {"was_on": False}, self._status(), config, {"topic_prefix": STRIKE}, "x")
        )
        number = self._dice.choice((0, 1, self._dice.randrange(2**32), "1", None))
        return orjson.dumps({"id": number, "src": self._source(), "dst": "arni/gym/edge", "result": result})

    def _who(self) -> bytes:
        mac = self._dice.choice(("A8032ABE54DC", "441793D69718", "34945494B97E"))
        prefix = self._dice.choice(
            (FAN.removeprefix("shellies/"), self._word_of_poison, "../../gym/strike", "#")
        )
        first = {
            "id": prefix,
            "model": "SHSW-1",
            "mac": mac,
            "ip": self._word_of_poison,
            "fw_ver": self._word_of_poison,
        }
        newer = {
            "id": self._source(),
            "gen": 2,
            "mac": mac,
            "model": self._word_of_poison,
            "ver": self._word_of_poison,
            "name": self._word_of_poison,
        }
        info = {
            "mac": mac,
            "uptime": 0,
            "relays": [{"ison": True, "source": self._word_of_poison}],
            "meters": [{"power": self._poison}],
        }
        return orjson.dumps(self._dice.choice((first, newer, info)))


async def attack(mosquitto: Mosquitto, account: str, own: str, poison: int, *, seed: int) -> None:
    """Somebody with this account says whatever he likes; what is his bears his mark."""
    dice = random.Random(seed)
    villain = Villain(own, poison, dice)
    at = mosquitto.address(account, tcp=True)
    assert at.password is not None
    async with aiomqtt.Client(
        at.host,
        at.port,
        username=account,
        password=at.password.get_secret_value(),
        identifier=f"villain-{poison}",
    ) as client:
        for _ in range(MESSAGES):
            topic, payload = villain.message()
            await client.publish(topic, payload, qos=dice.choice((0, 0, 1)), retain=dice.random() < 0.1)
        await client.publish(f"{own}/over", b"", qos=1)


# --- the test -----------------------------------------------------------------------------------------------


async def test_whatever_one_device_says_the_others_work_and_no_door_opens(
    start_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    mosquitto = start_mosquitto(acl=owners_acl(SETTINGS))
    async with hall(mosquitto, tmp_path) as here:
        for number, (account, own) in enumerate(ACCOUNTS.items()):
            await attack(mosquitto, account, own, POISON + number, seed=number)
            # What the others say comes behind it, over the same connection of ours.
            for name, prefix in (("lamp", LAMP), ("fan", FAN)):
                if prefix != own:
                    await here.switches(name)
            for prefix in (LOCK, HUB, STRIKE, LAMP, FAN):
                if prefix != own:
                    assert here.poisoned(prefix, POISON + number) == [], (account, prefix)
            assert here.opened == [], account
            assert not [part for part in here.parts if part.done()], account
            # Everything is switched off and on: the true device is itself again.
            await here.power_cycle()
        await eventually(lambda: SystemClock().monotonic() > here.on_since + DEAF_SECONDS)
        for door in ("front", "street", "side"):
            entry = await here.house.entry.open_by_staff(
                door, staff="checker", reason="after the attack", request_id=f"check:{door}"
            )
            assert entry.outcome is Outcome.CONFIRMED, (door, entry)
        assert here.opened == [Action.UNLATCH, "electricStrikeActuation", True]
