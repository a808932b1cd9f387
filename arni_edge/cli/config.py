"""``arni-edge config``: look at the configuration before it is used."""

from pathlib import Path
from typing import Annotated

import typer

from arni_edge.cli.options import Config
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import load_settings, settings_path

app = typer.Typer(help="The configuration.", no_args_is_help=True)


@app.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(help="The file, instead of --config.")] = None,
    config: Config = None,
) -> None:
    """Check the configuration: exit code 0 when it can be used, 1 with every problem named when it cannot."""
    path = settings_path(file or config)
    try:
        settings = load_settings(path)
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    zones = sum(len(camera.zones) for camera in settings.cameras)
    typer.echo(
        f"{path}: ok ({settings.site.name}: {len(settings.doors)} doors, {len(settings.cameras)} cameras, "
        f"{zones} zones, {len(settings.shellies)} relays)"
    )
