"""What Nuki locks with their own MQTT say, in our words."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.nuki.discovery import read_discovery
from arni_edge.devices.nuki.reader import NukiReader, canonical_id
from arni_edge.domain.readings import DeviceEvent, Interpretation, Update, Value

FIXTURES = Path(__file__).parents[2] / "fixtures" / "nuki"
LOCK = "nuki/2BB28570"
KEY = "nuki:2BB28570"


def read(topic: str, payload: str | bytes, *, retained: bool = False) -> Interpretation:
    raw = payload.encode() if isinstance(payload, str) else payload
    return NukiReader().read(topic, raw, retained=retained)


def value(name: str, payload: str | bytes) -> Value:
    (update,) = read(f"{LOCK}/{name}", payload).updates
    assert update.entity == name
    return update.value


# --- readings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        *(
            ("state", str(code), word)
            for code, word in {
                0: "uncalibrated",
                1: "locked",
                2: "unlocking",
                3: "unlocked",
                4: "locking",
                5: "unlatched",
                6: "unlocked_lock_n_go",
                7: "unlatching",
                252: "calibration",
                253: "boot_run",
                254: "motor_blocked",
                255: None,
                8: None,
                999: None,
            }.items()
        ),
        *(
            ("doorsensorState", str(code), word)
            for code, word in {2: "closed", 3: "open", 240: "tampered"}.items()
        ),
        *(("doorsensorState", str(code), None) for code in (0, 1, 4, 5, 16, 255, 77)),
        ("mode", "2", "door"),
        ("mode", "3", "continuous"),
        ("mode", "4", None),
        ("batteryCritical", "true", True),
        ("batteryCritical", "false", False),
        ("batteryCritical", "maybe", None),
        ("batteryChargeState", "84", 84),
        ("batteryChargeState", "0", 0),
        ("batteryChargeState", "101", None),
        ("batteryChargeState", "-1", None),
        ("batteryCharging", "true", True),
        ("keypadBatteryCritical", "false", False),
        ("doorsensorBatteryCritical", "true", True),
        ("serverConnected", "false", False),
        ("timestamp", "2018-10-03T06:49:00+00:00", "2018-10-03T06:49:00+00:00"),
        ("timestamp", "2018-13-03T06:49:00+00:00", None),
        ("timestamp", "gestern", None),
        ("ringactionTimestamp", "2026-11-18T11:00:00Z", "2026-11-18T11:00:00Z"),
        ("deviceType", "4", "smart_lock_3_pro_or_4"),
        ("deviceType", "2", "opener"),
        ("deviceType", "9", None),
        ("firmware", "4.4.3", "4.4.3"),
        ("firmware", "<b>", None),
        ("name", "Haustür", "Haustür"),
        ("name", " ", ""),
        ("state", "", None),
        ("state", "1.0", None),
        ("state", b"\xff\xfe", None),
        ("state", "9" * 5000, None),
        ("state", " 3\n", "unlocked"),
    ],
)
def test_values_become_words(name: str, payload: str | bytes, expected: Value) -> None:
    assert value(name, payload) == expected


def test_percent_has_its_unit() -> None:
    assert read(f"{LOCK}/batteryChargeState", "18").updates == (Update("batteryChargeState", 18, "%"),)


def test_a_name_cannot_carry_anything_but_text() -> None:
    shown = value(
        "name", b"\x1b[2J" + "Tür\u202e\r\nnuki/2BB28570/lockAction".encode() + b"\xff" + b"x" * 500
    )
    assert isinstance(shown, str)
    assert shown.isprintable()
    assert len(shown) <= 64


def test_the_types_of_devices_decide_what_their_numbers_mean() -> None:
    reader = NukiReader()
    assert reader.read(f"{LOCK}/state", b"1", retained=True).updates == (Update("state", "locked"),)
    told = reader.read(f"{LOCK}/deviceType", b"2", retained=True)
    assert told.updates == (Update("deviceType", "opener"), Update("state", "online"))
    assert reader.read(f"{LOCK}/state", b"5", retained=False).updates == (Update("state", "open"),)
    (event,) = reader.read(f"{LOCK}/lockActionEvent", b"3,172,0,0,0", retained=False).events
    assert event.data["action"] == "electric_strike_actuation"
    assert reader.read("nuki/1/state", b"5", retained=False).updates == (Update("state", "unlatched"),)
    reader.forget(KEY)
    assert reader.read(f"{LOCK}/state", b"5", retained=False).updates == (Update("state", "unlatched"),)


# --- presence and identity --------------------------------------------------------------------------------


def test_only_connected_tells_whether_a_lock_is_there() -> None:
    there = read(f"{LOCK}/connected", "true")
    assert (there.present, there.events) == (True, (DeviceEvent("online"),))
    gone = read(f"{LOCK}/connected", "false")
    assert (gone.present, gone.events) == (False, (DeviceEvent("offline"),))
    remembered = read(f"{LOCK}/connected", "true", retained=True)
    assert (remembered.present, remembered.events) == (True, ())
    assert read(f"{LOCK}/connected", "yes").present is None
    assert read(f"{LOCK}/serverConnected", "false").present is None


def test_a_lock_introduces_itself() -> None:
    reader = NukiReader()
    first = reader.read(f"{LOCK}/state", b"1", retained=False).identity
    assert first is not None
    assert (first.family, first.prefix) == ("nuki", LOCK)
    assert reader.read(f"{LOCK}/state", b"3", retained=False).identity is None
    named = reader.read(f"{LOCK}/name", b"Front", retained=True).identity
    firmware = reader.read(f"{LOCK}/firmware", b"4.4.3", retained=True).identity
    model = reader.read(f"{LOCK}/deviceType", b"9", retained=True).identity
    assert named is not None
    assert firmware is not None
    assert model is not None
    assert (named.name, firmware.firmware, model.model) == ("Front", "4.4.3", "device type 9")


@pytest.mark.parametrize(
    ("spelling", "number"), [("2bb28570", "2BB28570"), ("0ABC12", "ABC12"), ("000ABC12", "ABC12"), ("0", "0")]
)
def test_ids_are_numbers(spelling: str, number: str) -> None:
    assert canonical_id(spelling) == number
    assert read(f"nuki/{spelling}/state", "1").device == f"nuki:{number}"


@pytest.mark.parametrize(
    "spelling", ["", "2BB285701", "XYZ", "+", "#", "..", "2BB2 570", "٢٢", "0x12", "-1", "2BB28570\n", "\x00"]
)
def test_hostile_ids_are_nobody(spelling: str) -> None:
    said = read(f"nuki/{spelling}/state", "5")
    assert (said.device, said.updates, said.events) == (None, (), ())
    assert said.ignored == "not a Nuki id"


@pytest.mark.parametrize("name", ["ringactionState", "foo", "", "state/x", "STATE", "lockaction"])
def test_unknown_topics_are_ignored_with_a_reason(name: str) -> None:
    said = read(f"{LOCK}/{name}", "1")
    assert (said.device, said.updates, said.events) == (KEY, (), ())
    assert said.ignored


# --- events and commands ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "action", "trigger", "source"),
    [
        ("3,0,54321,12345,1", "unlatch", "system", "keypad"),
        ("3,0,54321,12345,2", "unlatch", "system", "keypad"),
        ("4,2,0,0,0", "lock_n_go", "button", "button"),
        ("3,3,54322,0,3", "unlatch", "automatic", "fob"),
        ("80,3,54322,0,1", "fob", "automatic", "fob"),
        ("90,2,0,0,2", "button", "button", "button"),
        ("1,172,0,0,0", "unlock", "mqtt", "mqtt"),
        ("2,6,0,0,0", "lock", "auto_lock", "auto_lock"),
        ("1,171,0,0,0", "unlock", "homekit", "homekit"),
        ("1,0,54321,0,1", "unlock", "system", "auto_unlock"),
        ("1,0,54321,0,0", "unlock", "system", "system"),
        ("2,3,0,0,0", "lock", "automatic", "automatic"),
        ("77,99,0,0,0,1,2", 77, 99, None),
    ],
)
def test_actions_tell_who_and_by_what(payload: str, action: Value, trigger: Value, source: Value) -> None:
    (event,) = read(f"{LOCK}/lockActionEvent", payload).events
    assert event.name == "lock_action"
    assert (event.data["action"], event.data["trigger"], event.data["source"]) == (action, trigger, source)


def test_an_action_carries_ids_and_context() -> None:
    (event,) = read(f"{LOCK}/lockActionEvent", "3,0,54321,12345,2").events
    assert (event.data["auth_id"], event.data["code_id"], event.data["context"]) == (54321, 12345, 2)


def test_a_response_has_a_meaning() -> None:
    (event,) = read(f"{LOCK}/commandResponse", "66").events
    assert event == DeviceEvent("command_response", "", {"code": 66, "meaning": "motor blocked"})


@pytest.mark.parametrize(
    ("name", "payload"), [("lockActionEvent", "3,0,54321,12345,1"), ("commandResponse", "0")]
)
def test_the_past_is_no_event(name: str, payload: str) -> None:
    said = read(f"{LOCK}/{name}", payload, retained=True)
    assert (said.events, said.ignored) == ((), "an event of the past")


@pytest.mark.parametrize(("name", "payload"), [("lockActionEvent", "3,0"), ("commandResponse", "ok")])
def test_malformed_events_are_ignored_with_a_reason(name: str, payload: str) -> None:
    said = read(f"{LOCK}/{name}", payload)
    assert not said.events
    assert said.ignored == f"malformed {name}"


@pytest.mark.parametrize("name", ["lockAction", "lock", "unlock"])
def test_commands_are_not_the_locks_words(name: str) -> None:
    assert read(f"{LOCK}/{name}", "3").ignored == "command to the device"
    lying_there = read(f"{LOCK}/{name}", "3", retained=True)
    assert lying_there.events == (DeviceEvent("retained_command", name, {"payload": "3"}),)
    assert lying_there.ignored is None
    assert read(f"{LOCK}/{name}", "", retained=True).ignored == "a retained command was removed"


def test_a_ring_is_a_change_not_a_repetition() -> None:
    reader = NukiReader()

    def ring(second: int, *, retained: bool = False) -> tuple[DeviceEvent, ...]:
        stamp = f"2026-11-18T11:00:{second:02d}+00:00".encode()
        return reader.read(f"{LOCK}/ringactionTimestamp", stamp, retained=retained).events

    assert ring(0) == ()
    assert ring(0) == ()
    assert ring(1) == (DeviceEvent("ring", "ringactionTimestamp"),)
    assert ring(2, retained=True) == ()
    reader.new_session()
    assert ring(3) == ()


# --- discovery --------------------------------------------------------------------------------------------


def discovery(topic: str, **config: object) -> Interpretation | None:
    return read_discovery(topic, json.dumps(config).encode())


def test_discovery_finds_the_lock_and_warns_of_its_buttons() -> None:
    (record,) = [json.loads(line) for line in (FIXTURES / "derived_ha_discovery.jsonl").open()]
    said = read_discovery(record["topic"], record["payload"].encode())
    assert said is not None
    assert said.device == "nuki:12345ABC"
    assert [event.name for event in said.events] == ["discovery_buttons"]
    assert said.identity is not None
    assert (said.identity.prefix, said.identity.name) == ("nuki/12345ABC", "Front Door Lock")


def test_a_sensor_of_discovery_is_no_button() -> None:
    said = discovery("homeassistant/sensor/2BB28570/Front/config", stat_t="nuki/2BB28570/batteryChargeState")
    assert said is not None
    assert (said.device, said.events, said.ignored) == (KEY, (), None)


@pytest.mark.parametrize(
    ("topic", "config"),
    [
        ("homeassistant/lock/2BB28570/Front/config", {"~": "nuki/11AA22BB"}),
        ("homeassistant/lock/2BB28570/Front/config", {"~": "nukihub/lock"}),
        ("homeassistant/light/cafe/lamp/config", {"cmd_t": "zigbee2mqtt/lamp/set"}),
        ("homeassistant/lock/2BB28570/Front/config", {"~": ["nuki/2BB28570"]}),
        ("homeassistant/status", {}),
        ("homeassistant", {}),
        ("homeassistant/lock/2BB28570/config", {}),
    ],
)
def test_any_other_discovery_is_ignored(topic: str, config: dict[str, object]) -> None:
    said = discovery(topic, **config)
    assert said == Interpretation(None, ignored="Home Assistant discovery")


def test_discovery_is_nothing_else() -> None:
    assert discovery("nuki/2BB28570/state") is None


# --- robustness -------------------------------------------------------------------------------------------

_NAMES = [
    "connected",
    "state",
    "name",
    "timestamp",
    "deviceType",
    "lockAction",
    "lockActionEvent",
    "commandResponse",
]


@given(st.text(max_size=40) | st.sampled_from(_NAMES), st.binary(max_size=80), st.booleans())
def test_nothing_breaks_the_reader_and_no_lock_speaks_for_another(
    name: str, payload: bytes, retained: bool
) -> None:
    reader = NukiReader()
    assert reader.read(f"{LOCK}/{name}", payload, retained=retained).device == KEY
    number = canonical_id(name.partition("/")[0])
    said = reader.read(f"nuki/{name}/state", payload, retained=retained)
    assert said.device == (None if number is None else f"nuki:{number}")
    assert read_discovery(f"homeassistant/lock/{name}/config", payload)


def test_invented_ids_do_not_fill_the_memory() -> None:
    reader = NukiReader()
    for number in range(5000):
        reader.read(f"nuki/{number:X}/deviceType", b"2", retained=False)
    assert len(reader._locks) <= 512
