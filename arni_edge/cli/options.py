"""Options that several commands share."""

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
