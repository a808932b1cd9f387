"""What a Shelly of generation 1 may say, and what we make of it."""

import json

import pytest
from support.gen1 import DEVICE, FIXTURES, Listener, recorded

from arni_edge.devices.shelly.gen1 import Gen1Reader, parse_announce, subscriptions
from arni_edge.domain.readings import Identity, Interpretation, Value

HOURS_12 = 12 * 3600


@pytest.fixture
def listener() -> Listener:
    return Listener()


# --- single values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaf", "payload", "entity", "expected", "unit"),
    [
        ("relay/0", "on", "switch:0.output", True, None),
        ("relay/1", "off", "switch:1.output", False, None),
        ("relay/0/power", "20.58", "switch:0.apower", 20.58, "W"),
        ("relay/0/energy", "94736", "switch:0.aenergy.total", 1578.933, "Wh"),
        ("relay/0/overpower_value", "2400", "switch:0.overpower_value", 2400, "W"),
        ("relay/power", "12.5", "pm1:0.apower", 12.5, "W"),
        ("relay/energy", "60", "pm1:0.aenergy.total", 1, "Wh"),
        ("temperature", "22.28", "sys.temperature.tC", 22.28, "°C"),
        ("temperature_f", "72.10", "sys.temperature.tF", 72.1, "°F"),
        ("temperature_status", "Very High", "sys.temperature_status", "Very High", None),
        ("overtemperature", "1", "sys.overtemperature", True, None),
        ("voltage", "241.8", "sys.voltage", 241.8, "V"),
        ("overload", "1", "light:0.overload", True, None),
        ("loaderror", "0", "light:0.loaderror", False, None),
        ("input/0", "1", "input:0.state", True, None),
        ("input/2", "0", "input:2.state", False, None),
        ("longpush/0", "1", "input:0.longpush", True, None),
        ("emeter/2/power", "-6.6", "em1:2.act_power", -6.6, "W"),
        ("emeter/0/reactive_power", "1.5", "em1:0.react_power", 1.5, "var"),
        ("emeter/0/pf", "0.39", "em1:0.pf", 0.39, None),
        ("emeter/0/current", "0.07", "em1:0.current", 0.07, "A"),
        ("emeter/0/voltage", "238.82", "em1:0.voltage", 238.82, "V"),
        ("emeter/0/energy", "120", "em1data:0.act_energy", 2, "Wh"),
        ("emeter/0/returned_energy", "30", "em1data:0.act_ret_energy", 0.5, "Wh"),
        ("emeter/0/total", "31972.1", "em1data:0.total_act_energy", 31972.1, "Wh"),
        ("emeter/0/total_returned", "0", "em1data:0.total_act_ret_energy", 0, "Wh"),
        ("emeter_n/current", "0.3", "em:0.n_current", 0.3, "A"),
        ("emeter_n/ixsum", "0.07", "em:0.ixsum", 0.07, "A"),
        ("sensor/temperature", "22.8", "temperature:0.tC", 22.8, "°C"),
        ("sensor/humidity", "48.5", "humidity:0.rh", 48.5, "%"),
        ("sensor/battery", "94", "devicepower:0.battery.percent", 94, "%"),
        ("sensor/charger", "true", "devicepower:0.external.present", True, None),
        ("sensor/ext_power", "false", "devicepower:0.external.present", False, None),
        ("sensor/error", "0", "sys.sensor_error", 0, None),
        ("sensor/act_reasons", '["periodic","sensor"]', "sys.wakeup_reason.cause", "periodic,sensor", None),
        ("sensor/flood", "true", "flood:0.alarm", True, None),
        ("sensor/smoke", "false", "smoke:0.alarm", False, None),
        ("sensor/motion", "true", "motion:0.motion", True, None),
        ("overpower", "1", "light:0.errors", "overpower", None),
        ("overpower", "0", "light:0.errors", "", None),
        # Never heard of, at a part that we know: as it is, as in "info".
        ("sensor/rain", "true", "sensor.rain", True, None),
        ("sensor/mode", "eco", "sensor.mode", "eco", None),
        ("emeter_n/mismatch", "false", "emeter_n.mismatch", False, None),
        ("relay/1/surplus", "2.5", "relay.1.surplus", 2.5, None),
        ("sensor/state", "open", "window:0.open", True, None),
        ("sensor/state", "close", "window:0.open", False, None),
        ("sensor/tilt", "45", "window:0.tilt", 45, "°"),
        ("sensor/vibration", "1", "window:0.vibration", True, None),
        ("sensor/lux", "172", "illuminance:0.lux", 172, "lx"),
        ("sensor/illumination", "twilight", "illuminance:0.illumination", "twilight", None),
        ("sensor/operation", "normal", "gas:0.operation", "normal", None),
        ("sensor/self_test", "not_completed", "gas:0.self_test", "not_completed", None),
        ("sensor/gas", "heavy", "gas:0.alarm", "heavy", None),
        ("sensor/concentration", "12", "gas:0.concentration", 12, "ppm"),
        ("valve/0/state", "closed", "valve:0.state", "closed", None),
        ("ext_temperature/0", "23.06", "temperature:100.tC", 23.06, "°C"),
        ("ext_temperature_f/2", "73.51", "temperature:102.tF", 73.51, "°F"),
        ("ext_humidity/0", "51.2", "humidity:100.rh", 51.2, "%"),
        ("ext_switch/0", "1", "input:100.state", True, None),
        ("adc/0", "11.98", "voltmeter:0.voltage", 11.98, "V"),
        ("light/0", "on", "light:0.output", True, None),
        ("light/0/power", "8.1", "light:0.apower", 8.1, "W"),
        ("light/0/energy", "600", "light:0.aenergy.total", 10, "Wh"),
        ("color/0", "off", "rgbw:0.output", False, None),
        ("white/3", "on", "light:3.output", True, None),
        ("roller/0", "open", "cover:0.state", "opening", None),
        ("roller/0", "close", "cover:0.state", "closing", None),
        ("roller/0", "stop", "cover:0.state", "stopped", None),
        ("roller/0/pos", "70", "cover:0.current_pos", 70, "%"),
        ("roller/0/stop_reason", "safety_switch", "cover:0.stop_reason", "safety_switch", None),
        ("roller/0/power", "0.00", "cover:0.apower", 0, "W"),
        ("roller/0/energy", "246", "cover:0.aenergy.total", 4.1, "Wh"),
    ],
)
def test_a_value_and_its_unit(
    listener: Listener, leaf: str, payload: str, entity: str, expected: Value, unit: str | None
) -> None:
    said = listener.hear(leaf, payload)
    assert listener.values == {entity: expected}
    assert listener.units == {entity: unit}
    assert said.ignored is None
    assert said.events == ()
    assert type(listener.values[entity]) is not int or type(expected) is not bool


