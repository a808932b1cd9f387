"""From a component's status to readings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.shelly.components import read_component, read_settings, read_status
from arni_edge.domain.readings import Update, Value


def values(key: str, status: object, **more: Any) -> dict[str, Value]:
    return {update.entity: update.value for update in read_component(key, status, **more)}


def one(key: str, status: dict[str, Any]) -> Update:
    (update,) = read_component(key, {"id": 0, **status})
    return update


@pytest.mark.parametrize(
    ("key", "status", "expected"),
    [
        ("switch:0", {"output": True}, Update("switch:0.output", True)),
        ("switch:0", {"apower": 5.2}, Update("switch:0.apower", 5.2, "W")),
        ("switch:0", {"voltage": 232.7}, Update("switch:0.voltage", 232.7, "V")),
        ("switch:0", {"current": 0}, Update("switch:0.current", 0, "A")),
        ("switch:0", {"freq": 50.1}, Update("switch:0.freq", 50.1, "Hz")),
        ("switch:0", {"pf": 0.49}, Update("switch:0.pf", 0.49)),
        ("switch:0", {"errors": ["overtemp", "overpower"]}, Update("switch:0.errors", "overtemp,overpower")),
        ("switch:0", {"errors": []}, Update("switch:0.errors", "")),
        ("switch:0", {"timer_duration": 3}, Update("switch:0.timer_duration", 3, "s")),
        ("switch:0", {"timer_started_at": 1.6}, Update("switch:0.timer_started_at", None)),
        ("cover:1", {"state": "opening"}, Update("cover:1.state", "opening")),
        ("cover:1", {"state": "dancing"}, Update("cover:1.state", None)),
        ("cover:1", {"current_pos": None}, Update("cover:1.current_pos", None, "%")),
        ("light:0", {"brightness": 62}, Update("light:0.brightness", 62, "%")),
        ("rgb:0", {"rgb": [54, 97, 255]}, Update("rgb:0.rgb", "54,97,255")),
        ("rgbw:0", {"white": 255}, Update("rgbw:0.white", 255)),
        ("cct:0", {"ct": 4000}, Update("cct:0.ct", 4000)),
        ("input:1", {"state": None}, Update("input:1.state", None)),
        ("input:1", {"state": 1}, Update("input:1.state", None)),
        ("input:1", {"percent": 43.7}, Update("input:1.percent", 43.7, "%")),
        ("temperature:100", {"tC": 21.3}, Update("temperature:100.tC", 21.3, "°C")),
        ("temperature:100", {"tC": "warm"}, Update("temperature:100.tC", None, "°C")),
        ("humidity:0", {"rh": 43.8}, Update("humidity:0.rh", 43.8, "%")),
        ("smoke:0", {"alarm": True}, Update("smoke:0.alarm", True)),
        ("flood:0", {"alarm": "yes"}, Update("flood:0.alarm", None)),
        ("illuminance:0", {"lux": 350}, Update("illuminance:0.lux", 350, "lx")),
        ("illuminance:0", {"illumination": "twilight"}, Update("illuminance:0.illumination", "twilight")),
        ("presencezone:200", {"value": True}, Update("presencezone:200.value", True)),
        ("em:0", {"a_act_power": 6.8}, Update("em:0.a_act_power", 6.8, "W")),
        ("em:0", {"n_current": None}, Update("em:0.n_current", None, "A")),
        ("em1:0", {"aprt_power": 19.0}, Update("em1:0.aprt_power", 19.0, "VA")),
        ("emdata:0", {"c_total_act_energy": 45.2}, Update("emdata:0.c_total_act_energy", 45.2, "Wh")),
        ("em1data:0", {"total_act_energy": 6737.72}, Update("em1data:0.total_act_energy", 6737.72, "Wh")),
        ("voltmeter:100", {"voltage": 3.3}, Update("voltmeter:100.voltage", 3.3, "V")),
        ("boolean:200", {"value": True}, Update("boolean:200.value", True)),
        ("boolean:200", {"value": "true"}, Update("boolean:200.value", None)),
        ("number:200", {"value": 4.5}, Update("number:200.value", 4.5)),
        ("enum:200", {"value": "eco"}, Update("enum:200.value", "eco")),
        ("text:200", {"value": 7}, Update("text:200.value", None)),
        ("bthomedevice:200", {"battery": 100}, Update("bthomedevice:200.battery", 100, "%")),
        ("bthomedevice:200", {"rssi": None}, Update("bthomedevice:200.rssi", None, "dBm")),
        ("thermostat:0", {"target_C": 21}, Update("thermostat:0.target_C", 21, "°C")),
        ("blutrv:200", {"pos": 40}, Update("blutrv:200.pos", 40, "%")),
        ("blutrv:200", {"battery": 88}, Update("blutrv:200.battery", 88, "%")),
        ("blutrv:200", {"current_C": "warm"}, Update("blutrv:200.current_C", None, "°C")),
        ("emdata:0", {"period": 60}, Update("emdata:0.period", 60, "s")),
        ("switch:0", {"counts": {"on_time": 12}}, Update("switch:0.counts.on_time", 12, "s")),
        ("switch:0", {"counts": {"on_time_rst_ts": 0}}, Update("switch:0.counts.on_time_rst_ts", None)),
        ("sys", {"uptime": 38}, Update("sys.uptime", 38, "s")),
        ("wifi", {"rssi": -57}, Update("wifi.rssi", -57, "dBm")),
        ("mqtt", {"connected": True}, Update("mqtt.connected", True)),
        # Never heard of: as it is.
        ("teleporter:3", {"range": 7}, Update("teleporter:3.range", 7)),
        ("teleporter:3", {"mode": "far"}, Update("teleporter:3.mode", "far")),
        ("media", {"current": "a song"}, Update("media.current", "a song")),
    ],
)
def test_what_an_attribute_means(key: str, status: dict[str, Any], expected: Update) -> None:
    assert read_component(key, {"id": 0, **status}) == (expected,)


def test_objects_within_components() -> None:
    assert values("devicepower:0", {"id": 0, "battery": {"V": 6.27, "percent": 100}}) == {
        "devicepower:0.battery.V": 6.27,
        "devicepower:0.battery.percent": 100,
    }
    assert one("switch:0", {"aenergy": {"total": 66, "by_minute": [0, 0, 0], "minute_ts": 1}}) == Update(
        "switch:0.aenergy.total", 66, "Wh"
    )
    assert one("switch:0", {"temperature": {"tC": 44.06, "tF": 111.3}}).unit == "°C"


def test_an_object_that_is_null_is_unknown_in_its_parts() -> None:
    assert values("devicepower:0", {"battery": None}) == {
        "devicepower:0.battery.V": None,
        "devicepower:0.battery.percent": None,
    }
    assert values("switch:0", {"temperature": "hot"}) == {"switch:0.temperature.tC": None}


@pytest.mark.parametrize("heard", [None, 0, 1_070_215_568, "now"])
def test_a_bluetooth_sensor_that_was_never_heard_is_unknown(heard: object) -> None:
    status = {"id": 205, "value": True, "last_updated_ts": heard}
    assert values("bthomesensor:205", status)["bthomesensor:205.value"] is None
    assert values("bthomesensor:205", {"value": True})["bthomesensor:205.value"] is None


def test_a_bluetooth_sensor_that_was_heard_has_the_unit_of_what_it_measures() -> None:
    status = {"id": 203, "value": 24.7, "last_updated_ts": 1779364375}
    value, heard = read_component("bthomesensor:203", status, obj_id=69)
    assert value == Update("bthomesensor:203.value", 24.7, "°C")
    assert heard == Update("bthomesensor:203.last_updated_ts", 1779364375.0)
    assert read_component("bthomesensor:203", status, obj_id=18)[0].unit == "ppm"


def test_a_scalar_beside_the_components() -> None:
    assert read_status({"ts": 1.6, "awaiting_auth_code": False}) == (Update("awaiting_auth_code", False),)


def test_settings_are_kept_apart_from_state() -> None:
    settings = {"id": 0, "initial_state": "off", "auto_off": True, "name": None}
    assert read_settings("switch:0", settings) == (
        Update("switch:0.config.initial_state", "off"),
        Update("switch:0.config.auto_off", True),
    )


def test_hostile_names_make_no_entities() -> None:
    assert read_status({"switch:0/../x": {"output": True}, "a b": 1, "": 2}) == ()
    assert read_component("switch:0", {"out.put": 1, "#": 2, "x" * 50: 3}) == ()
    assert one("switch:0", {"source": "a\nb"}).value is None
    assert one("switch:0", {"source": "x" * 1000}).value is None


def test_the_number_of_readings_is_bounded() -> None:
    wide = {f"a{number}": number for number in range(5000)}
    assert len(read_component("switch:0", wide)) == 100
    assert len(read_status({f"switch:{number}": wide for number in range(50)})) == 1000
    deep: Any = 1
    for _ in range(50):
        deep = {"x": deep}
    assert read_component("switch:0", deep) == ()


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True, allow_infinity=True) | st.text()
)
names = st.sampled_from(
    "id output state battery temperature tC errors value last_updated_ts rgb aenergy events data".split()
) | st.text(max_size=4)
anything = st.recursive(
    scalars,
    lambda deeper: st.lists(deeper, max_size=4) | st.dictionaries(names, deeper, max_size=5),
    max_leaves=15,
)
kinds = st.sampled_from("switch:0 input:1 cover:0 bthomesensor:200 devicepower:0 sys em:0 odd:1".split())


@given(kinds, anything)
def test_nothing_that_a_device_may_send_breaks_the_reader(key: str, status: object) -> None:
    for update in read_component(key, status):
        assert update.entity == key or update.entity.startswith(f"{key}.")
        assert update.value is None or isinstance(update.value, bool | int | float | str)
        assert update.value == update.value  # never NaN
        assert not isinstance(update.value, str) or update.value.isprintable()
