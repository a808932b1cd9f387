"""Waiting without falling silent."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from arni_edge.domain.health import Progress

_T = TypeVar("_T")
_TICK_SECONDS = 1.0


async def ticking(work: Coroutine[Any, Any, _T], progress: Progress) -> _T:
    """Await work that has its own deadline, showing meanwhile that the caller's loop is alive.

    Args:
        work: What is awaited; cancelled when the caller is.
        progress: Called every second.
    """
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=_TICK_SECONDS))[0]:
            progress()
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
