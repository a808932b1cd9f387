"""What several commands share: options, asking the daemon, who is asking, JSON."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from arni_edge.control import call
from arni_edge.settings import control_socket, settings_path

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The configuration file. [default: $ARNI_CONFIG or /etc/arni-edge/arni.toml]"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def ask(config: Path | None, method: str, *, answer_seconds: float = 30.0, **params: Any) -> Any:
    """Ask the running daemon; raises an :class:`ArniError` that says what to do when it cannot be asked."""
    return call(control_socket(settings_path(config)), method, params, timeout=answer_seconds)


def login() -> str | None:
    """The name of whoever sits here; None where this user id has none, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def signed(by: str | None) -> str:
    """Who does something: as they call themselves, else as they logged in."""
    return by or login() or "unnamed"


def print_json(answer: object) -> None:
    """Print an answer for programs."""
    import orjson  # noqa: PLC0415 - the text output does without

    typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
