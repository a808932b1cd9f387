"""The page about the relay names every command, every endpoint and every reason that there is."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from arni_edge.relay.server.command import app

_PAGE = (Path(__file__).parents[3] / "docs" / "relay.md").read_text("utf-8")
_SERVER = Path(__file__).parents[3] / "arni_edge" / "relay" / "server"


def _commands(command: Any, name: str) -> list[str]:
    if not hasattr(command, "commands"):
        return [name]
    return [one for inner, sub in command.commands.items() for one in _commands(sub, f"{name} {inner}")]


@pytest.mark.parametrize("command", _commands(get_command(app), "arni-relay"))
def test_every_command_is_explained(command: str) -> None:
    assert re.search(rf"^\| `{command}[ `]", _PAGE, re.MULTILINE)


def test_every_endpoint_is_named() -> None:
    paths = re.findall(r'Route\("(/v1/\w+|/healthz|/metrics)"', (_SERVER / "app.py").read_text("utf-8"))
    assert len(paths) == 5
    assert [path for path in paths if path not in _PAGE] == []


def test_every_reason_is_named() -> None:
    reasons = re.findall(r'denied\(40\d, "(\w+)"', (_SERVER / "pull.py").read_text("utf-8"))
    assert {"unknown", "replaced", "revoked", "code"} == set(reasons)
    assert [
        reason for reason in (*reasons, "token", "clock", "expired", "audience") if f'"{reason}"' not in _PAGE
    ] == []
