"""Moving a booking at a real service that refuses, fails, drops connections and dies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.bookings import HttpBookings, Service, booking_service
from support.clock import ManualClock
from support.house import House, open_house
from support.talk import KIM

from arni_edge.actions.action import Done
from arni_edge.actions.saga import Saga
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.actions.tools.bookings import Bookings
from arni_edge.actions.tools.rescheduling import RescheduleBooking
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.people import Assurance
from arni_edge.storage import Database

_MIA = Actor(ActorKind.MEMBER, "m1", "whatsapp:+4915123456789", Assurance.CHANNEL)


@pytest.fixture(autouse=True)
def _patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks here waits for the end."""
    monkeypatch.setattr(RescheduleBooking, "patience", None)


@asynccontextmanager
async def _gym(path: Path) -> AsyncIterator[tuple[House, Service]]:
    with booking_service() as service:
        at_it = HttpBookings(service)

        def bookings(database: Database, clock: ManualClock) -> tuple[Bookings, Saga]:
            return at_it, Saga(database, clock, step_seconds=5, first_wait=0.01)

        async with open_house(path, staff=(KIM,), bookings=bookings) as house, at_it.client:
            yield house, service


async def _move(house: House, slot: str = "thu", booking: str = "b1") -> None:
    arguments = {"member_id": "m1", "booking_id": booking, "slot_id": slot}
    became = await house.office.executor.do("booking.reschedule", arguments, _MIA)
    assert isinstance(became, Done)


async def test_the_new_place_is_booked_before_the_old_one_is_given_back(tmp_path: Path) -> None:
    async with _gym(tmp_path) as (house, service):
        await _move(house)
        assert service.booked() == ["thu"]
        assert [one for one in service.asked if one != "/booked"] == ["/book", "/cancel"]


async def test_a_full_class_leaves_the_old_place_as_it_was(tmp_path: Path) -> None:
    async with _gym(tmp_path) as (house, service):
        service.full.add("thu")
        with pytest.raises(Refused):
            await _move(house)
        assert service.booked() == ["tue"]


async def test_somebody_elses_booking_is_not_moved(tmp_path: Path) -> None:
    async with _gym(tmp_path) as (house, service):
        service.bookings["b9"] = ("m2", "wed")
        with pytest.raises(Refused):
            await _move(house, booking="b9")
        assert service.bookings["b9"] == ("m2", "wed")
        assert service.booked() == ["tue"]


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        ("/cancel", "refuse"),
        ("/cancel", "fail"),
        ("/book", "fail"),
        ("/book", "drop_before"),
        ("/book", "drop_after"),
    ],
)
async def test_whatever_fails_there_is_exactly_the_old_place(tmp_path: Path, path: str, trouble: str) -> None:
    async with _gym(tmp_path) as (house, service):
        service.trouble = {path: [trouble]}
        with pytest.raises((Refused, Unavailable)):
            await _move(house)
        assert service.booked() == ["tue"]


async def test_a_service_that_dies_for_a_moment_while_it_is_undone_is_asked_again(tmp_path: Path) -> None:
    async with _gym(tmp_path) as (house, service):
        service.trouble = {"/cancel": ["refuse"], "/withdraw": ["drop_before", "fail", "drop_after"]}
        with pytest.raises(Refused):
            await _move(house)
        assert service.booked() == ["tue"]
        assert service.asked.count("/withdraw") == 4


@pytest.mark.parametrize("path", ["/book", "/cancel"])
async def test_a_service_that_is_killed_half_way_leaves_a_task_for_a_person(
    tmp_path: Path, path: str
) -> None:
    async with _gym(tmp_path) as (house, service):
        service.trouble = {path: ["die"]}
        with pytest.raises(Refused):
            await _move(house)
        assert "tue" in service.booked()  # two places rather than none
        rows = await house.database.read("SELECT kind, state FROM tickets")
        assert [tuple(row) for row in rows] == [("action.stuck", "open")]
        posts = await house.database.read("SELECT contact, key FROM staff_posts WHERE key LIKE 'ticket/%'")
        assert [row["contact"] for row in posts] == ["kim"]


async def test_a_service_that_is_away_changes_nothing(tmp_path: Path) -> None:
    async with _gym(tmp_path) as (house, service):
        service.kill()
        with pytest.raises(Unavailable):
            await _move(house)
        service.start()
        assert service.booked() == ["tue"]
        await _move(house)
        assert service.booked() == ["thu"]
