"""What is taken over of Magicline's answers, and what never is."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arni_edge.magicline import people, timetable
from arni_edge.magicline.model import (
    Booking,
    BookingKind,
    BookingStatus,
    ClassKind,
    Closure,
    ContractStatus,
    CustomerStatus,
    Instructor,
    Medium,
    MediumKind,
    OpeningSpan,
    Participation,
    Pause,
    Restriction,
    TakesPlace,
    Term,
    Utilization,
    Validation,
)
from arni_edge.magicline.scalars import Json, Unreadable

_BERLIN = ZoneInfo("Europe/Berlin")
_SAMPLES = Path(__file__).parents[2] / "fixtures/magicline/samples"


def _sample(name: str) -> Any:
    return json.loads((_SAMPLES / f"{name}.json").read_text("utf-8"))["payload"]


def test_a_customer() -> None:
    customer = people.read_customer(_sample("getCustomers")["result"][0], _BERLIN)
    assert customer.customer_id == 1001
    assert customer.number == "1-12345"
    assert (customer.first_name, customer.last_name) == ("Edgar", "Bullock")
    assert customer.phones == ("+49 15223433333", "+49 30901820")
    assert customer.email == "example@email.com"
    assert customer.birthday == date(1952, 5, 4)
    assert customer.language == "de"
    assert customer.status is CustomerStatus.MEMBER
    assert customer.access_refused is False
    assert customer.restrictions == (Restriction("Destroyed equipment", date(2024, 1, 1), date(2024, 6, 30)),)
    assert customer.pauses == (
        Pause(date(2022, 1, 1), date(2022, 10, 1), reason="Illness", contract_id=1000),
    )
    assert customer.mediums == (Medium(MediumKind.CARD_NUMBER, "string"),)
    assert customer.studio_id == 1238735970
    assert customer.uuid == "7be3932c-825b-4401-abff-29e9f9410bc7"


def test_what_a_newer_magicline_says_of_a_customer() -> None:
    customer = people.read_customer(
        {
            "id": "1229488490",
            "customerNumber": 10003,
            "status": "AMBASSADOR",
            "accessRefusal": "false",
            "idlePeriods": [
                {"startDate": "2026-01-01", "endDate": "2026-02-01", "unlimited": True},
                {"id": 1},
                7,
            ],
            "accessMediums": [
                {"type": "CARD_NUMBER", "value": "1290158199"},
                {"type": "RING", "value": "r"},
                {"type": "PIN"},
            ],
            "cardNumbers": ["1290158199", 42],
            "createdDateTime": "2022-06-15T23:59:59.999+02:00[Europe/Berlin]",
            "preferredLanguage": {"languageCode": "EN"},
            "loyalty": {"level": 9},
        },
        _BERLIN,
    )
    assert customer.customer_id == 1229488490
    assert customer.number == "10003"
    assert customer.status is CustomerStatus.UNKNOWN
    assert customer.access_refused is False
    assert customer.pauses == (Pause(date(2026, 1, 1), date(2026, 2, 1), unlimited=True),)
    assert customer.paused(date(2030, 1, 1))
    assert not customer.paused(date(2025, 12, 31))
    assert customer.card_numbers == ("1290158199", "42")
    assert customer.mediums[1] == Medium(MediumKind.UNKNOWN, "r")
    assert customer.created_at == datetime(2022, 6, 15, 21, 59, 59, 999000, UTC)
    assert customer.language == "en"


@pytest.mark.parametrize(
    "said", [{}, {"accessRefusal": None}, {"accessRefusal": "perhaps"}, {"accessRefusal": 2}]
)
def test_nobody_may_come_in_because_a_word_was_missing(said: Json) -> None:
    assert people.read_customer({"id": 1, **said}, _BERLIN).access_refused is True


def test_the_customers_of_the_documentation_with_next_to_nothing_in_them() -> None:
    found = [people.read_customer(one, _BERLIN) for one in _sample("doc_page_offset_is_id")["result"]]
    assert [one.customer_id for one in found] == [1210206595, 1210206596]


def test_days_that_a_pause_and_a_ban_cover() -> None:
    pause = Pause(date(2026, 1, 1), date(2026, 1, 31))
    assert pause.covers(date(2026, 1, 1))
    assert pause.covers(date(2026, 1, 31))
    assert not pause.covers(date(2026, 2, 1))
    assert Pause(date(2026, 1, 1)).covers(date(2050, 1, 1))
    assert Restriction().covers(date(2026, 1, 1))
    assert not Restriction(end=date(2025, 1, 1)).covers(date(2026, 1, 1))
    assert not Restriction(start=date(2027, 1, 1)).covers(date(2026, 1, 1))


_IBAN = "DE89 3704 0044 0532 0130 00"
_BANK = {"accountHolder": "Planted Holder", "bankName": "Planted Bank", "bic": "PLANTDEF", "iban": _IBAN}


def test_nothing_about_banks_is_ever_taken_over() -> None:
    item = {
        **_sample("getCustomers")["result"][0],
        "bankAccount": _BANK,
        "newBank": _BANK,
        "accessRestrictions": [{"reason": f"Lastschrift von {_IBAN} geplatzt", "bankAccount": _BANK}],
        "idlePeriods": [{"startDate": "2026-01-01", "reason": _IBAN.replace(" ", ""), "bankAccount": _BANK}],
    }
    customer = people.read_customer(item, _BERLIN)
    everything = str([getattr(customer, name) for name in customer.__slots__])
    everything += customer.pauses[0].reason + customer.restrictions[0].reason
    assert "Bullock" in everything
    for planted in (*_BANK.values(), _IBAN.replace(" ", ""), "Planted", "3704"):
        assert planted not in everything
    assert customer.restrictions[0].reason == "Lastschrift von [IBAN] geplatzt"


def test_whoever_prints_a_customer_learns_nobody_s_name() -> None:
    text = repr(people.read_customer(_sample("getCustomers")["result"][0], _BERLIN))
    assert "1001" in text
    for personal in (
        "Edgar",
        "Bullock",
        "1522",
        "example@",
        "1952",
        "Illness",
        "Destroyed",
        "'string'",
        "7be3932c",
    ):
        assert personal not in text
    employee = people.read_employee(
        {"id": 1, "firstName": "Peter", "lastName": "Parker", "phone1": "+49123456"}
    )
    assert employee.phones == ("+49123456",)
    assert "Peter" not in repr(employee)
    assert "+49" not in repr(employee)


def test_a_contract() -> None:
    contract = people.read_contract(_sample("getCustomersContracts")[0])
    assert (contract.contract_id, contract.rate_name) == (1000, "Premium")
    assert (contract.start, contract.end) == (date(2022, 1, 1), date(2022, 10, 1))
    assert contract.status is ContractStatus.ACTIVE
    assert not contract.cancelled
    assert contract.cancellation_date == date(2022, 10, 10)
    assert contract.last_cancellation_date == date(2026, 3, 1)
    newer = people.read_contract(
        {
            "id": 1,
            "cancelled": True,
            "reversed": True,
            "rateCodes": [{"identifier": "RC12345", "name": "x"}, {}, 1],
        }
    )
    assert newer.rate_codes == ("RC12345",)
    assert newer.cancelled
    assert newer.reversed
    assert newer.status is ContractStatus.UNKNOWN


def test_a_visit_an_employee_and_how_full_it_is() -> None:
    visit = people.read_checkin(
        {"checkinId": 1001, "checkInDateTime": "2023-12-03T10:15:30+01:00", "studioId": 123}, _BERLIN
    )
    assert visit.start == datetime(2023, 12, 3, 9, 15, 30, tzinfo=UTC)
    assert visit.end is None
    assert people.read_utilization({"capacity": None, "count": 101}) == Utilization(101, None)
    assert people.read_utilization({"capacity": 100, "count": 101}) == Utilization(101, 100)
    with pytest.raises(Unreadable):
        people.read_utilization({"count": -1})


def test_the_studio() -> None:
    sample = _sample("getStudioInformation")
    studio = people.read_studio(sample, _BERLIN)
    assert (studio.studio_id, studio.name, studio.country) == (123, "Example studio", "DE")
    assert studio.telephone == "0831/6901234-10"
    assert studio.address == "Kastanienallee 83, 84439 Berlin"
    assert studio.opening == ()  # hour 1000 is none
    assert studio.closures[0] == Closure(
        datetime(2025, 9, 21, tzinfo=_BERLIN), datetime(2025, 9, 22, tzinfo=_BERLIN), "Public holiday"
    )
    sample["openingHours"] = [
        {"dayOfWeekFrom": "MONDAY", "dayOfWeekTo": "FRIDAY", "timeFrom": "06:00:00", "timeTo": "23:00:00"},
        {"dayOfWeekFrom": "SUNDAY", "timeFrom": {"hour": 8}, "timeTo": {"hour": 24}},
        {"dayOfWeekFrom": "SOMEDAY", "timeFrom": "06:00:00", "timeTo": "23:00:00"},
    ]
    sample["countryCode"] = "Germany"
    studio = people.read_studio(sample, _BERLIN)
    assert studio.opening == (OpeningSpan(0, 4, time(6), time(23)), OpeningSpan(6, 6, time(8), time.max))
    assert studio.country is None


def test_a_class_and_its_slot() -> None:
    found = timetable.read_class(_sample("getActiveClasses")["result"][1])
    assert (found.class_id, found.title, found.duration_minutes) == (1002, "Mission Beach body", 45)
    assert found.kind is ClassKind.STUDIO
    assert found.bookable
    assert (found.cancel_until, found.late_cancel) == (None, None)
    condition = {"cancelationAfterLatestPossible": False, "latestCancelTerm": {"value": 2, "unit": "HOURS"}}
    newer = timetable.read_class({"id": 1, "type": "HOLOGRAM", "cancelCondition": condition})
    assert newer.kind is ClassKind.UNKNOWN
    assert newer.cancel_until == Term(2, "HOURS")
    assert newer.late_cancel is False

    slot = timetable.read_slot(_sample("getClassSlotById"), _BERLIN, 14928)
    assert (slot.slot_id, slot.class_id, slot.title) == (1001, 14928, "")
    assert slot.start == datetime(2022, 6, 22, 6, tzinfo=UTC)
    assert slot.start_text == "2022-06-22T08:00:00.000+02:00[Europe/Berlin]"
    assert slot.end_text == "2022-06-22T09:00:00.000+02:00[Europe/Berlin]"
    assert slot.instructors[0] == Instructor(101, "Peter2000")
    assert slot.location == "Room 1"
    assert slot.bookable_until == datetime(2022, 6, 15, 21, 59, 59, 999000, UTC)
    assert (slot.places, slot.booked, slot.added, slot.waiting, slot.waiting_places) == (25, 25, 5, 2, 5)
    assert slot.free == 0

    newest = timetable.read_slot({"id": 1, "classInformation": {"id": 7, "title": "Yoga"}}, _BERLIN, 14928)
    assert (newest.class_id, newest.title) == (7, "Yoga")
    assert (newest.start, newest.start_text, newest.free) == (None, "", None)


def test_an_appointment_and_its_slot() -> None:
    offer = timetable.read_appointment(_sample("getBookableAppointments")["result"][0])
    assert (offer.appointment_id, offer.title, offer.category) == (1001, "Mission Beach body", "Fitness")
    slot = timetable.read_appointment_slot(_sample("getBookableAppointmentSlots")[0], _BERLIN)
    assert slot.start_text == "2022-06-22T08:00:00.000+02:00[Europe/Berlin]"
    assert slot.end == datetime(2022, 6, 22, 8, tzinfo=UTC)
    assert [one.instructor_id for one in slot.instructors] == [101]
    with pytest.raises(Unreadable):
        timetable.read_appointment_slot({"startDateTime": "2022-06-22T08:00:00Z"}, _BERLIN)


def test_bookings() -> None:
    assert timetable.read_class_booking(_sample("bookClassSlot")) == Booking(
        kind=BookingKind.CLASS, booking_id=2033, status=BookingStatus.BOOKED, customer_id=14925548,
        slot_id=14928, class_id=14928, takes_place=TakesPlace.COMPLETED,
        participation=Participation.PARTICIPATING,
    )  # fmt: skip
    appointment = timetable.read_appointment_booking(_sample("bookAppointmentBooking"), _BERLIN, 7)
    assert (appointment.kind, appointment.booking_id, appointment.customer_id) == ("appointment", 2033, 7)
    assert appointment.start == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert appointment.title == "Mission Beach body"
    odd = timetable.read_class_booking({"bookingId": 1, "bookingStatus": "HALF_BOOKED"})
    assert odd.status is BookingStatus.UNKNOWN
    assert odd.stands
    assert not timetable.read_class_booking({"bookingId": 1, "bookingStatus": "CANCELED"}).stands
    confirm = timetable.read_class_booking(
        {"bookingId": 1, "bookingStatus": "BOOKED_WITH_CONFIRMATION_REQUIRED", "customerId": "12"}
    )
    assert confirm.status is BookingStatus.NEEDS_CONFIRMATION
    assert confirm.customer_id == 12


def test_validations() -> None:
    assert timetable.read_validation(_sample("validateClassSlot")) is Validation.AVAILABLE
    assert timetable.read_validation({"validationStatus": "MOON_IN_THE_WAY"}) is Validation.UNKNOWN
    with pytest.raises(Unreadable):
        timetable.read_validation({})


_READERS: dict[str, Callable[[Json], object]] = {
    "customer": lambda item: people.read_customer(item, _BERLIN),
    "contract": people.read_contract,
    "checkin": lambda item: people.read_checkin(item, _BERLIN),
    "employee": people.read_employee,
    "studio": lambda item: people.read_studio(item, _BERLIN),
    "utilization": people.read_utilization,
    "class": timetable.read_class,
    "slot": lambda item: timetable.read_slot(item, _BERLIN),
    "appointment": timetable.read_appointment,
    "appointment slot": lambda item: timetable.read_appointment_slot(item, _BERLIN),
    "class booking": timetable.read_class_booking,
    "appointment booking": lambda item: timetable.read_appointment_booking(item, _BERLIN),
    "validation": timetable.read_validation,
}
_KEYS = sorted(
    {
        key
        for name in ("getCustomers", "getActiveClasses", "getBookableAppointments")
        for key in _sample(name)["result"][0]
    }
    | set(_sample("getStudioInformation"))
    | set(_sample("getClassSlotById"))
    | set(_sample("bookClassSlot"))
    | set(_sample("bookAppointmentBooking"))
    | {
        "checkinId",
        "checkInDateTime",
        "validationStatus",
        "count",
        "cancelCondition",
        "rateCodes",
        "classInformation",
    }
)
_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just(10**30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("read", _READERS.values(), ids=_READERS)
@settings(max_examples=25)
@given(item=st.dictionaries(st.sampled_from(_KEYS), _JUNK, max_size=8))
def test_whatever_stands_in_a_thing_it_is_read_or_is_none(read: Callable[[Json], object], item: Json) -> None:
    numbered = {"id": 1, "bookingId": 1, "studioId": 1, "checkinId": 1, **item}
    for one in (item, numbered):
        with suppress(Unreadable):
            read(one)
