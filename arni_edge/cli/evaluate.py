"""``arni-edge evaluate``: what the box makes of recorded input."""

import sys
from typing import Annotated

import typer

app = typer.Typer(help="What this version makes of recorded input.", no_args_is_help=True)

_STDIN = "-"


@app.command("devices")
def devices(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help='Recordings as JSON lines; "-" is standard input.')
    ],
) -> None:
    """Replay recorded MQTT traffic of devices: one JSON line per record, and one with the counts.

    Exit code 0 when everything could be read, 1 otherwise.
    """
    from arni_edge.devices.replay import Replay  # noqa: PLC0415 - needed by this command only

    replay, unreadable = Replay(), False
    out = sys.stdout.buffer
    for file in files:
        try:
            # Standard input is not ours to close.
            with open(0 if file == _STDIN else file, "rb", closefd=file != _STDIN) as lines:
                out.writelines(replay.run(lines, "standard input" if file == _STDIN else file))
        except BrokenPipeError:
            raise
        except OSError as error:
            unreadable = True
            typer.echo(f"arni-edge: {file} cannot be read: {error.strerror}", err=True)
    out.write(replay.summary())
    out.flush()
    if unreadable or replay.errors:
        raise typer.Exit(1)
