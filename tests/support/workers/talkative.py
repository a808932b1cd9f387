"""Becomes ready, says the line ``{"say": …}`` over and over, and never stops.

``{"newline": false}``: without an end of the line.
"""

import asyncio

from arni_edge.supervision.link import WorkerLink


def main() -> None:
    asyncio.run(work())


async def work() -> None:
    link = await WorkerLink.open("probe")
    link.ready()
    words = link.start["say"].encode() + (b"\n" if link.start.get("newline", True) else b"")
    while True:
        link._writer.write(words * link.start.get("times", 1))
        await link._writer.drain()
