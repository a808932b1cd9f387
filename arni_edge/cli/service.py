"""``arni-edge run``, ``status``, ``reload``, ``alarms``."""

import faulthandler
from typing import Annotated, Any

import typer

from arni_edge.cli.options import Config, Json, ask, print_json
from arni_edge.settings import settings_path

_LEFT = ("sent", "failed", "expired", "dropped")
"""States of the outbox in which nobody waits for anything any more."""


def run(config: Config = None) -> None:
    """Run the daemon in the foreground; systemd does this, and so can you."""
    import asyncio  # noqa: PLC0415 - the other commands do without an event loop

    from arni_edge.daemon import Daemon  # noqa: PLC0415 - status stays quick without it
    from arni_edge.domain.clock import SystemClock  # noqa: PLC0415

    faulthandler.enable()  # the watchdog's SIGABRT then shows where it hung
    asyncio.run(Daemon(settings_path(config), SystemClock()).run())


def status(config: Config = None, json: Json = False) -> None:
    """Show how the house is doing; exit code 0 ok, 1 degraded or down."""
    answer = ask(config, "status")
    if json:
        print_json(answer)
    else:
        _print_status(answer)
    if answer["state"] != "ok":
        raise typer.Exit(1)


def reload(
    config: Config = None,
    wait: Annotated[bool, typer.Option("--wait", help="Accepted for unit files; it always waits.")] = False,
) -> None:
    """Re-read the configuration; the running one stays when the new one is refused."""
    del wait  # the control socket answers when it is done; the option is what systemd units write
    typer.echo(ask(config, "reload"))


def _print_status(answer: dict[str, Any]) -> None:
    occupancy = answer["occupancy"]
    people = "unknown" if occupancy["count"] is None else f"{occupancy['count']} people"
    typer.echo(f"{answer['site']['name']}: {answer['state']} ({answer['sentence']})")
    typer.echo(f"occupancy  {people} ({occupancy['band']})")
    for name, door in answer["doors"].items():
        live = "" if door["live"] else f" (not heard yet; last known: {door['last_known']})"
        jam = ", JAMMED" if door["jammed"] else ""
        typer.echo(f"door       {door['name']} ({name}): {door['lock']}, leaf {door['contact']}{jam}{live}")
    for line, states in answer["lines"].items():
        waiting = {state: number for state, number in states.items() if state not in _LEFT}
        if waiting:
            counts = ", ".join(f"{number} {state}" for state, number in waiting.items())
            typer.echo(f"outbox     {line}: {counts}")
    if answer["mirror"]["configured"]:
        for part in answer["mirror"]["parts"]:
            hours = "" if part["age_seconds"] is None else f" {part['age_seconds'] / 3600:.1f} h old"
            typer.echo(f"mirror     {part['part']}:{hours}{', OLD' if part['old'] else ''}")
    for part in answer["parts"]:
        reason = f": {part['reason']}" if part["reason"] else ""
        typer.echo(f"{part['state']:<10} {part['part']}{reason} (since {str(part['since'])[:19]})")
