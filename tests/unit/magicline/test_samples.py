"""Every sample of Magicline's answers is understood, or set aside for a reason."""

import json
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from arni_edge.magicline import operations as op
from arni_edge.magicline import people, timetable
from arni_edge.magicline.scalars import Json
from arni_edge.magicline.wire import read_list, read_one, read_page

_BERLIN = ZoneInfo("Europe/Berlin")
_SAMPLES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[2] / "fixtures/magicline/samples").glob("*.json"))
}

_READ: dict[str, tuple[op.Operation, Callable[[Json], object]]] = {
    "bookAppointmentBooking": (
        op.BOOK_APPOINTMENT,
        lambda item: timetable.read_appointment_booking(item, _BERLIN),
    ),
    "bookClassSlot": (op.BOOK_CLASS, timetable.read_class_booking),
    "doc_page_offset_is_id": (op.CUSTOMERS, lambda item: people.read_customer(item, _BERLIN)),
    "getActiveClasses": (op.CLASSES, timetable.read_class),
    "getBookableAppointmentSlots": (
        op.APPOINTMENT_SLOTS,
        lambda item: timetable.read_appointment_slot(item, _BERLIN),
    ),
    "getBookableAppointments": (op.APPOINTMENTS, timetable.read_appointment),
    "getClassSlotById": (op.CLASS_SLOT, lambda item: timetable.read_slot(item, _BERLIN)),
    "getCustomers": (op.CUSTOMERS, lambda item: people.read_customer(item, _BERLIN)),
    "getCustomersAccountBalanceData": (op.ACCOUNT, people.read_account),
    "getCustomersContracts": (op.CONTRACTS, people.read_contract),
    "getIdlePeriodConfig": (op.PAUSE_RULES, people.read_pause_refuses),
    "getStudioInformation": (op.STUDIO, lambda item: people.read_studio(item, _BERLIN)),
    "validateClassSlot": (op.VALIDATE_CLASS, timetable.read_validation),
}
_READ_ELSEWHERE = {"datetimes", "device_identification", "errors"}
"""Tables of cases: test_times, test_magicline_device, test_wire."""

_NEVER_ASKED = {
    "getBookableTrialOfferClasses", "getCommunicationPreferences", "getContractCancelationReasonData",
    "getDevices", "searchCustomers",
    "validateIdlePeriodRequest",
}  # fmt: skip
"""Answers to what this client never asks."""


def test_every_sample_has_its_reader_or_its_reason() -> None:
    hints = {name for name in _SAMPLES if name.startswith("webhook_")}
    assert set(_SAMPLES) == {*_READ, *_READ_ELSEWHERE, *_NEVER_ASKED, *hints}


@pytest.mark.parametrize("name", _READ)
def test_every_sample_of_an_answer_is_understood_to_its_last_element(name: str) -> None:
    operation, read = _READ[name]
    payload = _SAMPLES[name]["payload"]
    content = json.dumps(payload).encode()
    if operation.slice_size:
        page = read_page(operation, content, read, asked=None)
        assert (len(page.items), page.skipped) == (len(payload["result"]), 0)
        assert page.offset == payload["offset"]
    elif isinstance(payload, list):
        assert read_list(operation, content, read).skipped == 0
    else:
        assert read_one(operation, content, read) is not None
