"""Bookings at a Magicline that breaks in every way it can: one wish is one booking, or none."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import pytest_asyncio
from support.booking_desk import (
    BERLIN,
    SOON,
    BookingDesk,
    booking_desk,
    introduce,
    member_id,
    tomorrow,
    word,
)
from support.database import open_database
from support.waiting import eventually, eventually_is

from arni_edge.domain.bookings import Booked, FateUnknown, NotBooked, Obstacle, Standing
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.domain.health import State
from arni_edge.magicline import open_http, transport
from arni_edge.magicline.booking_ids import appointment_slot_id
from arni_edge.simulator.magicline import ANY, Fault, Quirks, SimulatedMagicline
from arni_edge.simulator.magicline.lessons import Slot
from arni_edge.simulator.magicline.limits import Limits
from arni_edge.simulator.magicline.records import Member
from arni_edge.storage import Transaction, outbox
from arni_edge.storage.outbound import Entry

_BOOK, _READ = "bookClassSlot", "getClassBookingsByCustomerId"
_APPOINT, _CANCEL = "bookAppointmentBooking", "cancelClassSlotById"
_SENDING = (
    "UPDATE outbox SET state = 'sending', attempts = 1, result = '"
    '{"left":true,"before":[],"title":"Yoga","start":"2026-11-18T11:00:00+00:00"}'
    "'"
)
"""A request was about to leave, and nobody knows more."""
_ONCE = [fault for fault in Fault if fault not in {Fault.LOCKED, Fault.BARE}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[SimulatedMagicline]:
    """A Magicline at which a request that is blindly repeated makes a second booking."""
    async with SimulatedMagicline(quirks=Quirks(allows_doubles=True), members=5) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http() as one:
        yield one


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database."""
    file = tmp_path_factory.mktemp("empty") / "arni.db"

    async def make() -> None:
        async with open_database(file):
            pass

    asyncio.run(make())
    return file


@pytest.fixture
def magicline(served: SimulatedMagicline, monkeypatch: pytest.MonkeyPatch) -> SimulatedMagicline:
    monkeypatch.setitem(transport._DEADLINE, True, 0.3)  # seconds; what hangs need not hang for long
    served.faults.clear()
    served.down = served.revoked = False
    served.quirks.new_enums, served.quirks.allows_doubles = set(), True
    served.limits = Limits(lambda: served.now().timestamp())
    served.requests.clear()
    served.counts.clear()
    return served


@pytest.fixture
def mia(magicline: SimulatedMagicline) -> Member:
    return magicline.gym.add_member(told=False)


@pytest.fixture
def folder(tmp_path: Path, empty: Path) -> Path:
    shutil.copy(empty, tmp_path)
    return tmp_path


@pytest_asyncio.fixture(loop_scope="module")
async def desk(
    folder: Path, magicline: SimulatedMagicline, http: httpx.AsyncClient, mia: Member
) -> AsyncIterator[BookingDesk]:
    async with booking_desk(folder, magicline, http, mia.member_id) as one:
        yield one


pytestmark = pytest.mark.asyncio(loop_scope="module")


def a_class(magicline: SimulatedMagicline, hours: float = 24, **more: int) -> Slot:
    return magicline.gym.timetable.add(tomorrow(magicline, hours), **more)


def made(magicline: SimulatedMagicline, mia: Member, slot: Slot) -> int:
    """How many bookings were ever made for this."""
    return magicline.gym.timetable.made.get((mia.member_id, slot.slot_id), 0)


# --- whatever breaks, one booking ---------------------------------------------------------------------------


@pytest.mark.parametrize("fault", _ONCE)
async def test_a_class_is_booked_once_whatever_breaks(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member, fault: Fault
) -> None:
    slot = a_class(magicline)
    plan = magicline.fail(_BOOK, fault, seconds=0.05)
    booked = await desk.book(mia.member_id, slot)
    assert plan.hit == 1
    assert (booked.standing, booked.already, booked.session.title) == (Standing.BOOKED, False, "Yoga")
    assert made(magicline, mia, slot) == 1
    # Asked again with the same key, nothing happens.
    assert await desk.book(mia.member_id, slot) == booked
    assert made(magicline, mia, slot) == 1


