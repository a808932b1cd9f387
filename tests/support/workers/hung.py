"""Becomes ready and then hangs: its loop is blocked for ever, and it has a child that would outlive it."""

import asyncio
import subprocess
import time

from arni_edge.domain.health import State
from arni_edge.supervision.link import WorkerLink


def main() -> None:
    asyncio.run(work())


async def work() -> None:
    link = await WorkerLink.open("probe")
    child = subprocess.Popen(["sleep", "3600"])  # noqa: ASYNC220 - it is about to hang anyway
    link.health("probe/child", State.OK, f"pid {child.pid}")
    link.ready()
    await asyncio.sleep(0)
    time.sleep(3600)  # noqa: ASYNC251 - this is how it hangs
