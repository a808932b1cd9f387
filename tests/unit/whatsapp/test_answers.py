"""What Meta's answers mean: the table of its error reference, row by row."""

import json
from pathlib import Path
from typing import Any

import pytest

from arni_edge.channels.whatsapp.answers import (
    Accepted,
    Malformed,
    Park,
    Retry,
    RetryThisUser,
    Stop,
    Uncertain,
    Undeliverable,
    WindowClosed,
    judge,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
ERRORS = json.loads((FIXTURES / "graph_errors.json").read_text())["errors"]


def error(code: int, **more: Any) -> bytes:
    return json.dumps({"error": {"message": "(#x) +49 151 23456789", "code": code, **more}}).encode()


@pytest.mark.parametrize(
    ("codes", "meaning"),
    [
        (
            (0, 190, 3, 10, 200, 299, 131005, 368, 131031, 131048, 131064, 33, 131042, 131045, 133010, 2500),
            Stop,
        ),
        ((4, 80007, 130429, 133016, 1, 2, 131000, 131016, 133004, 131057), Retry),
        ((131056,), RetryThisUser),
        ((100, 131008, 131009, 131051), Malformed),
        ((131047,), WindowClosed),
        ((131049,), Park),
        ((131021, 131026, 131030, 131050, 130472), Undeliverable),
        ((131052, 131053, 131062, 132000, 132001, 132015, 132069, 135000, 130497, 137000), Undeliverable),
    ],
)
def test_codes(codes: tuple[int, ...], meaning: type) -> None:
    """The code alone decides, whatever the HTTP status."""
    for code in codes:
        for status in (200, 400, 401, 500, 503):
            assert isinstance(judge(status, error(code)), meaning), (code, status)


def test_samples() -> None:
    """The bodies of Meta's documentation."""
    meanings = [Retry, RetryThisUser, WindowClosed, Malformed, Stop]
    found = [judge(sample["http_status"], json.dumps(sample["body"]).encode()) for sample in ERRORS]
    assert [type(result) for result in found] == meanings


def test_only_limits_of_the_number_hold_up_everybody() -> None:
    """A temporary problem may be one message's own; a rate limit is not."""
    assert judge(400, error(130429)) == Retry(5.0, "Meta limits the rate (code 130429)", everybody=True)
    assert judge(500, error(131000)) == Retry(
        5.0, "Meta has a temporary problem (code 131000)", everybody=False
    )


def test_an_unknown_code_is_decided_by_what_kind_of_error_it_is() -> None:
    """Meta invents codes: a server's error may pass, a refused request will not."""
    assert isinstance(judge(500, error(999_999)), Retry)
    assert isinstance(judge(400, error(999_999, is_transient=True)), Retry)
    assert isinstance(judge(400, error(999_999)), Undeliverable)


def test_accepted() -> None:
    """200 with a message id."""
    body = {"messages": [{"id": "wamid.A", "message_status": "accepted"}]}
    assert judge(200, json.dumps(body).encode()) == Accepted("wamid.A")


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"{}", b'{"messages": []}', b'{"messages": [{"id": 1}]}']
)
def test_a_success_without_id_is_uncertain(content: bytes) -> None:
    """It was probably accepted; a status will tell."""
    assert isinstance(judge(200, content), Uncertain)


@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", b'{"error": "x"}', b'{"error": {"code": "1"}}'])
def test_a_gateway_that_gave_up_is_uncertain(content: bytes) -> None:
    """Not Meta's own error body: the request may have gone through behind it."""
    assert isinstance(judge(502, content), Uncertain)
    assert isinstance(judge(404, content), Retry)


def test_reasons_hold_nothing_of_metas_text() -> None:
    """Meta's message may repeat the recipient's number."""
    for code in (0, 100, 4, 131000, 131056, 132001, 999_999):
        assert "49" not in repr(judge(400, error(code)))
