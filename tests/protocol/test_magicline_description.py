"""Every request that we can send obeys the official description, and every answer that it allows is read."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.magicline import CALLS, KEY, Call, Front, Said, open_front, said
from support.openapi import Description

from arni_edge.magicline import MagiclineClient
from arni_edge.magicline.errors import Away, MaybeDone
from arni_edge.magicline.operations import CLASS_SLOT, OPEN_API, Operation

_OPEN_API = Description("openapi-used.json")
_EVERY_CALL = [
    pytest.param(call, id=f"{operation.name}-{number}")
    for operation, calls in CALLS.items()
    for number, call in enumerate(calls)
]


class Desk:
    """A Magicline and a client of it, in a loop of their own, so that plain functions can ask."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.front: Front = self._runner.run(self._stack.enter_async_context(open_front()))
        self.client: MagiclineClient = self.front.client()[0]

    def ask(self, call: Call, answer: Said) -> object:
        self.front.answers = [answer]
        self.front.asked.clear()

        async def asked() -> object:
            return await call(self.client)

        return self._runner.run(asked())

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def test_every_operation_is_called_by_these_tests_and_every_public_call_is_among_them() -> None:
    assert set(CALLS) == set(OPEN_API)
    public = {
        name
        for name, member in inspect.getmembers(MagiclineClient, inspect.iscoroutinefunction)
        if not name.startswith("_") and name != "aclose"
    }
    assert public == {operation.name for operation in OPEN_API} - {"key_probe"} | {"key_is_valid"}


@pytest.mark.parametrize("call", _EVERY_CALL)
def test_what_we_send_obeys_the_description(desk: Desk, call: Call) -> None:
    # Whether the answer can be read is not asked here: this one never can.
    with suppress(Away, MaybeDone):
        desk.ask(call, said(None))
    (asked,) = desk.front.asked
    assert asked.headers["x-api-key"] == KEY
    if asked.method == "HEAD":  # allowed on any path; no logic runs
        assert _OPEN_API.operation("GET", asked.path)
        assert not asked.query
        assert not asked.body
    else:
        problems = _OPEN_API.problems(asked.method, asked.path, asked.query, asked.headers, asked.body)
        assert problems == []


def test_the_description_sees_what_would_be_wrong() -> None:
    def problems(method: str, path: str, query: list[tuple[str, str]], body: bytes = b"") -> list[str]:
        return _OPEN_API.problems(method, path, query, {"content-type": "application/json"}, body)

    assert problems("GET", "/v1/customers", [("sliceSize", "500"), ("offset", "7")]) == []
    assert problems("GET", "/v1/customers", [("size", "500")]) == ["unknown parameter size"]
    assert problems("GET", "/v1/customers", [("sliceSize", "501")])
    assert problems("GET", "/v1/customers", [("customerStatus", "FORMER_MEMBER")])
    assert problems("GET", "/v1/customers/x", []) == ["customerId is no integer"]
    assert problems("GET", "/v1/classes/booking", []) == ["customerId is missing"]
    assert problems("GET", "/v1/nothing", [])
    assert problems("POST", "/v1/classes/booking/book", [], b'{"customerId": 1}')
    assert problems("POST", "/v1/classes/booking/book", [], b'{"customerId": "a", "classSlotId": 1}')
    assert problems("POST", "/v1/classes/booking/book", [], b'{"customerId": 1, "classSlotId": 1, "x": 1}')


@pytest.mark.parametrize(
    "operation",
    [one for one in OPEN_API if one.method != "HEAD" and _OPEN_API.answers(one.method, one.path) is not None],
    ids=lambda operation: operation.name,
)
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_every_answer_that_is_allowed_is_read(desk: Desk, operation: Operation, data: st.DataObject) -> None:
    answers = _OPEN_API.answers(operation.method, operation.path)
    assert answers is not None
    content = data.draw(answers)
    assert _OPEN_API.is_answer(operation.method, operation.path, content)
    if operation.slice_size and content["hasNext"]:
        content["offset"] = "a place of its own"
    result = desk.ask(CALLS[operation][0], said(content))
    if operation.slice_size:
        assert len(result.items) + result.skipped == len(content["result"])  # type: ignore[attr-defined]
        assert result.offset == (content["offset"] if content["hasNext"] else None)  # type: ignore[attr-defined]
        assert result.skipped == 0  # type: ignore[attr-defined]
    elif isinstance(content, list) and operation.name != "appointment_slots":
        assert len(result.items) == len(content)  # type: ignore[attr-defined]
    elif operation is CLASS_SLOT:
        assert result is not None
