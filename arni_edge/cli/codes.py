"""``arni-edge visits …`` and ``arni-edge door present``: codes for people who are no members."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json, ask
from arni_edge.domain.errors import InvalidInput
from arni_edge.settings import DAYS

app = typer.Typer(help="Codes for deliveries, cleaners, trades.", no_args_is_help=True)

_DAY = typer.Option(formats=["%Y-%m-%d"])
_WORDS = {day[:3]: day for day in DAYS}


@app.command("add")
def add(
    label: Annotated[str, typer.Argument(help="What you call them, for instance cleaners.")],
    door: Annotated[list[str], typer.Option(help="A door that it opens; again for another one.")],
    when: Annotated[
        list[str],
        typer.Option(help='Weekdays and hours: "mon-fri 06:00-09:00", "sat 10:00-12:00"; again for more.'),
    ],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day.")],
    config: Config = None,
    since: Annotated[datetime | None, _DAY] = None,
    uses: Annotated[int | None, typer.Option(min=1, help="How often it opens. [default: any number]")] = None,
) -> None:
    """Make a code. It is shown once, and kept nowhere."""
    made = ask(
        config,
        "visits.add",
        label=label,
        doors=door,
        hours=_hours(when),
        valid_from=since.isoformat() if since else None,
        valid_until=(until + timedelta(days=1)).isoformat(),
        max_uses=uses,
    )
    typer.echo(f"{made['code']}  (visit {made['visit_id']})")


@app.command("list")
def list_visits(config: Config = None, json: Json = False) -> None:
    """List the visits; their codes cannot be shown again."""
    rows = ask(config, "visits.list")
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        used = f"{row['uses']}/{row['max_uses'] or '∞'}"
        doors = ", ".join(row["doors"])
        ends = row["valid_until"][:16].replace("T", " ")
        typer.echo(
            f"{row['visit_id']:<12} {row['state']:<8} {used:<7} until {ends}  {doors:<16} {row['label']}"
        )
    if not rows:
        typer.echo(
            "there are no visits; make one with: arni-edge visits add LABEL --door D --when … --until …"
        )


@app.command("revoke")
def revoke(visit_id: Annotated[str, typer.Argument(help="As listed.")], config: Config = None) -> None:
    """Withdraw a code; it opens nothing from now on."""
    ask(config, "visits.revoke", visit_id=visit_id)
    typer.echo(f"{visit_id} opens nothing any more")


def present(
    door: Annotated[str, typer.Argument(help="Which door.")],
    text: Annotated[str, typer.Argument(help="A QR code's text, or digits.")],
    config: Config = None,
    json: Json = False,
) -> None:
    """Do as if a reader had seen this at a door: it really opens. Exit code 1 when it stays shut."""
    became = ask(config, "door.present", door=door, text=text)
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(became, option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo(became["text"])
        if became["staff_text"]:
            typer.echo(f"for staff: {became['staff_text']}")
    if became["outcome"] is None:
        raise typer.Exit(1)


def _hours(when: list[str]) -> dict[str, list[str]]:
    """Weekdays to spans, as the configuration writes hours.

    Raises:
        InvalidInput: A text is not weekdays and a span.
    """
    hours: dict[str, list[str]] = {}
    for text in when:
        days, _, span = text.strip().lower().partition(" ")
        first, _, last = days.partition("-")
        if first not in _WORDS or (last and last not in _WORDS) or not span:
            raise InvalidInput(f'\'{text}\' must look like "mon-fri 06:00-09:00" or "sat 10:00-12:00"')
        names = list(_WORDS)
        begin, end = names.index(first), names.index(last or first)
        for name in names[begin : end + 1] if begin <= end else names[begin:] + names[: end + 1]:
            hours.setdefault(_WORDS[name], []).append(span.strip())
    return hours
