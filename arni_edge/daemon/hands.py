"""The hands of the house: locks, strikes, relays with their drivers, and what watches over them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from arni_edge.access.controller import DoorController
from arni_edge.access.incidents import IncidentDesk
from arni_edge.access.patrol import DoorPatrol
from arni_edge.access.sentry import RetainedSentry, command_topics, hub_action_topics
from arni_edge.access.timekeeping import Timekeeping
from arni_edge.broker import BrokerAddress, BrokerSession, Received
from arni_edge.broker.probe import find_retained
from arni_edge.daemon.device_incidents import DeviceIncidents
from arni_edge.daemon.foundation import Foundation
from arni_edge.devices import (
    Gen2Guard,
    NukiHubDriver,
    NukiLockDriver,
    ShellyCover,
    ShellyLight,
    ShellyRpc,
    ShellySwitch,
)
from arni_edge.devices.book import DeviceBook
from arni_edge.devices.interpreter import Interpreter
from arni_edge.devices.listening import book_filters
from arni_edge.devices.registry import Registry
from arni_edge.devices.rights import newcomer_reply_topic, reply_topic
from arni_edge.devices.shelf import owned_devices
from arni_edge.devices.shelly.gen1_cover import Gen1Cover
from arni_edge.devices.shelly.gen1_light import Gen1Light
from arni_edge.devices.shelly.gen1_settings import Gen1Guard
from arni_edge.devices.shelly.gen1_switch import Gen1Switch
from arni_edge.devices.strike import StrikeDriver
from arni_edge.settings import Door, HubLock, NukiLock, Settings, Shelly, StrikeLock
from arni_edge.supervision import Child

LockDriver = NukiLockDriver | NukiHubDriver | StrikeDriver
Relay = ShellySwitch | ShellyLight | Gen1Switch | Gen1Light
Cover = ShellyCover | Gen1Cover
Guard = Gen1Guard | Gen2Guard

_PROBE_SECONDS = 20.0

_ONLY_SAYS = frozenset({"sensor", "button"})
"""Roles of devices that are listened to and never commanded."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Everything that acts in the building.

    Attributes:
        locks: Drivers by door id.
        controllers: The only ones who command the locks, by door id.
        patrols: Who watches the doors, by door id.
        switches: What can be switched on and off, by Shelly id; strikes are not among them.
        covers: What moves, by Shelly id.
        incidents: What is wrong.
        book: What every device says.
        timekeeping: Whether the clock is set.
        children: What of it runs.
        parts: Devices of the settings, as they are called on the health board.
    """

    locks: Mapping[str, LockDriver]
    controllers: Mapping[str, DoorController]
    patrols: Mapping[str, DoorPatrol]
    switches: Mapping[str, Relay]
    covers: Mapping[str, Cover]
    incidents: IncidentDesk
    book: DeviceBook
    timekeeping: Timekeeping
    children: tuple[Child, ...]
    parts: tuple[str, ...]


def build_hands(settings: Settings, base: Foundation, broker: BrokerSession, address: BrokerAddress) -> Hands:
    """Make all drivers and what watches over them.

    Args:
        settings: Doors and devices, adopted ones included.
        base: The ground.
        broker: Our session, not running yet.
        address: How the daemon reaches the broker, for short looks beside the session.

    Raises:
        ConfigurationError: A device cannot be used as the settings want it.
    """
    workshop = _Workshop(settings, base, broker)
    relays = {one.id: workshop.relay(one) for one in settings.shellies if _switched(one)}
    covers = {one.id: workshop.cover(one) for one in settings.shellies if _moved(one)}
    locks = {door.id: workshop.lock(door, relays) for door in settings.doors}

    incidents = IncidentDesk(base.database, base.bus, base.clock)
    timekeeping = Timekeeping(base.database, base.clock)
    controllers = {
        door: DoorController(
            door,
            lock,
            incidents,
            base.clock,
            clock_is_set=timekeeping.clock_is_set,
            second_instance=lambda: broker.second_instance,
        )
        for door, lock in locks.items()
    }
    patrols = {
        door.id: DoorPatrol(
            door,
            locks[door.id],
            incidents,
            base.bus,
            base.clock,
            commanded_at=_commanded_at(controllers[door.id]),
        )
        for door in settings.doors
    }

    async def look(topics: Sequence[str]) -> list[Received]:
        return await find_retained(
            address, f"arni-edge-{settings.site.id}-probe", topics, deadline=_PROBE_SECONDS
        )

    sentry = RetainedSentry(
        command_topics(settings.doors, settings.shellies),
        look,
        incidents,
        marked=hub_action_topics(settings.doors),
    )
    broker.on_session(sentry.on_session)
    strangers_rpc = ShellyRpc(broker, newcomer_reply_topic(settings.site.id))
    own_locks = {f"lock/{door.id}" for door in settings.doors if not isinstance(door.lock, StrikeLock)}
    driven = {f"shelly/{name}" for name in (*relays, *covers)} | own_locks
    book = DeviceBook(
        Interpreter([door.lock.prefix for door in settings.doors if isinstance(door.lock, HubLock)]),
        book_filters(settings),
        owned_devices(settings),
        broker=broker,
        rpc=workshop.rpc,
        strangers_rpc=strangers_rpc,
        bus=base.bus,
        clock=base.clock,
        incidents=DeviceIncidents(incidents),
        notebook=Registry(base.database, base.clock),
        driven=driven,
        guarded=own_locks,
    )
    children = (
        Child("shelly-rpc", workshop.rpc.run),
        Child("newcomer-rpc", strangers_rpc.run),
        Child("device-book", book.run),
        *workshop.children,
        *(Child(f"patrol-{door}", patrol.run) for door, patrol in patrols.items()),
        Child("sentry", sentry.run, silence_seconds=120.0),
    )
    return Hands(
        locks=locks,
        controllers=controllers,
        patrols=patrols,
        switches={
            one.id: relays[one.id] for one in settings.shellies if one.id in relays and one.role != "strike"
        },
        covers=covers,
        incidents=incidents,
        book=book,
        timekeeping=timekeeping,
        children=children,
        parts=tuple(one.part for one in owned_devices(settings)),
    )


class _Workshop:
    """Makes drivers, and remembers what of them runs."""

    def __init__(self, settings: Settings, base: Foundation, broker: BrokerSession) -> None:
        self._settings = settings
        self._base = base
        self._broker = broker
        self.rpc = ShellyRpc(broker, reply_topic(settings.site.id))
        self.children: list[Child] = []
        self._guards: dict[str, Guard] = {}

    def relay(self, shelly: Shelly) -> Relay:
        """Whatever can be switched on and off."""
        broker, bus, clock = self._broker, self._base.bus, self._base.clock
        if shelly.generation == 1:
            return self._first_generation(shelly)
        if shelly.component != "switch":
            return ShellyLight(shelly, self.rpc, broker, bus, clock)
        switch = ShellySwitch(shelly, self.rpc, broker, bus, clock)
        if shelly.role == "strike":
            self._watch(shelly, Gen2Guard(shelly, switch, self.rpc, clock, contact=self._contact(shelly)))
        return switch

    def _first_generation(self, shelly: Shelly) -> Gen1Switch | Gen1Light:
        """Its pulses rest on a timer in the device; where the settings give its address, that is verified."""
        broker, bus, clock = self._broker, self._base.bus, self._base.clock
        driver = Gen1Switch if shelly.component == "switch" else Gen1Light
        if shelly.address is None:
            return driver(shelly, self.rpc, broker, bus, clock, auto_off=lambda: None)
        guard = Gen1Guard(shelly, shelly.address, clock, contact=self._contact(shelly) is not None)
        relay = driver(shelly, self.rpc, broker, bus, clock, auto_off=lambda: guard.auto_off)
        relay.on_doubt(guard.doubt)
        self._watch(shelly, guard)
        return relay

    def cover(self, shelly: Shelly) -> Cover:
        """Whatever moves."""
        driver = Gen1Cover if shelly.generation == 1 else ShellyCover
        return driver(shelly, self.rpc, self._broker, self._base.bus, self._base.clock)

    def lock(self, door: Door, relays: Mapping[str, Relay]) -> LockDriver:
        """The driver of a door's lock."""
        bus, clock = self._base.bus, self._base.clock
        if isinstance(door.lock, NukiLock):
            return NukiLockDriver(door.id, door.lock, self._broker, bus, clock)
        if isinstance(door.lock, HubLock):
            return NukiHubDriver(door.id, door.lock, self._broker, bus, clock)
        device = door.lock.device
        strike = StrikeDriver(
            door.id,
            door.lock,
            relays[device],
            self._guards[device],
            bus,
            clock,
            verified_first=isinstance(self._guards[device], Gen1Guard),
        )
        self.children.append(Child(f"strike-{door.id}", strike.run))
        return strike

    def _watch(self, shelly: Shelly, guard: Guard) -> None:
        self._guards[shelly.id] = guard
        self.children.append(Child(f"guard-{shelly.id}", guard.run))

    def _contact(self, shelly: Shelly) -> int | None:
        """Number of the input of this device that a door's contact is wired to."""
        for door in self._settings.doors:
            if door.contact is not None and door.contact.device == shelly.id:
                component, _, number = door.contact.entity.partition(".")[0].partition(":")
                if component == "input":
                    return int(number or 0)
        return None


def _switched(shelly: Shelly) -> bool:
    return shelly.role not in _ONLY_SAYS and not _moved(shelly)


def _moved(shelly: Shelly) -> bool:
    return shelly.role == "cover" or shelly.component == "cover"


def _commanded_at(controller: DoorController) -> Callable[[], float]:
    return lambda: controller.commanded_at
