"""What ``arni-edge evaluate gym`` does: plays the day, prints the figures, and says what they miss."""

import sys
from pathlib import Path
from typing import Any

import orjson
import typer

from arni_edge.simulator.eyes.evaluation import evaluate

_SIMULATED = Path(__file__).parents[2] / "models" / "sim-person-yolov8.onnx"


def play(*, hours: float, cameras: int, seed: int, model: Path | None, jobs: int, json: bool) -> bool:
    """Play and print; returns whether all targets are met.

    Raises:
        ArniError: The day cannot be played, or the model cannot be used.
    """
    chosen = model or _SIMULATED
    figures = evaluate(
        hours=hours, cameras=cameras, seed=seed, model=chosen, jobs=jobs, on_progress=_progress
    )
    if sys.stderr.isatty():
        typer.echo("\r\033[K", nl=False, err=True)
    if json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        _print(figures)
    for missed in figures["missed"]:
        typer.echo(f"arni-edge: missed: {missed}", err=True)
    return not figures["missed"]


def _progress(share: float) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{share:.0%} of the day", nl=False, err=True)


def _print(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        typer.echo(f"{name}: {_plain(value)}")


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    return str(value)
