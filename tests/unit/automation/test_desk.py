"""The desk: acts only where it must, gives way to people, and tells what it knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.automation import EVERYTHING, settings
from support.clock import ManualClock
from support.devices import Ear, listening
from support.mqtt import running
from support.waiting import eventually

from arni_edge.automation import AutomationDesk
from arni_edge.automation.picture import DoorView
from arni_edge.automation.senses import Senses
from arni_edge.bus import Bus
from arni_edge.devices import SwitchResult
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import DoorContact, LockState, Outcome, UnlatchResult
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.events import (
    AlarmRaised,
    AnnouncementDue,
    DeviceAvailabilityChanged,
    DoorCommandEnded,
    LockChanged,
    ReadingChanged,
)
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.domain.readings import Value


class Relay:
    """Stands at the desk's port; real relays are tested on the wire.

    Attributes:
        asked: Every command, as the output asked for.
        looks: How often somebody looked whether it is there.
    """

    def __init__(
        self,
        *,
        live: bool = True,
        output: bool | None = False,
        outcome: Outcome = Outcome.CONFIRMED,
        hangs: bool = False,
    ) -> None:
        self.there = live
        self.output = output
        self.outcome = outcome
        self.hangs = hangs
        self.asked: list[bool] = []
        self.looks = 0

    @property
    def live(self) -> bool:
        self.looks += 1
        return self.there

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        assert toggle_after is None
        self.asked.append(on)
        if self.hangs:
            await asyncio.Event().wait()
        if self.outcome is Outcome.CONFIRMED:
            self.output = on
        return SwitchResult(self.outcome, "seen", 0.1)


@dataclass
class People:
    """Who is inside; counts how often the desk looked."""

    count: int | None = 0
    looks: int = 0

    def zone(self, _zone: str, /) -> Occupancy:
        return UNKNOWN_OCCUPANCY if self.count is None else Occupancy(self.count, 0.1)

    def total(self) -> Occupancy:
        self.looks += 1
        return self.zone("")


@dataclass
class Book:
    """Where troubles are stored: what it was told, in order."""

    told: list[tuple[str, DeviceTrouble, bool]] = field(default_factory=list)
    failures: int = 0

    async def begin(self, device: str, trouble: DeviceTrouble, _evidence: str, /) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the disk is full")
        self.told.append((device, trouble, False))

    async def over(self, device: str, trouble: DeviceTrouble, _evidence: str, /) -> None:
        self.told.append((device, trouble, True))


@dataclass
class Lock:
    """A door's controller."""

    outcome: Outcome = Outcome.CONFIRMED
    locked: int = 0

    async def lock(self) -> UnlatchResult:
        self.locked += 1
        return UnlatchResult(self.outcome, "state=1", 0.1)


@dataclass
class Building:
    bus: Bus
    clock: ManualClock
    relays: dict[str, Relay]
    people: People
    book: Book
    lock: Lock
    desk: AutomationDesk
    ear: Ear

    def read(self, device: str, entity: str, value: Value) -> None:
        self.bus.publish(ReadingChanged(at=self.clock.now(), device=device, entity=entity, value=value))

    async def shows(self, device: str, on: bool) -> None:
        await eventually(lambda: self.relays[device].output is on)

    async def several_looks(self) -> None:
        """The desk and every hand that does not hang have looked again, more than once."""
        switches = self.desk.status()["switches"]
        looking: list[People | Relay] = [
            self.people,
            *(self.relays[name] for name in switches if not self.relays[name].hangs),
        ]
        until = [(one, one.looks + 3) for one in looking]
        await eventually(lambda: all(one.looks >= looks for one, looks in until))


@asynccontextmanager
async def a_building(
    rules: dict[str, Any], people: int | None = 0, relays: dict[str, Relay] | None = None
) -> AsyncIterator[Building]:
    config = settings(step_seconds=0.1, **{"presence": {"complete": True}, **rules})
    bus, clock, eyes, book, lock = Bus(), ManualClock(), People(people), Book(), Lock()
    found = {shelly.id: Relay() for shelly in config.shellies} | (relays or {})
    bolts = {"front": lock}
    desk = AutomationDesk(config, bus, clock, switches=found, eyes=eyes, incidents=book, bolts=bolts)
    async with listening(bus) as ear, running(desk.run):
        yield Building(bus, clock, found, eyes, book, lock, desk, ear)


_LIGHT: dict[str, Any] = {"lights": [{"id": "floor", "devices": ["light-floor"], "empty_minutes": 10}]}
_TWO: dict[str, Any] = {"lights": [{"id": "floor", "devices": ["light-floor", "light-changing"]}]}


