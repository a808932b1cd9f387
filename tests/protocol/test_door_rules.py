"""The ten ways in which MQTT decides whether a door opens, through controller, patrol and sentry.

Everything is real but the lock, which is simulated behind a real Mosquitto, and obeys as real locks do.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.database import open_database
from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.nuki import COMMAND, NUKI_ID, FakeLeaf, a_nuki
from support.waiting import eventually

from arni_edge.access.controller import DoorController
from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.access.patrol import DoorPatrol
from arni_edge.access.sentry import RetainedSentry, command_topics
from arni_edge.broker import BrokerSession, Received
from arni_edge.broker.probe import find_retained
from arni_edge.bus import Bus
from arni_edge.devices import NukiLockDriver
from arni_edge.devices.nuki.codec import Action, Code
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import DoorContact, Incident, LockState, Outcome
from arni_edge.domain.events import DoorIncident, UnrequestedOpening
from arni_edge.settings import Door, NukiLock
from arni_edge.simulator.nuki import SimulatedNuki
from arni_edge.storage import incidents

FRONT = Subject("door", "front")


@dataclass
class House:
    """One door with everything that commands and watches it."""

    mosquitto: Mosquitto
    session: BrokerSession
    driver: NukiLockDriver
    controller: DoorController
    sentry: RetainedSentry
    desk: IncidentDesk
    ear: Ear
    leaf: FakeLeaf = field(default_factory=FakeLeaf)

    def lock(self, *, keepalive: int = 60) -> SimulatedNuki:
        return a_nuki(self.mosquitto, self.leaf, keepalive=keepalive)

    @property
    def told(self) -> list[str]:
        return [f"{event.incident}{' over' if event.over else ''}" for event in self.ear.heard(DoorIncident)]

    @property
    def sent(self) -> int:
        """Commands of ours that reached the broker."""
        return len(re.findall(f"Received PUBLISH from edge .*'{COMMAND}'", self.mosquitto.log))

    async def live(self) -> None:
        await eventually(lambda: self.driver.live and self.driver.state is not LockState.UNKNOWN)


@asynccontextmanager
async def a_house(
    mosquitto: Mosquitto,
    path: Path,
    *,
    reaction: float = 2.0,
    propped: float = 60.0,
    username: str = "arni-edge",
) -> AsyncIterator[House]:
    """The house without the lock: that comes when the test lets it run."""
    for account in (username, f"nuki-{NUKI_ID}", "visitor"):
        mosquitto.address(account)
    settings = NukiLock(nuki_id=NUKI_ID, reaction_seconds=reaction, goal_seconds=max(4.0, reaction))
    door = Door(id="front", name="Front", lock=settings, propped_seconds=propped)
    clock, bus = SystemClock(), Bus()
    session = BrokerSession(mosquitto.address(username), client_id="edge", clock=clock)
    driver = NukiLockDriver(door.id, settings, session, bus, clock)

    async def find(topics: Sequence[str]) -> list[Received]:
        return await find_retained(mosquitto.address(username), "edge-sentry", topics, deadline=10)

    async with open_database(path / "arni.db") as database, listening(bus) as ear:
        desk = IncidentDesk(database, bus, clock)
        controller = DoorController(
            door.id,
            driver,
            desk,
            clock,
            clock_is_set=lambda: True,
            second_instance=lambda: session.second_instance,
        )
        patrol = DoorPatrol(door, driver, desk, bus, clock, commanded_at=lambda: controller.commanded_at)
        sentry = RetainedSentry(command_topics([door], []), find, desk)
        async with running(patrol.run), connected(session):
            yield House(mosquitto, session, driver, controller, sentry, desk, ear)


@asynccontextmanager
async def a_living_house(
    mosquitto: Mosquitto, path: Path, *, reaction: float = 2.0, propped: float = 60.0
) -> AsyncIterator[tuple[House, SimulatedNuki]]:
    async with (
        a_house(mosquitto, path, reaction=reaction, propped=propped) as house,
        plugged_in(lock := house.lock()),
    ):
        await house.live()
        yield house, lock


@asynccontextmanager
async def a_bolted_lock(house: House) -> AsyncIterator[Device]:
    """A lock whose every word the test chooses; it has said that the bolt is out and the door shut."""
    async with Device(house.mosquitto.address(f"nuki-{NUKI_ID}"), COMMAND) as lock:
        for name, value in (("connected", "true"), ("state", "1"), ("doorsensorState", "2")):
            await lock.publish(f"nuki/{NUKI_ID}/{name}", value)
        await eventually(lambda: house.driver.contact is DoorContact.CLOSED)
        yield lock


# --- the ten rules ------------------------------------------------------------------------------------------


async def test_1_a_command_during_an_outage_never_reaches_the_device(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_living_house(mosquitto, tmp_path, reaction=0.5) as (house, lock):
        mosquitto.kill()
        await eventually(lambda: not house.session.connected)
        assert (await house.controller.unlatch()).outcome is Outcome.OFFLINE
        mosquitto.start()
        await eventually(lambda: house.session.connected and lock.connected)
        # A round trip behind it proves that nothing older is on its way.
        assert (await house.controller.unlatch()).outcome is Outcome.CONFIRMED
        assert lock.executed == [Action.UNLATCH]
        assert await house.sentry.look() == []  # nor does it lie there for the next reconnect


async def test_2_a_retained_command_is_an_incident_and_is_left_where_it_is(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_living_house(mosquitto, tmp_path) as (house, lock):
        assert await house.sentry.look() == []
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(COMMAND, "3", retain=True)
        await eventually(lambda: lock.executed)
        assert await house.sentry.look() == [COMMAND]
        assert await house.sentry.look() == [COMMAND]  # not cleared
        (row,) = [row for row in await house.desk.open_at("front") if row["incident"] == "retained_command"]
        assert row["evidence"] == f"retained: {COMMAND}; stays until a person has removed it and cleared this"
        await eventually(lambda: house.told.count("retained_command") == 1)
        assert house.sent == 0
        # The door of that lock keeps working.
        await eventually(lambda: house.driver.state is LockState.UNLOCKED)
        assert (await house.controller.unlatch()).outcome is Outcome.CONFIRMED


async def test_3_a_retained_open_latch_and_open_door_begin_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with Device(mosquitto.address("visitor")) as visitor:
        for name, value in (("state", "5"), ("doorsensorState", "3"), ("connected", "true")):
            await visitor.publish(f"nuki/{NUKI_ID}/{name}", value, retain=True)
    async with a_house(mosquitto, tmp_path, propped=0.1) as house:
        await eventually(lambda: house.driver.last_known.contact is DoorContact.OPEN)
        began = time.monotonic()
        await eventually(lambda: time.monotonic() > began + 2.5)  # longer than two rounds of the patrol
        assert house.ear.events == []
        assert house.sent == 0
        assert await house.desk.open_at("front") == []


async def test_4_nobody_listens_is_offline_and_no_right_is_not_permitted(
    start_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    async with a_house(start_mosquitto(), tmp_path / "a", reaction=0.5) as house:
        result = await house.controller.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.OFFLINE, "no matching subscribers")
    reader = start_mosquitto("user reader\ntopic read nuki/#\n")
    async with a_house(reader, tmp_path / "b", reaction=10, username="reader") as house:
        result = await house.controller.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.NOT_PERMITTED, "refused by the broker")
        assert result.seconds < 5


async def test_5_a_frozen_lock_is_unknown_and_its_late_act_is_recognised(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_living_house(mosquitto, tmp_path, reaction=0.5) as (house, lock):
        lock.freeze()
        result = await house.controller.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "no reaction")
        await eventually(lambda: house.told == ["unconfirmed"])
        assert not lock.executed
        lock.thaw()
        await eventually(lambda: house.told == ["unconfirmed", "unrequested"])
        await eventually(lambda: lock.state is Code.UNLOCKED and house.driver.state is LockState.UNLOCKED)
        assert lock.executed == [Action.UNLATCH]
        # The next opening is confirmed; that the late one happened stays until somebody has looked.
        assert (await house.controller.unlatch()).outcome is Outcome.CONFIRMED
        await eventually(lambda: house.told[2:] == ["unconfirmed over"])
        (row,) = await house.desk.open_at("front")
        assert row["incident"] == "unrequested"
        assert row["evidence"].startswith("late execution: ")


async def test_6_a_broker_that_was_killed_leaves_the_lock_unknown(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_living_house(mosquitto, tmp_path, reaction=0.5) as (house, lock):
        lock.power_off()
        mosquitto.kill()
        await eventually(lambda: not house.session.connected)
        mosquitto.start()
        await eventually(lambda: house.session.connected)
        assert (house.driver.live, house.driver.state) == (False, LockState.UNKNOWN)
        assert (await house.controller.unlatch()).outcome is Outcome.OFFLINE
        assert not lock.executed


async def test_7_a_takeover_ends_the_command_but_alarms_nobody_about_absence(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_living_house(mosquitto, tmp_path, reaction=10) as (house, lock):
        lock.freeze()
        opening = asyncio.create_task(house.controller.unlatch())
        await eventually(lambda: house.sent)
        lock.power_off()
        lock.power_on()
        result = await opening
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "connected=false")
        await house.live()
        began = time.monotonic()
        await eventually(lambda: time.monotonic() > began + 1.5)  # longer than any flicker
        assert house.ear.availability == [True]
        assert set(house.told) == {"unconfirmed", "drops_on_command"}
        assert not lock.executed


@pytest.mark.parametrize("event_first", [True, False])
@pytest.mark.parametrize("event", ["3,172,0,0,0", "3,0,54321,12345,1"])
async def test_8_the_order_of_event_and_state_changes_nothing(
    mosquitto: Mosquitto, tmp_path: Path, event: str, *, event_first: bool
) -> None:
    """Once as our own command, once as somebody's code at the keypad of a bolted door."""
    ours = event == "3,172,0,0,0"
    said = [("state", "2"), ("state", "7"), ("state", "5"), ("doorsensorState", "3"), ("state", "3")]
    said.insert(0 if event_first else len(said), ("lockActionEvent", event))
    async with a_house(mosquitto, tmp_path, reaction=5) as house, a_bolted_lock(house) as lock:
        opening = asyncio.create_task(house.controller.unlatch()) if ours else None
        await eventually(lambda: lock.raw or not ours)
        for name, value in said:
            await lock.publish(f"nuki/{NUKI_ID}/{name}", value)
        if opening is not None:
            result = await opening
            assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "state=5")
        began = time.monotonic()
        await eventually(lambda: time.monotonic() > began + 5)  # "forced" is judged after three
        assert house.told == []
        assert house.ear.heard(UnrequestedOpening) == []


