"""Does what a worker should: hello, ready, beats, and ends when asked.

``{"parts": {name: reason}, "stderr": text}``: says these things once.
"""

import asyncio
import sys
from contextlib import suppress

from arni_edge.domain.health import State
from arni_edge.supervision.link import WorkerLink


def main() -> None:
    asyncio.run(work())


async def work() -> None:
    link = await WorkerLink.open("probe")
    for part, reason in link.start.get("parts", {}).items():
        link.health(part, State.DEGRADED, reason)
    sys.stderr.write(link.start.get("stderr", ""))
    sys.stderr.flush()
    link.ready()
    while True:
        link.beat()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await link.closed()
                return
