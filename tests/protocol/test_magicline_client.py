"""The client over real HTTP, with a Magicline that fails in every way it can."""

import asyncio
import gzip
import json
import logging
import pickle
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from support.magicline import (
    CALLS,
    DROP,
    END,
    KEY,
    READS,
    START,
    WRITES,
    Front,
    Said,
    SleeplessClock,
    appointment_slot,
    magicline_settings,
    open_front,
    said,
)
from support.waiting import eventually

from arni_edge.domain.errors import ArniError, InvalidInput, Refused, Unavailable
from arni_edge.domain.messages import Language
from arni_edge.magicline import MagiclineClient, transport
from arni_edge.magicline.errors import Away, Conflict, MaybeDone, Missing, NotAllowed, Rejected
from arni_edge.magicline.model import BookingStatus, CustomerStatus, Validation
from arni_edge.magicline.operations import Operation
from arni_edge.settings import Magicline

_BOOKING = {"bookingId": 2033, "bookingStatus": "BOOKED", "classSlotId": 1, "classId": 1, "customerId": 1}
_EMPTY_PAGE = {"result": [], "hasNext": False, "offset": "0"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


@pytest.fixture
def front(served: Front) -> Front:
    return served.anew()


@pytest.fixture
def client(front: Front) -> MagiclineClient:
    return front.client()[0]


# --- what is sent ---------------------------------------------------------------------------------------


async def test_the_largest_slices_are_asked_for_and_offsets_go_back_verbatim(
    front: Front, client: MagiclineClient
) -> None:
    front.answers = [said({"result": [{"id": 1}], "hasNext": True, "offset": "a b/&=+ä"}), said(_EMPTY_PAGE)]
    page = await client.customers(CustomerStatus.PROSPECT)
    assert page.offset == "a b/&=+ä"
    await client.customers(CustomerStatus.PROSPECT, page.offset)
    assert front.asked[0].query == [("customerStatus", "PROSPECT"), ("sliceSize", "500")]
    assert front.asked[1].query[-1] == ("offset", "a b/&=+ä")


async def test_an_appointment_is_booked_with_the_words_of_its_slot(
    front: Front, client: MagiclineClient
) -> None:
    front.answers = [said([{"startDateTime": START, "endDateTime": END, "instructors": [{"id": 101}]}])]
    (slot,) = (await client.appointment_slots(1001, 7, date(2022, 6, 22), 3)).items
    front.answers = [said({"bookingId": 5, "bookingStatus": "BOOKED", "startDateTime": START})]
    booking = await client.book_appointment(7, 1001, slot)
    assert json.loads(front.asked[-1].body) == {
        "customerId": 7,
        "bookableAppointmentId": 1001,
        "startDateTime": START,
        "endDateTime": END,
        "instructorIds": [101],
    }
    assert (booking.booking_id, booking.customer_id) == (5, 7)
    front.answers = [said({"validationStatus": "CUSTOMER_IDLE"})]
    assert await client.validate_appointment(7, 1001, slot) is Validation.CUSTOMER_IDLE
    assert front.asked[-1].body == front.asked[-2].body


async def test_people_are_answered_in_their_language(front: Front, client: MagiclineClient) -> None:
    front.answers = [said({"errorMessage": "Kurs voll"}, 400)]
    with pytest.raises(Rejected) as error:
        await client.book_class(1, 2)
    assert error.value.sentence == "Kurs voll"
    with pytest.raises(Rejected):
        await client.book_class(1, 2, language=Language.ENGLISH)
    assert [asked.headers["accept-language"] for asked in front.asked] == ["de", "en"]


@pytest.mark.parametrize("number", [-1, 2**63, True, "1", 1.0, None])
async def test_what_is_no_number_is_not_sent(front: Front, client: MagiclineClient, number: int) -> None:
    for call in (client.customer, client.cancel_class, client.class_bookings):
        with pytest.raises(InvalidInput):
            await call(number)
    with pytest.raises(InvalidInput):
        await client.book_class(1, number)
    assert front.asked == []


async def test_what_magicline_would_not_take_is_not_sent(front: Front, client: MagiclineClient) -> None:
    for days in (0, 7):
        with pytest.raises(InvalidInput):
            await client.appointment_slots(1, 1, date(2026, 1, 1), days)
    with pytest.raises(InvalidInput):
        await client.checkins(1, date(2025, 1, 1), date(2026, 1, 2))
    with pytest.raises(InvalidInput):
        await client.checkins(1, date(2026, 1, 2), date(2026, 1, 1))
    assert front.asked == []


@pytest.mark.parametrize("key", [None, "", " \n", "schlüssel", "a\nb", "x" * 5000])
async def test_a_key_that_is_none_is_neither_sent_nor_repeated(front: Front, key: str | None) -> None:
    client, _ = front.client(api_key=key)
    with pytest.raises(NotAllowed) as error:
        await client.studio()
    assert "magicline_api_key" in str(error.value)
    assert "schlüssel" not in str(error.value)
    assert not await client.key_is_valid()
    assert front.asked == []


# --- what comes of it -----------------------------------------------------------------------------------


async def test_booked_or_on_the_waiting_list_is_told_apart(front: Front, client: MagiclineClient) -> None:
    front.answers = [said({**_BOOKING, "bookingStatus": "WAITING_LIST"})]
    assert (await client.book_class(1, 1)).status is BookingStatus.WAITING_LIST
    front.answers = [Said(200)]
    await client.cancel_class(2033)
    front.answers = [said({"success": "true"})]
    await client.cancel_appointment(2033)
    await client.confirm_activation()


async def test_what_is_not_there_is_none(front: Front, client: MagiclineClient) -> None:
    front.answers = [said({"errorMessage": "not found"}, 404)]
    assert await client.customer(1) is None
    assert await client.class_slot(1, 2) is None
    assert await client.class_booking(1) is None
    assert await client.appointment_booking(1) is None
    with pytest.raises(Missing):
        await client.cancel_class(1)
    with pytest.raises(Missing):
        await client.contracts(1)


@pytest.mark.parametrize(("status", "valid"), [(200, True), (401, False), (403, True), (404, True)])
async def test_the_key_is_probed_without_touching_anything(
    front: Front, client: MagiclineClient, status: int, valid: bool
) -> None:
    front.answers = [Said(status)]
    assert await client.key_is_valid() is valid
    assert {asked.method for asked in front.asked} == {"HEAD"}


async def test_one_bad_customer_costs_nobody_else_and_is_counted(
    front: Front, client: MagiclineClient
) -> None:
    people = [{"id": 1, "lastName": "Secret"}, {"id": "none", "lastName": "Secret"}, {"id": 3}]
    front.answers = [said({"result": people, "hasNext": False})]
    with capture_logs() as logs:
        page = await client.customers()
    assert [one.customer_id for one in page.items] == [1, 3]
    assert page.skipped == 1
    assert [(log["operation"], log["count"]) for log in logs] == [("customers", 1)]


async def test_a_name_with_half_a_character_costs_nobody_else(front: Front, client: MagiclineClient) -> None:
    body = b'{"result": [{"id": 1, "firstName": "A\\ud83d"}, {"id": 2}], "hasNext": false}'
    front.answers = [Said(200, body)]
    assert len((await client.customers()).items) == 2


# --- trouble --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.name)
async def test_reads_are_repeated(front: Front, operation: Operation) -> None:
    front.answers = [DROP, Said(503, b"<html>Service Unavailable</html>"), Said(500), Said(418)]
    client, clock = front.client()
    with pytest.raises(Rejected) as error:
        await CALLS[operation][0](client)
    assert error.value.status == 418
    assert len(front.asked) == 4
    # Backoff, and the even pace besides.
    assert [seconds >= 0.25 for seconds in clock.slept].count(True) >= 3


async def test_reads_are_not_repeated_for_ever(front: Front) -> None:
    front.answers = [Said(503)]
    client, _ = front.client()
    with pytest.raises(Away):
        await client.studio()
    assert len(front.asked) == 4
    with pytest.raises(Away):
        await client.interactive.studio()
    assert len(front.asked) == 6


@pytest.mark.parametrize("status", [400, 401, 403, 422])
async def test_what_was_refused_is_not_asked_again(
    front: Front, client: MagiclineClient, status: int
) -> None:
    front.answers = [Said(status)]
    with pytest.raises(Rejected):
        await client.studio()
    assert len(front.asked) == 1


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (DROP, MaybeDone),
        (Said(500), MaybeDone),
        (Said(503, b"<html>"), MaybeDone),
        (Said(504), MaybeDone),
        (Said(302, b"", {"location": "/v1/elsewhere"}), MaybeDone),
        (Said(200, b"\x1f\x8b broken", {"content-encoding": "gzip"}), MaybeDone),
        (Said(200, b"x", {"content-encoding": "br"}), MaybeDone),
        (Said(429), Away),
        (Said(409), Conflict),
        (Said(400), Rejected),
        (Said(403), NotAllowed),
    ],
)
async def test_the_fate_of_a_write_is_never_guessed_and_it_is_never_repeated(
    front: Front, client: MagiclineClient, operation: Operation, answer: Said, kind: type[ArniError]
) -> None:
    front.answers = [answer]
    with pytest.raises(ArniError) as error:
        await CALLS[operation][0](client)
    assert type(error.value) is kind
    assert len(front.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b"{}", b"[]", b'{"bookingId": null}'])
