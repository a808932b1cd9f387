"""The JSON of a Shelly of generation 1: ``info``, and the ``status`` of lights and of Motion."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gen1 import DEVICE, Listener, recorded

from arni_edge.devices.shelly.gen1 import Gen1Reader, parse_announce
from arni_edge.domain.readings import Value


def info_of(name: str) -> Listener:
    listener = Listener()
    (payload,) = [payload for leaf, payload in recorded(name) if leaf == "info"]
    listener.hear("info", payload)
    return listener


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "dump_gen1_shelly_air_shair_1_0",
            {
                "switch:0.output": False,
                "switch:0.errors": "",
                "switch:0.apower": 0.0,
                "switch:0.aenergy.total": 0.0,
                "input:0.state": False,
                "input:0.event_cnt": 0,
                "sys.temperature.tC": 33.89,
                "sys.overtemperature": False,
                "temperature:100.tC": 23.06,
                "temperature:100.hwID": "2843db970a000011",
                "wifi.rssi": -65,
                "sys.uptime": 4572455,
                "mqtt.connected": False,
                "update.has_update": False,
                "total_work_time": 55697,
            },
        ),
        (
            "dump_gen1_shellyem3-485519D732F4",
            {
                "switch:0.output": False,
                "em1:0.act_power": 6.6,
                "em1:2.voltage": 238.75,
                "em1data:0.total_act_energy": 31972.1,
                "em:0.total_act_power": 6.6,
                "em:0.n_current": None,  # it has no transformer there and says so
            },
        ),
        (
            "dump_gen1_shellyflood-EC64C9C1DA9A",
            {
                "flood:0.alarm": False,
                "temperature:0.tC": 22.12,
                "devicepower:0.battery.percent": 94,
                "devicepower:0.battery.V": 2.91,
                "sys.wakeup_reason.cause": "button",
                "rain_sensor": False,
            },
        ),
        (
            "dump_gen1_shellydw2-483FDA825476",
            {
                "window:0.open": True,
                "window:0.tilt": None,
                "window:0.vibration": False,
                "illuminance:0.lux": 172,
                "illuminance:0.illumination": "twilight",
                "temperature:0.tC": 22.8,
            },
        ),
        (
            "dump_gen1_shellymotionsensor-60A42386E566",
            {
                "motion:0.motion": False,
                "motion:0.active": True,
                "motion:0.vibration": False,
                "motion:0.timestamp": 1741441734,
                "illuminance:0.lux": 1756,
                "devicepower:0.battery.percent": 44,
                "update.beta_version": None,
            },
        ),
        (
            "dump_gen1_shellygas-7C87CEBCECE4",
            {
                "gas:0.operation": "normal",
                "gas:0.self_test": "not_completed",
                "gas:0.alarm": "none",
                "gas:0.concentration": 0,
                "valve:0.state": "not_connected",
            },
        ),
        (
            "dump_gen1_shellyswitch25-3494546BBF7E",
            {
                "cover:0.state": "stopped",
                "cover:0.current_pos": 0,
                "cover:0.pos_control": True,
                "cover:0.last_direction": "close",
                "pm1:1.aenergy.total": 0.083,
                "sys.voltage": 241.8,
                "sys.temperature_status": "Normal",
            },
        ),
        (
            "dump_gen1_shellyrgbw2-EC64C9D199AD",
            {
                "light:3.output": False,
                "light:3.brightness": 1,
                "light:3.apower": 0,
                "light:3.errors": "",
                "input:0.state": False,
            },
        ),
    ],
)
def test_the_whole_status_of_a_real_device(name: str, expected: dict[str, Value]) -> None:
    listener = info_of(name)
    assert {entity: listener.values.get(entity, "missing") for entity in expected} == expected
    assert not any("is_valid" in entity for entity in listener.values)


def test_info_and_topics_agree() -> None:
    """What a device says twice, it says once in our words."""
    for name in ("dump_gen1_shellyem3-485519D732F4", "dump_gen1_shellydw2-483FDA825476"):
        info, topics = info_of(name), Listener()
        for leaf, payload in recorded(name):
            if leaf not in ("info", "announce"):
                topics.hear(leaf, payload)
        assert topics.values.items() <= info.values.items()
        assert topics.units.items() <= info.units.items()


def test_info_tells_mac_and_firmware(listener: Listener) -> None:
    (payload,) = [p for leaf, p in recorded("dump_gen1_shellydw2-483FDA825476") if leaf == "info"]
    identity = listener.hear("info", payload).identity
    assert identity
    assert (identity.mac, identity.firmware) == ("483FDA825476", "20230913-112843/v1.14.0-gcb84623")
    assert identity.sleeps_seconds == 12 * 3600


def test_a_part_that_says_it_is_invalid_is_unknown(listener: Listener) -> None:
    listener.hear(
        "info",
        {
            "hum": {"value": 48, "is_valid": False},
            "sensor": {"state": "close", "is_valid": False},
            "relays": [{"ison": True, "is_valid": False}],
            "meters": [{"power": 7, "is_valid": "false"}],
            "tmp": {"tC": 21.0, "units": "C", "is_valid": False},
        },
    )
    assert listener.values == {
        "humidity:0.rh": None,
        "window:0.open": None,
        "switch:0.output": True,  # is_valid speaks of its meter
        "switch:0.apower": None,
        "temperature:0.tC": None,
    }


def test_the_status_of_a_light(listener: Listener) -> None:
    listener.hear("light/0/status", next(p for leaf, p in recorded("gen1_shellydimmer2") if "status" in leaf))
    assert listener.values["light:0.output"] is False
    assert listener.values["light:0.brightness"] == 100
    assert listener.units["light:0.brightness"] == "%"
    listener.hear(
        "color/0/status", {"ison": True, "mode": "color", "red": 255, "gain": 40, "overpower": True}
    )
    assert listener.values["rgbw:0.output"] is True
    assert listener.values["rgbw:0.red"] == 255
    assert listener.values["rgbw:0.errors"] == "overpower"


def test_the_status_of_a_motion_sensor(listener: Listener) -> None:
    listener.hear(
        "status", {"motion": True, "active": True, "vibration": False, "lux": -1, "bat": -1, "tmp": 21.5}
    )
    assert listener.values == {
        "motion:0.motion": True,
        "motion:0.active": True,
        "motion:0.vibration": False,
        "illuminance:0.lux": None,
        "devicepower:0.battery.percent": None,
        "temperature:0.tC": 21.5,
    }


@pytest.mark.parametrize("leaf", ["status", "light/0/status", "color/0/status", "white/1/status"])
def test_an_empty_status_says_nothing(leaf: str) -> None:
    said = Gen1Reader().read("shelly:x", leaf, b"{}", retained=False)
    assert (said.updates, said.ignored) == ((), "nothing in it that we read")


def test_a_thermostat_of_a_valve(listener: Listener) -> None:
    listener.hear(
        "info",
        {
            "thermostats": [
                {
                    "pos": 30,
                    "target_t": {"enabled": True, "value": 20, "units": "C"},
                    "tmp": {"value": 19.4, "units": "C", "is_valid": True},
                }
            ]
        },
    )
    assert listener.values["thermostat:0.pos"] == 30
    assert listener.values["thermostat:0.target_t"] == 20
    assert listener.values["temperature:0.tC"] == 19.4


def test_a_valve_speaks_for_itself_too_and_may_be_set_to_fahrenheit(listener: Listener) -> None:
    listener.hear(
        "status",
        {
            "pos": 40,
            "target_t": {"enabled": True, "value": 68, "units": "F"},
            "tmp": {"value": 20.3, "units": "C", "is_valid": True},
        },
    )
    assert listener.values["thermostat:0.target_t"] == 20
    assert listener.units["thermostat:0.target_t"] == "°C"
    assert listener.values["thermostat:0.pos"] == 40
    assert listener.values["temperature:0.tC"] == 20.3
    listener.hear(
        "info",
        {
            "thermostats": [
                {
                    "target_t": {"value": 77, "units": "F"},
                    "tmp": {"value": 21, "units": "C", "is_valid": False},
                }
            ]
        },
    )
    assert listener.values["thermostat:0.target_t"] == 25
    assert listener.values["temperature:0.tC"] is None


# --- input that wants to hurt -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"relays":' + b"[" * 900 + b"]" * 900 + b"}",
        json.dumps({f"k{n}": n for n in range(5000)}).encode(),
        json.dumps({"relays": [{"ison": True}] * 5000}).encode(),
        json.dumps({"relays": {"9" * 400: {"ison": True}, "-1": {}, "1.5": {}}}).encode(),
        json.dumps({"{0}": 1, "a.b": 1, "{": {"}": 1}, "x" * 5000: 1, "\u0000": 1}).encode(),
        json.dumps({"s": "x" * 20_000, "bat": {"value": 10**400}}).encode(),
        b'{"a":"' + b"x" * 1_000_000 + b'"}',
        b'{"a":1e999}',
    ],
)
def test_a_bomb_is_survived_and_bounded(listener: Listener, payload: bytes) -> None:
    said = listener.hear("info", payload)
    assert len(said.updates) <= 400
    assert all(len(update.entity) < 600 for update in said.updates)
    assert all(not isinstance(u.value, str) or len(u.value) <= 128 for u in said.updates)
    assert not any(set("{}\0") & set(update.entity) for update in said.updates)


scalars = st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=6)
KEYS = (
    "relays inputs meters emeters rollers lights valves adcs thermostats ext_temperature ext_humidity "
    "ext_switch tmp hum bat lux sensor accel gas_sensor concentration emeter_n act_reasons ison input power "
    "total is_valid value units tC tF uptime mode event event_cnt 0 update mac old_version id model fw_ver "
    "overpower wifi_sta rssi"
).split()
LEAVES = (
    "online announce info status relay/0 relay/0/power relay/0/energy input/0 input_event/0 input_event/99 "
    "longpush/1 emeter/0/total sensor/temperature sensor/humidity sensor/act_reasons sensor/state sensor/gas "
    "light/0/status color/0/status roller/0 roller/0/pos ext_temperature/1 adc/0 command relay/0/command"
).split()


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), values, max_size=6)


anything = st.recursive(scalars, lambda deeper: st.lists(deeper, max_size=4) | objects(deeper), max_leaves=16)
payloads = (
    st.binary(max_size=80)
    | st.text(max_size=20).map(str.encode)
    | st.sampled_from([b"on", b"off", b"true", b"false", b"overpower", b"1", b"999", b"-1"])
    | (anything | objects(anything)).map(lambda value: json.dumps(value).encode())
)
messages = st.tuples(st.sampled_from(LEAVES) | st.text(max_size=12), payloads, st.booleans())


@given(st.lists(messages, max_size=6))
def test_nothing_that_a_device_may_send_breaks_the_reader(stream: list[tuple[str, bytes, bool]]) -> None:
    reader = Gen1Reader()
    for leaf, payload, retained in stream:
        said = reader.read(DEVICE, leaf, payload, retained=retained)
        assert said.device == DEVICE
        assert all(isinstance(update.value, bool | int | float | str | None) for update in said.updates)
        assert all(str(update.value) not in ("nan", "inf", "-inf") for update in said.updates)
        assert not (said.ignored and (said.updates or said.events))
        if retained:
            assert {event.name for event in said.events} <= {"retained_command"}
        parse_announce(payload)


@given(st.lists(messages, max_size=6))
def test_one_device_says_nothing_of_another(stream: list[tuple[str, bytes, bool]]) -> None:
    """Whatever a neighbour sends, a device is understood as if it were alone."""
    alone, beside = Gen1Reader(), Gen1Reader()
    for leaf, payload, retained in stream:
        beside.read("shelly:OTHER", leaf, payload, retained=retained)
    for count in (4, 5):
        payload = json.dumps({"event": "S", "event_cnt": count}).encode()
        ours = alone.read(DEVICE, "input_event/0", payload, retained=False)
        assert beside.read(DEVICE, "input_event/0", payload, retained=False) == ours
    assert ours.events


@pytest.fixture
def listener() -> Listener:
    return Listener()
