"""What a Nuki lock may say, and what we make of it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.nuki import codec
from arni_edge.devices.nuki.codec import Action, LockActionEvent, Subject
from arni_edge.domain.doors import DoorContact, LockState

FIXTURES = Path(__file__).parents[2] / "fixtures" / "nuki"


def samples(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text().splitlines()]


@given(st.binary(max_size=60))
def test_no_payload_breaks_the_reader(payload: bytes) -> None:
    assert codec.parse_state(payload) in LockState
    assert codec.parse_contact(payload) in DoorContact
    codec.parse_event(payload)
    codec.parse_number(payload)
    codec.parse_bool(payload)


@given(st.text(max_size=60))
def test_no_topic_breaks_the_reader(topic: str) -> None:
    codec.split_topic(topic)


@given(st.integers(min_value=0, max_value=999))
def test_unknown_numbers_are_unknown(number: int) -> None:
    payload = str(number).encode()
    if number not in {0, 1, 2, 3, 4, 5, 6, 7, 254}:
        assert codec.parse_state(payload) is LockState.UNKNOWN
    if number not in {2, 3, 240}:
        assert codec.parse_contact(payload) is DoorContact.UNKNOWN
    assert codec.response_name(number)


def test_states_of_the_vendors_document() -> None:
    seen = [codec.parse_state(line["payload"].encode()) for line in samples("spec_lock_state_values")]
    assert seen == [
        LockState.UNCALIBRATED,
        LockState.LOCKED,
        LockState.UNLOCKING,
        LockState.UNLOCKED,
        LockState.LOCKING,
        LockState.UNLATCHED,
    ]


def test_door_sensor_of_the_vendors_document() -> None:
    seen = [codec.parse_contact(line["payload"].encode()) for line in samples("spec_doorsensor_values")]
    assert seen == [DoorContact.UNKNOWN, DoorContact.CLOSED, DoorContact.OPEN, DoorContact.UNKNOWN]


def test_events_of_the_vendors_document() -> None:
    seen = [codec.parse_event(line["payload"].encode()) for line in samples("spec_lock_action_events")]
    assert seen == [
        LockActionEvent(3, 0, 54321, 12345, 1),
        LockActionEvent(4, 2, 0, 0, 0),
        LockActionEvent(3, 3, 54322, 0, 3),
    ]
    assert not any(event.by_mqtt for event in seen if event)


def test_an_event_caused_over_mqtt_is_recognised() -> None:
    (line,) = samples("test_mqtt_triggered_unlock")
    event = codec.parse_event(line["payload"].encode())
    assert event
    assert event.by_mqtt
    assert event.action == Action.UNLOCK


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (b"3,172,0,0,0,9,9", LockActionEvent(3, 172, 0, 0, 0)),
        (b"80,2,0,0,", LockActionEvent(80, 2, 0, 0, None)),
        (b"3,999,0,0,0", LockActionEvent(3, 999, 0, 0, 0)),
        (b"3,172,0,0", None),
        (b"x,172,0,0,0", None),
    ],
)
def test_events_are_read_tolerantly(payload: bytes, event: LockActionEvent | None) -> None:
    assert codec.parse_event(payload) == event


def test_every_topic_of_a_lock_is_known_or_ignored() -> None:
    for line in samples("spec_state_topics") + samples("retained_set_back_door_partial"):
        address = codec.split_topic(line["topic"])
        assert address is None or address[0] in {"2BB28570", "11AA22BB"}


def test_no_subscription_matches_a_command_topic() -> None:
    commands = {
        line["topic"] for line in samples("spec_control_topics") if line.get("direction") == "to_device"
    }
    filters = codec.subscriptions("2BB28570")
    assert commands
    assert not commands & set(filters)
    assert not any(wildcard in topic for topic in filters for wildcard in "#+")
    assert codec.command_topic("2BB28570") in commands


def test_ids_are_compared_as_numbers() -> None:
    assert codec.spellings("0abc12") == ("0ABC12", "ABC12", "000ABC12")
    assert codec.spellings("2bb28570") == ("2BB28570",)
    assert codec.split_topic("nuki/ABC12/state") == ("ABC12", Subject.STATE)


def test_responses_have_names() -> None:
    assert codec.response_name(66) == "motor blocked"
    assert codec.response_name(123) == "error 123"
