"""``arni-edge members …``: the local mirror, until Magicline fills it."""

from datetime import datetime
from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json, ask
from arni_edge.domain.people import MemberState

app = typer.Typer(help="Members in the local mirror.", no_args_is_help=True)

_DAY = typer.Option(formats=["%Y-%m-%d"])


@app.command("add")
def add(
    member_id: Annotated[str, typer.Argument(help="Their number in your books.")],
    name: Annotated[str, typer.Argument(help="Name.")],
    phone: Annotated[str, typer.Argument(help="Mobile number in international form.")],
    config: Config = None,
    state: Annotated[MemberState, typer.Option(help="State of the contract.")] = MemberState.ACTIVE,
    valid_from: Annotated[datetime | None, _DAY] = None,
    valid_until: Annotated[datetime | None, _DAY] = None,
) -> None:
    """Put a member on file, or change what is on file."""
    member = {
        "member_id": member_id,
        "name": name,
        "phone": phone,
        "state": str(state),
        "valid_from": valid_from.date().isoformat() if valid_from else None,
        "valid_until": valid_until.date().isoformat() if valid_until else None,
    }
    ask(config, "members.put", members=[member])
    typer.echo(f"{member_id} is on file")


@app.command("list")
def list_members(config: Config = None, json: Json = False) -> None:
    """List the members on file; numbers are shown by their last three digits."""
    rows = ask(config, "members.list")
    for row in rows:
        row["phone"] = f"…{row['phone'][-3:]}"
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        typer.echo(f"{row['member_id']:<12} {row['state']:<8} {row['phone']:<5} {row['name']}")
    if not rows:
        typer.echo("nobody is on file; add somebody with: arni-edge members add ID NAME PHONE")
