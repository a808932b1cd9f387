"""What an answer as a whole means: a good one, a bad one, a page, the end."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.magicline import operations as op
from arni_edge.magicline.errors import Away, Conflict, MaybeDone, Missing, NotAllowed, Rejected
from arni_edge.magicline.model import Page
from arni_edge.magicline.paging import every_page
from arni_edge.magicline.scalars import Json, identity
from arni_edge.magicline.wire import failure, read_list, read_one, read_page, read_retry_after

_ERRORS = json.loads(
    (Path(__file__).parents[2] / "fixtures/magicline/samples/errors.json").read_text("utf-8")
)["payload"]


def _number(item: Json) -> int:
    return identity(item, "id")


def _page(body: Any, asked: str | None = None) -> Page[int]:
    return read_page(op.CLASSES, json.dumps(body).encode(), _number, asked=asked)


def _failure(status: int, body: Any = None, *, write: bool = False) -> Exception | None:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return failure(op.BOOK_CLASS if write else op.CUSTOMERS, status, content, None, "magicline_api_key")


def test_the_error_bodies_of_the_documentation() -> None:
    found = [_failure(case["http_status"], case["body"]) for case in _ERRORS]
    assert [type(one) for one in found] == [Rejected, NotAllowed, Away, Away]
    rejected = found[0]
    assert isinstance(rejected, Rejected)
    assert rejected.sentence == "The value is too large"
    assert rejected.code == "errormessage.validation.max"
    assert rejected.trace == "7262093212431414313"
    assert rejected.status == 400
    about = "HTTP 400 (errormessage.validation.max) trace 7262093212431414313"
    assert str(rejected) == f"customers: {about}: Magicline refuses the request"


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (400, Rejected, Rejected), (401, NotAllowed, NotAllowed), (403, NotAllowed, NotAllowed),
        (404, Missing, Missing), (405, Rejected, Rejected), (408, Away, MaybeDone), (409, Conflict, Conflict),
        (422, Rejected, Rejected), (425, Away, Away), (429, Away, Away), (500, Away, MaybeDone),
        (502, Away, MaybeDone), (503, Away, MaybeDone), (504, Away, MaybeDone), (599, Away, MaybeDone),
        (302, Away, MaybeDone), (304, Away, MaybeDone), (101, Away, MaybeDone),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "body", ["", "<html>no</html>", '{"errorMessage": 7}', "[]", '{"errorMessage":"Nein"}']
)
def test_what_a_status_means_does_not_hang_on_the_body(
    status: int, read: type[Exception], write: type[Exception], body: str
) -> None:
    assert type(_failure(status, body)) is read
    assert type(_failure(status, body, write=True)) is write


def test_what_the_owner_must_mend_is_named() -> None:
    assert "'magicline_api_key'" in str(_failure(401))
    assert "CLASSES_WRITE" in str(_failure(403, {"errorMessage": "x"}, write=True))


def test_magicline_s_own_sentence_is_kept_apart_and_without_account_numbers() -> None:
    sentence = "Edgar Bullock,\nIBAN DE89 3704 0044 0532 0130 00 \x00 ist gesperrt" + "!" * 999
    error = _failure(400, {"errorMessage": sentence, "errorCode": "evil code\n", "traceId": ["x"]})
    assert isinstance(error, Rejected)
    assert "Bullock" not in str(error)
    assert "Bullock" not in repr(error)
    assert error.sentence.startswith("Edgar Bullock, IBAN [IBAN]   ist gesperrt!")
    assert len(error.sentence) == 300
    assert (error.code, error.trace) == ("", "")


def test_pages_end_where_magicline_says_so() -> None:
    first = _page({"result": [{"id": 1}, {"id": "2"}], "offset": "2", "hasNext": True})
    assert first == Page((1, 2), "2")
    assert _page({"result": [], "offset": 1210206596, "hasNext": True}).offset == "1210206596"
    assert _page({"result": [{"id": 3}], "offset": "3", "hasNext": False}, "2") == Page((3,), None)
    assert _page({"result": [], "hasNext": False}) == Page((), None)


def test_a_page_with_one_bad_element_is_not_lost() -> None:
    page = _page({"result": [{"id": 1}, {"id": None}, None, "x", [1], {"id": 4}], "hasNext": False})
    assert page == Page((1, 4), None, skipped=4)


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, "x", {"result": []}, {"result": {}, "hasNext": False}, {"result": [], "hasNext": "?"},
        {"result": [], "hasNext": True}, {"result": [], "hasNext": True, "offset": ""},
        {"result": [], "hasNext": True, "offset": None}, {"result": [], "hasNext": True, "offset": {}},
        {"result": [], "hasNext": True, "offset": "x" * 501}, {"result": [], "hasNext": True, "offset": "7"},
    ],
)  # fmt: skip
def test_a_page_that_leads_nowhere_is_no_end(body: Any) -> None:
    with pytest.raises(Away):
        _page(body, "7")


async def test_pages_that_go_round_in_circles_are_left() -> None:
    following = {None: "a", "a": "b", "b": "a"}
    asked: list[str | None] = []

    async def fetch(offset: str | None) -> Page[int]:
        asked.append(offset)
        return Page((len(asked),), following[offset])

    pages = every_page(fetch)
    assert [(await anext(pages)).items for _ in range(3)] == [(1,), (2,), (3,)]
    with pytest.raises(Away):
        await anext(pages)
    assert asked == [None, "a", "b"]


async def test_every_page_is_read_to_the_end_from_where_one_was_interrupted() -> None:
    following = {None: "10", "10": "20", "20": None}

    async def fetch(offset: str | None) -> Page[str]:
        return Page((str(offset),), following[offset])

    assert [page.items[0] async for page in every_page(fetch)] == ["None", "10", "20"]
    assert [page.items[0] async for page in every_page(fetch, "10")] == ["10", "20"]


def test_lists_come_whole() -> None:
    assert read_list(op.CONTRACTS, b'[{"id": 1}, 7]', _number) == Page((1,), None, skipped=1)
    for body in (b"", b"{}", b"<html>", b'{"result": [], "hasNext": false}'):
        with pytest.raises(Away):
            read_list(op.CONTRACTS, body, _number)


def test_a_good_answer_that_cannot_be_read_leaves_the_fate_of_a_write_open() -> None:
    assert read_one(op.CUSTOMER, b'{"id": 1}', _number) == 1
    for body in (b"", b"[]", b"{}", b"<html>", b'{"id": "x"}'):
        with pytest.raises(Away):
            read_one(op.CUSTOMER, body, _number)
        with pytest.raises(Away):
            read_one(op.VALIDATE_CLASS, body, _number)
        with pytest.raises(MaybeDone):
            read_one(op.BOOK_CLASS, body, _number)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0), (" 7 ", 7.0), ("Sun, 22 Nov 2026 10:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2020 10:01:00 GMT", 0.0),
        ("", None), (None, None), ("soon", None), ("-5", None), ("9" * 10, None), ("\u0667", None),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, datetime(2026, 11, 22, 10, tzinfo=UTC)) == seconds


@given(status=st.integers(100, 999), content=st.binary(max_size=50), header=st.text(max_size=40))
def test_no_answer_breaks_the_judgement(status: int, content: bytes, header: str) -> None:
    assert (failure(op.BOOK_CLASS, status, content, None, "key") is None) == (200 <= status < 300)
    read_retry_after(header, datetime(2026, 11, 22, 10, tzinfo=UTC))
