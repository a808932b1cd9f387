"""What was read, as rows of the mirror, and back. What the house does not need stays behind."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, time, tzinfo
from typing import Any

from arni_edge.domain.dialling import dialled
from arni_edge.magicline.model import (
    Appointment,
    Booking,
    CheckIn,
    Contract,
    ContractStatus,
    Customer,
    Employee,
    FitnessClass,
    Pause,
    Restriction,
    Slot,
    Studio,
)
from arni_edge.storage import Row
from arni_edge.storage.magicline.rows import Values


def full_name(first: str, last: str) -> str:
    """First and last name; never empty, for lists."""
    return " ".join(f"{first} {last}".split()) or "?"


def phones_of(customer: Customer, country: str) -> tuple[str, ...]:
    """All numbers that are certain, in E.164, mobile before landline."""
    numbers = (dialled(phone, country) for phone in customer.phones)
    return tuple(dict.fromkeys(number for number in numbers if number))


def customer_row(customer: Customer, member_id: str, phones: tuple[str, ...], at: datetime) -> Values:
    """A customer, without birthday, address, e-mail, cards and the reasons of bans."""
    return {
        "customer_id": customer.customer_id,
        "member_id": member_id,
        "number": customer.number,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phones": json.dumps(phones),
        "language": customer.language,
        "status": customer.status.value,
        "access_refused": customer.access_refused,
        "restrictions": json.dumps([[_day(one.start), _day(one.end)] for one in customer.restrictions]),
        "studio_id": customer.studio_id,
        "read_at": at.isoformat(),
        "missed": 0,
    }


def stored_phones(row: Row) -> list[str]:
    """A customer's numbers as they were stored."""
    return [str(phone) for phone in json.loads(row["phones"])]


def restrictions_of(row: Row) -> list[Restriction]:
    """The days of a customer's bans."""
    return [Restriction("", _read(start), _read(end)) for start, end in json.loads(row["restrictions"])]


def pause_rows(customer: Customer, at: datetime) -> list[Values]:
    """A customer's pauses."""
    return [
        {
            "customer_id": customer.customer_id,
            "contract_id": one.contract_id,
            "start_on": _day(one.start),
            "end_on": _day(one.end),
            "unlimited": one.unlimited,
            "read_at": at.isoformat(),
        }
        for one in customer.pauses
    ]


def resting(pauses: Iterable[Pause], today: date) -> set[int]:
    """Numbers of the contracts that rest today, or will."""
    return {
        one.contract_id
        for one in pauses
        if one.contract_id is not None and (one.unlimited or one.end is None or one.end >= today)
    }


def pause_of(row: Row) -> Pause:
    """A pause as it was stored."""
    return Pause(
        start=date.fromisoformat(row["start_on"]),
        end=_read(row["end_on"]),
        unlimited=bool(row["unlimited"]),
        contract_id=row["contract_id"],
    )


def contract_row(contract: Contract, customer_id: int, at: datetime) -> Values:
    """A contract of a customer."""
    return {
        "contract_id": contract.contract_id,
        "customer_id": customer_id,
        "start_on": _day(contract.start),
        "end_on": _day(contract.end),
        "rate_name": contract.rate_name,
        "rate_codes": json.dumps(contract.rate_codes),
        "status": contract.status.value,
        "cancelled": contract.cancelled,
        "cancellation_on": _day(contract.cancellation_date),
        "last_cancellation_on": _day(contract.last_cancellation_date),
        "reversed": contract.reversed,
        "read_at": at.isoformat(),
    }


def contract_of(row: Row) -> Contract:
    """A contract as it was stored."""
    return Contract(
        contract_id=row["contract_id"],
        start=_read(row["start_on"]),
        end=_read(row["end_on"]),
        rate_name=row["rate_name"],
        rate_codes=tuple(json.loads(row["rate_codes"])),
        status=ContractStatus(row["status"]),
        cancelled=bool(row["cancelled"]),
        cancellation_date=_read(row["cancellation_on"]),
        last_cancellation_date=_read(row["last_cancellation_on"]),
        reversed=bool(row["reversed"]),
    )


def booking_row(booking: Booking, customer_id: int, at: datetime) -> Values:
    """A booking of a customer."""
    return {
        "kind": booking.kind.value,
        "booking_id": booking.booking_id,
        "customer_id": customer_id,
        "status": booking.status.value,
        "slot_id": booking.slot_id,
        "class_id": booking.class_id,
        "start_at": _moment(booking.start),
        "end_at": _moment(booking.end),
        "title": booking.title,
        "takes_place": booking.takes_place.value,
        "participation": booking.participation.value,
        "read_at": at.isoformat(),
    }


def checkin_row(checkin: CheckIn, customer_id: int, at: datetime) -> Values:
    """A visit of a customer."""
    return {
        "checkin_id": checkin.checkin_id,
        "customer_id": customer_id,
        "start_at": _moment(checkin.start),
        "end_at": _moment(checkin.end),
        "studio_id": checkin.studio_id,
        "read_at": at.isoformat(),
    }


def class_row(one: FitnessClass, at: datetime) -> Values:
    """A class."""
    return {
        "class_id": one.class_id,
        "title": one.title,
        "kind": one.kind.value,
        "duration_minutes": one.duration_minutes,
        "category": one.category,
        "description": one.description,
        "bookable": one.bookable,
        "cancel_value": one.cancel_until.value if one.cancel_until else None,
        "cancel_unit": one.cancel_until.unit if one.cancel_until else None,
        "late_cancel": one.late_cancel,
        "read_at": at.isoformat(),
    }


def slot_row(slot: Slot, zone: tzinfo, at: datetime) -> Values:
    """One time at which a class takes place."""
    return {
        "slot_id": slot.slot_id,
        "class_id": slot.class_id,
        "title": slot.title,
        "day": slot.start.astimezone(zone).date().isoformat() if slot.start else None,
        "start_at": _moment(slot.start),
        "end_at": _moment(slot.end),
        "instructors": json.dumps(
            [[one.instructor_id, one.name] for one in slot.instructors], ensure_ascii=False
        ),
        "location": slot.location,
        "bookable_from": _moment(slot.bookable_from),
        "bookable_until": _moment(slot.bookable_until),
        "places": slot.places,
        "booked": slot.booked,
        "added": slot.added,
        "waiting": slot.waiting,
        "waiting_places": slot.waiting_places,
        "read_at": at.isoformat(),
    }


def appointment_row(one: Appointment, at: datetime) -> Values:
    """A kind of appointments."""
    return {
        "appointment_id": one.appointment_id,
        "title": one.title,
        "duration_minutes": one.duration_minutes,
        "category": one.category,
        "description": one.description,
        "read_at": at.isoformat(),
    }


def employee_row(one: Employee, at: datetime) -> Values:
    """What members may read of somebody who works there: their public name, else the first name."""
    return {
        "employee_id": one.employee_id,
        "name": one.public_name or one.first_name,
        "role": one.role,
        "read_at": at.isoformat(),
    }


def studio_facts(studio: Studio) -> str:
    """What members may know of the studio, as JSON."""
    return json.dumps(asdict(studio), ensure_ascii=False, default=_spelled)


def _spelled(value: Any) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _read(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
