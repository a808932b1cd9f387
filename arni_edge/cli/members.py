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
    plan: Annotated[
        str | None, typer.Option(help="The contract's plan, as [[access.plans]] names it.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group, for instance women or staff.")] = None,
    arrears: Annotated[bool, typer.Option("--arrears", help="They owe money.")] = False,
    paused_from: Annotated[datetime | None, _DAY] = None,
    paused_until: Annotated[datetime | None, _DAY] = None,
) -> None:
    """Put a member on file, or change what is on file: all of it, what is not named is empty."""
    member = {
        "member_id": member_id,
        "name": name,
        "phone": phone,
        "state": str(state),
        "valid_from": _day(valid_from),
        "valid_until": _day(valid_until),
        "plan": plan,
        "groups": group or [],
        "arrears": arrears,
        "paused_from": _day(paused_from),
        "paused_until": _day(paused_until),
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


@app.command("qr")
def qr(
    member_id: Annotated[str, typer.Argument(help="Their number in your books.")],
    config: Config = None,
    door: Annotated[
        str | None, typer.Option(help="Good for this door only. [default: all of theirs]")
    ] = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Draw it, to be scanned from here.")] = False,
) -> None:
    """Make a QR code as the member's phone would: good for seconds, and once."""
    made = ask(config, "members.qr", member_id=member_id, door=door)
    typer.echo(made["text"])
    if terminal:
        import segno  # noqa: PLC0415 - nothing else here draws

        segno.make_qr(made["text"], error="m").terminal(compact=True)


@app.command("code")
def code(
    member_id: Annotated[str, typer.Argument(help="Their number in your books.")],
    door: Annotated[str, typer.Option(help="The only door that it opens.")],
    config: Config = None,
) -> None:
    """Make a one-time code: ten minutes, five tries. It is shown once, and kept nowhere."""
    typer.echo(ask(config, "members.code", member_id=member_id, door=door)["code"])


@app.command("rotate-keys")
def rotate_keys(
    config: Config = None,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=2160, help="For so long the present key is good; 0 if it was stolen.")
    ] = 168.0,
) -> None:
    """Sign QR codes with a new key from now on."""
    made = ask(config, "keys.rotate", overlap_hours=overlap_hours)
    typer.echo(
        f"the new key is {made['kid']}; the one before is good until {made['previous_until'][:16]} UTC"
    )


def _day(moment: datetime | None) -> str | None:
    return moment.date().isoformat() if moment else None
