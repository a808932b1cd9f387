"""The real daemon with one more part, which is broken: ``python -m support.faulty_daemon FAULT CONFIG``."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from arni_edge.daemon import Daemon, residence
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House, build_house
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.health import Progress
from arni_edge.settings import Settings
from arni_edge.supervision import Child


async def refuses_to_stop(progress: Progress) -> None:
    progress()
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def makes_no_progress(_: Progress) -> None:
    await asyncio.Event().wait()


FAULTS: dict[str, Callable[[Progress], Awaitable[None]]] = {
    "refuses-to-stop": refuses_to_stop,
    "makes-no-progress": makes_no_progress,
}


def main(fault: str, config: Path) -> None:
    broken = Child(fault, FAULTS[fault], silence_seconds=1.0 if fault == "makes-no-progress" else None)

    def build(settings: Settings, base: Foundation) -> House:
        house = build_house(settings, base)
        return replace(house, children=(*house.children, broken))

    residence.build_house = build  # type: ignore[attr-defined]
    asyncio.run(Daemon(config, SystemClock()).run())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
