"""What a nuki_hub says, in our words; and what its words mean for a command."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.nuki_hub import codec
from arni_edge.devices.nuki_hub.reader import NukiHubReader
from arni_edge.devices.nuki_hub.unlatch import HubWatch
from arni_edge.domain.doors import LockState, Outcome
from arni_edge.domain.readings import DeviceEvent, Interpretation, Update, Value

FIXTURES = Path(__file__).parents[2] / "fixtures" / "nuki_hub"
KEY = "nuki_hub:nukihub"


def read(topic: str, payload: str | bytes, *, retained: bool = False) -> Interpretation:
    raw = payload.encode() if isinstance(payload, str) else payload
    return NukiHubReader().read(topic, raw, retained=retained)


def test_everything_of_the_firmwares_readme_is_read_or_ignored_with_a_reason() -> None:
    reader = NukiHubReader()
    for line in (FIXTURES / "spec_topics.jsonl").read_text().splitlines():
        record = json.loads(line)
        assert reader.claims(record["topic"]), record
        said = reader.read(record["topic"], record["payload"].encode(), retained=record.get("retain", False))
        assert said.device == KEY
        assert bool(said.updates or said.events) is (said.ignored is None), record


@pytest.mark.parametrize(
    ("topic", "payload", "entity", "value"),
    [
        ("opener/state", "RTOactive", "opener.state", "ring_to_open_active"),
        ("opener/state", "open", "opener.state", "open"),
        ("opener/state", "sesame", "opener.state", None),
        ("lock/state", "unlockedLnga", "lock.state", "unlocked_lock_n_go"),
        ("lock/doorSensorState", "doorClosed", "lock.doorSensorState", "closed"),
        ("lock/doorSensorState", "calibrating", "lock.doorSensorState", None),
        ("lock/completionStatus", "unknown", "lock.completionStatus", None),
        ("lock/completionStatus", "motorBlocked", "lock.completionStatus", "motor_blocked"),
        ("lock/commandResult", "timeOut", "lock.commandResult", "timeout"),
        ("opener/retry", "2", "opener.retry", 2),
        ("opener/retry", "failed", "opener.retry", "failed"),
        ("opener/retry", "--", "opener.retry", 0),
        ("opener/continuousMode", "1", "opener.continuousMode", True),
        ("opener/continuousMode", "off", "opener.continuousMode", False),
        ("opener/binaryRing", "ring", "opener.binaryRing", True),
        ("opener/binaryRing", "standby", "opener.binaryRing", False),
        ("lock/battery/level", "101", "lock.battery.level", None),
        ("lock/battery/voltage", "5.61", "lock.battery.voltage", 5.61),
        ("lock/rssi", "1e999", "lock.rssi", None),
        ("maintenance/uptime", "2", "maintenance.uptime", 120),
        ("lock/state", b"\xff", "lock.state", None),
        ("lock/state", "x" * 9999, "lock.state", None),
    ],
)
def test_values_become_words(topic: str, payload: str | bytes, entity: str, value: Value) -> None:
    (update,) = read(f"nukihub/{topic}", payload).updates
    assert (update.entity, update.value) == (entity, value)


def test_the_presence_is_the_hubs() -> None:
    topic = "nukihub/maintenance/mqttConnectionState"
    assert (read(topic, "online").present, read(topic, "offline").present) == (True, False)
    assert read(topic, "online").events == (DeviceEvent("online"),)
    assert read(topic, "online", retained=True).events == ()
    assert read(topic, "sleeping").present is None
    assert read("nukihub/opener/availability", "offline").present is None


def test_a_ring_is_an_event_once_and_never_of_the_past() -> None:
    rung = read("nukihub/opener/ring", "ringlocked")
    assert rung.events == (DeviceEvent("ring", "opener.ring", {"opens": False}),)
    assert read("nukihub/opener/ring", "ring").events[0].data == {"opens": True}
    assert read("nukihub/opener/ring", "standby").events == ()
    assert read("nukihub/opener/ring", "ring", retained=True).events == ()
    assert read("nukihub/opener/binaryRing", "ring").events == ()


def test_the_command_topic_carries_commands_answers_and_marks() -> None:
    topic = "nukihub/opener/action"
    assert read(topic, "electricStrikeActuation").ignored == "command to the device"
    assert [event.name for event in read(topic, "electricStrikeActuation", retained=True).events] == [
        "retained_command"
    ]
    assert read(topic, "ack").events == (
        DeviceEvent("command_response", "opener.action", {"meaning": "ack"}),
    )
    for mark in ("--", "", "ack", "denied"):
        assert read(topic, mark, retained=True).events == ()
        assert read(topic, mark, retained=True).ignored
    assert codec.is_command(b"unlatch")
    assert not codec.is_command(b"--")


@pytest.mark.parametrize(
    "topic", ["lock/authorizationName", "lock/log", "opener/keypad/json", "lock/rollingLog"]
)
def test_what_names_people_is_not_read(topic: str) -> None:
    said = read(f"nukihub/{topic}", "Erika Mustermann")
    assert (said.updates, said.events) == ((), ())
    assert said.ignored == "names people; not read"


def test_a_hub_that_writes_json_only_is_read_without_names() -> None:
    report = {"lock_state": "locked", "door_sensor_state": "doorOpened", "auth_id": 7, "auth_name": "Erika"}
    assert read("nukihub/lock/json", json.dumps(report)).updates == (
        Update("lock.state", "locked"),
        Update("lock.doorSensorState", "open"),
        Update("lock.authorizationId", 7),
    )
    assert read("nukihub/lock/battery/basicJson", '{"critical":"1","level":12}').updates == (
        Update("lock.battery.critical", value=True),
        Update("lock.battery.level", 12, "%"),
    )
    for broken in ("[", "[]", "{}", '{"level":[1]}', "x" * 9999):
        assert read("nukihub/lock/battery/basicJson", broken).ignored


# --- odd prefixes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["nuki", "haus/flur/nuki hub", "nukihub2", "esp32"])
def test_a_hub_with_another_prefix_is_recognised_by_its_words(prefix: str) -> None:
    reader = NukiHubReader()
    topic = f"{prefix}/opener/state"
    assert reader.claims(topic)
    assert reader.read(topic, b"open", retained=False).device == f"nuki_hub:{prefix}"
    assert reader.read(f"{prefix}/lock/log", b"[]", retained=False).device == f"nuki_hub:{prefix}"


def test_what_nobody_but_a_stranger_says_makes_no_hub() -> None:
    said = read("zigbee2mqtt/lock/state", "LOCK")
    assert said.device is None
    assert said.ignored


def test_a_recognised_hub_takes_no_topic_away_from_a_shelly() -> None:
    reader = NukiHubReader()
    reader.read("shellyplus1-a8032abe54dc/lock/state", b"locked", retained=False)
    for leaf in ("online", "events/rpc", "status/switch:0", "rpc", "command/switch:0"):
        assert not reader.claims(f"shellyplus1-a8032abe54dc/{leaf}")


@pytest.mark.parametrize(
    "topic", ["homeassistant/lock/state", "shellies/lock/state", "arni/site/lock/state", "$SYS/lock/state"]
)
def test_other_roots_are_no_hubs(topic: str) -> None:
    assert not NukiHubReader().claims(topic)


@pytest.mark.parametrize(
    ("topic", "payload", "entity", "value"),
    [
        ("lock/battery/drain", "15.2", "lock.battery.drain", 15.2),
        ("lock/configuration/autoLock", "1", "lock.configuration.autoLock", True),
        ("opener/configuration/soundLevel", "120", "opener.configuration.soundLevel", 120),
        ("lock/info/hardwareVersion", "1.0", "lock.info.hardwareVersion", "1.0"),
        ("lock/query/lockstateCommandResult", "timeOut", "lock.query.lockstateCommandResult", "timeout"),
        ("info/nukiHubLatest", "9.16", "info.nukiHubLatest", "9.16"),
        ("gpio/pin_32/state", "1", "gpio.pin_32.state", True),
        ("gpio/pin_32/role", "generalInput", "gpio.pin_32.role", "generalInput"),
        # As before version 8, when lock and opener had a prefix each.
        ("battery/level", "85", "battery.level", 85),
        ("battery/critical", "0", "battery.critical", False),
        ("info/firmwareVersion", "3.5.12", "info.firmwareVersion", "3.5.12"),
        ("configuration/singleLock", "0", "configuration.singleLock", False),
    ],
)
def test_what_a_known_hub_says_besides(topic: str, payload: str, entity: str, value: Value) -> None:
    (update,) = read(f"nukihub/{topic}", payload, retained=True).updates
    assert (update.entity, update.value) == (entity, value)
    # The same word below another prefix makes nobody a hub.
    assert not NukiHubReader().claims(f"stranger/{topic}")


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("lock/configuration/basicJson", "settings of the device"),
        ("presence/devices", "names people; not read"),
        ("keypad/code_0/name", "names people; not read"),
        ("maintenance/log", "log line"),
        ("gpio/pin_x/state", "not a reading of a nuki_hub"),
        ("battery/soup", "not a reading of a nuki_hub"),
    ],
)
def test_what_is_left_out_has_a_reason(topic: str, reason: str) -> None:
    assert read(f"nukihub/{topic}", "1").ignored == reason


@given(st.text(max_size=30), st.binary(max_size=60), st.booleans())
def test_nothing_breaks_the_reader(name: str, payload: bytes, retained: bool) -> None:
    reader = NukiHubReader()
    for topic in (
        f"nukihub/{name}",
        f"nukihub/lock/{name}",
        f"{name}/opener/state",
        f"nukihub/{name}/action",
    ):
        reader.read(topic, payload, retained=retained)


def test_invented_prefixes_do_not_fill_the_memory() -> None:
    reader = NukiHubReader()
    for number in range(500):
        reader.read(f"hub{number}/opener/state", b"open", retained=False)
    assert len(reader._recognised) <= 64


# --- what the words mean for a command --------------------------------------------------------------------


def outcome(watch: HubWatch) -> Outcome | None:
    return watch.verdict.outcome if watch.verdict else None


def test_success_is_proof_only_of_an_opening_that_was_seen() -> None:
    watch = HubWatch()
    watch.see_completion("success")
    assert outcome(watch) is None
    watch.see_state(LockState.UNLATCHING, "opening")
    assert outcome(watch) is Outcome.CONFIRMED


def test_the_first_sufficient_evidence_decides() -> None:
    watch = HubWatch()
    watch.see_completion("clutch_failure")
    watch.see_state(LockState.UNLATCHED, "open")
    assert outcome(watch) is Outcome.FAILED


def test_tries_that_failed_are_in_the_evidence() -> None:
    watch = HubWatch()
    watch.see_retry(2)
    assert watch.reacted
    assert "2 tries failed" in watch.give_up().evidence
    assert "late opening" in watch.give_up().evidence


def test_an_opener_at_rest_has_no_bolt() -> None:
    assert codec.lock_state("locked", "opener") is LockState.UNLOCKED
    assert codec.lock_state("locked", "lock") is LockState.LOCKED
    assert codec.lock_state(None, "lock") is LockState.UNKNOWN
