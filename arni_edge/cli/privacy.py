"""``arni-edge privacy …``, ``erase`` and ``export``: what is kept of people, and how it goes."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from arni_edge.cli.options import Config, Json, ask, print_json, signed
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.messages import Language

app = typer.Typer(
    help="What is kept of people, for how long, and what has to be said about it.", no_args_is_help=True
)

_ERASE_SECONDS = 610.0
_NOT_SEARCHED = {"files": 0, "bytes": 0, "texts": 0, "identifiers": 0, "spellings": 0}
_Speaks = Annotated[Language | None, typer.Option(help="Language. [default: the gym's]")]
_MemberId = Annotated[str, typer.Argument(help="Their number in your books.")]


@app.command("retention")
def retention(
    config: Config = None,
    json: Json = False,
    run: Annotated[bool, typer.Option("--run", help="Forget now what is too old.")] = False,
) -> None:
    """Show how long everything is kept, how much there is, and when it was last seen to."""
    rows = ask(config, "privacy.retention", answer_seconds=_ERASE_SECONDS, run=run)
    if json:
        print_json(rows)
    else:
        typer.echo(
            f"{'what':<20}{'days':>6}{'rows':>9}  {'oldest':<12}{'last run':<18}{'removed':>8}  setting"
        )
        for row in rows:
            typer.echo(
                f"{row['job']:<20}{row['days']:>6}{row['rows']:>9}  {(row['oldest'] or '-')[:10]:<12}"
                f"{(row['last_run'] or 'never')[:16]:<18}{row['removed']:>8}"
                f"  {row['problem'] or row['setting']}"
            )
    if any(row["problem"] for row in rows):
        raise typer.Exit(1)


@app.command("consent")
def consent(
    member_id: _MemberId,
    config: Config = None,
    json: Json = False,
    grant: Annotated[str | None, typer.Option(metavar="PURPOSE", help="They agreed to this.")] = None,
    revoke: Annotated[str | None, typer.Option(metavar="PURPOSE", help="They took it back.")] = None,
) -> None:
    """Show what a member has agreed to; note it when they say it to you. Without their word nothing is."""
    stands = ask(config, "privacy.consent", member_id=member_id, grant=grant, revoke=revoke)
    if json:
        print_json(stands)
        return
    for purpose, one in stands.items():
        since = f" since {one['at'][:10]}, wording {one['text_version']}" if one["at"] else ""
        typer.echo(f"{purpose:<12}{'yes' if one['granted'] else 'no'}{since}")


@app.command("record")
def record(
    config: Config = None,
    format: Annotated[Literal["md", "json"], typer.Option(help="How it is printed.")] = "md",  # noqa: A002
    language: _Speaks = None,
) -> None:
    """Print the record of processing activities (Art. 30 GDPR) that the configuration makes necessary."""
    settings, catalogue, speaks = _read(config, language)
    from arni_edge.privacy.record import as_markdown, build_record  # noqa: PLC0415 - nothing else needs it

    made = build_record(settings, catalogue, speaks)
    if format == "json":
        print_json(made.as_json())
    else:
        typer.echo(as_markdown(made, catalogue, speaks))
    for gap in made.gaps:
        typer.echo(gap, err=True)


@app.command("sign")
def sign(
    config: Config = None,
    language: _Speaks = None,
    intercom: Annotated[bool, typer.Option("--intercom", help="There is a door station with sound.")] = False,
) -> None:
    """Print the text of the sign (Art. 13 GDPR) for the entrance."""
    settings, catalogue, speaks = _read(config, language)
    from arni_edge.privacy.sign import sign_text  # noqa: PLC0415 - nothing else needs it

    typer.echo(sign_text(settings, catalogue, speaks, intercom=intercom))


@app.command("erasures")
def erasures(config: Config = None, json: Json = False) -> None:
    """List what was erased, and what the searches found. Nothing in it says who it was."""
    rows = ask(config, "privacy.erasures")
    if json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(
            f"{row['at'][:16]}  {row['state']:<10}"
            f" {sum(row['removed'].values()):>6} rows, {row['found']} found"
        )
    if not rows:
        typer.echo("nobody was erased")


def erase(
    member_id: _MemberId,
    config: Config = None,
    by: Annotated[str | None, typer.Option(help="Who orders it. [default: your login]")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Erase a member over everything that is kept, and prove it with a search. It cannot be undone."""
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInput("nobody is there to be asked; say --yes if you are sure")
        typer.echo(f"Everything about member {member_id} will be erased. It cannot be undone.", err=True)
        if typer.prompt("Type the number again", err=True) != member_id:
            raise Refused("the numbers differ; nobody was erased")
    proof = ask(
        config,
        "privacy.erase",
        answer_seconds=_ERASE_SECONDS,
        member_id=member_id,
        by=signed(by),
    )
    if json:
        print_json(proof)
    else:
        _print_proof(proof)
    if proof["state"] != "proven":
        raise typer.Exit(1)


def export(
    member_id: _MemberId,
    config: Config = None,
    out: Annotated[Path | None, typer.Option(help="A file, readable by you only. [default: print]")] = None,
) -> None:
    """Print everything that is held about a member as JSON (Art. 15 and 20 GDPR)."""
    import orjson  # noqa: PLC0415 - this alone needs it

    text = orjson.dumps(ask(config, "privacy.export", member_id=member_id), option=orjson.OPT_INDENT_2)
    if out is None:
        typer.echo(text.decode())
        return
    try:
        out.touch(mode=0o600, exist_ok=False)
        out.write_bytes(text + b"\n")
    except FileExistsError:
        raise InvalidInput(f"{out}: is there already; choose another name") from None
    except OSError as error:
        raise InvalidInput(f"{out}: cannot be written: {error.strerror}") from None
    typer.echo(f"{out} holds everything; give it to nobody else", err=True)


def _print_proof(proof: dict[str, Any]) -> None:
    searched = proof["searched"]
    words = {"proven": "proven: nothing is left", "incomplete": "INCOMPLETE", "begun": "not over yet"}
    typer.echo(f"{words[proof['state']]} (erasure {proof['erasure_id']})")
    typer.echo(f"removed: {', '.join(f'{table} {n}' for table, n in proof['removed'].items())}")
    typer.echo(
        "searched: {files} files, {bytes} bytes, {texts} texts for {identifiers} things in {spellings}"
        " spellings; found {found}".format(**_NOT_SEARCHED | searched, found=proof["found"])
    )
    for line in (*(f"found in {place}" for place in proof["where"]), *proof["left_out"], *proof["elsewhere"]):
        typer.echo(f"- {line}")


def _read(config: Path | None, language: Language | None) -> Any:
    from arni_edge.domain.i18n import Catalogue  # noqa: PLC0415 - only what prints sentences needs it
    from arni_edge.settings import load_settings, settings_path  # noqa: PLC0415 - likewise

    settings = load_settings(settings_path(config))
    return settings, Catalogue.load(), language or settings.site.language
