"""Passwords of the managed broker are made once and kept."""

import json
import stat
from pathlib import Path

import pytest

from arni_edge.broker.passwords import keep_passwords
from arni_edge.domain.errors import ConfigurationError


def test_makes_a_password_for_every_account(tmp_path: Path) -> None:
    made = keep_passwords(tmp_path / "broker" / "accounts.json", ["a", "b"])
    secrets = [password.get_secret_value() for password in made.values()]
    assert list(made) == ["a", "b"]
    assert len(set(secrets)) == 2
    assert min(map(len, secrets)) >= 24


def test_keeps_them_and_those_of_accounts_that_went_away(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    first = keep_passwords(file, ["a", "b"])
    assert keep_passwords(file, ["c"]).keys() == {"c"}
    assert keep_passwords(file, ["a", "b"]) == first


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "broker" / "accounts.json"
    keep_passwords(file, ["a"])
    keep_passwords(file, ["a", "b"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == ["accounts.json"]


def test_a_write_that_a_power_cut_left_half_done_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    kept = keep_passwords(file, ["a"])
    (tmp_path / ".accounts.json.new").write_text('{"a": "ha')
    assert keep_passwords(file, ["a"]) == kept
    assert keep_passwords(file, ["a", "b"])["a"] == kept["a"]


@pytest.mark.parametrize("text", ['{"a": "ha', "[]", '{"a": 1}', ""])
def test_a_broken_file_is_reported_and_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"accounts\.json"):
        keep_passwords(file, ["a"])
    assert file.read_text() == text


def test_passwords_do_not_show_when_printed(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    made = keep_passwords(file, ["a"])
    assert json.loads(file.read_text())["a"] not in repr(made)