async def test_a_booking_that_cannot_be_read_may_have_been_made(
    front: Front, client: MagiclineClient, body: bytes
) -> None:
    front.answers = [Said(200, body)]
    with pytest.raises(MaybeDone):
        await client.book_class(1, 2)
    with pytest.raises(MaybeDone):
        await client.book_appointment(1, 2, appointment_slot())
    with pytest.raises(Away):
        await client.validate_class(1, 2)


async def test_a_connection_that_broke_is_enough_to_doubt(
    front: Front, client: MagiclineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(*_: object) -> None:
        pass

    monkeypatch.setattr(transport._Left, "note", deaf)
    front.answers = [DROP]
    with pytest.raises(MaybeDone):
        await client.book_class(1, 2)


@pytest.fixture
def nowhere() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
async def test_what_never_left_the_box_was_certainly_not_done(
    front: Front, nowhere: str, operation: Operation
) -> None:
    for url in (nowhere, "https://box.invalid", "https://127.0.0.1:1"):
        client, _ = front.client(url=url)
        with pytest.raises(Away):
            await CALLS[operation][0](client)


async def test_a_call_ends_by_its_deadline_and_only_what_was_written_may_have_been_done(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(transport._DEADLINE, True, 0.15)
    never = asyncio.Event()

    async def wait() -> None:
        await never.wait()

    front.before = wait
    client, _ = front.client()
    with pytest.raises(MaybeDone):
        await client.book_class(1, 2)
    with pytest.raises(Away):
        await client.validate_class(1, 2)
    with pytest.raises(Away):
        await client.interactive.class_bookings(1)
    # A listener that accepts nobody: the connection stands, the TLS handshake never ends.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client, _ = front.client(url=f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(Away):
            await client.book_class(1, 2)
    never.set()


async def test_who_is_cancelled_leaves_no_connection_and_no_turn_behind(front: Front) -> None:
    never = asyncio.Event()
    arrived = asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await never.wait()

    front.before = wait
    front.answers = [said(_EMPTY_PAGE)]
    client, _ = front.client()
    for _ in range(12):  # more than there are connections
        arrived.clear()
        task = asyncio.create_task(client.customers())
        await arrived.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    never.set()
    assert (await client.customers()).items == ()


async def test_passes_leave_connections_for_people(front: Front) -> None:
    never = asyncio.Event()

    async def wait() -> None:
        if front.asked[-1].method == "GET":
            await never.wait()

    front.before = wait
    front.answers = [said(_BOOKING)]
    client, _ = front.client()
    passing = [asyncio.create_task(client.contracts(number)) for number in range(20)]
    await eventually(lambda: len(front.asked) >= 4)
    for _ in range(5):
        assert (await client.book_class(1, 2)).booking_id == 2033
    assert [asked.method for asked in front.asked].count("GET") == 4
    for task in passing:
        task.cancel()
    await asyncio.wait(passing)
    never.set()


# --- limits ---------------------------------------------------------------------------------------------


async def test_after_too_many_requests_only_this_endpoint_waits(front: Front) -> None:
    front.answers = [said({"errorMessage": "rate limit"}, 429), said(_EMPTY_PAGE)]
    client, clock = front.client()
    with pytest.raises(Away) as error:
        await client.interactive.classes()
    assert error.value.retry_after is not None
    assert 60 <= error.value.retry_after <= 125
    assert len(front.asked) == 1
    assert clock.slept == [pytest.approx(0.5, rel=0.6)]  # between the attempts, not for the lock-out
    await client.interactive.employees()
    await client.classes()  # waits until it may
    assert sum(clock.slept) >= 60


async def test_magicline_may_say_how_long(front: Front) -> None:
    front.answers = [said({}, 429, retry_after="7"), said(_EMPTY_PAGE)]
    client, clock = front.client()
    await client.classes()
    assert 7 <= sum(clock.slept) <= 14


async def test_a_write_that_met_the_limit_says_when_to_come_again(
    front: Front, client: MagiclineClient
) -> None:
    front.answers = [said({}, 429, retry_after="30")]
    with pytest.raises(Away) as error:
        await client.book_class(1, 2)
    assert error.value.retry_after == pytest.approx(32.5, abs=2.6)
    with pytest.raises(Away):
        await client.book_class(1, 2)
    assert len(front.asked) == 1


@pytest.mark.parametrize("packed", [False, True])
async def test_no_answer_eats_the_memory_of_the_box(
    front: Front, client: MagiclineClient, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 100_000)
    body = b"[" + b" " * 200_000 + b"]"
    front.answers = [
        Said(200, gzip.compress(body), {"content-encoding": "gzip"}) if packed else Said(200, body)
    ]
    with pytest.raises(Away):
        await client.interactive.contracts(1)
    with pytest.raises(MaybeDone):
        await client.book_class(1, 2)
    small = gzip.compress(b"[" + b" " * 90_000 + b"]")
    front.answers = [Said(200, small, {"content-encoding": "gzip"})]
    assert (await client.interactive.contracts(1)).items == ()
    assert front.asked[-1].headers["accept-encoding"] == "gzip"


# --- nothing leaks --------------------------------------------------------------------------------------

_IBAN = "DE89370400440532013000"
_PLANTED = (_IBAN, "Planted Holder", "PLANTDEF")
_BANK = {"accountHolder": "Planted Holder", "bic": "PLANTDEF", "iban": _IBAN}


def _every_text_of(error: BaseException) -> str:
    """Of an exception everything that anybody could ever log, also what it was raised from."""
    seen, texts = [error], []
    for one in seen:
        texts += [str(one), repr(one), repr(vars(one)), *traceback.format_exception(one)]
        seen += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join(texts)


@pytest.mark.parametrize("operation", list(CALLS), ids=lambda operation: operation.name)
async def test_no_key_and_no_bank_account_is_in_any_log_error_or_object(
    front: Front, operation: Operation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    customer = {"id": 1, "customerId": 1, "bookingId": 1, "bankAccount": _BANK, "idlePeriods": [_BANK]}
    bodies = [
        customer,
        [customer, {"bankAccount": _BANK}],
        {"result": [customer, {"bankAccount": _BANK}], "hasNext": False},
        {"result": [customer], "hasNext": True, "bankAccount": _BANK},
        {"errorMessage": f"{_IBAN} of Planted Holder", "errorCode": _IBAN, "reference": "PLANTDEF"},
    ]
    raw = [json.dumps(body).encode() for body in bodies]
    answers = [Said(status, body) for body in (*raw, raw[0][:-2]) for status in (200, 400, 403, 500)]
    client, _ = front.client()
    for answer in answers:
        front.answers = [answer]
        with capture_logs() as logs:
            try:
                # Pickled, a thing shows all that it holds, also what it never prints.
                texts = pickle.dumps(await CALLS[operation][0](client.interactive)).decode("latin-1")
            except ArniError as error:
                # The sentence is for the member, and only it may name them.
                sentence = vars(error).pop("sentence", "")
                texts = _every_text_of(error) + sentence.replace("of Planted Holder", "")
        for secret in (*_PLANTED, KEY):
            assert secret not in texts
            assert secret not in repr(logs)
            assert secret not in caplog.text


async def test_nothing_of_the_http_library_is_chained_to_an_error(front: Front) -> None:
    front.answers = [DROP]
    client, _ = front.client()
    for call in (client.book_class(1, 2), client.interactive.customer(1)):
        with pytest.raises(ArniError) as error:
            await call
        assert error.value.__context__ is None
        assert KEY not in _every_text_of(error.value)
    assert KEY not in repr(vars(client)) + repr(client._asking) + repr(client._asking.transport._door)


async def test_the_errors_are_those_of_the_house() -> None:
    assert issubclass(Away, Unavailable)
    assert issubclass(Rejected, Refused)
    assert not issubclass(MaybeDone, Unavailable | Refused)


async def test_whose_http_client_it_is_closes_it(front: Front) -> None:
    async with httpx.AsyncClient() as http:
        settings: Magicline = magicline_settings(front.url + "/")
        client = MagiclineClient(settings, SleeplessClock(), http=http)
        front.answers = [said(_EMPTY_PAGE)]
        await client.customers()
        await client.aclose()
        assert not http.is_closed
    assert front.asked[0].path == "/v1/customers"
