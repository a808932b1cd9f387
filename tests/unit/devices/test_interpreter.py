"""The one interpreter: which family a message belongs to, and that nothing breaks it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.interpreter import LONGEST_PAYLOAD, LONGEST_TOPIC, Interpreter
from arni_edge.domain.readings import DeviceEvent, Interpretation, Update

FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def recorded() -> list[dict[str, Any]]:
    files = sorted(
        file for family in ("shelly", "nuki", "nuki_hub") for file in (FIXTURES / family).glob("*.jsonl")
    )
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines() if line.strip()]
    return [record for record in lines if record["kind"] != "subscription"]


def read(topic: str, payload: str | bytes = b"", **how: bool) -> Interpretation:
    raw = payload.encode() if isinstance(payload, str) else payload
    return Interpreter().read(topic, raw, **how)


# --- whose message it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "payload", "device"),
    [
        ("nuki/2BB28570/state", "1", "nuki:2BB28570"),
        ("nukihub/opener/state", "open", "nuki_hub:nukihub"),
        ("nuki/opener/state", "open", "nuki_hub:nuki"),
        ("homeassistant/lock/2BB28570/x/config", '{"~":"nuki/2BB28570"}', "nuki:2BB28570"),
        ("shellies/shelly1-34945472A643/relay/0", "on", "shelly:shellies/shelly1-34945472A643"),
        ("shellyplus1-a8032abe54dc/online", "true", "shelly:shellyplus1-a8032abe54dc"),
    ],
)
def test_each_family_finds_its_reader(topic: str, payload: str, device: str) -> None:
    said = read(topic, payload)
    assert (said.device, said.ignored) == (device, None)


def test_a_reply_to_us_is_the_devices_and_the_rest_is_our_own() -> None:
    reply = '{"id":1,"src":"shellyplus1-a8032abe54dc","dst":"arni/site/edge","result":{"was_on":false}}'
    assert read("arni/site/edge/rpc", reply).device == "shelly:A8032ABE54DC"
    assert read("arni/site/online", "true").ignored == "our own"
    assert read("arni/site/event/lock_changed", "{}").ignored == "our own"


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("", "1", "empty topic"),
        ("a/" * LONGEST_TOPIC, "1", "topic too long"),
        ("nuki/2BB28570/sta\x00te", "1", "control characters in the topic"),
        ("shellyplus1-a8032abe54dc/\u202eonline", "true", "control characters in the topic"),
        ("nuki/\ud800/state", "1", "control characters in the topic"),
        ("nuki/+/state", "1", "a topic filter, not a topic"),
        ("nuki/#", "1", "a topic filter, not a topic"),
        ("nuki/2BB28570/name", "x" * (LONGEST_PAYLOAD + 1), "payload too long"),
        ("nuki/ZZZ/state", "1", "not a Nuki id"),
        ("frigate/stats", "{}", "not a topic of a device"),
        ("homeassistant/status", "online", "Home Assistant discovery"),
    ],
)
def test_what_is_no_device_is_ignored_with_a_reason(topic: str, payload: str, reason: str) -> None:
    assert read(topic, payload) == Interpretation(None, ignored=reason)


# --- to the device ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("nuki/2BB28570/lockAction", "3"),
        ("nuki/2BB28570/state", "5"),
        ("nukihub/opener/action", "electricStrikeActuation"),
        ("shellies/shelly1-34945472A643/relay/0/command", "on"),
        ("shellyplus1-a8032abe54dc/rpc", '{"id":1,"src":"arni/x","method":"Switch.Set","params":{"id":0}}'),
        ("shellyplus1-a8032abe54dc/command/switch:0", "on,5"),
        ("something/else", "1"),
    ],
)
def test_what_goes_to_a_device_says_nothing_of_it(topic: str, payload: str) -> None:
    said = read(topic, payload, to_device=True)
    assert said.ignored == "command to the device"
    assert (said.updates, said.events, said.present, said.identity) == ((), (), None, None)
    lying_there = read(topic, payload, to_device=True, retained=True)
    assert lying_there.ignored is None
    assert [event.name for event in lying_there.events] == ["retained_command"]
    assert not lying_there.updates


def test_a_retained_command_is_told_without_a_direction() -> None:
    said = read("nuki/2BB28570/lockAction", "3", retained=True)
    assert said.events == (DeviceEvent("retained_command", "lockAction", {"payload": "3"}),)


# --- sessions ---------------------------------------------------------------------------------------------


def test_forgetting_and_sessions_reach_every_reader() -> None:
    interpreter = Interpreter()
    ring = "nuki/2BB28570/ringactionTimestamp"
    interpreter.read("nuki/2BB28570/deviceType", b"2")
    interpreter.read(ring, b"2026-11-18T11:00:00+00:00")
    interpreter.new_session()
    assert not interpreter.read(ring, b"2026-11-18T12:00:00+00:00").events
    interpreter.forget("nuki:2BB28570")
    assert interpreter.read("nuki/2BB28570/state", b"1").updates == (Update("state", "locked"),)


# --- everything that was ever recorded --------------------------------------------------------------------


def test_every_recorded_message_is_read_or_ignored_with_a_reason() -> None:
    interpreter = Interpreter()
    for record in recorded():
        said = interpreter.read(
            record["topic"],
            record["payload"].encode(),
            retained=record.get("retain") is True,
            to_device=record.get("direction") == "to_device",
        )
        says = said.updates or said.events or said.identity or said.present is not None
        assert bool(says) is (said.ignored is None), record


def test_history_is_never_news() -> None:
    """Only standing facts may come of it: a command that lies there, buttons that are there."""
    interpreter = Interpreter()
    standing = {"retained_command", "discovery_buttons"}
    for record in recorded():
        said = interpreter.read(record["topic"], record["payload"].encode(), retained=True)
        assert {event.name for event in said.events} <= standing, record


# --- hostile input ----------------------------------------------------------------------------------------

_LEVELS = st.sampled_from(
    "nuki nukihub shellies homeassistant arni 2BB28570 shellyplus1-a8032abe54dc lock opener state action rpc "
    "online announce status events command switch:0 relay 0 info config lockAction connected"
    " maintenance".split()
) | st.text(max_size=8)
_TOPICS = st.lists(_LEVELS, min_size=1, max_size=6).map("/".join)
_PAYLOADS = (
    st.binary(max_size=200)
    | st.sampled_from([b"true", b"false", b"on", b"3", b"online", b"null", b"[]", b"{}", b'"x"', b"1e999"])
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode(errors="replace"))
)


@given(st.lists(st.tuples(_TOPICS, _PAYLOADS, st.booleans(), st.booleans()), max_size=8))
def test_no_message_breaks_it(messages: list[tuple[str, bytes, bool, bool]]) -> None:
    interpreter = Interpreter()
    for topic, payload, retained, to_device in messages:
        said = interpreter.read(topic, payload, retained=retained, to_device=to_device)
        assert said.ignored is None or (not said.updates and not said.events)
        assert all(isinstance(update.value, bool | int | float | str | None) for update in said.updates)


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A recorded message with a piece of its payload cut out, repeated or replaced by noise."""
    record = draw(st.sampled_from(recorded()))
    payload = record["payload"].encode()
    start = draw(st.integers(0, len(payload)))
    end = draw(st.integers(start, len(payload)))
    noise = draw(st.binary(max_size=12) | st.just(payload[start:end] * 2) | st.sampled_from([b"null", b"[]"]))
    return record["topic"], payload[:start] + noise + payload[end:]


