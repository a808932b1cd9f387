"""The nuki_hub driver and the simulated hub, over a real Mosquitto."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices.nuki_hub import codec
from arni_edge.devices.nuki_hub.lock import NukiHubDriver
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import LockState, Outcome
from arni_edge.domain.events import LockChanged, UnrequestedOpening
from arni_edge.settings import HubLock
from arni_edge.simulator.nuki_hub import HubTiming, SimulatedNukiHub

PREFIX = "home/nukihub"
FAST = HubTiming(bluetooth=0.05, opening=0.05, hold=0.2, ring=0.2, deaf=0.0)


class HastyClock(SystemClock):
    """Real time, in which a test can leave the hub's deaf seconds behind at once."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def skip(self, seconds: float) -> None:
        self._ahead += seconds


class FakeLeaf:
    """A door leaf that a test opens by hand."""

    def __init__(self) -> None:
        self.is_open = False
        self.listeners: list[Callable[[bool], None]] = []
        self.released: list[float] = []

    def release_latch(self, seconds: float) -> None:
        self.released.append(seconds)


@dataclass
class House:
    """A broker session with the driver of one opener, what the bus said, and a hub that may be there."""

    mosquitto: Mosquitto
    clock: HastyClock
    session: BrokerSession
    driver: NukiHubDriver
    ear: Ear
    target: codec.Target
    leaf: FakeLeaf = field(default_factory=FakeLeaf)

    def hub(self, *, timing: HubTiming = FAST) -> SimulatedNukiHub:
        return SimulatedNukiHub(
            PREFIX,
            self.target,
            self.mosquitto.address("hub", tcp=True),
            self.leaf,
            timing=timing,
            reconnect=(0.05, 0.2),
        )

    @property
    def command(self) -> str:
        return codec.command_topic(PREFIX, self.target)

    @property
    def command_sent(self) -> bool:
        return bool(re.search(f"Received PUBLISH from edge .*{self.command}", self.mosquitto.log))

    @property
    def unrequested(self) -> list[UnrequestedOpening]:
        return self.ear.heard(UnrequestedOpening)

    async def ready(self) -> None:
        """The hub is there, and hears commands."""
        await eventually(lambda: self.driver.live and self.driver.state is LockState.UNLOCKED)
        self.clock.skip(codec.DEAF_SECONDS + 1)


@asynccontextmanager
async def a_house(
    mosquitto: Mosquitto,
    *,
    target: codec.Target = "opener",
    reaction: float = 2.0,
    goal: float = 4.0,
    username: str = "arni-edge",
) -> AsyncIterator[House]:
    """The house without the hub: that comes when the test lets it run."""
    clock, bus = HastyClock(), Bus()
    for account in (username, "hub", "visitor"):
        mosquitto.address(account)
    session = BrokerSession(mosquitto.address(username), client_id="edge", clock=clock)
    lock = HubLock(prefix=PREFIX, target=target, reaction_seconds=reaction, goal_seconds=goal)
    driver = NukiHubDriver("front", lock, session, bus, clock)
    async with listening(bus) as ear, connected(session):
        yield House(mosquitto, clock, session, driver, ear, target)


@asynccontextmanager
async def a_living_house(
    mosquitto: Mosquitto, *, target: codec.Target = "opener", reaction: float = 2.0, goal: float = 4.0
) -> AsyncIterator[tuple[House, SimulatedNukiHub]]:
    async with a_house(mosquitto, target=target, reaction=reaction, goal=goal) as house:
        hub = house.hub()
        async with plugged_in(hub):
            await house.ready()
            yield house, hub


# --- opening ----------------------------------------------------------------------------------------------


async def test_the_strike_opens_and_its_state_is_the_proof(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, hub):
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "state=open")
        assert hub.executed == ["electricStrikeActuation"]
        assert len(house.leaf.released) == 1
        await eventually(lambda: house.driver.state is LockState.UNLOCKED)
        assert not house.unrequested
        assert [event.state for event in house.ear.heard(LockChanged)][-3:] == [
            LockState.UNLATCHING,
            LockState.UNLATCHED,
            LockState.UNLOCKED,
        ]


async def test_a_lock_behind_the_hub_is_unlatched(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, target="lock") as (house, hub):
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "state=unlatched")
        assert hub.executed == ["unlatch"]


async def test_a_success_alone_is_no_proof(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, goal=1.0) as (house, hub):
        hub.lose_states = True
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.UNKNOWN
        assert result.evidence.startswith("accepted, but not seen to open")
        assert result.seconds >= 1.0


async def test_a_second_command_in_flight_is_refused(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, hub):
        first, second = await asyncio.gather(house.driver.unlatch(), house.driver.unlatch())
        assert (first.outcome, second.outcome) == (Outcome.CONFIRMED, Outcome.BUSY)
        assert hub.executed == ["electricStrikeActuation"]


# --- failing honestly -------------------------------------------------------------------------------------


async def test_a_hub_that_is_away_is_offline_at_once(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, reaction=10, goal=20) as house:
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.OFFLINE, "no matching subscribers")
        assert result.seconds < 5


