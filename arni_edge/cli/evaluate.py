"""``arni-edge evaluate``: what the box makes of recorded input."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from arni_edge.cli.options import Json
from arni_edge.domain.errors import InvalidInput, Unavailable

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


@app.command("vision")
def vision(
    clips: Annotated[list[Path], typer.Argument(metavar="CLIP...", help="Videos or pictures.")],
    cameras: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            help="[[cameras]] and [vision] as in config/arni.toml; a camera belongs to the clip whose name "
            "is its id. Without: the whole picture, and its edge is the line.",
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="The detector, instead of vision.model.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Labels. [default: truth.json beside the clips]")] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=60, help="Looks per second. [default: vision.frames_per_second; 15 without a file]"
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="1 plays in real time, 2 twice as fast, 0 as fast as it goes.")
    ] = 0.0,
    closed: Annotated[
        bool, typer.Option("--closed", help="Play as after hours: whoever is there is an intruder.")
    ] = False,
    json: Json = False,
) -> None:
    """Play recordings through the eyes, and say what was counted and noticed.

    With --json a line per clip, and one with the summary. Exit code 0 when every clip could be played, 1
    otherwise. The clips' own time decides: at every speed the same comes out.
    """
    try:
        from arni_edge.cli.recordings import play  # noqa: PLC0415 - the eyes' libraries, for this only
    except ImportError as error:
        raise Unavailable(f"{error.name} is not installed: playing clips needs the extra 'vision'") from None
    if not play(clips, cameras, model, truth, rate=rate, speed=speed, closed=closed, json=json):
        raise typer.Exit(1)


@app.command("gym")
def gym(
    hours: Annotated[
        float, typer.Option(min=0.06, max=24, help="How long the simulated day is; everything happens in it.")
    ] = 2.0,
    cameras: Annotated[int, typer.Option(min=1, max=4, help="So many look on, the door's first.")] = 4,
    seed: Annotated[int, typer.Option(help="Of all chance in it: the same seed, the same day.")] = 1,
    model: Annotated[
        Path | None,
        typer.Option(help="A YOLOv8 that knows the simulator's figures. [default: the one that ships]"),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=4, help="Processes that share the cameras; changes no figure.")
    ] = 1,
    json: Json = False,
) -> None:
    """Play a day of the simulated gym through the eyes, faster than real, and compare with what was so.

    Exit code 0 when the targets are met: mean error per zone at most 0.5, 98 % of crossings, no drift after
    the nightly zero, tailgating found with precision and recall of at least 0.95, no intrusion alarm from the
    light. Otherwise 1, and what was missed.
    """
    try:
        from arni_edge.cli.simulated_day import play  # noqa: PLC0415 - the eyes' libraries, for this only
    except ImportError as error:
        raise Unavailable(f"{error.name} is not installed: the gym needs the extra 'vision'") from None
    if not play(hours=hours, cameras=cameras, seed=seed, model=model, jobs=jobs, json=json):
        raise typer.Exit(1)


@app.command("safety")
def safety(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help='Sentences as JSON lines with "text" and "emergency"; "-" is standard input.'
        ),
    ],
) -> None:
    """How many emergencies are found in labelled sentences, and how many are seen where there are none.

    Prints one JSON object: recall, false_alarm_rate, sentences, and the texts that were missed and that
    alarmed falsely. A crisis counts as an emergency. Exit code 0 when everything could be read, 2 otherwise.
    """
    from arni_edge.cli.labelled import judge_labelled  # noqa: PLC0415 - needed by this command only

    try:
        # Standard input is not ours to close.
        with open(0 if file == _STDIN else file, "rb", closefd=file != _STDIN) as lines:
            found = judge_labelled(lines)
    except OSError as error:
        typer.echo(f"arni-edge: {file} cannot be read: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    except InvalidInput as error:
        typer.echo(f"arni-edge: {'standard input' if file == _STDIN else file}, {error}", err=True)
        raise typer.Exit(2) from None
    sys.stdout.buffer.write(found)
    sys.stdout.buffer.flush()


@app.command("whatsapp")
def whatsapp(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help='Each one webhook body of Meta; "-" is standard input.'),
    ],
) -> None:
    """Read recorded webhooks: one JSON line per update, with what the box makes of it.

    A line has kind, conversation, text, duplicate (it came before in these files), ignored (why) and error.
    Exit code 0 when every body could be read, 1 otherwise.
    """
    from arni_edge.channels.whatsapp.evaluation import Evaluation  # noqa: PLC0415 - this command only
    from arni_edge.channels.whatsapp.webhook import MAX_BODY_BYTES  # noqa: PLC0415

    evaluation, unreadable = Evaluation(), False
    now = datetime.now(UTC)
    out = sys.stdout.buffer
    for file in files:
        try:
            # Standard input is not ours to close.
            with open(0 if file == _STDIN else file, "rb", closefd=file != _STDIN) as content:
                body = content.read(MAX_BODY_BYTES + 1)
        except OSError as error:
            unreadable = True
            typer.echo(f"arni-edge: {file} cannot be read: {error.strerror}", err=True)
            continue
        out.writelines(f"{finding.as_json()}\n".encode() for finding in evaluation.run(body, now))
    out.flush()
    if unreadable or evaluation.errors:
        raise typer.Exit(1)
