"""``arni-edge devices …``: what is on the broker, and what of it belongs to the house."""

import time
from datetime import datetime
from typing import Annotated, Any

import typer

from arni_edge.cli.options import Config, Json, ask, print_json
from arni_edge.domain.errors import InvalidInput

app = typer.Typer(help="Shelly and Nuki devices.", no_args_is_help=True)

_Key = Annotated[str, typer.Argument(help="Key from 'devices list', or id in the house.")]
_WAIT_SECONDS = 15.0


@app.command("list")
def list_devices(
    config: Config = None,
    json: Json = False,
    everything: Annotated[bool, typer.Option("--all", help="Ignored ones, too.")] = False,
) -> None:
    """List every device that was heard: the house's first, then strangers that could be adopted."""
    rows = ask(config, "devices.list", all=everything)
    if json:
        print_json(rows)
        return
    for row in rows:
        battery = "" if row["battery"] is None else f"  battery {row['battery']:g} %"
        seen = f"  last seen {row['last_seen'][:19]}" if row["last_seen"] else ""
        what = " ".join(filter(None, (row["model"], row["firmware"])))
        typer.echo(
            f"{row['state']:<8} {row['availability']:<8} {row['id'] or '-':<16} {row['role'] or '-':<11} "
            f"{row['key']:<28} {row['name']}{_in_room(row['room'])}  {what}{battery}{seen}"
        )
    if not rows:
        typer.echo("no device was heard yet; is MQTT switched on in it, and does it know this broker?")


@app.command("show")
def show(device: _Key, config: Config = None, json: Json = False) -> None:
    """Show what is known of one device: every value with its age, live or last known."""
    answer = ask(config, "devices.show", device=device)
    if json:
        print_json(answer)
        return
    typer.echo(f"{answer['key']}  {answer['name']}{_in_room(answer['room'])}")
    typer.echo(
        f"  {answer['state']}, {answer['availability']}, silent for at most {answer['silence_seconds']:g} s"
    )
    for name, value in answer["identity"].items():
        typer.echo(f"  {name:<15} {'unknown' if value is None else value}")
    for incident in answer["incidents"]:
        typer.echo(f"  ! {incident['incident']} since {incident['at'][:19]}: {incident['evidence']}")
    for entity, reading in answer["entities"].items():
        mark = "live" if reading["live"] else "last known"
        typer.echo(f"  {entity:<38} {_value(reading):<20} {reading['age_seconds']:>9.0f} s ago  {mark}")


@app.command("adopt")
def adopt(
    key: _Key,
    name_in_house: Annotated[str, typer.Option("--id", help="Its id: lower-case letters, digits, - and _.")],
    role: Annotated[str, typer.Option(help="light, path_light, siren, heating, plug, button, sensor, …")],
    config: Config = None,
    room: Annotated[str, typer.Option(help="Where it is.")] = "",
    name: Annotated[str, typer.Option(help="As people call it.")] = "",
    switch: Annotated[int, typer.Option(min=0, max=7, help="Which output.")] = 0,
    component: Annotated[str, typer.Option(help="switch, light, rgb, rgbw, cct or cover.")] = "switch",
    force: Annotated[bool, typer.Option("--force", help="Also a device that is not heard now.")] = False,
) -> None:
    """Make a device part of the house. Locks and strikes get their tables to paste instead."""
    typer.echo(
        ask(
            config,
            "devices.adopt",
            key=key,
            id=name_in_house,
            role=role,
            room=room,
            name=name,
            switch=switch,
            component=component,
            force=force,
        )
    )


@app.command("ignore")
def ignore(key: _Key, config: Config = None) -> None:
    """Do not mention a device any more; an adopted one leaves the house."""
    typer.echo(ask(config, "devices.ignore", device=key))


@app.command("rename")
def rename(key: _Key, name: Annotated[str, typer.Argument(help="New name.")], config: Config = None) -> None:
    """Call a device something else."""
    typer.echo(ask(config, "devices.rename", device=key, name=name))


@app.command("set")
def set_device(
    device: Annotated[str, typer.Argument(help="Its id in the house.")],
    config: Config = None,
    json: Json = False,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="The device itself ends it then. [siren: at most 120, default 5]")
    ] = None,
    brightness: Annotated[int | None, typer.Option(help="1 to 100; switches a light on.")] = None,
    rgb: Annotated[str | None, typer.Option(metavar="#RRGGBB", help="Switches a colour light on.")] = None,
    up: Annotated[bool, typer.Option("--open", help="Move a cover.")] = False,
    down: Annotated[bool, typer.Option("--close", help="Move a cover.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop a cover.")] = False,
    position: Annotated[int | None, typer.Option(help="0 (closed) to 100 (open).")] = None,
) -> None:
    """Try a device out; exit code 0 only when its effect was seen. Doors: arni-edge door open."""
    moves = [name for name, given in (("open", up), ("close", down), ("stop", stop)) if given]
    if len(moves) > 1:
        raise InvalidInput("give one of --open, --close, --stop, --position")
    answer = ask(
        config,
        "devices.set",
        device=device,
        on=on,
        seconds=seconds,
        brightness=brightness,
        rgb=rgb,
        move=moves[0] if moves else None,
        position=position,
    )
    if json:
        print_json(answer)
    else:
        typer.echo(answer["sentence"], err=not answer["confirmed"])
    if not answer["confirmed"]:
        raise typer.Exit(1)


@app.command("watch")
def watch(
    device: Annotated[str | None, typer.Argument(help="Key or id; without it: all devices.")] = None,
    config: Config = None,
    json: Json = False,
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so long.")] = None,
) -> None:
    """Show what devices say as they say it, until interrupted."""
    until = None if seconds is None else time.monotonic() + seconds
    cursor = ""
    while (left := _WAIT_SECONDS if until is None else until - time.monotonic()) > 0:
        answer = ask(config, "devices.events", cursor=cursor, device=device, seconds=min(left, _WAIT_SECONDS))
        if answer["missed"] and cursor:
            typer.echo("… more was said than can be shown", err=True)
        cursor = answer["cursor"]
        for event in answer["events"]:
            _print_event(event, json=json)


def _print_event(event: dict[str, Any], *, json: bool) -> None:
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(event).decode())
        return
    at = datetime.fromisoformat(event["at"]).astimezone().strftime("%H:%M:%S.%f")[:-3]
    who = event["name"] or event["device"]
    typer.echo(f"{at}  {who:<24} {event['what']:<12} {event['entity']:<30} {_value(event)}")


def _value(reading: dict[str, Any]) -> str:
    value = reading["value"]
    if value is None:
        return "unknown"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{text} {reading['unit']}" if reading["unit"] else text


def _in_room(room: str) -> str:
    return f" ({room})" if room else ""
