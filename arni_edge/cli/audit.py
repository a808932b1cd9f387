"""``arni-edge audit …``: who did what, and whether that is still as it was written."""

from pathlib import Path
from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json
from arni_edge.domain.errors import InvalidInput, Unavailable

app = typer.Typer(help="The audit log: who did what.", no_args_is_help=True)

_Database = Annotated[
    Path | None, typer.Option("--database", metavar="FILE", help="Another database, from a backup.")
]


@app.command("verify")
def verify(
    config: Config = None,
    database: _Database = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The key that belongs to --database.")
    ] = None,
    json: Json = False,
) -> None:
    """Find rows that were changed, removed or moved. Exit code 1 when there are any.

    Reads the file by itself, whether the daemon runs or not. A log that somebody replaced as a whole by an
    older copy of itself looks right: keep backups elsewhere.
    """
    from arni_edge.storage import audit_check  # noqa: PLC0415 - needed by this branch only
    from arni_edge.storage.audit import read_key  # noqa: PLC0415

    if (database is None) != (key is None):
        raise InvalidInput("--database and --key belong together: the key of the day of the backup")
    if database is None or key is None:
        database, key = _files(config)
    try:
        secret = read_key(key)
    except FileNotFoundError:
        raise Unavailable(
            f"{key}: there is no key, so nothing can be verified; restore it from the backup"
        ) from None
    verdict = audit_check.verify(database, secret)
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        problems = [{"number": one.number, "what": one.what} for one in verdict.problems]
        shown = {"ok": verdict.ok, "rows": verdict.rows, "problems": problems}
        typer.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
    else:
        for one in verdict.problems:
            typer.echo(f"{'end' if one.number is None else one.number}: {one.what}")
        typer.echo(
            f"{verdict.rows} rows: {'as they were written' if verdict.ok else 'NOT as they were written'}"
        )
    if not verdict.ok:
        raise typer.Exit(1)


@app.command("log")
def log(
    config: Config = None,
    database: _Database = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many, the newest.")] = 50,
    json: Json = False,
) -> None:
    """Print the newest rows, oldest first. Members stand there under a pseudonym."""
    from arni_edge.storage import audit_check  # noqa: PLC0415 - needed by this branch only

    rows = audit_check.newest(database or _files(config)[0], limit)
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        for row in rows:
            row["detail"] = _parsed(row["detail"])
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        moment = row["at"][:19].replace("T", " ")
        who = f"{row['actor']:<16} {row['act']:<22} {row['subject']:<18}"
        typer.echo(f"{row['number']:>6}  {moment}  {who} {row['detail']}")
    if not rows:
        typer.echo("nothing was written down yet")


def _files(config: Path | None) -> tuple[Path, Path]:
    """Database and key of this box.

    Raises:
        ConfigurationError: The configuration cannot be used.
    """
    from arni_edge.settings import load_settings, settings_path  # noqa: PLC0415

    paths = load_settings(settings_path(config)).paths
    return paths.database, paths.audit_key


def _parsed(detail: str) -> object:
    """As JSON; what somebody tampered with, as it stands there."""
    import orjson  # noqa: PLC0415

    try:
        return orjson.loads(detail)
    except orjson.JSONDecodeError:
        return detail
