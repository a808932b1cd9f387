"""The tools for bookings, through the one-way door, at a simulated Magicline."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.booking_desk import BookingDesk, introduce, tomorrow, word
from support.clock import ManualClock
from support.house import House, open_house
from support.talk import KIM
from support.waiting import eventually_is

from arni_edge.actions import effects
from arni_edge.actions.action import Done, Started
from arni_edge.actions.saga import Saga
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.actions.tools.bookings import Book, Bookings, CancelBooking
from arni_edge.actions.tools.rescheduling import RescheduleBooking
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.magicline import open_http
from arni_edge.simulator.magicline import Fault, Quirks, SimulatedMagicline
from arni_edge.simulator.magicline.lessons import ClassBooking, Slot
from arni_edge.simulator.magicline.records import Member
from arni_edge.storage import Database

_CANCEL = "cancelClassSlotById"


@pytest.fixture(autouse=True)
def _patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks waits for the end, unless a test says otherwise."""
    for tool in (Book, CancelBooking, RescheduleBooking):
        monkeypatch.setattr(tool, "patience", None)


@dataclass
class Gym:
    """A house whose bookings are kept at Magicline."""

    house: House
    magicline: SimulatedMagicline
    desk: BookingDesk
    mia: Member

    def a_class(self, hours: float = 24, **more: int) -> Slot:
        return self.magicline.gym.timetable.add(tomorrow(self.magicline, hours), **more)

    def booked(self, slot: Slot) -> ClassBooking:
        return self.magicline.gym.timetable.book(self.mia, slot)

    def has(self, slot: Slot) -> int:
        return self.magicline.class_bookings(self.mia.member_id, slot.slot_id)

    async def do(self, tool: str, language: Language = Language.GERMAN, **arguments: str) -> Done | Started:
        actor = Actor(ActorKind.MEMBER, "m1", "whatsapp:+4915123456789", Assurance.CHANNEL, language=language)
        became = await self.house.office.executor.do(tool, {"member_id": "m1", **arguments}, actor)
        assert isinstance(became, Done | Started)
        return became

    async def say(self, tool: str, language: Language = Language.GERMAN, **arguments: str) -> str:
        """What is said to them."""
        return (await self.do(tool, language, **arguments)).sentence

    async def move(self, booking: ClassBooking, slot: Slot) -> str:
        return await self.say(
            "booking.reschedule", booking_id=f"class/{booking.booking_id}", slot_id=word(slot)
        )


@asynccontextmanager
async def _open(path: Path) -> AsyncIterator[Gym]:
    desks: list[BookingDesk] = []
    async with (
        SimulatedMagicline(quirks=Quirks(allows_doubles=True), members=3) as magicline,
        open_http() as http,
    ):

        def bookings(database: Database, clock: ManualClock) -> tuple[Bookings, Saga]:
            desks.append(BookingDesk(database, magicline.settings(), http))
            return desks[0].bookings, Saga(database, clock, step_seconds=0.6, first_wait=0.01)

        async with open_house(path, staff=(KIM,), bookings=bookings) as house:
            mia = magicline.gym.add_member(told=False)
            await introduce(house.database, mia.member_id, member="m1")
            desks[0].start()
            try:
                yield Gym(house, magicline, desks[0], mia)
            finally:
                await desks[0].crash()


