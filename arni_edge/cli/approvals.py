"""``arni-edge approvals …``, ``tickets …`` and ``staff …``: what waits for a person, decided at the box."""

from typing import Annotated, Any

import typer

from arni_edge.cli.options import Config, Json, ask, print_json, signed
from arni_edge.domain.errors import InvalidInput

app = typer.Typer(help="What waits for a yes or a no.", no_args_is_help=True)
tickets = typer.Typer(help="What a person has to do by hand.", no_args_is_help=True)
staff = typer.Typer(help="Who works for the gym.", no_args_is_help=True)

_Id = Annotated[str, typer.Argument(help="As listed; the last characters are enough.")]
_By = Annotated[str, typer.Option(help="Who you are; it is kept. [default: your login name]")]


@app.command("list")
def list_actions(config: Config = None, json: Json = False) -> None:
    """List what waits for a confirmation, anywhere."""
    rows = ask(config, "actions.list")
    if json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['action']}  {row['tool']:<22} {row['where']:<14} until {row['expires_at'][:16]}")
        typer.echo(f"  {row['consequence']}")
    if not rows:
        typer.echo("nothing waits")


@app.command("show")
def show(action: _Id, config: Config = None, json: Json = False) -> None:
    """Show an action: what it is, who confirmed it, what became of it."""
    row = ask(config, "actions.show", action=action)
    if json:
        print_json(row)
        return
    confirmations = row.pop("confirmations")
    for key, value in row.items():
        typer.echo(f"{key:<12} {'' if value is None else value}")
    for one in confirmations:
        again = f", again at {one['again_at'][:19]}" if one["again_at"] else ""
        typer.echo(f"confirmed    {one['who']} by {one['how']} at {one['at'][:19]}{again}")


@app.command("propose")
def propose(
    tool: Annotated[str, typer.Argument(help="For instance contract.cancel.")],
    argument: Annotated[list[str] | None, typer.Argument(help="What it needs: member_id=10482 …")] = None,
    config: Config = None,
    by: _By = "",
    json: Json = False,
) -> None:
    """Ask for something. What cannot be undone waits for: arni-edge approvals confirm."""
    became = ask(config, "actions.propose", tool=tool, arguments=_arguments(argument or []), by=signed(by))
    if json:
        print_json(became)
    elif became["state"] == "proposed":
        typer.echo(f"{became['sentence']}\n\narni-edge approvals confirm {became['action']}")
    else:
        typer.echo(became.get("sentence") or "done")


@app.command("confirm")
def confirm(action: _Id, config: Config = None, by: _By = "", json: Json = False) -> None:
    """Say yes to what was proposed here. What needs two people is confirmed on their own accounts."""
    became = ask(config, "actions.confirm", action=action, by=signed(by), answer_seconds=330.0)
    if json:
        print_json(became)
        return
    typer.echo(became.get("sentence") or f"{became['action']} is done")


@app.command("deny")
def deny(action: _Id, config: Config = None, by: _By = "", json: Json = False) -> None:
    """Say no; nothing is changed."""
    became = ask(config, "actions.deny", action=action, by=signed(by))
    if json:
        print_json(became)
        return
    typer.echo(f"{became['action']} is denied; nothing was changed")


@tickets.command("list")
def list_tickets(config: Config = None, json: Json = False) -> None:
    """List what has to be done, oldest first."""
    rows = ask(config, "tickets.list")
    if json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['ticket_id']}  {row['created_at'][:16]}  {row['kind']}\n  {row['text']}")
    if not rows:
        typer.echo("nothing is to be done")


@tickets.command("done")
def done(
    ticket: Annotated[str, typer.Argument(help="As listed.")], config: Config = None, by: _By = ""
) -> None:
    """Note that something was done."""
    typer.echo(ask(config, "tickets.done", ticket=ticket, by=signed(by)))


@staff.command("list")
def list_staff(config: Config = None, json: Json = False) -> None:
    """List who works for the gym, and how they can be reached."""
    rows = ask(config, "staff.list")
    if json:
        print_json(rows)
        return
    for row in rows:
        ways = [way for way in ("telegram", "phone") if row[way]]
        typer.echo(f"{row['id']:<16} {row['role']:<7} {', '.join(ways) or 'not reachable':<16} {row['name']}")
    if not rows:
        typer.echo("there are no [[staff]] tables in the settings")


@staff.command("invite")
def invite(
    member: Annotated[str, typer.Argument(metavar="ID", help="Their id in the settings.")],
    config: Config = None,
    by: _By = "",
) -> None:
    """Make a code that binds somebody's Telegram account. It is shown once, and kept nowhere."""
    made = ask(config, "staff.invite", staff=member, by=signed(by))
    typer.echo(f"send this to the bot until {made['expires_at'][:16]}:  /start {made['code']}")
    if made["link"]:
        typer.echo(f"or open this on their phone:  {made['link']}")


def _arguments(given: list[str]) -> dict[str, Any]:
    """``key=value`` pairs; whole numbers and true/false as such.

    Raises:
        InvalidInput: One of them is none.
    """
    arguments: dict[str, Any] = {}
    for one in given:
        key, is_one, value = one.partition("=")
        if not is_one or not key:
            raise InvalidInput(f"'{one}' must look like member_id=10482")
        # An id that consists of digits is a text all the same.
        is_number = value.isascii() and value.isdigit() and not key.endswith("_id")
        arguments[key] = {"true": True, "false": False}.get(value, int(value) if is_number else value)
    return arguments
