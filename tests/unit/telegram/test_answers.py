"""What the Bot API answers, judged."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.channels.telegram.answers import (
    Away,
    Conflict,
    Done,
    Expired,
    Missing,
    Moved,
    Rejected,
    Stop,
    Unchanged,
    Unreachable,
    Wait,
    judge,
)

_ERRORS = json.loads((Path(__file__).parents[2] / "fixtures/telegram/errors.json").read_text())["payload"]


def _judge(code: int, description: str, **parameters: Any) -> object:
    body = {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    return judge(code, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("index", "expected"), [(0, Wait(14.0)), (1, Conflict(webhook=False)), (2, Stop), (3, Unreachable)]
)
def test_answers_of_the_official_server(index: int, expected: object) -> None:
    case = _ERRORS[index]
    answer = judge(case["http_status"], json.dumps(case["body"]).encode())
    assert isinstance(answer, expected) if isinstance(expected, type) else answer == expected


@pytest.mark.parametrize(
    ("code", "description", "kind"),
    [
        (400, "Bad Request: message is not modified: specified new message content …", Unchanged),
        (400, "Bad Request: query is too old and response timeout expired or query ID is invalid", Expired),
        (400, "Bad Request: message to edit not found", Missing),
        (400, "Bad Request: message can't be edited", Missing),
        (400, "Bad Request: BUTTON_DATA_INVALID", Rejected),
        (400, "Bad Request: message is too long", Rejected),
        (403, "Forbidden: bot was blocked by the user", Unreachable),
        (403, "Forbidden: bot was kicked from the group chat", Unreachable),
        (403, "Forbidden: user is deactivated", Unreachable),
        (403, "Forbidden: bot can't initiate conversation with a user", Unreachable),
        (403, "Forbidden: words that nobody has seen yet", Unreachable),
        (401, "Unauthorized", Stop),
        (404, "Not Found", Stop),
        (500, "Internal Server Error: restart", Away),
    ],
)
def test_errors(code: int, description: str, kind: type) -> None:
    assert isinstance(_judge(code, description), kind)


def test_a_webhook_is_told_from_a_second_poller() -> None:
    active = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete …"
    assert _judge(409, active) == Conflict(webhook=True)
    assert _judge(409, "Conflict: terminated by other getUpdates request; make sure …") == Conflict(
        webhook=False
    )


def test_a_group_that_moved() -> None:
    upgraded = "Bad Request: group chat was upgraded to a supergroup chat"
    assert _judge(400, upgraded, migrate_to_chat_id=-1001000000013) == Moved(-1001000000013)


@pytest.mark.parametrize("retry_after", [None, "14", -3, 0, True, [1]])
def test_a_wait_without_a_usable_time_is_a_wait(retry_after: object) -> None:
    assert _judge(429, "Too Many Requests", retry_after=retry_after) == Wait(5.0)


def test_a_gateway_that_answers_in_html_may_have_passed_it_on() -> None:
    answer = judge(502, b"<html>Bad Gateway</html>")
    assert isinstance(answer, Away)
    assert answer.arrived


def test_what_the_server_says_is_never_repeated_with_its_numbers() -> None:
    answer = _judge(400, "Bad Request: chat 700000101 <script> is odd")
    assert isinstance(answer, Rejected)
    assert not any(one.isdigit() for one in answer.reason.replace("400", ""))


def test_half_a_character_keeps_nothing_else_from_being_read() -> None:
    assert isinstance(judge(200, b'{"ok": true, "result": ["\\udc00"]}'), Done)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.integers(100, 599),
    st.fixed_dictionaries(
        {},
        optional={
            "ok": _JSON,
            "error_code": _JSON,
            "description": _JSON,
            "parameters": _JSON,
            "result": _JSON,
        },
    ),
)
def test_no_answer_raises(status: int, body: dict[str, Any]) -> None:
    judge(status, json.dumps(body).encode())


@given(st.integers(100, 599), st.binary(max_size=64))
def test_no_bytes_raise(status: int, content: bytes) -> None:
    judge(status, content)
