"""What a recorded webhook is shown as."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arni_edge.channels.whatsapp.evaluation import Evaluation
from arni_edge.cli.evaluate import app

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
WEBHOOKS = sorted(FIXTURES.glob("*__*.json"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = {"from": "4915223433333", "id": "wamid.A", "timestamp": "1", "type": "text", "text": {"body": "Hallo"}}
FAILED = {"id": "wamid.B", "status": "failed", "timestamp": "1", "recipient_id": "4915223433333"}


def webhook(**value: object) -> bytes:
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


def test_every_sample_is_understood_or_ignored_with_a_reason() -> None:
    """As they lie in the folder, with where they come from."""
    evaluation = Evaluation()
    for path in WEBHOOKS:
        found = list(evaluation.run(path.read_bytes(), NOW))
        assert found, path.name
        for one in found:
            assert one.error is None
            assert one.kind not in {"unknown", ""} or path.name.startswith("unknown")
    assert evaluation.errors == 0


def test_one_line_per_update_with_what_came_before() -> None:
    """A batch, twice."""
    evaluation = Evaluation()
    body = webhook(messages=[TEXT], statuses=[FAILED])
    first, second = ([vars_of(one.as_json()) for one in evaluation.run(body, NOW)] for _ in range(2))
    assert first == [
        {
            "kind": "text",
            "conversation": "4915223433333",
            "text": "Hallo",
            "duplicate": False,
            "ignored": None,
            "error": None,
        },
        {
            "kind": "status",
            "conversation": "4915223433333",
            "text": "failed",
            "duplicate": False,
            "ignored": None,
            "error": None,
        },
    ]
    assert [one["duplicate"] for one in second] == [True, True]


def vars_of(line: str) -> dict[str, object]:
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_the_command_reads_many_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    """A body that is none is an error on its own line; the others are read all the same."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(webhook(messages=[TEXT]))
    bad.write_bytes(b"<html>")
    result = CliRunner().invoke(app, ["whatsapp", str(bad), str(good), str(tmp_path / "none.json")])
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["body", "text"]
    assert lines[0]["error"] == "the webhook body is not JSON"
    assert "none.json cannot be read" in result.stderr


def test_a_line_is_a_line_in_every_surrounding(tmp_path: Path) -> None:
    """A terminal that knows no Unicode, and readers for whom Unicode ends lines."""
    said = "eins\u2028zwei\u2029drei\x85vier Grüße"
    file = tmp_path / "body.json"
    file.write_bytes(webhook(messages=[TEXT | {"text": {"body": said}}]))
    result = CliRunner(charset="latin-1").invoke(app, ["whatsapp", str(file)])
    assert result.exit_code == 0
    (line,) = result.stdout_bytes.decode().splitlines()
    assert json.loads(line)["text"] == said
    assert "Grüße" in line


def test_what_fits_into_no_memory_is_too_large(tmp_path: Path) -> None:
    """A recording of a year: no more of it is read than a body may have."""
    file = tmp_path / "year.json"
    with file.open("wb") as empty:
        empty.truncate(2**40)
    result = CliRunner().invoke(app, ["whatsapp", str(file)])
    assert (result.exit_code, json.loads(result.stdout)["error"]) == (1, "the webhook body is too large")


@pytest.mark.parametrize("body", [b"{}", b'{"entry":[]}', b'{"entry":[{"changes":[{"field":"new_thing"}]}]}'])
def test_what_is_unknown_is_ignored_with_a_reason(body: bytes) -> None:
    """Meta adds fields without asking."""
    (found,) = Evaluation().run(body, NOW)
    assert found.ignored
    assert found.error is None
