"""``arni-edge alarms …``: see them, take them, end them, test the chain, and prove all of that."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from arni_edge.cli.options import Config, Json, ask, login, print_json
from arni_edge.domain.errors import ConfigurationError, Refused

app = typer.Typer(help="Alarms, the test of the alarm chain, and the proof log. Without a word: the newest.")

_Alarm = Annotated[str, typer.Argument(help="Its id, or the last six characters of it.")]
_By = Annotated[
    str, typer.Option(help="Who you are: an id of staff, or your name. [default: your login name]")
]
_Day = Annotated[str | None, typer.Option(help="A day such as 2026-11-01, in the studio's time zone.")]


class Outcome(StrEnum):
    """How an alarm ended."""

    HELPED = "helped"
    FALSE_ALARM = "false_alarm"
    TEST = "test"


_Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")]


@app.callback(invoke_without_command=True)
def _newest(context: typer.Context, config: Config = None, json: Json = False, limit: _Limit = 20) -> None:
    """Alarms, the test of the alarm chain, and the proof log. Without a word: the newest."""
    if context.invoked_subcommand is None:
        list_alarms(config, json, limit)


@app.command("list")
def list_alarms(config: Config = None, json: Json = False, limit: _Limit = 20) -> None:
    """List the newest alarms with what was done for each."""
    rows = ask(config, "alarms.log", limit=limit)
    if json:
        print_json(rows)
        return
    for row in rows:
        _print_line(row)
        for sink in row["sinks"]:
            typer.echo(f"{'':21}{sink['sink']}: {_state(sink)} ({sink['detail']})")
    if not rows:
        typer.echo("no alarms")


@app.command("show")
def show(alarm: _Alarm, config: Config = None, json: Json = False) -> None:
    """Show everything that happened to an alarm."""
    row = ask(config, "alarms.show", alarm=alarm)
    if json:
        print_json(row)
        return
    _print_line(row)
    typer.echo(f"id            {row['alarm_id']}")
    typer.echo(f"reports       {row['reports']}, at {row['place'] or 'no known place'}")
    typer.echo(
        f"acknowledged  {(row['acknowledged_at'] or 'no')[:19]} {row['acknowledged_by'] or ''}".rstrip()
    )
    typer.echo(f"closed        {(row['closed_at'] or 'no')[:19]} {row['closed_by'] or ''}".rstrip())
    if row["outcome"]:
        typer.echo(f"outcome       {row['outcome']}: {row['note']}")
    for sink in row["sinks"]:
        took = f" in {sink['seconds']:.1f} s" if sink["seconds"] is not None else ""
        typer.echo(f"  {sink['sink']}: {_state(sink)}{took} ({sink['detail']})")
    for line in row["history"]:
        words = " ".join(one for one in (line["what"], line["who"], line["detail"]) if one)
        typer.echo(f"  {line['at'][:19]}  {words}")


@app.command("ack")
def acknowledge(alarm: _Alarm, config: Config = None, by: _By = "", json: Json = False) -> None:
    """Take an alarm: nobody else is called."""
    _say(ask(config, "alarms.acknowledge", alarm=alarm, by=_named(by)), json=json)


@app.command("close")
def close(
    alarm: _Alarm,
    note: Annotated[str, typer.Option(help="How it ended, in a sentence: it is kept with the alarm.")],
    config: Config = None,
    by: _By = "",
    outcome: Annotated[Outcome, typer.Option(help="How it ended.")] = Outcome.HELPED,
    json: Json = False,
) -> None:
    """End an alarm."""
    answer = ask(config, "alarms.close", alarm=alarm, by=_named(by), note=note, outcome=outcome.value)
    _say(answer, json=json)


@app.command("cancel")
def cancel(
    alarm: _Alarm,
    config: Config = None,
    by: _By = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is sure.")] = False,
    json: Json = False,
) -> None:
    """End an alarm that was none; asks whether that is sure, and everything goes on meanwhile."""
    who = _named(by)
    question = ask(config, "alarms.cancel", alarm=alarm, by=who, confirm=False)
    if not yes and not typer.confirm(question, err=True):
        raise typer.Exit(1)
    _say(ask(config, "alarms.cancel", alarm=alarm, by=who, confirm=True), json=json)


@app.command("test")
def start_test(config: Config = None, by: _By = "", json: Json = False) -> None:
    """Start a test alarm: everybody on call is told that it is one; no siren sounds."""
    _say(ask(config, "alarms.test", by=_named(by)), json=json)


@app.command("export")
def export(
    config: Config = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a table; - is standard output.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write a document.")] = None,
    since: _Day = None,
    until: _Day = None,
    json: Json = False,
) -> None:
    """Export the proof log: alarms, who answered and how quickly, tests, and months without one."""
    if csv is None and pdf is None and not json:
        raise typer.BadParameter("say where to: --csv FILE, --pdf FILE, or --json")
    if pdf is not None:
        from arni_edge.cli import proof_pdf  # noqa: PLC0415 - the other commands do without

        proof_pdf.require_library()
    log = _whole_log(config, since, until)
    if json:
        print_json(log)
    from arni_edge.cli import proof_text  # noqa: PLC0415 - the other commands do without a catalogue

    if csv is not None:
        _write(csv, proof_text.csv_of(log).encode())
    if pdf is not None:
        _write(pdf, proof_pdf.pdf_of(log))


def _whole_log(config: Config, since: str | None, until: str | None) -> dict[str, Any]:
    """The proof log, page by page; the first one fixes the period."""
    log: dict[str, Any] = ask(config, "alarms.proof", since=since, until=until)
    after = log["after"]
    while after is not None:
        page = ask(config, "alarms.proof", since=since, until=until, after=after)
        log["alarms"] += page["alarms"]
        after = page["after"]
    return log


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads: names of people stand in it."""
    if str(path) == "-":
        typer.echo(content.decode(), nl=False)
        return
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {path}", err=True)


def _state(sink: dict[str, Any]) -> str:
    """What became of it, in words: ``not_needed`` is two."""
    return str(sink["state"]).replace("_", " ")


def _print_line(row: dict[str, Any]) -> None:
    drill = ", a test" if row["drill"] else ""
    code = row["alarm_id"][-6:]
    typer.echo(
        f"{row['raised_at'][:19]}  {code}  {row['state']:<12} {row['cause']:<9} by {row['source']}{drill}"
    )


def _say(answer: str, *, json: bool) -> None:
    if json:
        print_json({"answer": answer})
    else:
        typer.echo(answer)


def _named(by: str) -> str:
    """Who it is; nobody takes or ends an alarm without a name."""
    name = by or login()
    if not name:
        raise Refused("say who you are: --by NAME")
    return name
