import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from arni_edge.broker import BrokerAddress
from arni_edge.domain.errors import InvalidInput
from arni_edge.settings import Settings
from arni_edge.vision.messages import CameraMessage, CameraState, ZoneMessage, parse_online
from arni_edge.vision.start import VisionStart

AT = "2026-11-18T11:00:00Z"
GOOD = {"zone": "floor", "camera": "hall", "count": 3, "reason": "", "at": AT, "sequence": 1}
ADDRESS = BrokerAddress("127.0.0.1", 1883, "vision", SecretStr("broker-secret"), Path("/run/x.sock"))


def payload(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def settings() -> Settings:
    polygon = [(0, 0), (1, 0), (1, 1)]
    zone = {"id": "entrance", "name": "Eingang", "kind": "entrance", "polygon": polygon}
    camera = {"id": "door", "url": "rtsp://cam/1", "username": "u", "password": "cam-secret", "zones": [zone]}
    return Settings.model_validate(
        {
            "site": {"id": "gym", "name": "G", "capacity": 9},
            "vision": {"model": "models/m.onnx"},
            "cameras": [camera],
        }
    )


def test_a_count_is_read() -> None:
    message = ZoneMessage.parse(payload())
    assert (message.zone, message.count, message.at) == ("floor", 3, datetime(2026, 11, 18, 11, tzinfo=UTC))


def test_no_count_is_none_and_never_zero() -> None:
    assert ZoneMessage.parse(payload(count=None, reason="the camera is away")).count is None


def test_what_a_newer_worker_says_besides_is_ignored() -> None:
    assert ZoneMessage.parse(payload(dwell=12.5)).count == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"count": -1},
        {"count": 10_001},
        {"count": "3"},
        {"count": 3.0},
        {"count": True},
        {"zone": "../../etc"},
        {"zone": "a/b"},
        {"at": "2026-11-18T11:00:00"},
        {"at": "yesterday"},
        {"sequence": -1},
        {"reason": "x" * 201},
    ],
)
def test_a_hostile_count_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        ZoneMessage.parse(payload(**changes))


def test_a_missing_count_is_refused_and_not_taken_for_none() -> None:
    with pytest.raises(InvalidInput, match="count"):
        ZoneMessage.parse(json.dumps({k: v for k, v in GOOD.items() if k != "count"}).encode())


@given(st.binary(max_size=200))
def test_whatever_bytes_come_the_only_error_is_ours(content: bytes) -> None:
    for parse in (ZoneMessage.parse, CameraMessage.parse, parse_online):
        with pytest.raises(InvalidInput):
            parse(content + b"?")


def test_a_payload_as_long_as_a_book_is_refused_unread() -> None:
    with pytest.raises(InvalidInput, match="too long"):
        ZoneMessage.parse(payload(more="x" * 100_000))


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(InvalidInput) as caught:
        ZoneMessage.parse(payload(reason="+49 151 23456789" * 20))
    assert "151" not in str(caught.value)


def test_a_message_survives_the_wire() -> None:
    message = CameraMessage(
        camera="door", state=CameraState.REFUSED, reason="user or password is wrong", at=datetime.now(UTC)
    )
    assert CameraMessage.parse(message.model_dump_json().encode()) == message


@pytest.mark.parametrize(("content", "online"), [(b"true", True), (b"false", False)])
def test_online_is_true_or_false(content: bytes, online: bool) -> None:
    assert parse_online(content) is online


def test_the_start_message_survives_the_link_with_its_secrets() -> None:
    start = VisionStart.from_settings(settings(), ADDRESS)
    again = VisionStart.from_message(json.loads(json.dumps(start.as_message())))
    assert again == start
    assert again.cameras[0].password == "cam-secret"
    assert again.broker.address() == ADDRESS


def test_the_model_is_named_by_a_path_that_does_not_depend_on_where_the_worker_runs() -> None:
    assert VisionStart.from_settings(settings(), ADDRESS).detector.model.is_absolute()


def test_secrets_do_not_show_when_the_start_message_is_printed_or_refused() -> None:
    start = VisionStart.from_settings(settings(), ADDRESS)
    with pytest.raises(InvalidInput) as caught:
        VisionStart.from_message(start.as_message() | {"cameras": [{"password": "cam-secret"}]})
    assert "secret" not in repr(start) + str(start) + str(caught.value)