async def test_a_hub_that_said_goodbye_gets_no_command(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        async with plugged_in(house.hub()):
            await house.ready()
        await eventually(lambda: not house.driver.live)
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (
            Outcome.OFFLINE,
            "maintenance/mqttConnectionState=offline",
        )
        await eventually(lambda: house.ear.availability == [True, False])
        assert house.driver.silent_seconds is None


async def test_a_hub_that_has_just_connected_is_not_trusted_with_a_command(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        hub = house.hub(timing=HubTiming(bluetooth=0.05, opening=0.05, hold=0.2, deaf=60))
        async with plugged_in(hub):
            await eventually(lambda: house.driver.live)
            result = await house.driver.unlatch()
            assert result.outcome is Outcome.OFFLINE
            assert "throws commands away" in result.evidence
            assert not hub.executed


async def test_no_right_to_command_is_said_at_once(start_mosquitto: Callable[..., Mosquitto]) -> None:
    mosquitto = start_mosquitto("user reader\ntopic read home/#\n")
    async with a_house(mosquitto, reaction=10, goal=20, username="reader") as house:
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.NOT_PERMITTED
        assert result.seconds < 5


async def test_what_the_device_could_not_do_is_a_failure(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, hub):
        hub.completion = "otherError"
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.FAILED
        assert result.evidence.startswith("completionStatus=other_error")
        assert not hub.executed


async def test_a_busy_device_is_busy(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, hub):
        hub.completion = "busy"
        assert (await house.driver.unlatch()).outcome is Outcome.BUSY


async def test_a_hub_that_gives_up_leaves_it_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=10, goal=20) as (house, hub):
        hub.unreachable = 100
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.UNKNOWN
        assert result.evidence == "the hub gave up (retry=failed, commandResult=timeout)"
        assert result.seconds < 10


async def test_a_jam_is_a_failure_and_stays_latched(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, target="lock") as (house, _hub):
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(f"{PREFIX}/lock/state", "motorBlocked")
            await eventually(lambda: house.driver.jammed)
            await visitor.publish(f"{PREFIX}/lock/state", "unlocked")
        await eventually(lambda: house.driver.state is LockState.UNLOCKED)
        assert house.driver.jammed
        assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        assert not house.driver.jammed


# --- late, old and foreign commands -----------------------------------------------------------------------


async def test_the_hubs_own_retry_opens_late_and_is_noticed(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, reaction=0.5, goal=0.5) as house:
        hub = house.hub(timing=HubTiming(bluetooth=0.4, opening=0.05, hold=0.2, deaf=0.0))
        async with plugged_in(hub):
            await house.ready()
            hub.unreachable = 2
            result = await house.driver.unlatch()
            assert result.outcome is Outcome.UNKNOWN
            assert "a late opening is possible" in result.evidence
            assert not hub.executed
            await eventually(lambda: house.unrequested)
            assert hub.executed == ["electricStrikeActuation"]
            assert house.unrequested[0].evidence == "late execution: state=open"


async def test_an_opening_by_somebody_else_is_nobodys_crime(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, hub):
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(house.command, "electricStrikeActuation")
            await eventually(lambda: house.driver.state is LockState.UNLATCHED)
        await eventually(lambda: house.driver.state is LockState.UNLOCKED)
        assert hub.executed == ["electricStrikeActuation"]
        assert not house.unrequested


async def test_a_hub_lost_during_a_command_leaves_it_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=10, goal=20) as (house, hub):
        hub.freeze()
        opening = asyncio.create_task(house.driver.unlatch())
        await eventually(lambda: house.command_sent)
        hub.drop_connection()
        result = await opening
        assert result.outcome is Outcome.UNKNOWN
        assert result.evidence.startswith("maintenance/mqttConnectionState=offline")


async def test_a_broker_lost_during_a_command_leaves_it_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=10, goal=20) as (house, hub):
        hub.freeze()
        opening = asyncio.create_task(house.driver.unlatch())
        await eventually(lambda: house.command_sent)
        mosquitto.kill()
        result = await opening
        assert result.outcome is Outcome.UNKNOWN
        assert result.seconds < 10


# --- what is known ----------------------------------------------------------------------------------------


async def test_what_is_retained_is_history(mosquitto: Mosquitto) -> None:
    async with Device(mosquitto.address("visitor")) as visitor:
        await visitor.publish(f"{PREFIX}/opener/state", "open", retain=True)
        await visitor.publish(f"{PREFIX}/maintenance/mqttConnectionState", "online", retain=True)
    async with a_house(mosquitto) as house:
        await eventually(lambda: house.driver.last_known.state is LockState.UNLATCHED)
        assert not house.driver.live
        assert house.driver.state is LockState.UNKNOWN
        assert not house.ear.events


async def test_the_hub_answers_where_it_was_commanded_and_we_do_not_listen_there(
    mosquitto: Mosquitto,
) -> None:
    async with a_living_house(mosquitto) as (house, _hub):
        async with Device(mosquitto.address("visitor"), house.command) as visitor:
            await house.driver.unlatch()
            await eventually(lambda: (house.command, "ack") in visitor.got)
        assert house.command not in codec.subscriptions(PREFIX, "opener")


async def test_a_ring_opens_nothing(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, hub):
        async with Device(mosquitto.address("visitor"), f"{PREFIX}/opener/binaryRing") as visitor:
            hub.press_bell()
            ring = f"{PREFIX}/opener/binaryRing"
            await eventually(lambda: (ring, "ring") in visitor.got and (ring, "standby") in visitor.got)
        assert not hub.executed
        assert not house.leaf.released
