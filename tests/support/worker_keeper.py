"""A daemon with nothing but one worker.

``python -m support.worker_keeper BEHAVIOUR`` prints the worker's pid when it is ready.
"""

import asyncio
import sys

from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.health import State
from arni_edge.logs import configure_logging
from arni_edge.supervision import HealthBoard, Limits, WorkerProcess, WorkerSpec


async def keep(behaviour: str) -> None:
    board = HealthBoard(Bus(), SystemClock())
    limits = Limits(nice=0, may_write=True)
    spec = WorkerSpec("probe", f"support.workers.{behaviour}", limits, start=dict, beat_seconds=3600.0)
    worker = WorkerProcess(spec, board, SystemClock())
    told = False

    def progress() -> None:
        nonlocal told
        health = board.of("probe")
        if not told and health is not None and health.state is State.OK:
            told = True
            print(worker.pid, flush=True)

    await worker.run(progress)


if __name__ == "__main__":
    configure_logging("error")
    asyncio.run(keep(sys.argv[1]))
