"""Says hello and never that it is ready."""

import asyncio

from arni_edge.supervision.link import WorkerLink


def main() -> None:
    asyncio.run(work())


async def work() -> None:
    link = await WorkerLink.open("probe")
    while True:
        link.beat()
        await asyncio.sleep(0.05)
