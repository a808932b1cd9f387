"""``arni-edge evaluate devices``: the command, as its user starts it."""

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
KEYS = {"index", "device", "updates", "events", "ignored", "error"}


@dataclass
class Replay:
    """What the command said."""

    code: int
    records: list[dict[str, Any]]
    summary: dict[str, int]
    stderr: str


def evaluate(*files: Path | str, stdin: bytes = b"") -> Replay:
    command = [sys.executable, "-m", "arni_edge", "evaluate", "devices", *map(str, files)]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=90, check=False)
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert lines, done.stderr.decode()
    return Replay(done.returncode, lines[:-1], lines[-1], done.stderr.decode())


def record(topic: str, payload: Any = "1", **more: Any) -> dict[str, Any]:
    return {"topic": topic, "payload": payload, **more}


def jsonl(*records: object) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in records).encode()


def recordings() -> list[Path]:
    return sorted(
        file for family in ("shelly", "nuki", "nuki_hub") for file in (FIXTURES / family).glob("*.jsonl")
    )


# --- all recordings ---------------------------------------------------------------------------------------


def test_all_recordings_are_read_without_an_error() -> None:
    source = [
        json.loads(line) for file in recordings() for line in file.read_text().splitlines() if line.strip()
    ]
    seen = evaluate(*recordings())
    assert (seen.code, seen.stderr) == (0, "")
    assert [one["index"] for one in seen.records] == list(range(len(source)))
    assert seen.summary["records"] == len(source)
    assert seen.summary["errors"] == 0
    assert seen.summary["handled"] + seen.summary["ignored"] == len(source)
    assert seen.summary["devices"] > 50
    for asked, said in zip(source, seen.records, strict=True):
        assert set(said) == KEYS
        assert said["error"] is None
        assert bool(said["updates"] or said["events"]) is (said["ignored"] is None), (asked, said)
        assert said["device"] or said["ignored"], (asked, said)
        for update in said["updates"]:
            assert set(update) == {"entity", "value", "unit"}
            assert update["value"] is not None
        for event in said["events"]:
            assert event["name"]
            assert "entity" in event
        if asked["kind"] == "subscription":
            assert said["ignored"] == "subscription of the device"
        elif asked.get("direction") == "to_device":
            assert said["ignored"] == "command to the device"


def test_the_summary_is_the_last_line() -> None:
    seen = evaluate("-", stdin=jsonl(record("nuki/2BB28570/state")))
    assert list(seen.summary) == ["records", "handled", "ignored", "errors", "devices"]
    assert list(seen.summary.values()) == [1, 1, 0, 0, 1]


# --- what is printed --------------------------------------------------------------------------------------


def test_readings_events_and_reasons() -> None:
    seen = evaluate(
        "-",
        stdin=jsonl(
            record("nuki/2BB28570/batteryChargeState", "18", retain=True),
            record("nuki/2BB28570/state", "77"),
            record("nuki/2BB28570/lockActionEvent", "3,0,54321,12345,1"),
            record("nuki/2BB28570/connected", "false", kind="will"),
            record("nuki/2BB28570/lockAction", "3", direction="to_device"),
            record("nuki/2BB28570/lockAction", "3", direction="to_device", retain=True),
            record("nuki/2BB28570/lockAction", "", kind="subscription"),
            record("somewhere/else", "1"),
        ),
    )
    assert seen.code == 0
    battery, state, action, will, command, lying_there, subscription, other = seen.records
    assert battery["updates"] == [{"entity": "batteryChargeState", "value": 18, "unit": "%"}]
    assert state["updates"] == [{"entity": "state", "value": "unknown", "unit": None}]
    assert action["events"] == [
        {
            "name": "lock_action",
            "entity": "",
            "action": "unlatch",
            "trigger": "system",
            "auth_id": 54321,
            "code_id": 12345,
            "context": 1,
            "source": "keypad",
        }
    ]
    assert [event["name"] for event in will["events"]] == ["offline"]
    assert (command["ignored"], command["events"]) == ("command to the device", [])
    assert (lying_there["ignored"], lying_there["events"][0]["name"]) == (None, "retained_command")
    assert subscription["ignored"] == "subscription of the device"
    assert (other["device"], other["ignored"]) == (None, "not a topic of a device")
    assert seen.summary == {"records": 8, "handled": 5, "ignored": 3, "errors": 0, "devices": 1}


def test_an_event_that_is_on_no_list_keeps_its_name() -> None:
    emitted = {
        "component": "script:1",
        "event": "shelly-blu",
        "data": {"window": 1},
        "name": "N",
        "entity": "E",
    }
    frame = {"src": "x-441793d69718", "method": "NotifyEvent", "params": {"events": [emitted]}}
    (said,) = evaluate("-", stdin=jsonl(record("x/events/rpc", frame))).records
    (happened,) = said["events"]
    assert happened == {"name": "other", "entity": "script:1", "event": "shelly-blu", "data.window": 1}


def test_history_may_be_marked_in_two_ways() -> None:
    marks = ({"retain": 1}, {"retain": True}, {"retain": "1"}, {"retained": True})
    seen = evaluate("-", stdin=jsonl(*(record("nuki/1/connected", "true", **mark) for mark in marks)))
    assert [(one["events"], one["ignored"]) for one in seen.records] == [([], None)] * len(marks)


