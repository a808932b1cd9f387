"""What waits in the outbox reads as it was written; words that come in are hostile."""

from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.domain.bookings import Booked, NotBooked, Obstacle, Session, Standing
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.magicline import booking_ids
from arni_edge.magicline.model import (
    AppointmentSlot,
    Booking,
    BookingKind,
    BookingStatus,
    Instructor,
    Validation,
)
from arni_edge.magicline.wishes import (
    Act,
    BookAppointment,
    BookClass,
    Cancel,
    TakeBack,
    booked_of,
    from_payload,
    look_for,
    obstacle_of,
    result_of,
    to_payload,
)
from arni_edge.storage.outbound import from_json, to_json

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 20, 8, tzinfo=BERLIN)
SLOT = AppointmentSlot(
    START,
    START + timedelta(hours=1),
    "2026-11-20T08:00:00.000+01:00[Europe/Berlin]",
    "2026-11-20T09:00:00.000+01:00[Europe/Berlin]",
    (Instructor(101), Instructor(102)),
)


@pytest.mark.parametrize(
    "act",
    [
        BookClass(1229488490, 7, 2**63 - 1),
        BookAppointment(1, 2, SLOT),
        Cancel(1, BookingKind.CLASS, 2),
        Cancel(1, BookingKind.APPOINTMENT, 2, Session("Yoga „x“", START)),
        TakeBack(1, "magicline-book/a/b"),
    ],
    ids=lambda act: type(act).__name__,
)
def test_an_act_is_read_as_it_was_stored(act: Act) -> None:
    assert from_payload(from_json(to_json(to_payload(act))), BERLIN) == act


_JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda one: st.lists(one, max_size=2), max_leaves=3
)


@given(
    st.dictionaries(
        st.sampled_from("customer class slot appointment start end instructors of".split()), _JSON
    )
)
def test_what_is_no_act_is_said_to_be_none(payload: dict[str, object]) -> None:
    acts: list[object] = ["book_class", "book_appointment", "cancel_class", "cancel_x", "take_back", None, []]
    for act in acts:
        try:
            from_payload({**payload, "act": act}, BERLIN)
        except InvalidInput:
            continue


def test_a_word_for_a_slot_names_the_same_slot() -> None:
    assert booking_ids.read_class_slot(booking_ids.class_slot_id(3, 4)) == (3, 4)
    word = booking_ids.appointment_slot_id(5, SLOT)
    assert len(word) < booking_ids.LONGEST
    assert booking_ids.read_appointment_slot(word, BERLIN) == (5, SLOT)
    assert booking_ids.read_booking(booking_ids.booking_id(BookingKind.APPOINTMENT, 6)) == ("appointment", 6)


@given(st.text(max_size=90) | st.from_regex(r"(class|appointment)/[0-9]{1,25}(/.{0,60})?", fullmatch=True))
def test_a_hostile_word_is_refused(word: str) -> None:
    for read in (
        lambda: booking_ids.read_class_slot(word),
        lambda: booking_ids.read_appointment_slot(word, BERLIN),
        lambda: booking_ids.read_booking(word),
    ):
        with suppress(NotBooked):
            read()


def test_only_a_booking_that_was_not_there_before_is_ours() -> None:
    wish = BookClass(1, 2, 3)

    def one(number: int, status: BookingStatus = BookingStatus.BOOKED, slot: int = 3) -> Booking:
        return Booking(BookingKind.CLASS, number, status, 1, slot, 2)

    cancelled = one(12, BookingStatus.CANCELED)
    seen = look_for(wish, [one(10), one(11, slot=4), cancelled], None)
    assert (seen.made, seen.had, seen.ids) == (None, one(10), (10, 12))
    seen = look_for(wish, [one(10), cancelled], [10])
    assert (seen.made, seen.had) == (cancelled, one(10))
    assert look_for(wish, [cancelled, one(13)], []).made == one(13)
    assert look_for(wish, [one(10, BookingStatus.UNKNOWN)], []).made is not None


def test_what_was_booked_is_read_as_it_was_stored() -> None:
    booking = Booking(BookingKind.CLASS, 9, BookingStatus.WAITING_LIST)
    result = from_json(to_json(result_of(booking, Session("Yoga", START), already=True)))
    assert booked_of(result) == Booked("class/9", Standing.WAITING, Session("Yoga", START), already=True)


def test_everything_that_magicline_may_think_has_a_sentence_in_both_languages() -> None:
    catalogue = Catalogue.load()
    assert [one for one in Validation if obstacle_of(one) is None] == [Validation.AVAILABLE]
    for language in Language:
        for obstacle in Obstacle:
            assert catalogue.text(f"tool.booking.no.{obstacle}", language)
        for standing in Standing:
            for already in ("", "already_"):
                key = f"tool.booking.told.{already}{standing}"
                assert "Yoga" in catalogue.text(key, language, session="Yoga")
            if standing is not Standing.BOOKED:
                assert catalogue.text(f"tool.booking.not_moved.{standing}", language)
