"""``arni-edge simulate``: keeps the gym running for people to look at, or plays a scenario and reports."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from arni_edge.domain.errors import InvalidInput
from arni_edge.logs import configure_logging
from arni_edge.simulator import emergency, evening
from arni_edge.simulator.autopilot import drift
from arni_edge.simulator.live import show
from arni_edge.simulator.premises import Gym
from arni_edge.simulator.report import Scenario

SCENARIOS: dict[str, Callable[[Gym, Scenario], Awaitable[None]]] = {
    "evening": evening.play,
    "emergency": emergency.play,
}


def run_simulation(*, scenario: str | None, report: Path | None, folder: Path | None, quiet: bool) -> int:
    """Run the simulated gym in this terminal.

    Args:
        scenario: Name of a scenario to play; None: the gym keeps running until Ctrl-C.
        report: Where the scenario's report goes, as JSON.
        folder: Where the box keeps its files; None: a temporary folder.
        quiet: No live picture.

    Returns:
        The exit code: 0 when all was well, 1 when a step of the scenario did not pass.

    Raises:
        InvalidInput: There is no such scenario, or a report without a scenario.
    """
    if scenario is not None and scenario not in SCENARIOS:
        raise InvalidInput(f"there is no scenario '{scenario}'; there is: {', '.join(SCENARIOS)}")
    if scenario is None and report is not None:
        raise InvalidInput("a report needs a scenario, for instance: --scenario evening --report r.json")
    if report is not None and not report.absolute().parent.is_dir():
        raise InvalidInput(f"the folder of the report does not exist: {report.absolute().parent}")
    configure_logging("error", component="simulator")
    if scenario is None:
        return asyncio.run(_keep_running(folder, quiet=quiet))
    return asyncio.run(_play(scenario, report, folder, quiet=quiet))


async def _keep_running(folder: Path | None, *, quiet: bool) -> int:
    stop = _on_interrupt()
    async with Gym(folder) as gym:
        print(f"The simulated gym runs. Its box: {gym.box.folder}. Ctrl-C stops it.", flush=True)
        async with _beside(drift(gym)), _beside(None if quiet else show(gym)):
            await stop.wait()
    print("The simulated gym has stopped.", flush=True)
    return 0


async def _play(name: str, report: Path | None, folder: Path | None, *, quiet: bool) -> int:
    scenario = Scenario(name)
    stop = _on_interrupt()
    async with Gym(folder) as gym:
        async with _beside(scenario.occupancy.watch(gym)), _beside(None if quiet else show(gym, scenario)):
            playing = asyncio.ensure_future(SCENARIOS[name](gym, scenario))
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            interrupted = not playing.done()
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing
        result = scenario.report(
            await gym.box.ask("door.log", limit=1000), await gym.box.ask("alarms.log"), gym.cloud.phones
        )
    result["passed"] = result["passed"] and not interrupted and _whole(result["messages"])
    if report is not None:
        await asyncio.to_thread(report.write_text, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    _print_summary(result)
    return 0 if result["passed"] else 1


def _whole(messages: dict[str, int]) -> bool:
    return messages["lost"] == 0 and messages["doubled"] == 0


def _print_summary(result: dict[str, object]) -> None:
    steps = result["steps"]
    assert isinstance(steps, list)
    for step in steps:
        mark = "passed" if step["passed"] else "FAILED"
        print(f"{mark}  {step['seconds']:6.1f} s  {step['name']}")
        if not step["passed"]:
            print(f"        expected: {step['expected']}\n        observed: {step['observed']}")
    for name in ("occupancy", "door", "messages"):
        print(f"{name}: {json.dumps(result[name])}")
    print("passed" if result["passed"] else "FAILED", flush=True)


def _on_interrupt() -> asyncio.Event:
    """An event that Ctrl-C and SIGTERM set, so that everything is stopped in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None] | None) -> AsyncIterator[None]:
    """Run something beside the block and end it with the block; its failure ends the block."""
    if work is None:
        yield
        return
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        try:
            yield
        finally:
            task.cancel()
