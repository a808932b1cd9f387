"""The Nuki driver and the simulated lock, over a real Mosquitto."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected
from support.nuki import COMMAND, NUKI_ID, FakeLeaf, a_nuki
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import LastKnown, NukiLockDriver
from arni_edge.devices.nuki.codec import Action, Code
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import DoorContact, LockState, Outcome
from arni_edge.domain.events import DeviceSignalled, LockChanged, LockUsed, UnrequestedOpening
from arni_edge.settings import NukiLock
from arni_edge.simulator.nuki import SimulatedNuki


@dataclass
class House:
    """A broker session with one lock's driver, what the bus said, and a lock that may be there."""

    mosquitto: Mosquitto
    session: BrokerSession
    driver: NukiLockDriver
    ear: Ear
    leaf: FakeLeaf = field(default_factory=FakeLeaf)

    def lock(self, *, keepalive: int = 60, seed: int = 0) -> SimulatedNuki:
        return a_nuki(self.mosquitto, self.leaf, keepalive=keepalive, seed=seed)

    @property
    def unrequested(self) -> int:
        return len(self.ear.heard(UnrequestedOpening))

    @property
    def signals(self) -> list[str]:
        return [signal.name for signal in self.ear.heard(DeviceSignalled)]

    async def live(self) -> None:
        await eventually(lambda: self.driver.live and self.driver.state is LockState.UNLOCKED)


@asynccontextmanager
async def a_house(
    mosquitto: Mosquitto, *, reaction: float = 2.0, goal: float = 4.0, username: str = "arni-edge"
) -> AsyncIterator[House]:
    """The house without the lock: that comes when the test lets it run."""
    clock, bus = SystemClock(), Bus()
    for account in (username, f"nuki-{NUKI_ID}", "visitor"):
        mosquitto.address(account)
    session = BrokerSession(mosquitto.address(username), client_id="edge", clock=clock)
    lock = NukiLock(nuki_id=NUKI_ID, reaction_seconds=reaction, goal_seconds=goal)
    driver = NukiLockDriver("front", lock, session, bus, clock)
    async with listening(bus) as ear, connected(session):
        yield House(mosquitto, session, driver, ear)


@asynccontextmanager
async def a_living_house(
    mosquitto: Mosquitto, *, reaction: float = 2.0, goal: float = 4.0, keepalive: int = 60
) -> AsyncIterator[tuple[House, SimulatedNuki]]:
    async with a_house(mosquitto, reaction=reaction, goal=goal) as house:
        lock = house.lock(keepalive=keepalive)
        async with plugged_in(lock):
            await house.live()
            yield house, lock


# --- opening ----------------------------------------------------------------------------------------------


async def test_an_unlatch_is_confirmed_by_the_open_latch(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "state=5")
        assert lock.executed == [Action.UNLATCH]
        assert len(house.leaf.released) == 1
        await eventually(lambda: house.driver.state is LockState.UNLOCKED)
        house.leaf.move(to=True)
        await eventually(lambda: house.driver.contact is DoorContact.OPEN)
        house.leaf.move(to=False)
        await eventually(lambda: house.driver.contact is DoorContact.CLOSED)
        assert not house.unrequested
        assert house.ear.heard(LockChanged)


