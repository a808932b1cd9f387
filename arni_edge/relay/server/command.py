"""The ``arni-relay`` command: the server, and what its operator does."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from arni_edge import __version__
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ArniError, ConfigurationError, InvalidInput
from arni_edge.relay.server import boxes, events, gyms
from arni_edge.relay.server.store import Store
from arni_edge.relay.server.stores import open_store
from arni_edge.relay.server.times import from_ms
from arni_edge.settings.relay_server import RelayServer, load_relay_server, relay_server_path

EX_CONFIG = 78
"""No usable configuration: restarting cannot help (sysexits.h)."""

_GYM = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_MOST_ERASED = 100_000

T = TypeVar("T")
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The file. [default: $ARNI_RELAY_CONFIG or /etc/arni-relay/relay.toml]"
    ),
]
Gym = Annotated[str, typer.Argument(help="Short name of the gym: small letters, digits, - and _.")]
AppSecret = Annotated[
    Path | None,
    typer.Option(help="File with the secret of the gym's own Meta app; - reads it from standard input."),
]
MagiclineKey = Annotated[
    Path | None, typer.Option(help="File with the studio's webhook key; - reads it from standard input.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

app = typer.Typer(
    name="arni-relay",
    help="The relay: takes webhooks for gyms, keeps them, hands them to their boxes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would swallow whatever stands in square brackets
)
box = typer.Typer(help="Gyms and their boxes.", no_args_is_help=True)
app.add_typer(box, name="box")


@app.command("serve")
def serve_command(config: Config = None) -> None:
    """Run the relay until it is stopped."""
    from arni_edge.logs import configure_logging  # noqa: PLC0415 - the other commands log nothing
    from arni_edge.relay.server.serve import serve  # noqa: PLC0415 - the other commands serve nothing

    settings = _settings(config)
    configure_logging(settings.server.log_level, component="relay")
    asyncio.run(serve(settings, SystemClock()))


@app.command("erase")
def erase(
    gym: Gym,
    sequences: Annotated[
        list[str] | None, typer.Argument(help="Numbers of events, or spans of them: 7 12-40.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Of all events of this gym.")] = False,
    config: Config = None,
) -> None:
    """Replace the content of events by nothing; their numbers stay."""
    if everything == bool(sequences):
        raise InvalidInput("name the numbers of the events, or --all")
    numbers = _numbers(sequences or [])

    async def work(store: Store, _: RelayServer) -> int:
        if everything:
            return await events.erase_all(store, gym)
        return await events.erase(store, gym, numbers)

    typer.echo(f"{_with_store(config, work)} events erased")


@box.command("add")
def add(
    gym: Gym, app_secret: AppSecret = None, magicline_key: MagiclineKey = None, config: Config = None
) -> None:
    """Take a gym on: prints its webhook addresses, its verify token and the code for its box, once."""
    if not _GYM.fullmatch(gym):
        raise InvalidInput("GYM must be small letters, digits, - and _, at most 32 of them")
    known = gyms.Secrets(_secret(app_secret), _secret(magicline_key))

    async def work(store: Store, settings: RelayServer) -> None:
        passes = await gyms.add(store, gym, known)
        _tell_passes(settings, passes)
        await _tell_code(store, settings, gym)

    _with_store(config, work)


@box.command("list")
def list_boxes(config: Config = None, json: Json = False) -> None:
    """Show all gyms, and how their boxes stand."""

    async def work(store: Store, _: RelayServer) -> list[gyms.Standing]:
        return list(await gyms.standings(store))

    found = _with_store(config, work)
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps([_as_json(one) for one in found]).decode())
        return
    typer.echo(f"{'gym':<34}{'box':<10}{'epoch':>6}{'kept':>9}{'newest':>10}  enrolled")
    for one in found:
        enrolled = f"{from_ms(one.enrolled_at):%Y-%m-%d %H:%M}" if one.enrolled_at is not None else "-"
        kept = one.newest - one.oldest + 1
        typer.echo(f"{one.gym:<34}{_state(one):<10}{one.epoch:>6}{kept:>9}{one.newest:>10}  {enrolled}")


@box.command("code")
def code(gym: Gym, config: Config = None) -> None:
    """Print a code with which another box takes the place of the present one."""
    _with_store(config, lambda store, settings: _tell_code(store, settings, gym))


@box.command("revoke")
def revoke(gym: Gym, config: Config = None) -> None:
    """Shut the box of a gym out, at once. Its webhooks are still kept, for the box that enrols next."""
    _with_store(config, lambda store, _: boxes.revoke(store, gym))
    typer.echo("revoked")


@box.command("rotate-path")
def rotate_path(gym: Gym, config: Config = None) -> None:
    """Give a gym other webhook addresses and another verify token; the old ones are worth nothing at once."""

    async def work(store: Store, settings: RelayServer) -> None:
        _tell_passes(settings, await gyms.rotate_path(store, gym))

    _with_store(config, work)


@box.command("secrets")
def set_secrets(
    gym: Gym, app_secret: AppSecret = None, magicline_key: MagiclineKey = None, config: Config = None
) -> None:
    """Change the secret of the gym's Meta app, or its Magicline webhook key."""
    known = gyms.Secrets(_secret(app_secret), _secret(magicline_key))
    if known == gyms.Secrets():
        raise InvalidInput("give --app-secret or --magicline-key")
    _with_store(config, lambda store, _: gyms.set_secrets(store, gym, known))
    typer.echo("changed")


