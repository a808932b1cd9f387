"""Draws what was counted into PNG and SVG files. Needs the extra ``plots``; imported by nobody before."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure

from arni_edge.settings import DAYS

Say = Callable[..., str]
"""A sentence of the catalogue, by its key and values."""

_SEEN, _USUAL = "#0b6e99", "#c27c0e"


def today(answer: dict[str, Any], say: Say, file: Path, kind: Literal["png", "svg"]) -> None:
    """The answer to ``occupancy.today`` as a curve over what is usual, with its interval.

    Raises:
        OSError: The file cannot be written.
    """
    hours = answer["hours"]
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    places = range(len(hours))
    seen = [_or_gap(hour["people"]) for hour in hours]
    usual = any(hour["typical"] for hour in hours)
    if usual:
        low, expected, high = (
            [_or_gap(hour["typical"] and hour["typical"][name]) for hour in hours]
            for name in ("low", "expected", "high")
        )
        interval = say("occupancy_view.interval")
        axes.fill_between(places, low, high, color=_USUAL, alpha=0.2, label=interval)
        axes.plot(places, expected, "--", color=_USUAL, label=say("occupancy_view.typical_day"))
    if not all(map(math.isnan, seen)):
        axes.plot(places, seen, "o-", color=_SEEN, label=say("occupancy_view.today"))
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    else:
        axes.text(
            0.5, 0.5, say("occupancy_view.no_history"), ha="center", wrap=True, transform=axes.transAxes
        )
    axes.set_xticks(places, [f"{hour['hour']:02d}" for hour in hours])
    axes.set_xlabel(say("occupancy_view.hour"))
    axes.set_ylabel(say("occupancy_view.axis"))
    axes.set_ylim(bottom=0)
    axes.set_title(f"{answer['name']}, {say('day.' + DAYS[answer['weekday']])} {answer['day']}")
    _save(figure, file, kind)


def week(answer: dict[str, Any], say: Say, file: Path, kind: Literal["png", "svg"]) -> None:
    """The answer to ``occupancy.week`` as a heat map; what is not known stays white.

    Raises:
        OSError: The file cannot be written.
    """
    cells = [[_or_gap(slot and slot["expected"]) for slot in day] for day in answer["days"]]
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    if answer["weeks"]:
        image = axes.imshow(cells, aspect="auto", cmap="YlOrRd", vmin=0)
        figure.colorbar(image, ax=axes, label=say("occupancy_view.axis"))
    else:
        axes.text(0.5, 0.5, say("occupancy_view.no_week"), ha="center", wrap=True, transform=axes.transAxes)
        axes.set_ylim(6.5, -0.5)
    axes.set_xticks(range(24))
    axes.set_yticks(range(7), [say(f"day.{day}") for day in DAYS])
    axes.set_xlabel(say("occupancy_view.hour"))
    axes.set_title(answer["name"])
    _save(figure, file, kind)


def _or_gap(value: float | None) -> float:
    """What is not known is a gap in the drawing: neither nobody, nor the middle of its neighbours."""
    return math.nan if value is None else value


def _save(figure: Figure, file: Path, kind: str) -> None:
    # Text stays text in an SVG: it can be searched, and needs no font of ours. The gym's name is no formula.
    with mpl.rc_context({"svg.fonttype": "none", "text.parse_math": False}):
        figure.savefig(file, format=kind, dpi=120)
