"""The daemon with a house that refuses to stop: ``python -m support.stubborn_daemon CONFIG``."""

import asyncio
import sys
from pathlib import Path

from arni_edge.daemon import Daemon
from arni_edge.daemon.residence import Residence
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.health import Progress


async def refuse_to_stop(_: Residence, progress: Progress) -> None:
    progress()
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


if __name__ == "__main__":
    Residence.run = refuse_to_stop  # type: ignore[method-assign]
    asyncio.run(Daemon(Path(sys.argv[1]), SystemClock()).run())
