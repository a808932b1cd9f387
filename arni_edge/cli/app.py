"""The command's tree. Each branch is a module; what a branch needs is imported when it is used."""

import sys
from typing import Annotated

import typer

from arni_edge import __version__
from arni_edge.cli import (
    alarms,
    approvals,
    audit,
    bench,
    cameras,
    codes,
    config,
    devices,
    door,
    evaluate,
    ghost,
    members,
    models,
    occupancy,
    outbox,
    privacy,
    relay,
    service,
    simulate,
    sync,
)
from arni_edge.domain.errors import ArniError, ConfigurationError

EX_CONFIG = 78
"""No usable configuration: restarting cannot help, systemd must not try (sysexits.h)."""

app = typer.Typer(
    name="arni-edge",
    help="Runs a gym that has nobody at the desk.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would swallow whatever stands in square brackets
)
app.command("run")(service.run)
app.command("status")(service.status)
app.command("reload")(service.reload)
app.add_typer(simulate.app, name="simulate")
app.add_typer(config.app, name="config")
app.add_typer(members.app, name="members")
app.add_typer(devices.app, name="devices")
app.add_typer(cameras.app, name="cameras")
app.add_typer(models.app, name="models")
app.add_typer(occupancy.app, name="occupancy")
app.add_typer(door.app, name="door")
app.add_typer(alarms.app, name="alarms")
app.add_typer(outbox.app, name="outbox")
app.add_typer(relay.app, name="relay")
app.add_typer(sync.app, name="sync")
app.add_typer(ghost.app, name="ghost")
app.add_typer(audit.app, name="audit")
door.app.command("present")(codes.present)
app.add_typer(codes.app, name="visits")
app.add_typer(approvals.app, name="approvals")
app.add_typer(approvals.tickets, name="tickets")
app.add_typer(approvals.staff, name="staff")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(bench.app, name="bench")
app.add_typer(privacy.app, name="privacy")
app.command("erase")(privacy.erase)
app.command("export")(privacy.export)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"arni-edge {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Run the command. Expected errors become a sentence and an exit code, never a traceback."""
    try:
        app()
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        sys.exit(EX_CONFIG)
    except ArniError as error:
        typer.echo(f"arni-edge: {error}", err=True)
        sys.exit(1)
