"""Which Shelly said what: dialects, identities, hostile neighbours."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arni_edge.devices.shelly.reader import ShellyReader
from arni_edge.devices.shelly.routes import MOST_PREFIXES
from arni_edge.devices.shelly.topics import subscriptions, subscriptions_for
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation, Update, Value

FIXTURES = Path(__file__).parents[2] / "fixtures" / "shelly"

STRIKE = "shellyplus1-a8032abe54dc"
STRIKE_KEY = "shelly:A8032ABE54DC"
LAMP = "shellyplus1-b8032abe54dd"
LAMP_KEY = "shelly:B8032ABE54DD"


def lines(name: str) -> Iterator[dict[str, Any]]:
    for line in (FIXTURES / f"{name}.jsonl").read_text().splitlines():
        yield json.loads(line)


def replay(name: str, reader: ShellyReader | None = None) -> list[Interpretation]:
    reader = reader or ShellyReader()
    return [
        reader.read(line["topic"], line["payload"].encode(), retained=bool(line.get("retain")))
        for line in lines(name)
    ]


def hear(reader: ShellyReader, topic: str, payload: object, *, retained: bool = False) -> Interpretation:
    raw = payload if isinstance(payload, str) else json.dumps(payload)
    return reader.read(topic, raw.encode(), retained=retained)


def notice(source: str, params: dict[str, Any], method: str = "NotifyStatus") -> dict[str, Any]:
    return {"src": source, "dst": "x/events", "method": method, "params": {"ts": 1736603810.49, **params}}


def event(source: str, *events: object) -> dict[str, Any]:
    return notice(source, {"events": list(events)}, "NotifyEvent")


def reply(source: str, result: object) -> dict[str, Any]:
    return {"id": 1, "src": source, "dst": "arni", "result": result}


def values(said: Interpretation) -> dict[str, Value]:
    return {update.entity: update.value for update in said.updates}


# --- what real devices say --------------------------------------------------------------------------------

NEWER = sorted(path.stem for path in FIXTURES.glob("*gen[234]*.jsonl") if "websocket" not in path.stem)


@pytest.mark.parametrize("name", NEWER)
def test_everything_that_carries_state_is_read(name: str) -> None:
    reader = ShellyReader()
    for line, said in zip(lines(name), replay(name, reader), strict=True):
        assert reader.claims(line["topic"])
        if line.get("direction") == "to_device":
            assert said.ignored == "command to the device"
            continue
        assert said.ignored is None
        assert said.updates or said.events or said.identity or said.present is not None


def test_all_recordings_in_one_house() -> None:
    """Eight of the anonymised devices have the same MAC: they are kept apart by their ids."""
    reader = ShellyReader()
    said = [one for name in NEWER for one in replay(name, reader)]
    assert [one.ignored for one in said if one.ignored] == ["command to the device"]
    kept_apart = {"shelly:shellypro3-aabbccddeeff", "shelly:shellyplus1pm-aabbccddeeff"}
    assert kept_apart <= {one.device for one in said}


def test_a_device_with_the_prefix_of_the_first_generation() -> None:
    said = replay("gen2_plus1pm_session")
    assert {one.device for one in said} == {"shelly:4417939341DC"}
    assert said[0].identity == Identity("shelly", mac="4417939341DC", prefix="shellies/plus1pm")
    assert said[0].formerly == ("shelly:shellies/plus1pm",)
    assert [one.formerly for one in said[1:]] == [()] * 13
    assert (said[1].present, said[1].events) == (True, (DeviceEvent("online"),))
    assert (said[-1].present, said[-1].events) == (False, (DeviceEvent("offline"),))
    assert values(said[4])["switch:0.output"] is False
    assert values(said[11])["switch:0.output"] is True


def test_a_custom_id_of_the_first_generation() -> None:
    said = replay("gen1_shelly1_boot_and_switch")
    assert said[0].device == "shelly:shellies/shelly1"
    assert {one.device for one in said[1:]} == {"shelly:8CAAB54B98DF"}
    assert said[1].formerly == ("shelly:shellies/shelly1",)
    assert said[1].identity
    assert (said[1].identity.generation, said[1].identity.model) == (1, "SHSW-1")
    assert values(said[-3]) == {"switch:0.output": True}


def test_a_press_without_a_whole_mac_goes_by_its_prefix() -> None:
    (said,) = replay("gen2_button_event")
    assert said.device == "shelly:shellyplus1pm-b22864"
    assert said.events == (DeviceEvent("single_push", "input:0", {"ts": 1643540082.66}),)


def test_a_sleeper_wakes_up() -> None:
    (said,) = replay("gen2_plussmoke_wakeup")
    assert said.full
    assert said.identity
    assert said.identity.sleeps_seconds == 86400
    assert Update("devicepower:0.battery.percent", 97, "%") in said.updates
    assert values(said)["sys.unixtime"] is None


def test_a_whole_dump_is_one_device() -> None:
    said = replay("dump_gen4_shelly2pmg4-98A316721128_cover")
    assert {one.device for one in said} == {"shelly:98A316721128"}
    assert said[0].identity
    assert (said[0].identity.generation, said[0].identity.firmware) == (4, "1.7.5")
    assert said[1].full
    assert said[2].identity
    assert said[2].identity.prefix == "shelly2pmg4-98a316721128"
    assert Update("bthomesensor:203.value", 24.7, "°C") in said[-2].updates


def test_an_input_of_type_switch_has_states_and_no_events() -> None:
    said = replay("gen2_plusi4_switch_mode_inputs")
    assert [values(one) for one in said] == [{"input:3.state": state} for state in (True, False) * 2]
    assert not any(one.events for one in said)


# --- notifications ----------------------------------------------------------------------------------------


def test_every_event_of_a_notification_counts() -> None:
    said = hear(
        ShellyReader(),
        "a/b/c/events/rpc",
        event(
            STRIKE,
            {"component": "input:0", "event": "btn_down", "ts": 1.6},
            {"component": "input:0", "event": "btn_up", "ts": 1736603810.49},
            {"component": "sys", "event": "config_changed", "restart_required": False, "cfg_rev": 12},
            {"component": "script:1", "event": "hiccup", "deep": {"x": 1}},
            {"component": "em1:0", "event": "data", "data": {"act_power": 12.5, "ts": 1}},
            {"component": "input:0/../..", "event": "single_push"},
            "nonsense",
            {"event": 7},
        ),
    )
    assert said.device == STRIKE_KEY
    assert said.events == (
        DeviceEvent("btn_down", "input:0", {"ts": None}),
        DeviceEvent("btn_up", "input:0", {"ts": 1736603810.49}),
        DeviceEvent("config_changed", "sys", {"restart_required": False, "cfg_rev": 12}),
        DeviceEvent("other", "script:1", {"deep.x": 1, "name": "hiccup"}),
        DeviceEvent("single_push", "", {}),
    )
    assert said.updates == (Update("em1:0.act_power", 12.5, "W"),)


def test_a_bluetooth_button_knows_more_presses() -> None:
    names = ("long_double_push", "long_triple_push", "hold_press", "rotate_left", "rotate_right")
    events = [{"component": "bthomedevice:200", "event": name, "steps": 3} for name in names]
    said = hear(ShellyReader(), "a/b/c/events/rpc", event(STRIKE, *events))
    assert said.events == tuple(DeviceEvent(name, "bthomedevice:200", {"steps": 3}) for name in names)


def test_what_a_script_emits_is_kept_as_far_as_it_is_scalar() -> None:
    blu = {"window": 1, "pid": 5, "address": "bc:02:6e:c3:aa:bb", "deeper": {"x": 1}}
    emitted = {"component": "script:1", "id": 1, "event": "shelly-blu", "data": blu, "list": [1]}
    (said,) = hear(ShellyReader(), "a/b/c/events/rpc", event(STRIKE, emitted)).events
    assert said == DeviceEvent(
        "other",
        "script:1",
        {
            "data.window": 1,
            "data.pid": 5,
            "data.address": "bc:02:6e:c3:aa:bb",
            "name": "shelly-blu",
        },
    )
    bomb = {"component": "script:1", "event": "x", "data": {f"k{n}": n for n in range(9999)}}
    (bounded,) = hear(ShellyReader(), "a/b/c/events/rpc", event(STRIKE, bomb)).events
    assert len(bounded.data) < 20


def test_a_retained_press_is_history() -> None:
    said = hear(
        ShellyReader(),
        "x/events/rpc",
        event(STRIKE, {"component": "input:0", "event": "single_push"}),
        retained=True,
    )
    assert said.events == ()
    online = hear(ShellyReader(), "x/online", "true", retained=True)
    assert (online.events, online.present, online.ignored) == ((), True, None)
    answered = hear(ShellyReader(), "arni/rpc", reply(STRIKE, {"was_on": True}), retained=True)
    assert answered.ignored == "a retained event is history"


def test_a_smaller_uptime_is_a_reboot() -> None:
    reader = ShellyReader()
    assert not hear(reader, "x/status/sys", {"uptime": 100}).events
    assert not hear(reader, "x/events/rpc", notice(STRIKE, {"sys": {"uptime": 160}})).events
    said = hear(reader, "x/events/rpc", notice(STRIKE, {"sys": {"uptime": 3}}, "NotifyFullStatus"))
    assert said.full
    assert said.events == (DeviceEvent("rebooted", data={"uptime": 3}),)
    assert not hear(reader, "x/status/sys", {"uptime": 1}, retained=True).events


def test_waking_up_is_no_reboot() -> None:
    reader = ShellyReader()
    asleep = {"uptime": 1, "wakeup_reason": {"boot": "deepsleep_wake"}, "wakeup_period": 7200}
    hear(reader, "x/status/sys", {**asleep, "uptime": 4})
    assert not hear(reader, "x/status/sys", asleep).events


# --- replies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "updates", "events"),
    [
        (None, {}, (DeviceEvent("command_result"),)),
        ({"was_on": True}, {}, (DeviceEvent("command_result", data={"was_on": True}),)),
        ({"restart_required": True}, {}, (DeviceEvent("command_result", data={"restart_required": True}),)),
        ({"methods": ["Switch.Set"]}, {}, (DeviceEvent("command_result"),)),
        (
            {"id": 2, "source": "init", "output": False},
            {"switch:2.source": "init", "switch:2.output": False},
            (),
        ),
        ({"id": 0, "output": True, "brightness": 4}, {"light:0.output": True, "light:0.brightness": 4}, ()),
        ({"id": 1, "source": "x", "state": "open"}, {"cover:1.source": "x", "cover:1.state": "open"}, ()),
        ({"id": 3, "state": None}, {"input:3.state": None}, ()),
        (
            {"id": 200, "value": False, "source": "rpc", "last_update_ts": 1759928007},
            {
                "boolean:200.value": False,
                "boolean:200.source": "rpc",
                "boolean:200.last_update_ts": 1759928007,
            },
            (),
        ),
        ({"id": 0, "tC": 21.5, "tF": 70.7}, {"temperature:0.tC": 21.5}, ()),
        (
            {"id": 0, "type": "switch", "factory_reset": True},
            {"input:0.config.type": "switch", "input:0.config.factory_reset": True},
            (),
        ),
        (
            {"id": 0, "initial_state": "off", "auto_on": False, "auto_off": True, "in_mode": "detached"},
            {
                "switch:0.config.initial_state": "off",
                "switch:0.config.auto_on": False,
                "switch:0.config.auto_off": True,
                "switch:0.config.in_mode": "detached",
            },
            (),
        ),
        (
            {"sys": {"device": {"name": "x"}}, "switch:0": {"id": 0, "initial_state": "off"}},
            {"sys.config.device.name": "x", "switch:0.config.initial_state": "off"},
            (),
        ),
    ],
)
def test_what_a_reply_says_follows_from_its_shape(
    result: object, updates: dict[str, Value], events: tuple[DeviceEvent, ...]
) -> None:
    said = hear(ShellyReader(), "arni/rpc", reply(STRIKE, result))
    assert (said.device, said.ignored) == (STRIKE_KEY, None)
    assert (values(said), said.events) == (updates, events)


def test_an_error_keeps_its_code() -> None:
    """The challenge of other channels, too: over MQTT no device asks for a password."""
    for line in lines("gen2_auth_challenge_websocket"):
        said = hear(ShellyReader(), "arni/rpc", line["payload"])
        assert said.device == "shelly:485519992590"
        assert [event.name for event in said.events] in (["command_error"], ["command_result"])
    refused = {"id": 1, "src": STRIKE, "error": {"code": -109, "message": "busy"}}
    said = hear(ShellyReader(), "arni/rpc", refused)
    assert said.events == (DeviceEvent("command_error", data={"code": -109}),)


def test_the_unit_of_a_sensor_is_remembered() -> None:
    reader = ShellyReader()
    status = {"id": 200, "value": 53, "last_updated_ts": 1779364375}
    page = {"key": "bthomesensor:200", "status": status, "config": {"id": 200, "obj_id": 46}}
    hear(reader, "arni/rpc", reply(STRIKE, {"components": [page, "x", {}], "offset": 0, "total": 1}))
    hear(reader, f"{STRIKE}/events/rpc", notice(STRIKE, {"cloud": {"connected": True}}))
    said = hear(reader, f"{STRIKE}/status/bthomesensor:200", {**status, "value": 54})
    assert said.updates[0] == Update("bthomesensor:200.value", 54, "%")


# --- who is who -------------------------------------------------------------------------------------------


def test_the_prefix_is_learnt_from_the_mqtt_settings() -> None:
    reader = ShellyReader()
    before = hear(reader, "gym/strike/status/switch:0", {"id": 0, "output": False})
    assert before.device == "shelly:gym/strike"
    said = hear(reader, "arni/rpc", reply(STRIKE, {"enable": True, "topic_prefix": "gym/strike"}))
    assert (said.device, said.formerly) == (STRIKE_KEY, ("shelly:gym/strike",))
    assert said.identity
    assert said.identity.prefix == "gym/strike"
    assert hear(reader, "gym/strike/status/switch:0", {"id": 0, "output": True}).device == STRIKE_KEY


def test_the_announcement_of_a_newer_device() -> None:
    info = {"id": STRIKE, "mac": "A8032ABE54DC", "gen": 3, "model": "S3SW-001X16EU", "ver": "1.7.5"}
    said = hear(ShellyReader(), "gym/strike/announce", info)
    assert said.device == STRIKE_KEY
    assert said.identity == Identity(
        "shelly", 3, "S3SW-001X16EU", "1.7.5", "A8032ABE54DC", prefix="gym/strike"
    )
    shared = hear(ShellyReader(), "shellies/announce", info)
    assert (shared.device, shared.ignored) == (STRIKE_KEY, None)


def test_nobody_speaks_for_a_device_that_is_known_elsewhere() -> None:
    reader = ShellyReader()
    hear(reader, "gym/strike/events/rpc", notice(STRIKE, {"switch:0": {"output": False}}))
    said = hear(reader, "gym/evil/events/rpc", notice(STRIKE, {"switch:0": {"output": True}}))
    # What is said below a prefix is said by that prefix, whoever signs it: moved, or pretended.
    assert (said.device, said.updates) == ("shelly:gym/evil", (Update("switch:0.output", True),))
    assert said.identity == Identity("shelly", prefix="gym/evil")
    assert hear(reader, "gym/strike/online", "true").device == STRIKE_KEY
    # Nor while it is away.
    hear(reader, "gym/strike/online", "false")
    said = hear(reader, "gym/evil/events/rpc", notice(STRIKE, {"sys": {"uptime": 1}}))
    assert said.device == "shelly:gym/evil"
    # Until the owner says so.
    reader.forget(STRIKE_KEY)
    assert hear(reader, "gym/moved/events/rpc", notice(STRIKE, {"sys": {"uptime": 1}})).device == STRIKE_KEY


def test_a_device_of_the_settings_is_protected_before_it_speaks() -> None:
    reader = ShellyReader()
    reader.remember("gym/strike", "A8032ABE54DC", generation=2)
    said = hear(reader, "gym/evil/status/sys", {"mac": "A8032ABE54DC", "uptime": 5})
    assert said.device == "shelly:gym/evil"
    assert hear(reader, "gym/strike/online", "true").device == STRIKE_KEY


def test_a_rumour_gives_way_to_the_device_itself() -> None:
    reader = ShellyReader()
    hear(reader, "arni/rpc", reply(LAMP, {"topic_prefix": "gym/strike"}))
    said = hear(reader, "gym/strike/events/rpc", notice(STRIKE, {"switch:0": {"output": True}}))
    assert (said.device, said.ignored) == (STRIKE_KEY, None)
    hear(reader, "arni/rpc", reply(LAMP, {"topic_prefix": "gym/strike"}))
    assert hear(reader, "gym/strike/online", "true").device == STRIKE_KEY


def test_behind_a_prefix_is_one_device_until_another_connects() -> None:
    reader = ShellyReader()
    hear(reader, "gym/lamp/events/rpc", notice(STRIKE, {"switch:0": {"output": True}}))
    said = hear(reader, "gym/lamp/events/rpc", notice(LAMP, {"switch:0": {"output": True}}))
    assert (said.device, said.ignored) == (STRIKE_KEY, "src is not the device of this prefix")
    hear(reader, "gym/lamp/online", "true")
    said = hear(reader, "gym/lamp/events/rpc", notice(LAMP, {"switch:0": {"output": True}}))
    assert (said.device, said.ignored, said.formerly) == (LAMP_KEY, None, ())


def test_a_description_must_fit_its_sender() -> None:
    info = {"id": LAMP, "mac": "A8032ABE54DC", "gen": 2}
    said = hear(ShellyReader(), "arni/rpc", reply(LAMP, info))
    assert (said.device, said.ignored) == (None, "the device describes itself as another one")


def test_prefixes_are_bounded_and_those_that_proved_themselves_stay() -> None:
    reader = ShellyReader()
    hear(reader, "gym/strike/events/rpc", notice(STRIKE, {"switch:0": {"output": True}}))
    for number in range(MOST_PREFIXES + 10):
        hear(reader, f"flood/{number}/online", "true")
    assert len(reader._routes.all()) == MOST_PREFIXES
    assert hear(reader, "gym/strike/online", "true").device == STRIKE_KEY


# --- topics -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "topic",
    ["x/rpc", "a/b/rpc", "x/command", "x/command/switch:0", "shellies/s/relay/0/command", "shellies/command"],
)
def test_a_command_is_not_for_us_and_a_retained_one_is_an_incident(topic: str) -> None:
    frame = '{"id":1,"src":"other","method":"Switch.Set"}'
    assert hear(ShellyReader(), topic, frame).ignored == "command to the device"
    (happened,) = hear(ShellyReader(), topic, frame, retained=True).events
    assert happened.name == "retained_command"


@pytest.mark.parametrize("part", ["roller/0/command/pos", "thermostat/0/command/target_t", "relay/0/command"])
def test_a_command_to_a_part_is_one_to_its_device(part: str) -> None:
    said = hear(ShellyReader(), f"shellies/shellyswitch25-68C63AFB1234/{part}", "30", retained=True)
    assert said.device == "shelly:shellies/shellyswitch25-68C63AFB1234"
    assert said.events == (DeviceEvent("retained_command", part),)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("x/debug/log", "shelly_debug.cpp:236 hello", "log line"),
        ("x/online", "maybe", "online is neither true nor false"),
        ("x/events/rpc", "{", "not a notification frame"),
        ("x/status/switch:0", "[]", "the status is not a JSON object"),
        ("x/status/ble", "{}", "nothing in it that we read"),
        ("x/announce", "{}", "not an announcement"),
        ("me/rpc", "hello", "neither a request nor a response frame"),
        ("me/rpc", '{"id":1,"src":"a b","result":{}}', "src is no id of a device"),
        ("shellies/announce", "7", "not an announcement"),
        ("shellies/x/nonsense/9", "7", "unknown topic of a Shelly of generation 1"),
    ],
)
def test_what_says_nothing_is_ignored_with_a_reason(topic: str, payload: str, reason: str) -> None:
    assert hear(ShellyReader(), topic, payload).ignored == reason


@pytest.mark.parametrize(
    "topic",
    [
        "nuki/2BB28570/state",
        "arni/gym/online",
        "homeassistant/status",
        "x/y",
        "a\nb/online",
        "x" * 600 + "/rpc",
    ],
)
def test_other_topics_are_not_claimed(topic: str) -> None:
    assert not ShellyReader().claims(topic)
    assert hear(ShellyReader(), topic, "true").ignored == "not a topic of a Shelly"


def test_an_error_text_is_an_event() -> None:
    said = hear(ShellyReader(), "x/error/switch:0", "Invalid command")
    assert said.events == (DeviceEvent("command_error", "switch:0", {"message": "Invalid command"}),)


def matches(pattern: str, topic: str) -> bool:
    levels, wanted = topic.split("/"), pattern.split("/")
    return len(levels) == len(wanted) and all(
        want in ("+", level) for want, level in zip(wanted, levels, strict=True)
    )


@pytest.mark.parametrize("prefix", ["shellyplus1-a8032abe54dc", "gym/strike", "a/b/c", "shellies/plus1pm"])
def test_what_is_subscribed_hears_the_device_and_no_command(prefix: str) -> None:
    says = ["online", "events/rpc", "status/switch:0", "announce", "error/switch:0"]
    obeys = [
        "rpc", "command", "command/switch:0", "relay/0/command", "light/0/set", "roller/0/command/pos",
        "sensor/mute", "valve/0/command",
    ]  # fmt: skip
    for filters in (subscriptions(), subscriptions_for(prefix), subscriptions_for(prefix, generation=2)):
        for leaf in says:
            assert any(matches(one, f"{prefix}/{leaf}") for one in filters)
        for leaf in obeys:
            assert not any(matches(one, f"{prefix}/{leaf}") for one in filters)
        assert len(set(filters)) == len(filters)


# --- hostile input ----------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda deeper: (
        st.lists(deeper, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "id src dst method params result error mac gen ts sys switch:0 output events event component"
                " key components status config topic_prefix uptime name value data code".split()
            )
            | st.text(max_size=3),
            deeper,
            max_size=5,
        )
    ),
    max_leaves=12,
)
frames_of_anybody = st.builds(
    lambda source, method, params: {"id": 1, "src": source, "method": method, "params": params},
    st.sampled_from([STRIKE, LAMP, STRIKE.upper(), "x-A8032ABE54DC", "", "-"]),
    st.sampled_from(["NotifyStatus", "NotifyFullStatus", "NotifyEvent", "x"]),
    st.dictionaries(st.sampled_from(["sys", "switch:0", "events", "ts"]), json_values, max_size=3),
)
claims_of_anybody = st.builds(
    lambda mac, gen, name: {"id": name, "mac": mac, "gen": gen, "model": "x", "fw_ver": "1"},
    st.sampled_from(["A8032ABE54DC", "B8032ABE54DD", "a8032abe54dc", "", None]),
    st.sampled_from([1, 2, 4, None, "2"]),
    st.sampled_from([STRIKE, "lamp", "../x", None]),
)
payloads = st.binary(max_size=60) | st.one_of(json_values, frames_of_anybody, claims_of_anybody).map(
    lambda value: json.dumps(value).encode()
)
own_leaves = st.sampled_from(
    "online announce info events/rpc status/sys status/switch:0 status error/switch:0 debug/log relay/0"
    " input_event/0 light/0/status sensor/temperature command rpc relay/0/command a/b/c/d".split()
)
evil_topics = st.tuples(st.sampled_from(["gym/evil", "shellies/evil"]), own_leaves).map("/".join)


@given(st.lists(st.tuples(evil_topics, payloads, st.booleans()), max_size=6))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_hostile_device_reaches_no_other(messages: list[tuple[str, bytes, bool]]) -> None:
    """Whatever it says below its own prefix: the strike stays where it is, and nothing is written into it."""
    reader = ShellyReader()
    hear(reader, "gym/strike/events/rpc", notice(STRIKE, {"sys": {"uptime": 100}}))
    for topic, payload, retained in messages:
        said = reader.read(topic, payload, retained=retained)
        assert said.ignored or said.updates or said.events or said.identity or said.present is not None
        if not topic.endswith("/rpc") or topic.endswith("/events/rpc"):
            assert said.device != STRIKE_KEY
            assert STRIKE_KEY not in said.formerly
            assert "shelly:gym/strike" not in said.formerly
    after = hear(reader, "gym/strike/events/rpc", notice(STRIKE, {"switch:0": {"output": True}}))
    assert (after.device, values(after), after.ignored) == (STRIKE_KEY, {"switch:0.output": True}, None)


@given(
    st.text(max_size=40) | evil_topics | st.sampled_from(["shellies/announce", "me/rpc"]),
    payloads,
    st.booleans(),
)
def test_nothing_that_the_network_may_bring_breaks_the_reader(
    topic: str, payload: bytes, retained: bool
) -> None:
    reader = ShellyReader()
    assert isinstance(reader.claims(topic), bool)
    said = reader.read(topic, payload, retained=retained)
    assert said.device is None or said.device.startswith("shelly:")


def test_a_huge_payload_is_ignored() -> None:
    said = ShellyReader().read("x/events/rpc", b" " * 300_000, retained=False)
    assert said.ignored == "larger than anything that a Shelly says"