# --- acting -------------------------------------------------------------------------------------------------


async def test_a_light_follows_the_people() -> None:
    async with a_building(_LIGHT, 2) as house:
        await house.shows("light-floor", True)
        house.people.count = 0
        await house.several_looks()
        assert house.relays["light-floor"].output
        house.clock.advance(601)
        await house.shows("light-floor", False)
        house.people.count = None
        await house.shows("light-floor", True)
        assert house.relays["light-floor"].asked == [True, False, True]


async def test_what_is_so_already_is_not_asked_for() -> None:
    async with a_building(_LIGHT, 2, {"light-floor": Relay(output=True)}) as house:
        await eventually(lambda: house.desk.status()["switches"]["light-floor"]["on"])
        await house.several_looks()
        assert house.relays["light-floor"].asked == []


async def test_a_dead_relay_does_not_stop_the_others() -> None:
    relays = {"light-floor": Relay(hangs=True)}
    async with a_building(_TWO, 2, relays) as house:
        await eventually(lambda: house.relays["light-floor"].asked)
        await house.shows("light-changing", True)


async def test_a_relay_that_is_away_is_not_asked_until_it_is_back() -> None:
    async with a_building(_TWO, 2, {"light-floor": Relay(live=False, output=None)}) as house:
        relay = house.relays["light-floor"]
        await house.shows("light-changing", True)
        assert relay.asked == []
        relay.there, relay.output = True, False
        await house.shows("light-floor", True)


async def test_a_failure_is_tried_again_later_and_longer() -> None:
    async with a_building(_LIGHT, 2, {"light-floor": Relay(outcome=Outcome.FAILED)}) as house:
        relay = house.relays["light-floor"]
        await eventually(lambda: relay.asked)
        await house.several_looks()
        assert relay.asked == [True]
        house.clock.advance(1.1)
        await eventually(lambda: len(relay.asked) == 2)
        await house.several_looks()
        relay.outcome = Outcome.CONFIRMED
        house.clock.advance(61)
        await house.shows("light-floor", True)


# --- by hand ------------------------------------------------------------------------------------------------

_MUSIC: dict[str, Any] = {"closing": {"switch_off": ["plug-music"]}, "manual_minutes": 60}


async def test_who_switches_by_hand_wins_for_a_while() -> None:
    async with a_building(_MUSIC, 2) as house:  # the clock says noon on a Wednesday: open
        await house.shows("plug-music", True)
        relay = house.relays["plug-music"]
        await house.several_looks()
        relay.output = False  # somebody pulls the plug's button
        await eventually(lambda: house.desk.status()["switches"]["plug-music"]["by_hand"])
        await house.several_looks()
        assert relay.asked == [True]
        house.clock.advance(3601)
        await house.shows("plug-music", True)


async def test_nobody_can_switch_off_a_light_that_is_needed() -> None:
    async with a_building(_LIGHT, 2) as house:
        await house.shows("light-floor", True)
        await house.several_looks()
        house.relays["light-floor"].output = False
        await house.shows("light-floor", True)


async def test_a_relay_that_restarted_was_not_switched_by_hand() -> None:
    async with a_building(_MUSIC, 2) as house:
        await house.shows("plug-music", True)
        relay = house.relays["plug-music"]
        relay.there, relay.output = False, None
        await house.several_looks()
        relay.there, relay.output = True, False
        await house.shows("plug-music", True)


# --- telling ------------------------------------------------------------------------------------------------

_LEAK: dict[str, Any] = {"watches": [{"kind": "leak", "device": "leak"}]}


async def test_a_leak_is_told_once_until_it_is_over() -> None:
    async with a_building(_LEAK) as house:
        for wet in (False, True, None, True, False, True):
            house.read("leak", "flood:0.alarm", wet)
            await house.several_looks()
        await eventually(lambda: len(house.book.told) == 4)
        assert house.book.told == [("leak", DeviceTrouble.LEAK, over) for over in (True, False, True, False)]


async def test_what_cannot_be_stored_does_not_stop_what_comes_after() -> None:
    async with a_building(_LEAK) as house:
        house.book.failures = 1
        house.read("leak", "flood:0.alarm", True)
        await eventually(lambda: house.book.failures == 0)
        house.read("leak", "flood:0.alarm", False)
        await eventually(lambda: house.book.told == [("leak", DeviceTrouble.LEAK, True)])