async def test_a_locked_door_is_unlocked_and_opened(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        lock = house.lock()
        lock.state = Code.LOCKED
        async with plugged_in(lock):
            await eventually(lambda: house.driver.state is LockState.LOCKED)
            assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED


async def test_the_door_sensor_confirms_where_every_state_got_lost(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        lock.lose_qos0 = True
        opening = asyncio.create_task(house.driver.unlatch())
        await eventually(lambda: house.leaf.released)
        lock.lose_qos0 = False
        house.leaf.move(to=True)
        result = await opening
        assert result.outcome is Outcome.CONFIRMED
        assert result.evidence == "door sensor closed->open"


async def test_accepted_is_not_open(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, goal=1.0) as (house, lock):
        lock.lose_qos0 = True
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "accepted, but not seen to open")
        assert result.seconds >= 1.0


async def test_a_second_command_in_flight_is_refused(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        first, second = await asyncio.gather(house.driver.unlatch(), house.driver.unlatch())
        assert (first.outcome, second.outcome) == (Outcome.CONFIRMED, Outcome.BUSY)
        assert lock.executed == [Action.UNLATCH]


async def test_waits_for_a_turning_motor_and_opens_then(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        lock.press_button(Action.LOCK)
        await eventually(lambda: house.driver.state is LockState.LOCKING)
        assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        assert lock.executed == [Action.LOCK, Action.UNLATCH]


async def test_a_busy_lock_is_not_asked_twice(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        lock.lose_qos0 = True  # so that nobody sees the motor turn
        lock.press_button(Action.LOCK)
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.BUSY, "commandResponse=69 (busy)")
        assert lock.executed == [Action.LOCK]


async def test_an_uncalibrated_lock_gets_no_command(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        lock = house.lock()
        lock.state = Code.UNCALIBRATED
        async with plugged_in(lock):
            await eventually(lambda: house.driver.state is LockState.UNCALIBRATED)
            result = await house.driver.unlatch()
            assert (result.outcome, result.evidence) == (Outcome.FAILED, "state=0 (not calibrated)")
            assert COMMAND not in [line.split("'")[1] for line in mosquitto.log.splitlines() if "'" in line]


# --- locking ----------------------------------------------------------------------------------------------


async def test_a_closed_door_is_locked_once(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        await eventually(lambda: house.driver.contact is DoorContact.CLOSED)
        result = await house.driver.lock()
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "state=1")
        again = await house.driver.lock()
        assert (again.outcome, again.evidence) == (Outcome.CONFIRMED, "state=1 already")
        assert lock.executed == [Action.LOCK]
        assert not house.unrequested


async def test_an_open_door_is_locked_by_a_person_only(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        house.leaf.move(to=True)
        await eventually(lambda: house.driver.contact is DoorContact.OPEN)
        refused = await house.driver.lock()
        assert (refused.outcome, refused.evidence) == (Outcome.NOT_PERMITTED, "door sensor says open")
        assert not lock.executed
        assert (await house.driver.lock(by_person=True)).outcome is Outcome.CONFIRMED


async def test_a_door_whose_sensor_says_nothing_is_not_locked(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        refused = await house.driver.lock()
        assert (refused.outcome, refused.evidence) == (Outcome.NOT_PERMITTED, "door sensor says unknown")


async def test_a_lock_without_evidence_is_tried_once_more(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=1.0, goal=2.0) as (house, lock):
        await eventually(lambda: house.driver.contact is DoorContact.CLOSED)
        lock.lose_qos0 = True
        result = await house.driver.lock()
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "accepted, but not seen to lock")
        assert lock.executed == [Action.LOCK, Action.LOCK]


async def test_an_opening_overtakes_a_lock_that_still_waits(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=5) as (house, lock):
        lock.press_button(Action.UNLOCK)
        await eventually(lambda: house.driver.state is LockState.UNLOCKING)
        locking = asyncio.create_task(house.driver.lock())
        await asyncio.sleep(0)
        opened = await house.driver.unlatch()
        assert (await locking).evidence == "overtaken by an opening"
        assert opened.outcome is Outcome.CONFIRMED
        assert lock.executed == [Action.UNLOCK, Action.UNLATCH]


async def test_a_lock_never_overtakes_an_opening(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        opening = asyncio.create_task(house.driver.unlatch())
        await asyncio.sleep(0)
        assert (await house.driver.lock(by_person=True)).outcome is Outcome.BUSY
        assert (await opening).outcome is Outcome.CONFIRMED
        assert lock.executed == [Action.UNLATCH]


# --- failing honestly -------------------------------------------------------------------------------------


async def test_nobody_listens_is_offline_at_once(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, reaction=2, goal=20) as house:
        began = time.monotonic()
        # In a young session the lock gets a chance to come back; in this one it had it.
        await eventually(lambda: time.monotonic() > began + 2)
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.OFFLINE, "no matching subscribers")
        assert result.seconds < 1.5


async def test_a_lock_that_comes_back_a_moment_after_us_is_waited_for(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, reaction=10, goal=20) as house:
        wish = asyncio.create_task(house.driver.unlatch())
        await eventually(lambda: re.search(f"Received PUBLISH.*{COMMAND}", mosquitto.log))
        async with plugged_in(lock := house.lock()):
            assert (await wish).outcome is Outcome.CONFIRMED
            assert lock.executed == [Action.UNLATCH]


async def test_a_wish_before_the_broker_is_there_is_carried_out_when_it_is(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=10, goal=20) as (house, lock):
        mosquitto.kill()
        await eventually(lambda: not lock.connected and not house.session.connected)
        wish = asyncio.create_task(house.driver.unlatch())
        await asyncio.sleep(0)
        mosquitto.start()
        assert (await wish).outcome is Outcome.CONFIRMED
        assert lock.executed == [Action.UNLATCH]


async def test_a_lock_that_denies_locking_is_offline_at_once(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, reaction=10, goal=20) as house:
        lock = house.lock()
        lock.deny_locking = True
        async with plugged_in(lock):
            await house.live()
            assert (await house.driver.unlatch()).outcome is Outcome.OFFLINE


async def test_no_right_to_command_is_said_at_once(start_mosquitto: Callable[..., Mosquitto]) -> None:
    mosquitto = start_mosquitto("user reader\ntopic read nuki/#\n")
    async with a_house(mosquitto, reaction=10, goal=20, username="reader") as house:
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.NOT_PERMITTED
        assert result.seconds < 5


async def test_a_lock_that_said_goodbye_gets_no_command(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        lock = house.lock()
        async with plugged_in(lock):
            await house.live()
        await eventually(lambda: not house.driver.live)
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.OFFLINE, "connected=false")
        await eventually(lambda: house.ear.availability == [True, False])


async def test_a_jam_is_a_failure_and_stays_latched(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        lock.jam()
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.FAILED
        assert result.evidence in {"state=254", "commandResponse=66 (motor blocked)"}
        await eventually(lambda: house.driver.jammed and house.driver.state is LockState.UNLOCKED)
        lock.repair()
        assert house.driver.jammed
        assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        assert not house.driver.jammed


async def test_a_lock_that_drops_on_command_ends_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=10, goal=20) as (house, lock):
        lock.drop_on_command = True
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "connected=false")
        assert not lock.executed
        await eventually(lambda: house.signals == ["drops_on_command"])


async def test_a_broker_lost_during_a_command_is_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=10, goal=20) as (house, lock):
        lock.freeze()
        opening = asyncio.create_task(house.driver.unlatch())
        await eventually(lambda: re.search(f"Received PUBLISH.*{COMMAND}", mosquitto.log))
        mosquitto.kill()
        result = await opening
        assert result.outcome is Outcome.UNKNOWN
        assert result.seconds < 10


# --- late, old and foreign commands -----------------------------------------------------------------------


async def test_a_frozen_lock_is_unknown_and_its_late_act_is_noticed(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=0.5) as (house, lock):
        lock.freeze()
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "no reaction")
        assert not lock.executed
        lock.thaw()
        await eventually(lambda: house.unrequested)
        assert lock.executed == [Action.UNLATCH]
        await house.live()
        assert house.unrequested == 1


async def test_a_command_during_an_outage_never_reaches_the_lock(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        mosquitto.kill()
        await eventually(lambda: not house.session.connected)
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.OFFLINE
        mosquitto.start()
        await eventually(lambda: house.session.connected and lock.connected)
        # A round trip behind it proves that nothing older is on its way.
        assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        assert lock.executed == [Action.UNLATCH]


async def test_a_command_to_a_stalled_broker_does_not_open_when_it_recovers(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=0.5) as (house, lock):
        mosquitto.pause()
        stalled = await house.driver.unlatch()
        assert stalled.outcome is Outcome.OFFLINE  # no sign of life, so nothing was sent
        mosquitto.resume()
        await eventually(lambda: house.session.connected and lock.connected)
        # A round trip behind it proves that nothing older is on its way.
        assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        assert lock.executed == [Action.UNLATCH]


async def test_a_foreign_command_over_mqtt_is_reported(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(COMMAND, "3")
        await eventually(lambda: house.unrequested)
        await house.live()
        assert house.unrequested == 1
        assert lock.executed == [Action.UNLATCH]


async def test_a_keypad_opening_is_nobodys_crime(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        lock.enter_code(auth=54321, code=12345)
        await eventually(lambda: house.driver.state is LockState.UNLATCHED)
        await eventually(lambda: house.driver.state is LockState.UNLOCKED)
        assert not house.unrequested
        (use,) = house.ear.heard(LockUsed)
        assert (use.action, use.source, use.auth_id, use.code_id) == ("unlatch", "keypad", 54321, 12345)
        assert (house.driver.silent_seconds or 0) < 60


async def test_the_simulated_lock_obeys_a_retained_command_at_every_reconnect(mosquitto: Mosquitto) -> None:
    """As real locks do; the driver itself stays innocent and reports each of them."""
    async with a_house(mosquitto) as house:
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(COMMAND, "3", retain=True)
        lock = house.lock()
        async with plugged_in(lock):
            await eventually(lambda: house.unrequested == 1)
            await house.live()
            lock.drop_connection()
            await eventually(lambda: house.unrequested == 2)


# --- what is known ----------------------------------------------------------------------------------------


async def test_a_retained_open_latch_is_history(mosquitto: Mosquitto) -> None:
    async with Device(mosquitto.address("visitor")) as visitor:
        for name, value in (("state", "5"), ("doorsensorState", "3"), ("connected", "true")):
            await visitor.publish(f"nuki/{NUKI_ID}/{name}", value, retain=True)
    async with a_house(mosquitto) as house:
        await eventually(lambda: house.driver.last_known == LastKnown(LockState.UNLATCHED, DoorContact.OPEN))
        assert not house.driver.live
        assert house.driver.state is LockState.UNKNOWN
        assert house.driver.contact is DoorContact.UNKNOWN
        assert not house.ear.events


async def test_a_broker_killed_with_the_lock_away_leaves_it_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, lock):
        lock.power_off()
        mosquitto.kill()
        await eventually(lambda: not house.session.connected)
        assert not house.driver.live
        mosquitto.start()
        await eventually(lambda: house.session.connected)
        assert house.driver.state is LockState.UNKNOWN
        assert (await house.driver.unlatch()).outcome is Outcome.OFFLINE
        lock.power_on()
        await house.live()
        await eventually(lambda: house.ear.availability[-1] is True)


async def test_a_takeover_flicker_ends_the_command_but_alarms_nobody(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, reaction=10, goal=20) as (house, lock):
        lock.freeze()
        opening = asyncio.create_task(house.driver.unlatch())
        await eventually(lambda: COMMAND in mosquitto.log)
        lock.power_off()
        lock.power_on()
        result = await opening
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "connected=false")
        await house.live()
        # Longer than any flicker; only then may it be said that nobody was alarmed.
        await asyncio.sleep(1.5)
        assert house.ear.availability == [True]
        assert not lock.executed


async def test_a_silent_death_is_announced_when_the_keepalive_has_run_out(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, keepalive=2) as (house, lock):
        lock.power_off()
        await eventually(lambda: not house.driver.live)
        await eventually(lambda: house.ear.availability == [True, False])
        assert house.driver.state is LockState.UNKNOWN


@pytest.mark.parametrize("seed", range(3))
async def test_the_lock_opens_after_a_broker_loss_whoever_comes_back_first(
    mosquitto: Mosquitto, seed: int
) -> None:
    """A lock cannot be asked for its state: if it was here before us, we only know what is retained."""
    async with a_house(mosquitto) as house, plugged_in(lock := house.lock(seed=seed)):
        await house.live()
        mosquitto.kill()
        await eventually(lambda: not lock.connected and not house.session.connected)
        mosquitto.start()
        await eventually(lambda: lock.connected and house.session.connected)
        assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        assert house.driver.live


async def test_a_lock_that_only_the_broker_remembers_may_still_be_commanded(mosquitto: Mosquitto) -> None:
    clock, bus = SystemClock(), Bus()
    async with a_living_house(mosquitto) as (house, _lock):
        session = BrokerSession(mosquitto.address("visitor"), client_id="second", clock=clock)
        late = NukiLockDriver("side", NukiLock(nuki_id=NUKI_ID), session, bus, clock)
        async with connected(session):
            await eventually(lambda: late.last_known.state is LockState.UNLOCKED)
            assert not late.live
            assert late.state is LockState.UNKNOWN
            assert (await late.unlatch()).outcome is Outcome.CONFIRMED
            await eventually(lambda: late.live)
            # To the first driver this was somebody else's command.
            await eventually(lambda: house.unrequested == 1)
