"""``arni-edge models …``: which detectors there are, whether they are whole, where to get them."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from arni_edge.cli.options import Config, Json
from arni_edge.domain.errors import InvalidInput
from arni_edge.settings import load_settings, settings_path
from arni_edge.vision.models import (
    MANIFEST,
    ModelEntry,
    Verdict,
    known_models,
    read_manifest,
    verify,
)

app = typer.Typer(help="Models that see people.", no_args_is_help=True)

_Folder = Annotated[
    Path | None,
    typer.Option(help="Folder of the models. [default: models in the state folder of the settings]"),
]
_STATES = {
    Verdict.MATCHES: "here",
    Verdict.DIFFERS: "differs from its entry",
    None: "not here",
}


@app.command("list")
def list_models(config: Config = None, folder: _Folder = None, json: Json = False) -> None:
    """List the models that are here or can be fetched: licence, size, and whether the file is whole."""
    rows = _rows(_folder(folder, config))
    if json:
        typer.echo(orjson.dumps([_as_dict(*row) for row in rows], option=orjson.OPT_INDENT_2))
        return
    from rich.console import Console  # noqa: PLC0415 - only this command draws a table
    from rich.table import Table  # noqa: PLC0415

    table = Table("name", "licence", "size", "input", "state")
    for entry, _, verdict in rows:
        size = "x".join(str(side) for side in entry.input[2:])
        state = "to be pulled" if verdict is None and entry.url else _STATES[verdict]
        table.add_row(entry.name, entry.licence, f"{entry.bytes / 1e6:.1f} MB", size, state)
    Console().print(table)
    for directory in dict.fromkeys(path.parent for _, path, verdict in rows if verdict is not None):
        typer.echo(f"in {directory}")


@app.command("verify")
def verify_models(config: Config = None, folder: _Folder = None) -> None:
    """Compare every model with its entry in the manifest; exit code 1 when one differs, naming it."""
    wrong = 0
    for entry, path, verdict in _rows(_folder(folder, config)):
        # What can be fetched, and was not, is no fault; what the folder's own manifest names should be there.
        missing = verdict is None and entry in read_manifest(path.parent / MANIFEST) and not _shipped(path)
        if verdict is Verdict.DIFFERS or missing:
            wrong += 1
            reason = "is missing" if missing else "differs from its entry: it is damaged or was replaced"
            typer.echo(f"{path}: {reason}", err=True)
        elif verdict is Verdict.MATCHES:
            typer.echo(f"{path}: ok")
    if wrong:
        raise typer.Exit(1)


@app.command("pull")
def pull(
    name: Annotated[str, typer.Argument(help="As 'arni-edge models list' names it.")],
    config: Config = None,
    folder: _Folder = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Another manifest than the one that comes with Arni Edge.")
    ] = None,
) -> None:
    """Fetch a model; it is there whole and checked, or not at all."""
    if manifest is not None and not manifest.is_file():
        raise InvalidInput(f"{manifest}: there is no such manifest")
    entries = {entry.name: entry for entry in read_manifest(manifest or known_models())}
    if name not in entries:
        raise InvalidInput(f"{name} is not known; there are: {', '.join(entries)}")
    entry, target = entries[name], _folder(folder, config)
    path = target / entry.file
    known = {one.name: one for one in read_manifest(target / MANIFEST)}.get(name)
    if known == entry and path.exists() and verify(path) is Verdict.MATCHES:
        typer.echo(f"{path}: is here already")
        return
    _fetch(entry, target)
    typer.echo(f'{path}: {entry.licence}; to use it: vision.model = "{path.absolute()}"')


@app.command("export")
def export_model(
    name: Annotated[
        str,
        typer.Argument(help="yolov8n, yolov8s, yolov8m, yolov8l, yolov8x, or a file of own weights (.pt)."),
    ],
    size: Annotated[
        str, typer.Option(metavar="HEIGHTxWIDTH", help="Of the pictures that the model is to take.")
    ] = "384x640",
    to: Annotated[Path | None, typer.Option(help="Folder for the file; as --folder elsewhere.")] = None,
    tools: Annotated[
        Path | None, typer.Option(help="Folder of tool environments. [default: tools in the state folder]")
    ] = None,
    config: Config = None,
) -> None:
    """Export a YOLOv8 with Ultralytics, in an environment of its own (about 2 GB, made once with uv)."""
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    from arni_edge.vision.export import LICENCE_NOTE, export  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    tools = tools or load_settings(settings_path(config)).paths.state / "tools"
    with console.status(f"exporting {escape(name)}"):
        done = export(
            name,
            _size(size),
            _folder(to, config),
            tools.absolute(),
            lambda line: console.print(f"[dim]{escape(line)}[/dim]"),
        )
    typer.echo(f"{done.path}: {done.layout}, {done.entry.bytes / 1e6:.1f} MB")
    typer.echo(f'to use it: vision.model = "{done.path.absolute()}"')
    typer.echo(LICENCE_NOTE)


def _folder(folder: Path | None, config: Path | None) -> Path:
    return folder or load_settings(settings_path(config)).paths.state / "models"


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    try:
        return int(height), int(width)
    except ValueError:
        raise InvalidInput(f"{text}: a size looks like 384x640, height first") from None


def _rows(folder: Path) -> list[tuple[ModelEntry, Path, Verdict | None]]:
    """Every known model, where it is or would be, and how it is; the folder's own entries come first."""
    rows: dict[str, tuple[ModelEntry, Path, Verdict | None]] = {}
    for beside in (folder, known_models().parent):
        for entry in read_manifest(beside / MANIFEST):
            here = (beside / entry.file).exists()
            if entry.name in rows and not (here and rows[entry.name][2] is None):
                continue
            path = (beside if here else folder) / entry.file
            rows[entry.name] = (entry, path, verify(path) if here else None)
    return list(rows.values())


def _shipped(path: Path) -> bool:
    return path.parent == known_models().parent


def _as_dict(entry: ModelEntry, path: Path, verdict: Verdict | None) -> dict[str, Any]:
    state = "missing" if verdict is None else verdict.value
    return {**entry.model_dump(mode="json"), "path": str(path), "state": state}


def _fetch(entry: ModelEntry, folder: Path) -> None:
    from rich.console import Console  # noqa: PLC0415 - only this command draws a bar
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    from arni_edge.vision.download import download  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(entry.name, total=entry.bytes)
        download(entry, folder, lambda came: progress.update(bar, completed=came))