@pytest.mark.parametrize(
    ("leaf", "payload"),
    [
        ("sensor/temperature", "999"),
        ("sensor/humidity", "999"),
        ("sensor/humidity", "0"),
        ("sensor/tilt", "-1"),
        ("sensor/lux", "-1"),
        ("sensor/battery", "-1"),
        ("sensor/illumination", "unknown"),
        ("sensor/state", "ajar"),
        ("sensor/flood", "maybe"),
        ("sensor/act_reasons", "[[]]"),
        ("roller/0/pos", "-1"),
        ("roller/0/pos", "101"),
        ("relay/0", "On"),
        ("relay/0/power", "nan"),
        ("relay/0/power", "1_0"),
        ("relay/0/power", "٣"),
        ("relay/0/energy", "-5"),
        ("relay/0/power", b"\xff\xfe"),
        ("relay/0", b"x" * 100_000),
        ("light/0/status", "[]"),
        ("input_event/0", "nope"),
        ("info", "{"),
        ("status", "null"),
    ],
)
def test_what_is_invalid_is_unknown(listener: Listener, leaf: str, payload: str | bytes) -> None:
    said = listener.hear(leaf, payload)
    assert list(listener.values.values()) == [None]
    assert said.ignored is None


def test_overpower_is_off_with_an_error_until_the_relay_says_otherwise(listener: Listener) -> None:
    listener.hear("relay/0", "on")
    assert listener.values == {"switch:0.output": True}
    listener.hear("relay/0", "overpower")
    assert listener.values == {"switch:0.output": False, "switch:0.errors": "overpower"}
    listener.hear("relay/0", "off")
    assert listener.values == {"switch:0.output": False, "switch:0.errors": ""}


def test_a_device_set_to_fahrenheit_is_read_in_celsius(listener: Listener) -> None:
    listener.hear("info", {"tmp": {"value": 71.6, "units": "F", "is_valid": True}})
    assert listener.values["temperature:0.tC"] == 22.0
    listener.hear("sensor/temperature", "212")
    assert listener.values["temperature:0.tC"] == 100.0
    listener.hear("sensor/temperature", "999")
    assert listener.values["temperature:0.tC"] is None


# --- commands and strangers -------------------------------------------------------------------------------

COMMANDS = (
    "command",
    "relay/0/command",
    "light/0/command",
    "light/0/set",
    "color/0/set",
    "white/1/set",
    "roller/0/command",
    "roller/0/command/pos",
    "valve/0/command",
    "sensor/start_self_test",
    "sensor/mute",
    "sensor/unmute",
)


@pytest.mark.parametrize("leaf", COMMANDS)
def test_a_command_says_nothing_of_the_device(listener: Listener, leaf: str) -> None:
    assert listener.hear(leaf, "on").ignored == "command to the device"
    assert listener.hear(leaf, "", retained=True).ignored == "command to the device"
    assert listener.events == []


