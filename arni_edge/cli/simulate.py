"""``arni-edge simulate``: the simulated gym."""

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    scenario: Annotated[
        str | None,
        typer.Option(
            help="Play this scenario and stop: evening, emergency. Without it the gym keeps running."
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the scenario's report here, as JSON.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the box's files here instead of in a folder that is removed.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live picture.")] = False,
) -> None:
    """Run a gym that does not exist, on real protocols: cameras, lock, relay, WhatsApp and the daemon."""
    from arni_edge.simulator.gym import run_simulation  # noqa: PLC0415 - needs the simulator extra

    raise typer.Exit(run_simulation(scenario=scenario, report=report, folder=folder, quiet=quiet))