@box.command("renew-log")
def renew_log(gym: Gym, config: Config = None) -> None:
    """After a restored backup: tell the box that it has to read the whole log again."""
    _with_store(config, lambda store, _: gyms.renew_log(store, gym))
    typer.echo("renewed")


@box.command("remove")
def remove(
    gym: Gym,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Forget a gym with all its events."""
    if not yes:
        typer.confirm(f"Delete {gym} and every event that is kept for it?", abort=True)
    _with_store(config, lambda store, _: gyms.remove(store, gym))
    typer.echo("removed")


@app.command("bench")
def bench(
    polls: Annotated[int, typer.Option(min=1, max=50_000, help="Boxes that wait at once.")] = 5000,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long they wait.")] = 60.0,
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL database. [default: SQLite in a scratch folder]")
    ] = None,
) -> None:
    """Measure a relay with so many waiting boxes: memory, processor, how soon an event reaches its box."""
    import orjson  # noqa: PLC0415 - the other commands do without

    from arni_edge.relay.server.bench import measure  # noqa: PLC0415 - only here

    typer.echo(orjson.dumps(asyncio.run(measure(polls, seconds, database_url))).decode())


def main() -> None:
    """Run the command; what an operator can act on is said in one sentence."""
    try:
        app()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EX_CONFIG)
    except ArniError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"arni-relay {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Options of the command itself."""


def _settings(config: Path | None) -> RelayServer:
    return load_relay_server(relay_server_path(config))


def _with_store(config: Path | None, work: Callable[[Store, RelayServer], Awaitable[T]]) -> T:
    """Do something with the database, beside a server that runs or does not."""

    async def run() -> T:
        settings = _settings(config)
        store = await open_store(settings)
        running = asyncio.create_task(store.run(lambda _: None, lambda: None))
        try:
            return await work(store, settings)
        finally:
            running.cancel()
            await asyncio.wait({running})
            await store.aclose()

    return asyncio.run(run())


def _tell_passes(settings: RelayServer, passes: gyms.Passes) -> None:
    address = f"{settings.server.public_url}/w/{passes.path}"
    typer.echo(f"WhatsApp callback   {address}/whatsapp")
    typer.echo(f"verify token        {passes.verify_token}")
    typer.echo(f"Magicline callback  {address}/magicline")
    typer.echo(
        "This is shown once. Who knows an address can send to it only with the secret that belongs to it."
    )


async def _tell_code(store: Store, settings: RelayServer, gym: str) -> None:
    minutes = settings.retention.enrolment_minutes
    text = await boxes.new_code(store, gym, now=SystemClock().now(), good_for=timedelta(minutes=minutes))
    typer.echo(f"code for the box    {text}  (once, within {minutes} minutes)")


def _secret(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"{file}: cannot be read") from None
    if not text.strip():
        raise InvalidInput(f"{file}: is empty")
    return text.strip()


def _numbers(spans: list[str]) -> list[int]:
    numbers: set[int] = set()
    for span in spans:
        match = re.fullmatch(r"([0-9]{1,15})(?:-([0-9]{1,15}))?", span)
        if match is None:
            raise InvalidInput(f"'{span}' must be a number, or a span such as 12-40")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first >= _MOST_ERASED:
            raise InvalidInput(f"'{span}' is too long; use --all")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def _state(one: gyms.Standing) -> str:
    return "revoked" if one.revoked else "enrolled" if one.epoch else "none"


def _as_json(one: gyms.Standing) -> dict[str, object]:
    return {
        "gym": one.gym,
        "box": _state(one),
        "epoch": one.epoch,
        "oldest": one.oldest,
        "newest": one.newest,
        "enrolled_at": None if one.enrolled_at is None else from_ms(one.enrolled_at).isoformat(),
        "magicline": one.magicline,
        "own_app": one.own_app,
    }
