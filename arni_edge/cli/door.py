"""``arni-edge door``: what happened at the doors."""

from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json, ask

app = typer.Typer(help="Doors.", no_args_is_help=True)


@app.command("log")
def log(
    config: Config = None,
    json: Json = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
) -> None:
    """Show every attempt to come in: who by id, the rule that decided, the evidence of the outcome."""
    rows = ask(config, "door.log", limit=limit)
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        became = row["outcome"] or row["state"]
        who = row["member_id"] or "stranger"
        evidence = f" ({row['evidence']})" if row["evidence"] else ""
        typer.echo(f"{row['at'][:19]}  {row['door']:<10} {who:<12} {row['rule']:<16} {became}{evidence}")
    if not rows:
        typer.echo("nobody has asked for a door yet")