async def test_9_a_second_instance_is_detected_and_nothing_is_commanded(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_living_house(mosquitto, tmp_path) as (house, lock):
        other = BrokerSession(mosquitto.address(), client_id="edge", clock=SystemClock())
        async with running(other.run):
            await eventually(lambda: house.session.second_instance, within=60)
            result = await house.controller.unlatch()
        assert (result.outcome, result.evidence) == (
            Outcome.NOT_PERMITTED,
            "another instance uses our client id",
        )
        assert (house.sent, lock.executed) == (0, [])


async def test_10_a_cleared_command_that_comes_back_is_told_of_again(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_house(mosquitto, tmp_path) as house, Device(mosquitto.address("visitor")) as visitor:
        await visitor.publish(COMMAND, "3", retain=True)
        assert await house.sentry.look() == [COMMAND]
        await visitor.publish(COMMAND, "", retain=True)
        assert await house.sentry.look() == []
        # It has been carried out at every reconnect until now: that does not end with its removal.
        (row,) = await house.desk.open_at("front")
        assert row["incident"] == "retained_command"
        assert await house.desk.end(FRONT, Incident(row["incident"]), "cleared", by="kim")
        await visitor.publish(COMMAND, "3", retain=True)  # as a broker does after a power cut
        assert await house.sentry.look() == [COMMAND]
        await eventually(
            lambda: house.told == ["retained_command", "retained_command over", "retained_command"]
        )


# --- what the patrol sees on the wire -----------------------------------------------------------------------


async def test_a_door_that_is_propped_open_is_told_of_until_it_is_shut(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_living_house(mosquitto, tmp_path, propped=0.5) as (house, _lock):
        house.leaf.move(to=True)
        await eventually(lambda: house.told == ["propped"])
        house.leaf.move(to=False)
        await eventually(lambda: house.told == ["propped", "propped over"])


async def test_a_bolted_door_that_opens_was_forced(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_house(mosquitto, tmp_path) as house:
        lock = house.lock()
        lock.state = Code.LOCKED
        async with plugged_in(lock):
            await eventually(
                lambda: house.driver.state is LockState.LOCKED and house.driver.contact is DoorContact.CLOSED
            )
            house.leaf.move(to=True)
            await eventually(lambda: house.told == ["forced"])


async def test_our_own_opening_of_a_bolted_door_whose_states_get_lost_is_not_forced(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_house(mosquitto, tmp_path) as house, a_bolted_lock(house) as lock:
        opening = asyncio.create_task(house.controller.unlatch())
        await eventually(lambda: lock.raw)
        await lock.publish(f"nuki/{NUKI_ID}/doorsensorState", "3")
        assert (await opening).evidence == "door sensor closed->open"
        began = time.monotonic()
        await eventually(lambda: time.monotonic() > began + 5)
        assert house.told == []


@pytest.mark.parametrize("event_first", [True, False])
async def test_a_code_at_the_keypad_whose_states_get_lost_is_not_a_forced_door(
    mosquitto: Mosquitto, tmp_path: Path, *, event_first: bool
) -> None:
    said = [("doorsensorState", "3")]
    said.insert(0 if event_first else 1, ("lockActionEvent", "3,0,54321,12345,1"))
    async with a_house(mosquitto, tmp_path) as house, a_bolted_lock(house) as lock:
        for name, value in said:
            await lock.publish(f"nuki/{NUKI_ID}/{name}", value)
        began = time.monotonic()
        await eventually(lambda: time.monotonic() > began + 5)
        assert house.told == []


async def test_a_jam_stays_until_an_opening_succeeds(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_living_house(mosquitto, tmp_path) as (house, lock):
        lock.jam()
        assert (await house.controller.unlatch()).outcome is Outcome.FAILED
        await eventually(lambda: house.told == ["jammed"] and house.driver.state is LockState.UNLOCKED)
        lock.repair()
        assert (await house.controller.unlatch()).outcome is Outcome.CONFIRMED
        await eventually(lambda: house.told == ["jammed", "jammed over"])


async def test_a_jam_is_forgotten_when_a_person_has_looked(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_living_house(mosquitto, tmp_path) as (house, lock):
        lock.jam()
        await house.controller.unlatch()
        await eventually(lambda: house.told == ["jammed"])
        assert house.driver.jammed
        (row,) = await house.desk.open_at("front")
        assert await house.desk.end(FRONT, Incident(row["incident"]), "cleared", by="kim")
        await eventually(lambda: not house.driver.jammed)


async def test_a_lock_that_leaves_on_command_is_diagnosed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_living_house(mosquitto, tmp_path, reaction=10) as (house, lock):
        lock.drop_on_command = True
        assert (await house.controller.unlatch()).outcome is Outcome.UNKNOWN
        await eventually(lambda: set(house.told) == {"unconfirmed", "drops_on_command"})


async def test_somebody_elses_command_is_an_incident(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_living_house(mosquitto, tmp_path) as (house, _lock):
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(COMMAND, "3")
        await eventually(lambda: house.told == ["unrequested"])
        (row,) = await incidents.still_open(house.desk._database)
        assert row["evidence"] == "lockActionEvent 3,172"