@given(st.lists(_mutated(), max_size=6), st.booleans())
def test_no_mutated_recording_breaks_it(messages: list[tuple[str, bytes]], retained: bool) -> None:
    interpreter = Interpreter()
    for topic, payload in messages:
        interpreter.read(topic, payload, retained=retained)


@given(_mutated(), st.binary(max_size=60), st.booleans())
def test_no_device_speaks_for_another(message: tuple[str, bytes], noise: bytes, retained: bool) -> None:
    """Whatever a lock writes below its own topics, or a Shelly below its prefix, stays theirs."""
    _, payload = message
    interpreter = Interpreter()
    for body in (payload, noise, b'{"~":"nuki/11AA22BB","mac":"AABBCCDDEEFF"}'):
        for leaf in ("state", "name", "connected", "lockActionEvent", "online", "events/rpc", "announce"):
            said = interpreter.read(f"nuki/2BB28570/{leaf}", body, retained=retained)
            assert said.device == "nuki:2BB28570"
            hub = interpreter.read(f"nukihub/lock/{leaf}", body, retained=retained)
            assert hub.device == "nuki_hub:nukihub"
        discovered = interpreter.read("homeassistant/lock/2BB28570/x/config", body, retained=True)
        assert discovered.device in {None, "nuki:2BB28570"}


def test_a_shelly_cannot_take_the_name_of_another() -> None:
    interpreter = Interpreter()
    victim = '{"src":"shellyplus1-a8032abe54dc","dst":"x","method":"NotifyStatus","params":{"ts":1.0}}'
    first = interpreter.read("shellyplus1-a8032abe54dc/events/rpc", victim.encode())
    assert first.device == "shelly:A8032ABE54DC"
    forged = victim.replace('"ts":1.0', '"switch:0":{"id":0,"output":true}')
    said = interpreter.read("shellyplus1-ffffffffffff/events/rpc", forged.encode())
    assert said.device != "shelly:A8032ABE54DC"
