"""Takes memory until it is refused, and says so."""

import asyncio

from arni_edge.domain.health import State
from arni_edge.supervision.link import WorkerLink


def main() -> None:
    asyncio.run(work())


async def work() -> None:
    link = await WorkerLink.open("probe")
    hoard = []
    try:
        while True:
            hoard.append(bytearray(16 << 20))
    except MemoryError:
        size = len(hoard)
        hoard.clear()
        link.health("probe/memory", State.DOWN, f"refused after {size} times 16 MiB")
    link.ready()
    await link.closed()