@pytest.mark.parametrize("leaf", COMMANDS)
def test_a_retained_command_is_an_event(listener: Listener, leaf: str) -> None:
    assert listener.hear(leaf, "on", retained=True).ignored is None
    assert listener.events == [("retained_command", leaf)]


@pytest.mark.parametrize(
    "leaf",
    ["", "relay", "relay/x", "relay/100", "relay/٣", "sensor/0", "a/b/c", "relay/0/0", "a/0/b", "sensor/a/b"],
)
def test_an_unknown_topic_is_ignored_with_a_reason(listener: Listener, leaf: str) -> None:
    assert listener.hear(leaf, "on") == Interpretation(
        DEVICE, ignored="unknown topic of a Shelly of generation 1"
    )


def test_settings_are_no_state(listener: Listener) -> None:
    said = listener.hear("settings", '{"motion":{"sensitivity":50}}')
    assert said == Interpretation(DEVICE, ignored="settings of the device")


def test_no_subscription_matches_a_command() -> None:
    for prefix in ("shellies/+", "shellies/shelly1-34945472A643", "shellies/gym/front"):
        device = prefix.replace("+", "shellyplug-s-DDEEFF")
        obeyed = {"shellies/command", *(f"{device}/{leaf}" for leaf in COMMANDS)}
        assert [
            (one, topic) for one in subscriptions(prefix) for topic in obeyed if _matches(one, topic)
        ] == []
        assert not any("#" in one for one in subscriptions(prefix))
        assert "shellies/+/+" not in subscriptions(prefix)


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*gen1*.jsonl")))
def test_everything_that_was_recorded_is_subscribed_to_and_understood(name: str) -> None:
    listener, filters = Listener(), subscriptions()
    for leaf, payload in recorded(name):
        said = listener.hear(leaf, payload)
        if "command" in leaf:
            assert said.ignored == "command to the device"
            continue
        assert any(_matches(one, f"shellies/some-id/{leaf}") for one in filters), leaf
        assert said.ignored is None, leaf
        assert said.updates or said.identity or said.present is not None
        if leaf != "info" and not leaf.startswith("sensor/tilt"):  # which is not calibrated in the dump
            assert None not in [update.value for update in said.updates], leaf


def _matches(topic_filter: str, topic: str) -> bool:
    ours, theirs = topic_filter.split("/"), topic.split("/")
    return len(ours) == len(theirs) and all(a in ("+", b) for a, b in zip(ours, theirs, strict=True))


# --- the device itself ------------------------------------------------------------------------------------


def test_an_announcement_is_an_identity() -> None:
    line = json.loads((FIXTURES / "dump_gen1_shelly1-34945472A643.jsonl").read_text().splitlines()[0])
    assert parse_announce(line["payload"].encode()) == Identity(
        "shelly",
        generation=1,
        model="SHSW-1",
        firmware="20230913-112003/v1.14.0-gcb84623",
        mac="34945472A643",
        prefix="shellies/shelly1-34945472A643",
    )


def test_sleepers_are_known_by_their_model() -> None:
    line = json.loads((FIXTURES / "dump_gen1_shellyflood-EC64C9C1DA9A.jsonl").read_text().splitlines()[0])
    identity = parse_announce(line["payload"].encode())
    assert identity
    assert identity.sleeps_seconds == HOURS_12
    motion = parse_announce(b'{"id":"m","model":"SHMOS-01","mac":"60A42386E566"}')
    assert motion
    assert motion.sleeps_seconds is None


@pytest.mark.parametrize(
    "payload",
    [
        b'{"id":"shellyplus1-a8032abe54dc","mac":"A8032ABE54DC","model":"SNSW-001X16EU","gen":2}',
        b'{"id":"a/#","mac":"A8032ABE54DC"}',
        b'{"id":"+","mac":"A8032ABE54DC"}',
        b'{"id":17,"mac":"A8032ABE54DC"}',
        b'{"id":"shelly1"}',
        b"[]",
        b"",
    ],
)
def test_no_announcement_of_generation_1(payload: bytes) -> None:
    assert parse_announce(payload) is None
    said = Gen1Reader().read(DEVICE, "announce", payload, retained=False)
    assert said.ignored == "not an announcement of generation 1"


def test_a_strange_mac_is_not_believed() -> None:
    identity = parse_announce(b'{"id":"shellydimmer2-XXX","model":"SHDM-2","mac":"XXX"}')
    assert identity
    assert (identity.mac, identity.model) == (None, "SHDM-2")


def test_presence_is_told_and_history_makes_no_event(listener: Listener) -> None:
    assert listener.hear("online", "true").present is True
    assert listener.hear("online", "false").present is False
    assert listener.events == [("online", ""), ("offline", "")]
    assert listener.hear("online", "true", retained=True).present is True
    assert len(listener.events) == 2
    assert listener.hear("online", "perhaps").ignored == "neither true nor false"
