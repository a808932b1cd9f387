"""Many doors on one broker, each with people and faults of its own, and locks that note what they did."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from arni_edge.access import EntryDesk
from arni_edge.access.controller import DoorController
from arni_edge.access.incidents import IncidentDesk
from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import NukiLockDriver
from arni_edge.devices.nuki.codec import Action, command_topic
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import EntryRequest
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.settings import NukiLock
from arni_edge.simulator.nuki import SimulatedNuki, Timing
from arni_edge.storage import Database
from support.entry import entry_desk
from support.mosquitto import Mosquitto
from support.mqtt import Device, running

MIA = Member("m1", "Mia Muster", "+4915123456789")
BEN = Member("m2", "Ben Gebannt", "+4915123456780", state=MemberState.BANNED)

_MOTOR = Timing(turn=0.02, unlatch=0.02, hold=0.04, lock_n_go=0.04, jam_shown=0.05, drop=0.02)
_REACTION, _GOAL = 0.15, 0.3

STEPS = (
    "ask", "ask", "ask_banned", "ask_twice", "ask_two_at_once", "button", "intrude", "freeze", "thaw",
    "power_off", "power_on", "drop", "jam", "repair", "deaf_wifi", "good_wifi", "open_leaf",
    "close_leaf", "breathe",
)  # fmt: skip
"""What may happen at one door."""

HOUSE_FAULTS = ("pause_broker", "kill_broker", "stop_broker", "crash_daemon", "breathe")
"""What may happen to all doors at once."""


class Leaf:
    """A door leaf that people move."""

    def __init__(self) -> None:
        self.is_open = False
        self.listeners: list[Callable[[bool], None]] = []
        self.opened: list[datetime] = []

    def release_latch(self, seconds: float) -> None:
        """The latch is held back; nobody pushes by itself."""

    def move(self, *, to: bool) -> None:
        if to and not self.is_open:
            self.opened.append(SystemClock().now())
        self.is_open = to
        for listener in self.listeners:
            listener(to)


class WitnessedNuki(SimulatedNuki):
    """A lock that notes when it unlatched, and at whose word."""

    def __init__(self, nuki_id: str, address: BrokerAddress, leaf: Leaf) -> None:
        super().__init__(nuki_id, address, leaf, timing=_MOTOR, reconnect=(0.02, 0.1), keepalive=60)
        self.by_wire: list[datetime] = []
        self.by_hand: list[datetime] = []

    async def _carry_out(self, action: Action, *, by_mqtt: bool) -> None:
        if action is Action.UNLATCH:
            (self.by_wire if by_mqtt else self.by_hand).append(SystemClock().now())
        await super()._carry_out(action, by_mqtt=by_mqtt)


@dataclass
class Doorway:
    """One door, and what people did there."""

    name: str
    nuki_id: str
    lock: WitnessedNuki
    leaf: Leaf
    intrusions: list[datetime] = field(default_factory=list)

    async def step(self, name: str, houses: "Houses") -> None:
        """Somebody does something, or something breaks."""
        if name.startswith("ask"):
            await self._ask(name, houses)
        elif name == "intrude":
            # Noted first: it may be carried out before we hear of it.
            self.intrusions.append(SystemClock().now())
            await houses.intrude(command_topic(self.nuki_id))
        else:
            deeds: dict[str, Callable[[], object]] = {
                "button": self.lock.press_button,
                "freeze": self.lock.freeze,
                "thaw": self.lock.thaw,
                "power_off": self.lock.power_off,
                "power_on": self.lock.power_on,
                "drop": self.lock.drop_connection,
                "jam": self.lock.jam,
                "repair": self.lock.repair,
                "deaf_wifi": lambda: setattr(self.lock, "lose_qos0", True),
                "good_wifi": lambda: setattr(self.lock, "lose_qos0", False),
                "open_leaf": lambda: self.leaf.move(to=True),
                "close_leaf": lambda: self.leaf.move(to=False),
                "breathe": lambda: None,
            }
            deeds[name]()
            await asyncio.sleep(0.02)

    async def _ask(self, how: str, houses: "Houses") -> None:
        member = BEN if how == "ask_banned" else MIA
        request = EntryRequest(new_id(), self.name, "test", SystemClock().now())
        again = EntryRequest(new_id(), self.name, "test", SystemClock().now())
        asks = {"ask_twice": [request, request], "ask_two_at_once": [request, again]}.get(how, [request])
        if how == "ask_twice":
            for one in asks:
                await houses.ask(one, member)
        else:
            await asyncio.gather(*(houses.ask(one, member) for one in asks))

    def heal(self) -> None:
        """Everything works again."""
        self.lock.lose_qos0 = False
        self.lock.repair()
        self.lock.thaw()
        self.lock.power_on()


class Houses:
    """One daemon after the other on the same disk, broker and doors."""

    def __init__(self, mosquitto: Mosquitto, database: Database, doors: Sequence[tuple[str, str]]) -> None:
        """Nothing lives before :meth:`start`.

        Args:
            mosquitto: The broker, running.
            database: The disk of all daemons.
            doors: Id of each door and of its lock.
        """
        self._mosquitto = mosquitto
        self._database = database
        self._doors = doors
        self._daemon = mosquitto.address("arni-edge")
        self._intruder = mosquitto.address("intruder", tcp=True)
        self.locks = mosquitto.address("locks", tcp=True)
        self._living: contextlib.AsyncExitStack | None = None
        self._desk: EntryDesk | None = None
        self._session: BrokerSession | None = None
        self._broker_down = False

    async def start(self) -> None:
        """A daemon's life begins."""
        clock, bus, living = SystemClock(), Bus(), contextlib.AsyncExitStack()
        session = BrokerSession(self._daemon, client_id="edge", clock=clock)
        incidents = IncidentDesk(self._database, bus, clock)
        controllers = {
            door: DoorController(
                door,
                NukiLockDriver(
                    door,
                    NukiLock(nuki_id=nuki_id, reaction_seconds=_REACTION, goal_seconds=_GOAL),
                    session,
                    bus,
                    clock,
                ),
                incidents,
                clock,
                clock_is_set=lambda: True,
                second_instance=lambda: session.second_instance,
            )
            for door, nuki_id in self._doors
        }
        desk = entry_desk(self._database, bus, clock, locks=controllers)
        await desk.abandon()
        await living.enter_async_context(running(session.run))
        self._living, self._desk, self._session = living, desk, session

    @property
    def connected(self) -> bool:
        """Whether the present daemon has a session with the broker."""
        return self._session is not None and self._session.connected

    async def crash(self) -> None:
        """The daemon's life ends, whatever is under way: nobody sees an outcome any more."""
        living, self._living, self._desk = self._living, None, None
        if living is not None:
            await living.aclose()

    async def ask(self, request: EntryRequest, member: Member) -> None:
        """Somebody wants to come in; while there is no daemon nobody hears."""
        if self._desk is not None:
            with contextlib.suppress(Unavailable):
                await self._desk.request(request, member, Assurance.CHANNEL)

    async def intrude(self, topic: str) -> None:
        """Publish an unlatch as somebody else."""
        if self._broker_down:
            return
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1.0), Device(self._intruder) as intruder:
                await intruder.publish(topic, str(int(Action.UNLATCH)))

    async def break_something(self, name: str) -> None:
        """Something that concerns all doors at once."""
        if name == "crash_daemon":
            await self.crash()
            await self.start()
        elif name == "pause_broker":
            self._mosquitto.pause()
            await asyncio.sleep(random.uniform(0.05, 0.4))
            self._mosquitto.resume()
        elif name != "breathe":
            self._broker_down = True
            (self._mosquitto.kill if name == "kill_broker" else self._mosquitto.stop)()
            await asyncio.sleep(random.uniform(0.0, 0.2))
            self._mosquitto.start()
            self._broker_down = False
        await asyncio.sleep(random.uniform(0.05, 0.3))