async def test_closing_is_announced_on_the_bus_and_the_door_is_locked() -> None:
    rules = {"closing": {"lock_doors": ["front"], "staff_minutes": 10}}
    async with a_building(rules, 2) as house:
        now = house.clock.now()
        house.bus.publish(
            LockChanged(at=now, door="front", state=LockState.UNLOCKED, contact=DoorContact.CLOSED)
        )
        house.clock.advance(10.5 * 3600 - 5)
        await house.several_looks()
        assert house.ear.heard(AnnouncementDue) == []
        house.clock.advance(10)  # 22:30
        await eventually(lambda: house.ear.heard(AnnouncementDue))
        (due,) = house.ear.heard(AnnouncementDue)
        assert (due.audience, due.notice, due.number) == ("inside", "closing_soon", 30)
        house.clock.advance(1800)
        await eventually(lambda: house.lock.locked == 1)
        house.clock.advance(600)
        await eventually(
            lambda: {one.notice for one in house.ear.heard(AnnouncementDue)} >= {"still_inside", "not_locked"}
        )


async def test_an_alarm_lights_up_and_status_says_why() -> None:
    async with a_building(_LIGHT) as house:
        house.bus.publish(AlarmRaised(at=house.clock.now(), alarm_id="a", cause="fire", source="whatsapp"))
        await house.shows("light-floor", True)
        status = house.desk.status()["switches"]["light-floor"]
        assert (status["on"], status["why"], status["rule"]) == (True, "alarm", "light/floor")


async def test_every_kind_of_rule_runs() -> None:
    async with a_building({**EVERYTHING, "presence": {"complete": True}}) as house:
        await house.shows("heater", True)  # its temperature is unknown
        assert house.desk.status()["armed"] is False


# --- senses -------------------------------------------------------------------------------------------------


@pytest.fixture
def senses() -> Senses:
    config = settings(alarm_minutes=1)
    door = config.doors[0].model_validate(
        {**config.doors[0].model_dump(), "contact": {"device": "motion", "entity": "input:0.state"}}
    )
    return Senses(config.model_copy(update={"doors": [door]}), People(0), ManualClock())


def _at() -> Any:
    return ManualClock().now()


def test_a_contact_of_its_own_tells_the_door(senses: Senses) -> None:
    def contact(value: Value) -> DoorView:
        senses.take(ReadingChanged(at=_at(), device="motion", entity="input:0.state", value=value))
        return senses.look()[0].doors["front"]

    senses.take(LockChanged(at=_at(), door="front", state=LockState.LOCKED, contact=DoorContact.OPEN))
    assert contact(None) == DoorView(LockState.LOCKED, DoorContact.UNKNOWN)
    assert contact(False).contact is DoorContact.CLOSED
    senses.take(ReadingChanged(at=_at(), device="motion", entity="input:0.state", value=True))
    assert senses.look()[0].opened == {"front"}
    assert senses.look()[0].opened == set()
    assert contact("x").contact is DoorContact.UNKNOWN


def test_who_is_let_in_is_known_once(senses: Senses) -> None:
    for outcome, door in (
        (Outcome.UNKNOWN, "front"),
        (Outcome.CONFIRMED, "other"),
        (Outcome.CONFIRMED, "front"),
    ):
        assert senses.look()[0].entered == set()
        senses.take(
            DoorCommandEnded(at=_at(), door=door, request_id="r", outcome=outcome, evidence="", seconds=1)
        )
    assert senses.look()[0].entered == {"front"}
    assert senses.look()[0].entered == set()


def test_what_a_device_said_before_it_went_away_is_unknown(senses: Senses) -> None:
    senses.take(LockChanged(at=_at(), door="front", state=LockState.LOCKED, contact=DoorContact.OPEN))
    for entity in ("input:0.state", "motion:0.motion"):
        senses.take(ReadingChanged(at=_at(), device="motion", entity=entity, value=True))
    for device in ("shelly/motion", "lock/front"):
        gone = DeviceAvailabilityChanged(at=_at(), device=device, available=False, reason="x")
        senses.take(gone)
    picture, _ = senses.look()
    assert picture.readings == {}
    assert picture.doors["front"] == DoorView()


# --- by order of staff --------------------------------------------------------------------------------------


async def test_staff_put_the_house_on_guard_and_off_it() -> None:
    async with a_building({"arming": {"doors": ["front"]}}, 1) as house:
        await eventually(lambda: house.desk.status()["armed"] is False)
        await house.desk.set_guard(True)
        await eventually(lambda: house.desk.status()["armed"] is True)
        await house.desk.set_guard(False)
        await eventually(lambda: house.desk.status()["armed"] is False)


async def test_a_house_without_a_guard_says_so() -> None:
    async with a_building(_LIGHT) as house:
        with pytest.raises(Refused, match=r"automation\.arming"):
            await house.desk.set_guard(True)
