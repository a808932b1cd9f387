"""Bookings in the double of Magicline are honest: places, waiting lists, limits, and no second one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from support.clock import ManualClock
from support.simulated_magicline import Asking, asking

from arni_edge.simulator.magicline.timetable import FULL

_BOOK = "/v1/classes/booking/book"
_APPOINT = "/v1/appointments/booking/book"


@pytest_asyncio.fixture
async def ask() -> AsyncIterator[Asking]:
    async with asking(clock=ManualClock()) as one:
        one.magicline.gym.activated = True
        yield one


def in_hours(ask: Asking, hours: float, **slot: Any) -> Any:
    return ask.magicline.gym.timetable.add(ask.magicline.now() + timedelta(hours=hours), **slot)


async def validated(ask: Asking, customer_id: int, slot_id: int) -> str:
    wish = {"customerId": customer_id, "classSlotId": slot_id}
    return str((await ask.post("/v1/classes/booking/validate", wish))["validationStatus"])


async def test_a_slot_fills_up_then_the_list_then_nothing(ask: Asking) -> None:
    gym, slot = ask.magicline.gym, in_hours(ask, 24, places=2, waiting_room=1)
    people = [gym.add_member(told=False).member_id for _ in range(4)]
    made = [await ask.post(_BOOK, {"customerId": one, "classSlotId": slot.slot_id}) for one in people[:3]]
    assert [one["bookingStatus"] for one in made] == ["BOOKED", "BOOKED", "WAITING_LIST"]
    assert not {"title", "startDateTime"} & set(made[0])
    assert await validated(ask, people[3], slot.slot_id) == "NOT_AVAILABLE"
    refusal = await ask.refused("POST", _BOOK, {"customerId": people[3], "classSlotId": slot.slot_id})
    assert refusal == "400 errormessage.booking.not_available"
    shown = await ask.get(f"/v1/classes/{slot.taught.class_id}/slots/{slot.slot_id}")
    assert (shown["bookedParticipants"], shown["waitingListParticipants"]) == (2, 1)
    # Somebody cancels: the first who waits moves up, and is told of.
    cancelled = await ask("DELETE", f"/v1/classes/booking/{made[0]['bookingId']}")
    assert (cancelled.status_code, cancelled.content) == (200, b"")
    assert (await ask.get(f"/v1/classes/booking/{made[2]['bookingId']}"))["bookingStatus"] == "BOOKED"
    assert [event.type for event in ask.magicline.webhooks.told] == [
        *["CLASS_BOOKING_CREATED"] * 3,
        "CLASS_BOOKING_CANCELLED",
        "CLASS_BOOKING_UPDATED",
    ]
    (listed,) = await ask.get("/v1/classes/booking", customerId=people[0])
    assert listed["bookingStatus"] == "CANCELED"
    assert (await ask("DELETE", f"/v1/classes/booking/{made[0]['bookingId']}")).status_code == 400


async def test_the_list_is_left_in_the_order_in_which_it_was_entered(ask: Asking) -> None:
    gym, slot = ask.magicline.gym, in_hours(ask, 24, places=1, waiting_room=3)
    bookings = [gym.timetable.book(gym.add_member(told=False), slot) for _ in range(4)]
    for leaving in (0, 2, 1):
        gym.timetable.cancel(bookings[leaving])
        assert sum(one.status == "BOOKED" for one in bookings) == 1
    assert bookings[3].status == "BOOKED"
    ask.magicline.quirks.promotes = False
    waiting = gym.timetable.book(gym.add_member(), slot)
    gym.timetable.cancel(bookings[3])
    assert waiting.status == "WAITING_LIST"


async def test_nobody_is_booked_twice_unless_that_is_switched_on(ask: Asking) -> None:
    slot, member = in_hours(ask, 24), ask.magicline.gym.add_member()
    wish = {"customerId": member.member_id, "classSlotId": slot.slot_id}
    await ask.post(_BOOK, wish)
    assert await ask.refused("POST", _BOOK, wish) == "400 errormessage.booking.customer_already_booked"
    assert ask.magicline.class_bookings(member.member_id, slot.slot_id) == 1
    assert ask.magicline.doubled() == []
    ask.magicline.quirks.allows_doubles = True
    await ask.post(_BOOK, wish)
    assert ask.magicline.class_bookings(member.member_id, slot.slot_id) == 2
    assert ask.magicline.doubled() == [(member.member_id, slot.slot_id)]
    assert ask.magicline.gym.timetable.made[member.member_id, slot.slot_id] == 2
    assert ask.magicline.counts["bookClassSlot"] == 3


async def test_why_somebody_cannot_be_booked(ask: Asking) -> None:
    gym, slot = ask.magicline.gym, in_hours(ask, 24)
    member = gym.add_member().member_id
    assert await validated(ask, member, slot.slot_id) == "AVAILABLE"
    assert await validated(ask, gym.who("paused").member_id, slot.slot_id) == "CUSTOMER_IDLE"
    assert await validated(ask, gym.who("paused_unlimited").member_id, slot.slot_id) == "CUSTOMER_IDLE"
    assert await validated(ask, gym.who("pause_over").member_id, slot.slot_id) == "AVAILABLE"
    for role in ("former", "reversed", "prospect"):
        assert await validated(ask, gym.who(role).member_id, slot.slot_id) == "NO_CONTINGENT"
    over, far = in_hours(ask, -1), in_hours(ask, 24 * 9)
    shown_only = in_hours(ask, 30, taught=4)
    assert await validated(ask, member, over.slot_id) == "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME"
    assert await validated(ask, member, far.slot_id) == "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"
    assert await validated(ask, member, shown_only.slot_id) == "DISPLAY_ONLY"
    gym.timetable.book(gym.members[member], slot)
    beside = in_hours(ask, 24.5)
    assert await validated(ask, member, beside.slot_id) == "CUSTOMER_IN_OTHER_BOOKING"
    gym.timetable.cancel_slot(slot)
    assert await validated(ask, member, slot.slot_id) == "NOT_AVAILABLE"
    assert await validated(ask, member, beside.slot_id) == "AVAILABLE"
    for hours in range(40, 60, 2):
        gym.timetable.book(gym.members[member], in_hours(ask, hours))
    assert await validated(ask, member, in_hours(ask, 80).slot_id) == "BOOKING_LIMIT_REACHED"
    assert (await ask("POST", _BOOK, {"customerId": 1, "classSlotId": slot.slot_id})).status_code == 404
    assert (await ask("POST", _BOOK, {"customerId": member, "classSlotId": 1})).status_code == 404


async def test_too_late_to_cancel(ask: Asking) -> None:
    gym = ask.magicline.gym
    booking = gym.timetable.book(gym.add_member(), in_hours(ask, 1.5))
    refusal = await ask.refused("DELETE", f"/v1/classes/booking/{booking.booking_id}")
    assert refusal == "400 errormessage.booking.toolate"


async def test_the_week_has_a_class_that_is_full_with_people_waiting(ask: Asking) -> None:
    slots = ask.magicline.gym.timetable.slots()
    for slot in slots:
        booked, waiting = len(slot.having("BOOKED")), len(slot.having("WAITING_LIST"))
        assert booked + slot.additional <= slot.places
        assert waiting <= slot.waiting_room
        assert slot.full or not waiting
    always = [slot for slot in slots if slot.slot_id % 10 == FULL]
    assert all(slot.full for slot in always)
    assert any(slot.having("WAITING_LIST") for slot in always)
    ask.magicline.advance(10 * 86400)  # new days come into sight, old ones go
    later = await ask.get("/v1/classes/slots", daysAhead=14, sliceSize=100)
    assert len(later["result"]) == 5 * 14
    assert len((await ask.get("/v1/classes/1210000001/slots"))["result"]) == 16


# --- appointments ---------------------------------------------------------------------------------------


async def free_slots(ask: Asking, bookable: int = 20_335, **query: Any) -> list[dict[str, Any]]:
    slots: list[dict[str, Any]] = await ask.get(f"/v1/appointments/bookable/{bookable}/slots", **query)
    return slots


async def test_an_appointment_by_echoing_the_slot(ask: Asking) -> None:
    member = ask.magicline.gym.add_member().member_id
    slot = (await free_slots(ask, daysAhead=2, customerId=member))[-1]
    assert "id" not in slot
    wish = {"customerId": member, "bookableAppointmentId": 20_335}
    wish |= {name: slot[name] for name in ("startDateTime", "endDateTime")}
    assert await ask.post("/v1/appointments/bookable/validate", wish) == {"validationStatus": "AVAILABLE"}
    made = await ask.post(_APPOINT, wish)
    assert (made["bookingStatus"], made["startDateTime"]) == ("BOOKED", slot["startDateTime"])
    assert "customerId" not in made
    read = await ask.get(f"/v1/appointments/booking/{made['bookingId']}")
    assert read == made | {"customerId": member}
    assert await ask.get("/v1/appointments/booking", customerId=member) == [made]
    assert await ask.refused("POST", _APPOINT, wish) == "400 errormessage.booking.customer_in_other_booking"
    start = ask.magicline.gym.diary.bookings[made["bookingId"]].start
    assert ask.magicline.appointments(member, start) == 1
    deleted = await ask("DELETE", f"/v1/appointments/booking/{made['bookingId']}")
    assert deleted.json() == {"success": "true"}
    assert ask.magicline.appointments(member, start) == 0
    assert [one["bookingStatus"] for one in await ask.get("/v1/appointments/booking", customerId=member)] == [
        "CANCELED"
    ]
    ask.magicline.quirks.lists_cancelled = False
    assert await ask.get("/v1/appointments/booking", customerId=member) == []


async def test_a_trainer_is_in_one_place_at_a_time(ask: Asking) -> None:
    gym, slot = ask.magicline.gym, (await free_slots(ask, 20_336, daysAhead=3))[-1]
    (trainer,) = slot["instructors"]
    times = {name: slot[name] for name in ("startDateTime", "endDateTime")}
    wishes = [
        {"customerId": gym.add_member().member_id, "bookableAppointmentId": 20_336, **times} for _ in range(2)
    ]
    assert (await ask.post(_APPOINT, wishes[0]))["instructors"] == [trainer]
    assert await ask.refused("POST", _APPOINT, wishes[1]) == "400 errormessage.booking.resource_not_available"
    assert slot["startDateTime"] not in [
        one["startDateTime"] for one in await free_slots(ask, 20_336, daysAhead=3)
    ]


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("2026-11-01T10:00:00+01:00", "2026-11-01T10:30:00+01:00", "PAST_START_DATE_TIME"),
        ("2026-11-20T10:30:00Z", "2026-11-20T10:00:00Z", "END_DATE_TIME_NOT_AFTER_START_DATE_TIME"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:45:00Z", "PERIOD_DOES_NOT_MATCH"),
        ("2026-11-20T02:00:00Z", "2026-11-20T02:30:00Z", "RESOURCE_NOT_AVAILABLE"),
        ("2026-12-25T10:00:00Z", "2026-12-25T10:30:00Z", "STUDIO_CLOSED"),
    ],
)
async def test_why_there_is_no_appointment(ask: Asking, start: str, end: str, status: str) -> None:
    wish = {"customerId": ask.magicline.gym.add_member().member_id, "bookableAppointmentId": 20_335}
    wish |= {"startDateTime": start, "endDateTime": end}  # type: ignore[dict-item]
    assert await ask.post("/v1/appointments/bookable/validate", wish) == {"validationStatus": status}


async def test_how_many_days_can_be_asked_for(ask: Asking) -> None:
    path = "/v1/appointments/bookable/20335/slots"
    assert await ask.refused("GET", path, daysAhead=7) == "400 errormessage.validation.max"
    six = await ask.get(path, daysAhead=6)
    ask.magicline.quirks.set("appointment-days=3")
    assert await ask.refused("GET", path, daysAhead=4) == "400 errormessage.validation.max"
    first = await ask.get(path, daysAhead=3)
    second = await ask.get(path, daysAhead=3, slotWindowStartDate="2026-11-21")
    assert first + second == six
    assert await ask.get(path, slotWindowStartDate="2027-12-25") == []
