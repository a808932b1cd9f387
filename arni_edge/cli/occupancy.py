"""``arni-edge occupancy …``: how many people are in the gym, were today, and are in a typical week."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from arni_edge.cli.options import Config, Json, ask, print_json
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language

app = typer.Typer(help="People in the gym.", no_args_is_help=True)

_Zone = Annotated[str | None, typer.Option("--zone", metavar="ID", help="Only this zone.")]
_Png = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Also draw it into a PNG file.")]
_Svg = Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Also draw it into an SVG file.")]


@app.command("now")
def now(config: Config = None, zone: _Zone = None, json: Json = False) -> None:
    """Show who is counted now, how sure that is, and why if nobody knows; exit code 1 then."""
    answer = ask(config, "occupancy.now", zone=zone)
    counts = [one["count"] for one in answer["zones"]] if zone else [answer["count"]]
    if json:
        print_json(answer)
    else:
        from arni_edge.cli.occupancy_text import now_lines  # noqa: PLC0415 - --json does without

        for line in now_lines(answer, Catalogue.load()):
            typer.echo(line)
    if None in counts:
        raise typer.Exit(1)


@app.command("today")
def today(
    config: Config = None, zone: _Zone = None, json: Json = False, png: _Png = None, svg: _Svg = None
) -> None:
    """Show today hour by hour beside a typical day, which is the forecast for the rest."""
    answer = ask(config, "occupancy.today", zone=zone)
    _draw("today", answer, png, svg)
    if json:
        print_json(answer)
        return
    from arni_edge.cli.occupancy_text import today_text  # noqa: PLC0415 - Rich; --json does without

    _print_rich(today_text(answer, Catalogue.load()))


@app.command("week")
def week(
    config: Config = None, zone: _Zone = None, json: Json = False, png: _Png = None, svg: _Svg = None
) -> None:
    """Show the typical week as a heat map."""
    answer = ask(config, "occupancy.week", zone=zone)
    _draw("week", answer, png, svg)
    if json:
        print_json(answer)
        return
    from arni_edge.cli.occupancy_text import week_text  # noqa: PLC0415 - Rich; --json does without

    _print_rich(week_text(answer, Catalogue.load()))


@app.command("set")
def set_count(
    count: Annotated[int, typer.Argument(min=0, help="So many people are in the gym now.")],
    config: Config = None,
) -> None:
    """Say how many people you have counted; the lines go on from there."""
    typer.echo(ask(config, "occupancy.set", count=count))


def _draw(what: str, answer: dict[str, Any], png: Path | None, svg: Path | None) -> None:
    kinds: tuple[tuple[Path | None, Literal["png", "svg"]], ...] = ((png, "png"), (svg, "svg"))
    wanted = [(file, kind) for file, kind in kinds if file is not None]
    if not wanted:
        return
    try:
        from arni_edge.cli import occupancy_plots  # noqa: PLC0415 - needs the extra 'plots'
    except ModuleNotFoundError as error:
        raise Unavailable(f"{error.name} is not installed: drawing files needs the extra 'plots'") from None
    catalogue, language = Catalogue.load(), Language(answer["language"])
    draw = {"today": occupancy_plots.today, "week": occupancy_plots.week}[what]

    def say(key: str, **values: object) -> str:
        return catalogue.text(key, language, **values)

    for file, kind in wanted:
        try:
            draw(answer, say, file, kind)
        except OSError as error:
            raise InvalidInput(f"{file} cannot be written: {error.strerror or error}") from None
        typer.echo(f"{file}", err=True)


def _print_rich(text: Any) -> None:
    from rich.console import Console  # noqa: PLC0415 - --json does without

    Console(highlight=False).print(text)
