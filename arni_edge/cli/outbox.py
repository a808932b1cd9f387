"""``arni-edge outbox …``: what leaves the house, what waits, and what was set aside."""

from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json, ask, print_json, signed

app = typer.Typer(help="What leaves the house: messages, bookings.", no_args_is_help=True)

_Id = Annotated[str, typer.Argument(help="As listed; the last characters are enough.")]
_By = Annotated[str, typer.Option(help="Who you are; it is kept. [default: your login name]")]


@app.command("list")
def list_rows(
    state: Annotated[
        str, typer.Option(help="Only this state, or 'all'. [default: what waits or was set aside]")
    ] = "",
    line: Annotated[str, typer.Option(help="Only this line, for instance whatsapp.")] = "",
    limit: Annotated[int, typer.Option(help="Most rows.")] = 20,
    config: Config = None,
    json: Json = False,
) -> None:
    """List what waits, newest first; never what it says."""
    rows = ask(config, "outbox.list", state=state or None, line=line or None, limit=limit)
    if json:
        print_json(rows)
        return
    for row in rows:
        why = f": {row['reason']}" if row["reason"] else ""
        typer.echo(
            f"{row['id']}  {row['queued_at'][:16]}  {row['line']:<10} {row['kind']:<10} {row['to']:<6}"
            f" {row['priority']:<10} {row['state']}{why}"
        )
    if not rows:
        typer.echo("nothing")


@app.command("show")
def show(row: _Id, config: Config = None, json: Json = False) -> None:
    """Show everything about one of them but what it says and to whom it goes."""
    shown = ask(config, "outbox.show", id=row)
    if json:
        print_json(shown)
        return
    for key, value in shown.items():
        typer.echo(f"{key:<12} {'' if value is None else value}")


@app.command("retry")
def retry(row: _Id, config: Config = None, by: _By = "", json: Json = False) -> None:
    """Have something leave after all: what was set aside, refused, dropped, or waits for its time."""
    shown = ask(config, "outbox.retry", id=row, by=signed(by))
    if json:
        print_json(shown)
    else:
        typer.echo(f"{shown['id']} is {shown['state']}")


@app.command("drop")
def drop(
    row: _Id,
    config: Config = None,
    by: _By = "",
    reason: Annotated[
        str, typer.Option(help="Why; it is kept. No names: members are erased elsewhere.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Have something never leave."""
    if not yes:
        typer.confirm("It will never leave. Go on?", abort=True)
    shown = ask(config, "outbox.drop", id=row, by=signed(by), reason=reason or None)
    if json:
        print_json(shown)
    else:
        typer.echo(f"{shown['id']} is {shown['state']}")
