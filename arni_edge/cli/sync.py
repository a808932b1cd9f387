"""``arni-edge sync …``: the mirror of Magicline, how old it is, and reading it anew."""

from typing import Annotated, Any

import typer

from arni_edge.cli.options import Config, Json, ask, print_json

app = typer.Typer(help="The mirror of Magicline.", no_args_is_help=True)

_ENDS = {
    "already": "were in already",
    "expired": "not posted in time",
    "forbidden": "not posted: the key may not read them",
    "gone": "not posted: not at Magicline any more",
    "no_card": "not posted: no card",
    "refused": "refused by Magicline",
}
_WAIT_SECONDS = 3620.0
"""Longer than the daemon takes, so that its answer is heard."""


@app.command("status")
def status(config: Config = None, json: Json = False) -> None:
    """Show how old each part of the mirror is."""
    answer = ask(config, "sync.status")
    if json:
        print_json(answer)
    else:
        print_mirror(answer)


@app.command("now")
def now(
    config: Config = None,
    part: Annotated[
        str | None,
        typer.Option(
            help="Only this: members, studio, employees, classes, slots, appointments, utilization, or"
            " bookings and checkins of whoever has business today. [default: everything]"
        ),
    ] = None,
    accept_missing: Annotated[
        bool,
        typer.Option(
            "--accept-missing",
            help="Whoever Magicline does not list any more is gone, however many they are.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Read the mirror anew, wait for it, and show it."""
    answer = ask(config, "sync.now", answer_seconds=_WAIT_SECONDS, part=part, accept_missing=accept_missing)
    if json:
        print_json(answer)
    else:
        print_mirror(answer)


def print_mirror(answer: dict[str, Any]) -> None:
    """Show the mirror in lines."""
    if answer["kept_by"] is None:
        typer.echo("nobody is on file yet")
    elif answer["kept_by"] == "hand":
        typer.echo(f"members are kept by hand (changed {answer['refreshed_at'][:16]})")
    for part in answer["parts"]:
        old = ", OLD" if part["old"] else ""
        problem = f": {part['problem']}" if part["problem"] else ""
        typer.echo(f"{part['part']:<13} {part['rows']:>6}  {_age(part['age_seconds'])}{old}{problem}")
    under_way = answer["pass"]
    if under_way and under_way["ended_at"] is None:
        typer.echo(
            f"reading everything since {under_way['begun_at'][:16]}: now {under_way['phase']},"
            f" {under_way['customers']} customers so far"
        )
    _print_checkins(answer)
    if answer["hints_waiting"]:
        typer.echo(f"{answer['hints_waiting']} things are to be read anew")
    if answer["shared_numbers"]:
        typer.echo(
            f"{answer['shared_numbers']} members kept by hand share a number with somebody at Magicline:"
            " the number recognises neither; see arni-edge members list"
        )


def _print_checkins(answer: dict[str, Any]) -> None:
    if not answer["configured"]:
        return
    if not answer["checkins"]["posting"]:
        typer.echo("entries are not posted to Magicline: there is no magicline.device_url")
        return
    ends = ", ".join(
        f"{number} {_ENDS.get(how, how)}" for how, number in answer["checkins"]["last_day"].items()
    )
    typer.echo(f"check-ins of the last day: {ends or 'none'}")


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "never read"
    if seconds < 120:
        return f"{seconds:.0f} s old"
    return f"{seconds / 60:.0f} min old" if seconds < 7200 else f"{seconds / 3600:.0f} h old"
