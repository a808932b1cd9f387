"""The simulated gym in the terminal: what is so beside what the box knows of it."""

import asyncio
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from arni_edge.simulator.blueprint import FLOOD
from arni_edge.simulator.premises import Gym
from arni_edge.simulator.report import Scenario, message_figures

_REFRESH_SECONDS = 0.5
_PLAIN_SECONDS = 5.0


async def show(gym: Gym, scenario: Scenario | None = None) -> None:
    """Show the gym until cancelled: a live picture in a terminal, now and then a line elsewhere."""
    console = Console()
    if not console.is_terminal:
        await _show_lines(gym, scenario)
        return
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(_picture(gym, await gym.status(), scenario), refresh=True)
            await asyncio.sleep(_REFRESH_SECONDS)


async def _show_lines(gym: Gym, scenario: Scenario | None) -> None:
    while True:
        status = await gym.status()
        count = status["occupancy"]["count"] if status else None
        doing = f" | {scenario.steps[-1].name}" if scenario and scenario.steps else ""
        health = status["sentence"] if status else "the daemon does not answer"
        print(f"inside {gym.world.inside}, counted {count} | {health}{doing}", flush=True)
        await asyncio.sleep(_PLAIN_SECONDS)


def _picture(gym: Gym, status: dict[str, Any] | None, scenario: Scenario | None) -> Group:
    if status is None:
        return Group(Text("the daemon does not answer", style="bold red"))
    parts = [_cameras(gym, status), _house(gym, status), _health(status)]
    if scenario is not None:
        parts.insert(0, _steps(scenario))
    return Group(*parts)


def _cameras(gym: Gym, status: dict[str, Any]) -> Table:
    table = Table("zone", "truth", "counted", "age", title="Eyes", expand=True)
    truth = gym.world.truth().counts
    for zone, figure in status["occupancy"]["zones"].items():
        unknown = figure["count"] is None
        counted = Text("unknown", "yellow") if unknown else Text(str(figure["count"]))
        age = "" if unknown else f"{figure['age_seconds']:.1f} s"
        table.add_row(zone, str(truth[zone]), counted, age)
    total = status["occupancy"]["count"]
    table.add_row("all", str(sum(truth.values())), str(total), status["occupancy"]["band"])
    return table


def _house(gym: Gym, status: dict[str, Any]) -> Table:
    table = Table("part", "what the box knows", "truth", title="Hands, messages, alarms", expand=True)
    for name, door in status["doors"].items():
        leaf = "open" if gym.world.door.is_open else "closed"
        table.add_row(f"door {name}", f"{door['lock']}, leaf {door['contact']}", f"leaf {leaf}")
    for name, switch in status["switches"].items():
        on = {True: "on", False: "off", None: "unknown"}
        table.add_row(f"switch {name}", on[switch["on"]], on[gym.outputs.get(name)])
    shown = gym.reader.answers[-1]["answer"] if gym.reader.answers else "nothing yet"
    table.add_row("reader", "", f"shows: {shown}")
    wet = gym.flood.details["flood"]
    leaks = any(part["part"] == f"incidents/device/{FLOOD}" and part["reason"] for part in status["parts"])
    table.add_row(f"sensor {FLOOD}", "leak" if leaks else "no leak", "wet" if wet else "dry")
    figures = message_figures(gym.cloud.phones)
    table.add_row("messages in", str(sum(status["messages"].values())), str(figures["in"]))
    table.add_row("messages out", str(status["outbox"].get("sent", 0)), str(figures["out"]))
    for alarm in status["alarms"]:
        row = (f"alarm {alarm['raised_at'][11:19]}", f"{alarm['cause']}, {alarm['state']}", "")
        table.add_row(*row, style="bold red")
    return table


def _health(status: dict[str, Any]) -> Table:
    troubled = [part for part in status["parts"] if part["state"] != "ok"]
    title = f"Health: {len(status['parts']) - len(troubled)} of {len(status['parts'])} parts ok"
    table = Table("part", "state", "reason", "since", title=title, expand=True)
    colours = {"degraded": "yellow", "down": "red"}
    # Only what is not well, so that the picture fits into 24 lines.
    for part in troubled:
        state = Text(part["state"], colours[part["state"]])
        table.add_row(part["part"], state, part["reason"], str(part["since"])[11:19])
    return table


def _steps(scenario: Scenario) -> Table:
    table = Table("step", "", "seconds", title=f"Scenario {scenario.name}", expand=True)
    for step in scenario.steps:
        done = step.seconds > 0
        mark = (
            Text("passed", "green") if step.passed else Text("failed" if done else "…", "red" if done else "")
        )
        table.add_row(step.name, mark, f"{step.seconds:.1f}" if done else "")
    return table
