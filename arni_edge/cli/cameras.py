"""``arni-edge cameras …``: find cameras, try them, draw what is counted where."""

import getpass
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from arni_edge.cli.options import Config, Json, ask, print_json
from arni_edge.domain.errors import ArniError, ConfigurationError, InvalidInput, Refused, Unavailable
from arni_edge.settings import Camera, Settings, load_settings, settings_path

app = typer.Typer(help="The gym's cameras.", no_args_is_help=True)

_Id = Annotated[str, typer.Argument(metavar="CAMERA", help="Its id in the settings.")]
_Listen = Annotated[
    str, typer.Option(help="Address to serve at; another than loopback shows it to the network.")
]
_Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to serve at; 0: any.")]
CREDENTIALS = "credentials"
"""Folder of passwords beside the configuration file."""

_ONVIF_SECONDS = 3.0
_RELOAD = "to use it: arni-edge reload"


@app.command("list")
def list_cameras(
    config: Config = None,
    json: Json = False,
    discover: Annotated[
        bool, typer.Option("--discover", help="Also ask the LAN for cameras that speak ONVIF.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=0.2, max=60, help="How long the LAN is asked.")] = 3.0,
) -> None:
    """List the gym's cameras and how they are, and with --discover those on the LAN."""
    known = [_row(camera, live) for camera, live in _with_states(config)]
    found: list[dict[str, Any]] = []
    away: Unavailable | None = None
    if discover:
        from arni_edge.vision.onvif import discover as ask_lan  # noqa: PLC0415 - for this option only

        try:
            found = [
                {"host": one.host, "name": one.name, "hardware": one.hardware, "service": one.service}
                for one in ask_lan(seconds)
            ]
        except Unavailable as error:  # the gym's own are shown all the same
            away = error
    if json:
        print_json({"cameras": known, "found": found} if discover else {"cameras": known})
    else:
        _print_list(known, found)
    if away is not None:
        raise away


def _print_list(known: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    for row in known:
        counted = ", ".join([*row["zones"], *row["lines"]]) or "nothing is counted yet: cameras draw"
        reason = f" ({row['reason']})" if row["reason"] else ""
        typer.echo(f"{row['id']:<16} {row['state'] or 'not asked':<11}{reason}  {row['url']}  {counted}")
    for one in found:
        typer.echo(f"on the LAN: {one['host']:<16} {one['name']} {one['hardware']}")
        typer.echo(f"    arni-edge cameras add ID --onvif {one['host']} --user USER")
    if not known and not found:
        typer.echo("there is no camera yet: arni-edge cameras list --discover, arni-edge cameras add")


@app.command("add")
def add(
    camera: _Id,
    url: Annotated[
        str | None, typer.Argument(help="rtsp://192.168.10.20:554/stream2, without login.")
    ] = None,
    config: Config = None,
    onvif: Annotated[
        str | None,
        typer.Option(metavar="HOST", help="Ask this camera (or device service) for its address instead."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="User; the password is asked for.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="Read the password from this file instead of asking.")
    ] = None,
    transport: Annotated[str, typer.Option(help="tcp or udp.")] = "tcp",
    credentials: Annotated[
        Path | None,
        typer.Option(help="Folder for its password. [default: credentials, beside the configuration]"),
    ] = None,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Look at it first.")] = True,
) -> None:
    """Add a camera to the configuration file, after a look at it; comments in the file stay."""
    path = settings_path(config)
    settings = load_settings(path)  # a file that is broken already is not to be blamed on the camera
    if any(one.id == camera for one in settings.cameras):
        raise InvalidInput(f"there is a camera '{camera}' already; choose another id")
    if (url is None) == (onvif is None):
        raise InvalidInput("give either the camera's rtsp:// address, or --onvif HOST")
    password = _password(user, password_file)
    if onvif is not None:
        url = _offered(onvif, user, password)
    values = {"id": camera, "url": url, "username": user, "transport": transport}
    checked = _camera({name: value for name, value in values.items() if value is not None}, password)
    if test:
        from arni_edge.cli import looking  # noqa: PLC0415 - only what looks

        report, _ = looking.look(checked, None)
        looking.print_report(camera, report)
        if report["state"] != "ok":
            raise Unavailable(
                f"'{camera}' was not added: {report['reason']}; with --no-test it is all the same"
            )
    from arni_edge.cli.edit import add_camera, write_credential  # noqa: PLC0415 - only what writes

    # The password first: a camera without it would be refused again and again, until it locks the account.
    file = write_credential(credentials or path.parent / CREDENTIALS, camera, password) if password else None
    try:
        add_camera(path, values)
    except ArniError:
        if file is not None:
            file.unlink(missing_ok=True)
        raise
    if file is not None:
        typer.echo(f"its password: {file}")
    typer.echo(f"{path}: '{camera}' was added. Now draw what is counted: arni-edge cameras draw {camera}")


@app.command("test")
def try_out(camera: _Id, config: Config = None, json: Json = False) -> None:
    """Look at a camera for a few seconds, and say what it sends and what could be better.

    Exit code 0 when it can be counted on, 1 otherwise.
    """
    from arni_edge.cli import looking  # noqa: PLC0415 - only what looks

    settings = _settings(config)
    report, _ = looking.look(_known(settings, camera), settings)
    if json:
        print_json({"camera": camera, **report, "advice": list(looking.advice(report))})
    else:
        looking.print_report(camera, report)
    if report["state"] != "ok":
        raise typer.Exit(1)


@app.command("snapshot")
def snapshot(
    camera: _Id,
    config: Config = None,
    width: Annotated[int, typer.Option(min=16, max=400, help="Columns in the terminal.")] = 100,
    serve: Annotated[bool, typer.Option("--serve", help="Serve it to one browser, once, instead.")] = False,
    listen: _Listen = "127.0.0.1",
    port: _Port = 0,
) -> None:
    """Show what a camera sees, with zones and lines. It is never stored; people are unrecognisable."""
    from arni_edge.cli import looking  # noqa: PLC0415 - only what looks

    settings = _settings(config)
    one = _known(settings, camera)
    if serve:
        _, picture = looking.look(one, settings, picture="jpeg", drawn=True)
        looking.serve(picture, listen, port)
        return
    if sys.stdout.isatty():
        width = min(width, shutil.get_terminal_size().columns)  # a line that is broken is no picture
    report, picture = looking.look(one, settings, picture="rgb", width=max(16, width), drawn=True)
    typer.echo(looking.blocks(picture, report["picture_width"], report["picture_height"]), nl=False)


@app.command("draw")
def draw(
    camera: _Id,
    config: Config = None,
    zone: Annotated[str | None, typer.Option(metavar="ID", help="Set a zone without a browser.")] = None,
    line: Annotated[str | None, typer.Option(metavar="ID", help="Set a line without a browser.")] = None,
    mask: Annotated[bool, typer.Option("--mask", help="Add a mask without a browser.")] = False,
    qr: Annotated[bool, typer.Option("--qr", help="Set the QR region without a browser.")] = False,
    points: Annotated[
        str | None, typer.Option(help='Its corners: "0.1,0.5 0.9,0.5 0.9,1", shares of the picture.')
    ] = None,
    name: Annotated[str, typer.Option(help="As people call it.")] = "",
    kind: Annotated[str, typer.Option(help="Of a zone: entrance, floor or mat.")] = "entrance",
    legal_basis: Annotated[str, typer.Option(help="Needed for floor and mat: why watching is lawful.")] = "",
    door: Annotated[str, typer.Option(help="Of a line or QR region: the door it belongs to.")] = "",
    listen: _Listen = "127.0.0.1",
    port: _Port = 0,
) -> None:
    """Draw zones, lines, masks and the QR region on a snapshot in a browser, or set one by its corners.

    They go into the configuration file as shares of the picture. The snapshot lives in memory, and is given
    to one browser once.
    """
    path = settings_path(config)
    settings = _settings(path)
    one = _known(settings, camera)
    from arni_edge.cli.drawn import put, read_points, state  # noqa: PLC0415 - only what writes

    parts = {"zone": zone, "line": line, "mask": "mask" if mask else None, "qr": "qr" if qr else None}
    given = [(part, value) for part, value in parts.items() if value is not None]
    if len(given) > 1:
        raise InvalidInput("one thing at a time: --zone, --line, --mask or --qr")
    if given:
        drawn = {"part": given[0][0], "id": given[0][1], "name": name, "kind": kind, "door": door}
        drawn["legal_basis"] = legal_basis
        typer.echo(put(path, camera, {**drawn, "points": read_points(points or "")}))
        typer.echo(_RELOAD)
        return
    from arni_edge.cli import looking  # noqa: PLC0415 - only what looks

    _, picture = looking.look(one, settings, picture="jpeg")
    looking.serve(
        picture, listen, port, save=lambda drawn: put(path, camera, drawn), state=state(settings, one)
    )
    typer.echo(_RELOAD)


# --- settings ---------------------------------------------------------------------------------------------


def _settings(config: Path | None) -> Settings:
    """The settings, with the passwords that lie beside the file unless a service manager hands them over."""
    path = settings_path(config)
    beside = path.parent / CREDENTIALS
    found = {"CREDENTIALS_DIRECTORY": str(beside)} if beside.is_dir() else {}
    return load_settings(path, {**found, **os.environ})


def _known(settings: Settings, camera: str) -> Camera:
    found = next((one for one in settings.cameras if one.id == camera), None)
    if found is None:
        known = ", ".join(one.id for one in settings.cameras) or "none yet"
        raise InvalidInput(f"there is no camera '{camera}' in the settings; there is: {known}")
    return found


def _camera(values: dict[str, Any], password: str | None) -> Camera:
    from pydantic import ValidationError  # noqa: PLC0415 - the other commands need it not

    try:
        return Camera.model_validate({**values, "password": password})
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise InvalidInput(f"{where}: {wrong['msg'].removeprefix('Value error, ')}") from None


def _with_states(config: Path | None) -> list[tuple[Camera, dict[str, str] | None]]:
    """Every camera of the settings, and how the running daemon says that it is, if one runs."""
    cameras = _settings(config).cameras
    try:
        live = ask(config, "status", answer_seconds=3.0)["cameras"] if cameras else {}
    except (Unavailable, ConfigurationError, KeyError):
        live = {}
    return [(camera, live.get(camera.id)) for camera in cameras]


def _row(camera: Camera, live: dict[str, str] | None) -> dict[str, Any]:
    return {
        "id": camera.id,
        "url": camera.url,
        "transport": camera.transport,
        "state": live["state"] if live else None,
        "reason": live["reason"] if live else "",
        "zones": [zone.id for zone in camera.zones],
        "lines": [line.id for line in camera.lines],
        "masks": len(camera.masks),
        "qr": camera.qr.door if camera.qr else None,
    }


def _password(user: str | None, file: Path | None) -> str | None:
    if user is None:
        return None
    if file is None:
        return getpass.getpass(f"password of {user}: ")
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from None


def _offered(host: str, user: str | None, password: str | None) -> str:
    """The address of the smallest stream that a camera offers."""
    from arni_edge.domain.masking import mask_log  # noqa: PLC0415 - likewise
    from arni_edge.vision.onvif import GROUP, discover, streams  # noqa: PLC0415 - for this option only

    if "://" in host:
        service = host
    elif ":" in host:
        service = f"http://{host}/onvif/device_service"  # a port: whoever knows it need not search
    elif not host:
        raise InvalidInput("--onvif needs the camera's host, or the address of its device service")
    else:
        answers = discover(_ONVIF_SECONDS, to=(host, GROUP[1]))
        service = answers[0].service if answers else f"http://{host}/onvif/device_service"
    try:
        offers = streams(service, user or "", password or "")
    except Refused as error:
        raise Refused(
            f"{error}; many cameras want an ONVIF user of its own, made in their web page"
        ) from None
    if not offers:
        raise Unavailable(f"{host} offers no stream over ONVIF; give its rtsp:// address instead")
    for offer in offers:
        typer.echo(
            f"{offer.profile}: {offer.codec} {offer.width}x{offer.height} {offer.rate:g}/s  "
            f"{mask_log(offer.url)}"
        )
    return offers[0].url
