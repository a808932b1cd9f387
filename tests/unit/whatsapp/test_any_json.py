"""Any JSON at any place of a webhook of Meta's: it is read, each part is accounted for, in bounded time."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.channels.whatsapp.evaluation import Evaluation
from arni_edge.channels.whatsapp.webhook import MAX_BODY_BYTES, DeliveryStatus, Ignored, parse
from arni_edge.domain.messages import InboundMessage

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
RECEIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)
BODIES = [json.loads(path.read_text())["payload"] for path in sorted(FIXTURES.glob("*__*.json"))]
VALUES = [
    change["value"]
    for body in BODIES
    for entry in body["entry"]
    for change in entry["changes"]
    if change["field"] == "messages"
]
AFTER = {
    "from": "4915223433333",
    "id": "wamid.AFTER",
    "timestamp": "1",
    "type": "text",
    "text": {"body": "!"},
}
READ = {"id": "wamid.OURS", "status": "read", "timestamp": "1", "recipient_id": "4915223433333"}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**18), 1749416383000, "1749416383.5", "9" * 600])
    | st.sampled_from(["", " ", "\0", "\ud83d", "\u2028", "\u202e", "DE.1", "+4915223433333"])
    | st.floats()
    | st.text(max_size=6)
)  # fmt: skip
PLACES = [
    "from",
    "id",
    "type",
    "text",
    "body",
    "wa_id",
    "user_id",
    "timestamp",
    "errors",
    "contacts",
    "status",
]
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(PLACES) | st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in it, the whole first."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same with something else at a place."""
    if not path:
        return new
    changed = deepcopy(value)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    return changed


def around(values: list[Any]) -> bytes:
    changes = [{"field": "messages", "value": value} for value in values]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": changes}]}).encode()


@given(st.data())
def test_any_json_at_any_place_is_read(data: st.DataObject) -> None:
    """Also what is said of it holds on a line of its own, with nobody's number in it."""
    body = data.draw(st.sampled_from(BODIES))
    spoiled = put(body, data.draw(st.sampled_from(list(places(body)))), data.draw(JSON))
    findings = list(Evaluation().run(json.dumps(spoiled).encode(), RECEIVED))
    assert findings
    for one in findings:
        (line,) = one.as_json().splitlines()
        line.encode()
        assert sum(said is not None for said in (one.text, one.ignored, one.error)) == 1
        assert not re.search(r"[0-9]{7}", (one.ignored or "") + (one.error or "") + one.kind)


@given(st.data())
def test_what_stands_beside_something_spoiled_is_read_all_the_same(data: st.DataObject) -> None:
    """A message and a report are spoiled each, or the contacts: what comes after them is still there."""
    value = deepcopy(data.draw(st.sampled_from(VALUES)))
    for name in ("messages", "statuses", "contacts"):
        if name in value:
            parts = value[name]
            inside = [path for path in places(parts) if path]
            value[name] = put(parts, data.draw(st.sampled_from(inside)), data.draw(JSON))
    beside = value | {
        "messages": [*value.get("messages", []), AFTER],
        "statuses": [*value.get("statuses", []), READ],
    }
    items = parse(around([beside, {"messages": [AFTER]}]), RECEIVED)
    messages = [one.message_id for one in items if isinstance(one, InboundMessage)]
    assert messages[-2:] == ["wamid.AFTER"] * 2
    assert "wamid.OURS" in [one.message_id for one in items if isinstance(one, DeliveryStatus)]
    # Each part is something, or it is said that it is nothing.
    parts = [*beside["messages"], *beside["statuses"]]
    strange = any(not isinstance(part, dict) for part in parts)
    assert strange == any(isinstance(one, Ignored) and "not a list" in one.reason for one in items)
    assert len(items) >= sum(isinstance(part, dict) for part in parts) + 1


def repeated(before: bytes, unit: bytes, after: bytes) -> bytes:
    """A fifth of a megabyte of the same."""
    return before + b",".join([unit] * (200_000 // (len(unit) + 1))) + after


_MESSAGES = b'{"entry":[{"changes":[{"field":"messages","value":{"messages":['
_SAID = _MESSAGES + b'{"id":"a","type":"system","system":{"type":"user_changed_user_id","body":"'


@pytest.mark.parametrize(
    "body",
    [
        repeated(b'{"entry":[', b"0", b"]}"),
        repeated(b'{"entry":[{"changes":[', b"{}", b"]}]}"),
        repeated(_MESSAGES, b"{}", b"]}}]}]}"),
        repeated(_MESSAGES, b'{"id":"a","from":"1"}', b"]}}]}]}"),
        repeated(_MESSAGES[:-12] + b'"contacts":[', b'{"wa_id":"1"}', b'],"messages":[{"id":"a"}]}}]}]}'),
        _SAID + b" changed from" * 20_000 + b'"}}]}}]}]}',
        _SAID + b" changed from a to b" * 12_000 + b' "}}]}}]}]}',
        _MESSAGES + b'{"id":"a","from":"' + b"0 " * 100_000 + b'","type":"text"}]}}]}]}',
    ],
)  # fmt: skip
def test_what_is_large_is_read_in_a_time_that_grows_with_it(body: bytes) -> None:
    """Whoever holds the line for minutes holds up an emergency."""
    assert len(body) < MAX_BODY_BYTES
    began = process_time()
    assert parse(body, RECEIVED)
    assert process_time() - began < 4  # a tenth of it here; what is quadratic takes minutes