def test_a_device_counts_once_whatever_it_was_called_before() -> None:
    frame = {"src": "shellyplus1-a8032abe54dc", "dst": "x", "method": "NotifyStatus"}
    frame["params"] = {"ts": 1736603810.49, "switch:0": {"id": 0, "output": False}}  # type: ignore[assignment]
    seen = evaluate(
        "-",
        stdin=jsonl(record("strike/online", "true"), record("strike/events/rpc", json.dumps(frame))),
    )
    assert [one["device"] for one in seen.records] == ["shelly:strike", "shelly:A8032ABE54DC"]
    assert seen.summary["devices"] == 1


def test_a_message_that_only_introduces_a_device_says_so() -> None:
    announce = {"id": "shelly1-34945472A643", "model": "SHSW-1", "mac": "34945472A643", "fw_ver": "v1.14.0"}
    seen = evaluate("-", stdin=jsonl(record("shellies/announce", json.dumps(announce))))
    (event,) = seen.records[0]["events"]
    assert (event["name"], event["model"], event["mac"]) == ("identified", "SHSW-1", "34945472A643")


# --- how recordings may look ------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [3, 3.0, "3"])
def test_payloads_need_not_be_texts(payload: Any) -> None:
    seen = evaluate("-", stdin=jsonl(record("nuki/2BB28570/state", payload)))
    expected = "unknown" if payload == 3.0 and isinstance(payload, float) else "unlocked"
    assert seen.records[0]["updates"][0]["value"] == expected


def test_payloads_of_every_kind_are_serialised() -> None:
    status = {"id": 0, "output": True}
    seen = evaluate(
        "-",
        stdin=jsonl(
            record("shellyplus1-a8032abe54dc/status/switch:0", status),
            record("nuki/2BB28570/batteryCritical", payload=True),
            record("nuki/2BB28570/batteryCritical", payload=None),
            {"topic": "nuki/2BB28570/name", "payload_base64": base64.b64encode(b"T\xfcr").decode()},
            record("nuki/2BB28570/name", "T\udcfcr"),
        ),
    )
    switch, yes, nothing, name, escaped = seen.records
    assert {"entity": "switch:0.output", "value": True, "unit": None} in switch["updates"]
    assert yes["updates"][0]["value"] is True
    assert nothing["updates"][0]["value"] == "unknown"
    assert name["updates"] == escaped["updates"]
    assert seen.summary["errors"] == 0


def test_windows_files_and_blank_lines(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    line = jsonl(record("nuki/2BB28570/state", "3")).replace(b"\n", b"\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + line + b"\r\n  \r\n" + line.strip())
    seen = evaluate(file, "-", stdin=b"\xef\xbb\xbf" + line)
    assert seen.code == 0
    assert [one["index"] for one in seen.records] == [0, 1, 2]
    assert {one["updates"][0]["value"] for one in seen.records} == {"unlocked"}


def test_lines_that_are_no_records_are_named_and_the_replay_goes_on(tmp_path: Path) -> None:
    broken = [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'"x"', "not a JSON object"),
        (b"{}", "there is no topic"),
        (b'{"topic": 5, "payload": ""}', "the topic is not a text"),
        (b'{"topic": "a"}', "there is no payload"),
        (b'{"topic": "a", "payload_base64": "%%"}', "payload_base64 is not base64"),
        (b'{"topic": "a", "payload_base64": 5}', "payload_base64 is not base64"),
        (b"\xff\xfe{\x00", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ]
    file = tmp_path / "broken.jsonl"
    good = jsonl(record("nuki/2BB28570/state", "3"))
    file.write_bytes(b"".join(line + b"\n" for line, _ in broken) + good)
    seen = evaluate(file)
    assert seen.code == 1
    for number, ((_, why), said) in enumerate(zip(broken, seen.records, strict=False), start=1):
        assert f"broken.jsonl, line {number}: {why}" in said["error"]
        assert (said["device"], said["updates"], said["events"], said["ignored"]) == (None, [], [], None)
    assert seen.records[-1]["updates"][0]["value"] == "unlocked"
    assert seen.summary == {
        "records": len(broken) + 1,
        "handled": 1,
        "ignored": 0,
        "errors": len(broken),
        "devices": 1,
    }


def test_odd_keys_and_values_break_nothing() -> None:
    seen = evaluate(
        "-",
        stdin=jsonl(
            record("nuki/2BB28570/state", "3", retain=["yes"], direction={"a": 1}, kind=[5], qos="no"),
            record("nuki/2BB28570/state\u0000", "3"),
            record("\ud800/state", "3"),
            record("", "3"),
            record("nuki/2BB28570/state", "9" * 300_000),
            record(
                "shellyplus1-a8032abe54dc/status/switch:0", '{"apower": 1e999, "voltage": ' + "9" * 400 + "}"
            ),
            record("shellyplus1-a8032abe54dc/status/switch:0", '{"apower": 18446744073709551616}'),
        ),
    )
    assert seen.code == 0
    assert seen.summary["errors"] == 0


def test_a_line_of_many_megabytes_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    good = jsonl(record("nuki/2BB28570/state", "3"))
    file.write_bytes(jsonl(record("nuki/2BB28570/name", "x" * 20_000_000)) + good)
    seen = evaluate(file)
    assert [bool(one["error"]) for one in seen.records] == [True, False]
    assert "longer than" in seen.records[0]["error"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    seen = evaluate(tmp_path / "nothing.jsonl", "-", stdin=jsonl(record("nuki/2BB28570/state")))
    assert seen.code == 1
    assert "nothing.jsonl cannot be read: No such file" in seen.stderr
    assert "Traceback" not in seen.stderr
    assert seen.summary["records"] == 1


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    seen = evaluate(tmp_path)
    assert seen.code == 1
    assert "cannot be read" in seen.stderr
