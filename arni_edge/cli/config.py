"""``arni-edge config``: look at the configuration before it is used."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from arni_edge.cli.options import Config, Json
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Settings, load_settings, settings_path

app = typer.Typer(help="The configuration.", no_args_is_help=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("must look like 2026-11-18") from None


@app.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(help="The file, instead of --config.")] = None,
    config: Config = None,
    json: Json = False,
    day: Annotated[
        date | None,
        typer.Option(parser=_day, metavar="YYYY-MM-DD", help="The day that is played. [default: today]"),
    ] = None,
    people: Annotated[
        int | None, typer.Option(min=0, max=100_000, help="People inside at the busiest hour of that day.")
    ] = None,
) -> None:
    """Check the configuration and play a day with its rules.

    Exit code 0 when it can be used, 1 with every problem named when it cannot. The day is a plausible one:
    people over the opening hours, a while in which nobody can see them, one leak.
    """
    path = settings_path(file or config)
    try:
        settings = load_settings(path)
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    if not json:
        zones = sum(len(camera.zones) for camera in settings.cameras)
        typer.echo(
            f"{path}: ok ({settings.site.name}: {len(settings.doors)} doors, "
            f"{len(settings.cameras)} cameras, {zones} zones, {len(settings.shellies)} relays)"
        )
    if json or settings.automation.configured:
        _play(settings, day or datetime.now(UTC).astimezone(settings.site.zone).date(), people, json=json)


def _play(settings: Settings, day: date, people: int | None, *, json: bool) -> None:
    # What the day needs is loaded only now: a check that finds a problem answers at once.
    import orjson  # noqa: PLC0415

    from arni_edge.automation.day import DayReport, simulate_day  # noqa: PLC0415
    from arni_edge.automation.words import Words  # noqa: PLC0415
    from arni_edge.domain.i18n import Catalogue  # noqa: PLC0415

    configured = settings.automation.configured
    report = simulate_day(settings, day, people) if configured else DayReport((), ())
    words = Words(Catalogue.load(), settings.site.language)
    if json:
        answer = {"timeline": words.lines(report), "warnings": words.warnings(report)}
        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    for line in words.timeline(report):
        typer.echo(line)
    for warning in words.warnings(report):
        typer.echo(words.note(warning))
