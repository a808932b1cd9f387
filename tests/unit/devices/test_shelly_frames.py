"""What a Shelly of generation 2 or newer may say, and what we make of it."""

import json
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.shelly import frames
from arni_edge.devices.shelly.frames import Reply, Status

FIXTURES = Path(__file__).parents[2] / "fixtures" / "shelly"


def samples(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text().splitlines()]


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
)


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Status]:
    keys = st.sampled_from(["id", "src", "result", "error", "method", "params", "switch:0", "output", "ts"])
    return st.dictionaries(keys | st.text(max_size=3), values, max_size=6)


anything = st.recursive(scalars, lambda deeper: st.lists(deeper, max_size=3) | objects(deeper), max_leaves=12)


@given(st.binary(max_size=80) | objects(anything).map(lambda value: json.dumps(value).encode()))
def test_no_payload_breaks_the_reader(payload: bytes) -> None:
    frames.parse_reply(payload)
    notification = frames.parse_notification(payload)
    status = frames.parse_object(payload) or {}
    frames.switch_output(status, 0)
    frames.overlay(status, notification.params if notification else {})


def test_bottomless_objects_do_not_break_the_overlay() -> None:
    payload = b'{"a":' * 1000 + b"1" + b"}" * 1000
    deep = frames.parse_object(payload) or {"a": {}}
    frames.overlay(deep, deep)


@given(objects(anything), objects(anything))
def test_an_overlay_keeps_what_the_delta_does_not_name(base: Status, delta: Status) -> None:
    merged = frames.overlay(base, delta)
    assert set(merged) == set(base) | set(delta)
    assert all(merged[key] == base[key] for key in base if key not in delta)
    assert frames.overlay(merged, delta) == merged


def test_an_overlay_is_recursive() -> None:
    base = {"switch:0": {"output": True, "temperature": {"tC": 44.0, "tF": 111.2}}}
    merged = frames.overlay(base, {"switch:0": {"temperature": {"tC": None}}})
    assert merged == {"switch:0": {"output": True, "temperature": {"tC": None, "tF": 111.2}}}
    assert base["switch:0"]["temperature"] == {"tC": 44.0, "tF": 111.2}


def test_a_captured_session_of_a_plus_1pm() -> None:
    """Deltas alone lead to the same switch as the full status topics of the same device."""
    status: Status = {}
    outputs: list[tuple[bool | None, bool | None]] = []
    for line in samples("gen2_plus1pm_session"):
        payload = line["payload"].encode()
        if line["topic"].endswith("/events/rpc"):
            notification = frames.parse_notification(payload)
            assert notification
            assert notification.source == "shellyplus1pm-4417939341dc"
            status = frames.overlay(status, notification.params)
        elif line["topic"].endswith("/status/switch:0"):
            full = frames.component_output(frames.parse_object(payload))
            outputs.append((frames.switch_output(status, 0), full))
    assert outputs[0] == (None, False)
    assert outputs[-1] == (True, True)
    assert status["switch:0"]["temperature"] == {"tC": 44.06, "tF": 111.30}


def test_a_captured_request_and_its_reply() -> None:
    request, reply = samples("gen3_plugs_rpc_switch_set")
    ours = frames.encode_request(3, "iobroker", "Switch.Set", {"id": 0, "on": False})
    assert orjson.loads(ours) == orjson.loads(request["payload"])
    assert frames.parse_reply(reply["payload"].encode()) == Reply(
        3, "shellyplugsg3-8cbfea9585e8", result={"was_on": True}
    )


def test_captured_notifications() -> None:
    for line in samples("gen2_misc_notifications") + samples("gen2_button_event"):
        notification = frames.parse_notification(line["payload"].encode())
        assert notification
        assert notification.source == line["topic"].split("/")[0]


def test_null_is_a_result() -> None:
    assert frames.parse_reply(b'{"id":1,"src":"s","result":null}') == Reply(1, "s")
    assert frames.parse_reply(b'{"id":1,"src":"s"}') is None


def test_errors_keep_their_code() -> None:
    reply = frames.parse_reply(b'{"id":1,"src":"s","error":{"code":-103,"message":"no"}}')
    assert reply == Reply(1, "s", error=-103, message="no")
    odd = frames.parse_reply(b'{"id":1,"src":"s","error":"no"}')
    assert odd
    assert odd.error == -1


def test_an_output_is_a_boolean_or_unknown() -> None:
    assert frames.switch_output({"switch:0": {"output": True}}, 0) is True
    assert frames.switch_output({"switch:0": {"output": 1}}, 0) is None
    assert frames.switch_output({"switch:0": None}, 0) is None
    assert frames.switch_output({"switch:1": {"output": True}}, 0) is None