@pytest.mark.parametrize(
    "fault", [Fault.DROP_AFTER, Fault.UNAVAILABLE_AFTER, Fault.GARBLED, Fault.DROP_BEFORE]
)
async def test_an_appointment_is_booked_once_whatever_breaks(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member, fault: Fault
) -> None:
    day = tomorrow(magicline, 48).astimezone(BERLIN).date()
    slot = (await desk.client.appointment_slots(20_334, mia.member_id, day, 1)).items[0]
    magicline.fail(_APPOINT, fault)
    wish = appointment_slot_id(20_334, slot)
    booked = await desk.bookings.book(member_id(mia.member_id), wish, "k1", SOON)
    assert (booked.standing, booked.session.title) == (Standing.BOOKED, "Probetraining")
    assert booked.session.start == slot.start
    assert magicline.gym.diary.made[mia.member_id, slot.start] == 1
    sent = magicline.asked(_APPOINT)[0].body
    assert (sent["startDateTime"], sent["endDateTime"]) == (slot.start_text, slot.end_text)  # word for word
    session = await desk.bookings.cancel(member_id(mia.member_id), booked.booking_id, "k2", SOON)
    assert session == booked.session
    assert magicline.appointments(mia.member_id, slot.start) == 0


async def test_it_is_written_again_only_after_two_looks_that_found_nothing(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.fail(_BOOK, Fault.DROP_BEFORE)
    await desk.book(mia.member_id, slot)
    asked = [one.operation for one in magicline.requests if one.operation in {_BOOK, _READ}]
    assert asked == [_READ, _BOOK, _READ, _READ, _READ, _BOOK]


async def test_nothing_is_written_again_while_the_bookings_cannot_be_read(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.fail(_BOOK, Fault.DROP_AFTER)
    blind = magicline.fail(_READ, Fault.UNAVAILABLE, times=None, after=1)
    waiting = asyncio.create_task(desk.book(mia.member_id, slot, within=timedelta(seconds=0.1)))
    await eventually(lambda: blind.hit >= 3)
    await asyncio.sleep(0.15)  # its time is over by now, and still nobody says that it was not booked
    assert not waiting.done()
    assert await desk.states() == ["uncertain"]
    assert desk.health[-1][0] is State.DEGRADED
    assert len(magicline.asked(_BOOK)) == 1
    magicline.faults.clear()
    assert (await waiting).standing is Standing.BOOKED
    assert made(magicline, mia, slot) == 1


async def test_a_wish_that_could_not_leave_in_time_never_leaves(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.down = True
    with pytest.raises(Unavailable):
        await desk.book(mia.member_id, slot, within=timedelta(seconds=0.2))
    magicline.down = False
    await desk.book(mia.member_id, a_class(magicline, 48), "k2")  # and so the writer had its chance
    assert made(magicline, mia, slot) == 0


async def test_a_locked_endpoint_is_left_alone_until_it_opens(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.fail(_BOOK, Fault.LOCKED)
    with pytest.raises(Unavailable):
        await desk.book(mia.member_id, slot, within=timedelta(seconds=0.3))
    assert (len(magicline.asked(_BOOK)), made(magicline, mia, slot)) == (1, 0)


# --- what Magicline says ------------------------------------------------------------------------------------


async def test_a_place_on_the_waiting_list_is_no_booking(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline, places=0, waiting_room=1)
    booked = await desk.book(mia.member_id, slot)
    assert booked.standing is Standing.WAITING
    again = await desk.book(mia.member_id, slot, "k2")
    assert (again.standing, again.already) == (Standing.WAITING, True)


async def test_a_standing_that_is_newer_than_we_are_is_not_called_booked(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    magicline.quirks.new_enums = {"bookingStatus"}
    assert (await desk.book(mia.member_id, a_class(magicline))).standing is Standing.UNKNOWN


async def test_what_cannot_be_booked_says_why(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    gym = magicline.gym
    magicline.quirks.allows_doubles = False
    people = {role: gym.who(role).member_id for role in ("paused", "former")}
    await introduce(desk.database, *people.values())
    taken = a_class(magicline, 30)
    await desk.book(mia.member_id, taken)
    wishes = {
        Obstacle.PAUSED: (people["paused"], a_class(magicline)),
        Obstacle.FULL: (mia.member_id, a_class(magicline, places=0, waiting_room=0)),
        Obstacle.TOO_LATE: (mia.member_id, a_class(magicline, -1)),
        Obstacle.TOO_EARLY: (mia.member_id, a_class(magicline, 24 * 9)),
        Obstacle.TOO_FAR: (mia.member_id, a_class(magicline, 24 * 14)),
        Obstacle.ELSEWHERE: (mia.member_id, a_class(magicline, 30.5)),
        Obstacle.NOT_BOOKABLE: (mia.member_id, a_class(magicline, 50, taught=4)),
    }
    for obstacle, (customer, slot) in wishes.items():
        with pytest.raises(NotBooked) as refused:
            await desk.book(customer, slot, obstacle)
        assert refused.value.obstacle is obstacle
    gone = taken.taught.class_id, taken.slot_id + 1000
    for hostile in (f"class/{gone[0]}/{gone[1]}", "class/1", "class/x/y", "appointment/1/a|b|", "a" * 399):
        with pytest.raises(NotBooked) as refused:
            await desk.bookings.book(member_id(mia.member_id), hostile, "k9", SOON)
        assert refused.value.obstacle is Obstacle.GONE
    magicline.quirks.new_enums = {"validationStatus"}
    with pytest.raises(NotBooked) as refused:
        await desk.book(mia.member_id, a_class(magicline), "new")
    assert refused.value.obstacle is Obstacle.OTHER
    magicline.revoked = True
    with pytest.raises(NotBooked) as refused:
        await desk.book(mia.member_id, a_class(magicline), "key")
    assert refused.value.obstacle is Obstacle.FORBIDDEN
    assert desk.health[-1][0] is State.DOWN


async def test_what_was_booked_elsewhere_is_not_booked_again(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.gym.timetable.book(mia, slot)
    booked = await desk.book(mia.member_id, slot)
    assert booked.already
    assert made(magicline, mia, slot) == 1
    await desk.bookings.withdraw(member_id(mia.member_id), "k1")
    assert magicline.class_bookings(mia.member_id, slot.slot_id) == 1  # it was not ours to take back


async def test_what_was_booked_and_cancelled_elsewhere_is_booked_when_it_is_wished(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.gym.timetable.cancel(magicline.gym.timetable.book(mia, slot))
    magicline.fail(_BOOK, Fault.DROP_AFTER)
    assert not (await desk.book(mia.member_id, slot)).already
    assert made(magicline, mia, slot) == 2


async def test_what_was_cancelled_while_its_answer_was_lost_is_not_booked_again(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.fail(_BOOK, Fault.DROP_AFTER)
    magicline.fail(_READ, Fault.CRASH, times=None, after=1)
    waiting = asyncio.create_task(desk.book(mia.member_id, slot))
    await eventually(lambda: made(magicline, mia, slot))
    magicline.gym.timetable.cancel(next(iter(magicline.gym.timetable.of(mia.member_id))))
    magicline.faults.clear()
    with pytest.raises(NotBooked) as refused:
        await waiting
    assert refused.value.obstacle is Obstacle.UNDONE
    assert made(magicline, mia, slot) == 1


# --- cancelling ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [None, Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.CONFLICT, Fault.CRASH_AFTER]
)
async def test_a_booking_is_cancelled_whatever_breaks(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member, fault: Fault | None
) -> None:
    slot = a_class(magicline)
    booked = await desk.book(mia.member_id, slot)
    if fault is not None:
        magicline.fail(_CANCEL, fault)
    session = await desk.bookings.cancel(member_id(mia.member_id), booked.booking_id, "c1", SOON)
    assert session == booked.session
    assert magicline.class_bookings(mia.member_id, slot.slot_id) == 0
    # Somebody else's key, the same wish: what is cancelled stays so.
    assert await desk.bookings.cancel(member_id(mia.member_id), booked.booking_id, "c2", SOON) == session


async def test_what_cannot_be_cancelled_says_why(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    late = magicline.gym.timetable.book(mia, a_class(magicline, 1))
    other = magicline.gym.add_member(told=False)
    theirs = magicline.gym.timetable.book(other, a_class(magicline))
    for booking_id, obstacle in (
        (f"class/{late.booking_id}", Obstacle.NOT_CANCELLABLE),
        (f"class/{theirs.booking_id}", Obstacle.GONE),
        (f"appointment/{late.booking_id}", Obstacle.GONE),
        ("class/0x1", Obstacle.GONE),
        (f"class/{'9' * 19}", Obstacle.GONE),
    ):
        with pytest.raises(NotBooked) as refused:
            await desk.bookings.cancel(member_id(mia.member_id), booking_id, booking_id, SOON)
        assert refused.value.obstacle is obstacle
    assert theirs.holds


async def test_taking_back_waits_until_it_is_known_whether_there_is_anything(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.fail(_BOOK, Fault.DROP_AFTER)
    blind = magicline.fail(_READ, Fault.CRASH, times=None, after=1)
    booking = asyncio.create_task(desk.book(mia.member_id, slot))
    await eventually(lambda: blind.hit)
    booking.cancel()  # whoever wanted it has stopped waiting
    back = asyncio.create_task(desk.bookings.withdraw(member_id(mia.member_id), "k1"))
    await eventually_is(desk.states, lambda states: len(states) == 2)
    assert magicline.class_bookings(mia.member_id, slot.slot_id) == 1
    magicline.faults.clear()
    await back
    assert (magicline.class_bookings(mia.member_id, slot.slot_id), made(magicline, mia, slot)) == (0, 1)


async def test_what_has_not_left_is_taken_back_without_a_word_to_magicline(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    await desk.crash()
    booking = asyncio.create_task(desk.book(mia.member_id, slot))
    await eventually_is(desk.states, bool)
    back = asyncio.create_task(desk.bookings.withdraw(member_id(mia.member_id), "k1"))
    with pytest.raises(Unavailable):
        await booking
    desk.start()
    await back
    assert magicline.asked(_BOOK) == []


# --- the outbox ---------------------------------------------------------------------------------------------


async def test_wishes_of_one_person_keep_their_order_and_others_do_not_wait(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    other = magicline.gym.add_member(told=False)
    await introduce(desk.database, other.member_id)
    slots = [a_class(magicline, 24 + 3 * number) for number in range(3)]
    blind = magicline.fail(_READ, Fault.CRASH, times=None)
    tasks = [asyncio.create_task(desk.book(mia.member_id, slots[0], "0"))]
    await eventually(lambda: blind.hit)
    magicline.faults.clear()
    magicline.fail(_BOOK, Fault.DROP_BEFORE)
    for number in (1, 2):
        tasks.append(asyncio.create_task(desk.book(mia.member_id, slots[number], str(number))))
        await eventually_is(desk.states, partial(_more_than, number))
    tasks.append(asyncio.create_task(desk.book(other.member_id, slots[2], "other")))
    await asyncio.gather(*tasks)
    wanted = [
        asked.body["classSlotId"]
        for asked in magicline.asked(_BOOK)
        if asked.body["customerId"] == mia.member_id
    ]
    assert list(dict.fromkeys(wanted)) == [slot.slot_id for slot in slots]


async def test_a_row_that_nobody_understands_is_set_aside(desk: BookingDesk, mia: Member) -> None:
    now = datetime.now(tz=BERLIN)
    odd: list[dict[str, Any]] = [
        {},
        {"act": "book_class", "customer": "x"},
        {"act": "rm", "customer": 1},
        {
            "act": "book_appointment",
            "customer": 1,
            "appointment": 2,
            "start": "soon",
            "end": [],
            "instructors": 3,
        },
    ]
    entries = [
        Entry(f"odd{number}", "magicline", "booking", str(mia.member_id), payload)
        for number, payload in enumerate(odd)
    ]

    async def store(tx: Transaction) -> None:
        for entry in entries:
            await outbox.put(tx, entry, now)

    await desk.database.write(store)
    await eventually_is(desk.states, lambda states: states == ["quarantined"] * len(odd))
    assert desk.set_aside == len(odd)  # staff hear of each, with it


async def test_what_a_person_has_dropped_while_its_fate_was_open_is_told_as_unknown(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    magicline.fail(_BOOK, Fault.DROP_AFTER)
    blind = magicline.fail(_READ, Fault.CRASH, times=None, after=1)
    booking = asyncio.create_task(desk.book(mia.member_id, a_class(magicline)))
    await eventually(lambda: blind.hit)
    await eventually_is(desk.states, lambda states: states == ["uncertain"])
    (row,) = await desk.database.read("SELECT tracking_id FROM outbox")
    await desk.database.write(lambda tx: outbox.drop(tx, row["tracking_id"], "kim", datetime.now(tz=BERLIN)))
    with pytest.raises(FateUnknown):
        await booking


def _more_than(number: int, states: list[str]) -> bool:
    return len(states) > number


async def test_a_disk_that_cannot_be_read_for_a_moment_does_not_make_it_undone(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, broken = a_class(magicline), [True]
    real = outbox.ended

    async def ended(*given: Any, **more: Any) -> Any:
        if broken:
            broken.pop()
            raise Unavailable("the disk")
        return await real(*given, **more)

    monkeypatch.setattr(outbox, "ended", ended)
    assert (await desk.book(mia.member_id, slot)).standing is Standing.BOOKED
    assert not broken


# --- lives --------------------------------------------------------------------------------------------------


async def test_a_writer_that_dies_while_its_request_is_under_way_looks_first(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    magicline.fail(_BOOK, Fault.HANG)
    booking = asyncio.create_task(desk.book(mia.member_id, slot))
    await eventually(lambda: made(magicline, mia, slot))
    await desk.crash()
    assert await desk.states() == ["sending"]
    desk.start()
    assert (await booking).standing is Standing.BOOKED
    assert made(magicline, mia, slot) == 1


async def test_a_row_that_is_found_under_way_is_written_again_only_after_two_looks(
    desk: BookingDesk, magicline: SimulatedMagicline, mia: Member
) -> None:
    slot = a_class(magicline)
    await desk.crash()
    booking = asyncio.create_task(desk.book(mia.member_id, slot))
    await eventually_is(desk.states, bool)
    await desk.database.write(lambda tx: tx.execute(_SENDING))
    desk.start()
    await booking
    asked = [one.operation for one in magicline.requests if one.operation in {_BOOK, _READ}]
    assert asked == [_READ, _READ, _READ, _BOOK]


@pytest.mark.parametrize("state", ["nothing", "queued", "sending"])
async def test_a_backup_of_three_days_ago_books_nothing_a_second_time(
    folder: Path, magicline: SimulatedMagicline, http: httpx.AsyncClient, mia: Member, state: str
) -> None:
    slot = a_class(magicline)
    async with booking_desk(folder, magicline, http, mia.member_id) as desk:
        if state != "nothing":
            await desk.crash()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await desk.book(mia.member_id, slot)
        if state == "sending":
            await desk.database.write(lambda tx: tx.execute(_SENDING))
        # Three days pass for what is kept.
        await desk.database.write(
            lambda tx: tx.execute("UPDATE outbox SET expires_at = '2026-01-01T00:00:00+00:00'")
        )
    shutil.copy(folder / "arni.db", folder / "backup")
    async with booking_desk(folder, magicline, http, mia.member_id) as desk:
        if state != "nothing":  # the life that the backup knows nothing of
            await desk.database.write(lambda tx: tx.execute("DELETE FROM outbox"))
        await desk.book(mia.member_id, slot)
    (folder / "arni.db").unlink()
    shutil.copy(folder / "backup", folder / "arni.db")
    async with booking_desk(folder, magicline, http, mia.member_id) as desk:
        if state == "queued":
            await eventually_is(desk.states, lambda states: states == ["expired"])
        try:
            booked = await desk.book(mia.member_id, slot, "k1")
        except Unavailable:
            booked = await desk.book(mia.member_id, slot, "the wish, read again")
        assert booked.already == (state != "sending")
    assert made(magicline, mia, slot) == 1


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_breaks_in_whatever_order_no_wish_is_had_twice_and_nobody_is_told_what_is_not(
    folder: Path, magicline: SimulatedMagicline, http: httpx.AsyncClient, mia: Member, seed: int
) -> None:
    """Wishes of two people, while Magicline breaks by dice and whoever writes dies again and again."""
    dice = Random(seed)
    people = [mia, magicline.gym.add_member(told=False)]
    slots = [a_class(magicline, 24 + 3 * number) for number in range(3)]
    wishes = [(who, slot) for who in people for slot in slots]
    told: dict[tuple[int, int], Booked | ArniError] = {}
    async with booking_desk(folder, magicline, http, *(one.member_id for one in people)) as desk:
        desk.settle_seconds = 0.0

        async def wish(who: Member, slot: Slot) -> None:
            within = timedelta(seconds=dice.choice((0.1, 0.5, 20)))
            try:
                became: Booked | ArniError = await desk.book(
                    who.member_id, slot, f"{who.member_id}/{slot.slot_id}", within
                )
            except ArniError as error:
                became = error
            told[who.member_id, slot.slot_id] = became

        for _ in range(5):
            fault = dice.choice([one for one in Fault if one not in {Fault.LOCKED, Fault.HANG}])
            where = dice.choice((_BOOK, _BOOK, _READ, "validateClassSlot", "getClassSlotById", ANY))
            magicline.fail(
                where, fault, times=dice.randrange(1, 6), seconds=0.03, chance=dice.choice((0.5, 1.0))
            )
        tasks = [asyncio.create_task(wish(*one)) for one in wishes]
        for _ in range(dice.randrange(4)):
            await asyncio.sleep(dice.random() * 0.1)
            await desk.crash()
            desk.start()
        await asyncio.sleep(0.1)
        magicline.faults.clear()
        async with asyncio.timeout(20):
            await asyncio.gather(*tasks)
    for who, slot in wishes:
        became, number = told[who.member_id, slot.slot_id], made(magicline, who, slot)
        assert number <= 1
        assert isinstance(became, Booked) == (number == 1), became
        assert not isinstance(became, FateUnknown)


async def test_words_for_slots_are_what_the_house_hands_on(
    desk: BookingDesk, magicline: SimulatedMagicline
) -> None:
    slot = a_class(magicline)
    offered = await desk.bookings.offered(word(slot))
    assert (offered.title, offered.start) == ("Yoga", slot.start)
    day = tomorrow(magicline, 48).astimezone(BERLIN).date()
    free = (await desk.client.appointment_slots(20_335, None, day, 1)).items[0]
    offered = await desk.bookings.offered(appointment_slot_id(20_335, free))
    assert (offered.title, offered.start) == ("Geräteeinweisung", free.start)
    with pytest.raises(NotBooked):
        await desk.bookings.offered(appointment_slot_id(1, free))
