"""Waiting for something to become true, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Callable


async def eventually(true: Callable[[], object], *, within: float = 20.0, otherwise: str = "") -> None:
    """Return as soon as ``true()`` is; fail when it is not within so many seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, otherwise or f"did not happen within {within:g} s"
        await asyncio.sleep(0.01)
