"""A class that is full: onto its waiting list, up from it, and off it again; and the member is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from support.magicline_mirror import BERLIN, Box, Filled, filled_box, stop

from arni_edge.conversation.member_news import MemberNews
from arni_edge.domain.bookings import Standing
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.magicline.booking_ids import class_slot_id, read_booking
from arni_edge.magicline.booking_writer import BookingWriter
from arni_edge.magicline.bookings import MagiclineBookings
from arni_edge.simulator.magicline.lessons import Slot

SOON = timedelta(seconds=30)


@pytest_asyncio.fixture
async def box(tmp_path: Path, filled: Filled) -> AsyncIterator[Box]:
    news = MemberNews(Catalogue.load(), zone=BERLIN, language=Language.GERMAN, template="news")
    async with filled_box(tmp_path, filled, news=news) as one:
        yield one


@asynccontextmanager
async def writing(box: Box) -> AsyncIterator[MagiclineBookings]:
    """Somebody writes what is wished meanwhile."""
    writer = BookingWriter(
        box.client, box.database, box.clock, zone=BERLIN, health=lambda *_: None, first_wait=0.02
    )
    task = asyncio.create_task(writer.run(lambda: None))
    try:
        yield MagiclineBookings(box.client, box.database, box.clock, zone=BERLIN)
    finally:
        await stop(task)


def full_class(box: Box) -> Slot:
    """A class tomorrow whose only place somebody else has."""
    gym = box.magicline.gym
    slot = gym.timetable.add(box.clock.now() + timedelta(hours=26), places=1, waiting_room=2)
    gym.timetable.book(gym.who("cancelled"), slot)
    return slot


async def wait_for_a_place(box: Box, role: str = "ordinary") -> tuple[Slot, int]:
    """A member gets on the waiting list; gives slot and number of the booking."""
    slot, member = full_class(box), box.magicline.gym.who(role)
    async with writing(box) as bookings:
        word = class_slot_id(slot.taught.class_id, slot.slot_id)
        booked = await bookings.book(f"ml-{member.member_id}", word, "k1", SOON)
    assert booked.standing is Standing.WAITING
    return slot, read_booking(booked.booking_id)[1]


def give_up(box: Box, slot: Slot) -> None:
    """Whoever has the place does not want it any more: the next one moves up."""
    timetable = box.magicline.gym.timetable
    timetable.cancel(slot.having("BOOKED")[0])


async def chats(box: Box, role: str) -> None:
    """Somebody has written to the gym."""
    phone = "+" + "".join(
        mark for mark in box.magicline.gym.who(role).phones["phonePrivateMobile"] if mark.isdigit()
    )
    now = box.clock.now().isoformat()
    await box.database.write(
        lambda tx: tx.execute(
            "INSERT INTO inbound (channel, message_id, conversation, phone, kind, text, sent_at, received_at,"
            " state) VALUES ('whatsapp', 'w1', ?, ?, 'text', 'Hallo', ?, ?, 'handled')",
            (phone.removeprefix("+"), phone, now, now),
        )
    )


async def told(box: Box) -> list[dict[str, object]]:
    """What leaves for members."""
    return await box.rows("SELECT order_key, payload, expires_at FROM outbox WHERE line = 'whatsapp'")


@pytest.mark.parametrize("copies", [1, 4])
async def test_whoever_moves_up_is_told_once(box: Box, copies: int) -> None:
    await chats(box, "ordinary")
    slot, number = await wait_for_a_place(box)
    await box.hear()
    await box.work_off()
    assert await told(box) == []
    (row,) = await box.rows("SELECT status FROM magicline_bookings WHERE booking_id = ?", number)
    assert row["status"] == "WAITING_LIST"
    give_up(box, slot)
    await box.hear(copies=copies)
    await box.work_off()
    await box.full_pass()
    (message,) = await told(box)
    local = slot.start.astimezone(BERLIN)
    assert slot.taught.title in str(message["payload"])
    assert f"{local:%d.%m.%Y %H:%M}" in str(message["payload"])
    assert str(message["order_key"]) == box.magicline.gym.who("ordinary").phones[
        "phonePrivateMobile"
    ].replace(" ", "").removeprefix("+")
    assert str(message["expires_at"]) == slot.start.isoformat()


async def test_moving_up_before_the_booking_was_ever_read_is_noticed(box: Box) -> None:
    await chats(box, "ordinary")
    slot, _ = await wait_for_a_place(box)
    give_up(box, slot)
    box.magicline.webhooks.held.clear()  # and every webhook is lost
    await box.full_pass()
    assert len(await told(box)) == 1


async def test_a_place_in_what_has_begun_is_nobodys_news(box: Box) -> None:
    await chats(box, "ordinary")
    slot, _ = await wait_for_a_place(box)
    await box.work_off()
    give_up(box, slot)
    box.clock.advance(timedelta(hours=27).total_seconds())
    await box.hear()
    await box.work_off()
    assert await told(box) == []


async def test_somebody_without_a_conversation_of_their_own_is_told_nowhere(box: Box) -> None:
    await chats(box, "mother")  # her number is also her child's: it is nobody's
    slot, number = await wait_for_a_place(box, "mother")
    give_up(box, slot)
    await box.hear()
    await box.work_off()
    assert await told(box) == []
    (row,) = await box.rows("SELECT status FROM magicline_bookings WHERE booking_id = ?", number)
    assert row["status"] == "BOOKED"


async def test_a_place_on_a_waiting_list_can_be_given_back(box: Box) -> None:
    await chats(box, "ordinary")
    slot, number = await wait_for_a_place(box)
    member = box.magicline.gym.who("ordinary")
    async with writing(box) as bookings:
        session = await bookings.cancel(f"ml-{member.member_id}", f"class/{number}", "k2", SOON)
    assert (session.title, session.start) == (slot.taught.title, slot.start)
    assert box.magicline.class_bookings(member.member_id, slot.slot_id) == 0
    give_up(box, slot)
    await box.hear()
    await box.work_off()
    assert await told(box) == []
    rows = await box.rows("SELECT status FROM magicline_bookings WHERE booking_id = ?", number)
    assert [row["status"] for row in rows] in ([], ["CANCELED"])