async def test_booked_is_said_only_of_what_is(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        slot, full = gym.a_class(), gym.a_class(30, places=0, waiting_room=2)
        assert (await gym.say("booking.book", slot_id=word(slot))).startswith("Gebucht: Yoga, ")
        assert "war schon gebucht" in await gym.say("booking.book", slot_id=word(slot))
        waiting = await gym.say("booking.book", slot_id=word(full))
        assert waiting.startswith("Du stehst auf der Warteliste: Yoga, ")
        assert "ebucht" not in waiting
        english = await gym.say("booking.book", Language.ENGLISH, slot_id=word(full))
        assert english.startswith("You are on that waiting list already")
        gym.magicline.quirks.new_enums = {"bookingStatus"}
        assert "verstehe nicht, wie sie steht" in await gym.say("booking.book", slot_id=word(gym.a_class(36)))


async def test_a_refusal_is_said_in_words(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        full = gym.a_class(places=0, waiting_room=0)
        with pytest.raises(Refused, match="kein Platz mehr frei"):
            await gym.say("booking.book", slot_id=word(full))
        with pytest.raises(Refused, match="There is no place left"):
            await gym.say("booking.book", Language.ENGLISH, slot_id=word(full))
        late = gym.booked(gym.a_class(1))
        with pytest.raises(Refused, match="nicht mehr stornieren"):
            await gym.say("booking.cancel", booking_id=f"class/{late.booking_id}")


async def test_a_booking_is_cancelled(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        slot = gym.a_class()
        said = await gym.say("booking.cancel", booking_id=f"class/{gym.booked(slot).booking_id}")
        assert said.startswith("Storniert: Yoga, ")
        assert gym.has(slot) == 0


async def test_who_does_not_wait_any_longer_is_told_in_the_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Book, "patience", 0.1)
    async with _open(tmp_path) as gym:
        slot = gym.a_class()
        gym.magicline.down = True
        became = await gym.do("booking.book", slot_id=word(slot))
        assert isinstance(became, Started)
        assert "fest ist noch nichts" in became.sentence
        assert await gym.house.answers() == [None]  # the row of the booking has no text, and nobody was told
        gym.magicline.down = False
        await gym.house.office.executor.idle()
        told = [text for text in await gym.house.answers() if text]
        assert len(told) == 1
        assert told[0].startswith("Gebucht: Yoga")
        # Whoever waited for the end is not told a second time.
        await gym.do("booking.book", slot_id=word(gym.a_class(30)))
        assert [text for text in await gym.house.answers() if text] == told


async def test_a_booking_is_moved(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        old, new = gym.a_class(24), gym.a_class(30)
        assert (await gym.move(gym.booked(old), new)).startswith("Umgebucht: Yoga, ")
        assert (gym.has(old), gym.has(new)) == (0, 1)


async def test_a_place_is_not_given_up_for_the_waiting_list(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        old, full = gym.a_class(24), gym.a_class(30, places=0, waiting_room=2)
        with pytest.raises(Refused, match="nur noch die Warteliste"):
            await gym.move(gym.booked(old), full)
        assert (gym.has(old), gym.has(full)) == (1, 0)


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.UNAVAILABLE_AFTER])
async def test_a_move_whose_requests_break_is_a_move(tmp_path: Path, fault: Fault) -> None:
    async with _open(tmp_path) as gym:
        old, new = gym.a_class(24), gym.a_class(30)
        booking = gym.booked(old)
        gym.magicline.fail("bookClassSlot", fault)
        gym.magicline.fail(_CANCEL, fault)
        await gym.move(booking, new)
        assert (gym.has(old), gym.has(new)) == (0, 1)
        assert gym.magicline.gym.timetable.made[gym.mia.member_id, new.slot_id] == 1


async def test_an_old_place_that_cannot_be_given_back_is_kept_and_the_new_one_is_not(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        old, new = gym.a_class(1), gym.a_class(30)
        with pytest.raises(Refused, match="nicht mehr stornieren"):
            await gym.move(gym.booked(old), new)
        assert (gym.has(old), gym.has(new)) == (1, 0)


async def test_what_could_be_neither_finished_nor_undone_is_a_task_for_a_person(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        old, new = gym.a_class(24), gym.a_class(30)
        booking = gym.booked(old)
        gym.magicline.fail(_CANCEL, Fault.UNAVAILABLE, times=None)
        with pytest.raises(Refused, match="nur zum Teil"):
            await gym.move(booking, new)
        assert (gym.has(old), gym.has(new)) == (1, 1)
        rows = await gym.house.database.read("SELECT kind FROM tickets WHERE state = 'open'")
        assert [row["kind"] for row in rows] == ["action.stuck"]


async def test_a_move_at_a_magicline_that_is_away_changes_nothing(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        old, new = gym.a_class(24), gym.a_class(30)
        booking = gym.booked(old)
        gym.magicline.down = True
        with pytest.raises(Unavailable):
            await gym.move(booking, new)
        gym.magicline.down = False
        assert (gym.has(old), gym.has(new)) == (1, 0)


async def test_somebody_elses_bookings_are_not_touched(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        theirs = gym.magicline.gym.timetable.book(gym.magicline.gym.add_member(told=False), gym.a_class())
        with pytest.raises(Refused, match="gibt es nicht"):
            await gym.say("booking.cancel", booking_id=f"class/{theirs.booking_id}")
        with pytest.raises(Refused, match="gibt es nicht"):
            await gym.move(theirs, gym.a_class(30))
        assert theirs.holds


async def test_who_is_not_at_magicline_books_nothing(tmp_path: Path) -> None:
    async with _open(tmp_path) as gym:
        await gym.house.database.write(lambda tx: tx.execute("DELETE FROM magicline_customers"))
        with pytest.raises(Refused, match="lehnt das ab"):
            await gym.say("booking.book", slot_id=word(gym.a_class()))


async def test_an_action_that_a_crash_cut_off_ends_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "_STOP_SECONDS", 0.05)
    async with _open(tmp_path) as gym:
        slot = gym.a_class()
        actor = Actor(ActorKind.MEMBER, "m1", "whatsapp:+4915123456789", Assurance.CHANNEL)
        executor = gym.house.office.executor
        wish = {"member_id": "m1", "slot_id": word(slot)}
        gym.magicline.down = True
        asking = asyncio.create_task(executor.do("booking.book", wish, actor, key="w1"))
        await eventually_is(gym.desk.states, bool)
        await executor._effects.wind_up()  # the daemon ends
        asking.cancel()
        executor._effects.open()
        gym.magicline.down = False
        again = await executor.do("booking.book", wish, actor, key="w1")  # the message is read again
        assert isinstance(again, Done)
        assert again.sentence.startswith("Gebucht")
        assert gym.magicline.gym.timetable.made[gym.mia.member_id, slot.slot_id] == 1
