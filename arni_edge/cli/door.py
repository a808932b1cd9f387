"""``arni-edge door …``: open one, see how they are and what happened at them."""

from typing import Annotated, Any

import typer

from arni_edge.cli.options import Config, Json, ask, print_json, signed
from arni_edge.settings.doors import LONGEST_OPENING_SECONDS

app = typer.Typer(help="Doors.", no_args_is_help=True)

_By = Annotated[str, typer.Option(help="Who you are. [default: your login name]")]


@app.command("open")
def open_door(
    door: Annotated[str, typer.Argument(help="Id of the door, from the configuration.")],
    reason: Annotated[str, typer.Option(help="Why: it is kept with the opening.")],
    config: Config = None,
    by: _By = "",
    json: Json = False,
) -> None:
    """Open a door from afar; exit code 0 only when it was seen to open."""
    answer = ask(
        config,
        "door.open",
        answer_seconds=LONGEST_OPENING_SECONDS + 10,
        door=door,
        reason=reason,
        by=signed(by),
    )
    if json:
        print_json(answer)
    else:
        typer.echo(answer["sentence"], err=not answer["confirmed"])
    if not answer["confirmed"]:
        raise typer.Exit(1)


@app.command("status")
def status(config: Config = None, json: Json = False) -> None:
    """Show how the doors are, and what is wrong; exit code 1 when something is."""
    doors = ask(config, "door.status")
    if json:
        print_json(doors)
    else:
        for door in doors:
            _print_door(door)
        if not doors:
            typer.echo("there are no doors in the configuration")
    if any(door["incidents"] for door in doors):
        raise typer.Exit(1)


@app.command("clear")
def clear(
    door: Annotated[str, typer.Argument(help="Id of the door.")],
    incident: Annotated[str, typer.Argument(help="What you have looked at, for instance jammed.")],
    config: Config = None,
    by: _By = "",
) -> None:
    """Say that you have looked at something that was wrong, and that it is over."""
    typer.echo(ask(config, "door.clear", door=door, incident=incident, by=signed(by)))


@app.command("log")
def log(
    config: Config = None,
    json: Json = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
) -> None:
    """Show every attempt to come in: who by id, the rule that decided, the evidence of the outcome."""
    rows = ask(config, "door.log", limit=limit)
    if json:
        print_json(rows)
        return
    for row in rows:
        _print_attempt(row)
    if not rows:
        typer.echo("nobody has asked for a door yet")


def _print_door(door: dict[str, Any]) -> None:
    strike = {True: "energised", False: "at rest", None: "unknown"}[door["output"]]
    lock = door["lock"] or strike
    there = "" if door["live"] else ", not heard"
    typer.echo(f"{door['id']:<12} {door['name']}: {lock}, contact {door['contact']}{there}")
    for incident in door["incidents"]:
        times = f" ({incident['times']} times)" if incident["times"] > 1 else ""
        since = incident["since"][:19]
        typer.echo(f"{'':13}! {incident['incident']} since {since}{times}: {incident['evidence']}")


def _print_attempt(row: dict[str, Any]) -> None:
    who = row["staff"] or row["member_id"] or row["credential_id"] or "stranger"
    via = row["via"] or row["source"]
    became = row["outcome"] or row["state"]
    evidence = f" ({row['evidence']})" if row["evidence"] else ""
    reason = f" because: {row['reason']}" if row["reason"] else ""
    start = f"{row['at'][:19]}  {row['door']:<10} {who:<12} {via:<8} {row['rule']:<16}"
    typer.echo(f"{start} {became}{evidence}{reason}")
