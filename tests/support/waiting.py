"""Waiting for something to become true, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(true: Callable[[], object], *, within: float = 20.0, otherwise: str = "") -> None:
    """Return as soon as ``true()`` is; fail when it is not within so many seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, otherwise or f"did not happen within {within:g} s"
        await asyncio.sleep(0.01)


async def eventually_is(
    ask: Callable[[], Awaitable[T]], true: Callable[[T], object], *, within: float = 20.0
) -> T:
    """Ask again and again until the answer is right, and return it; fail when it is not within so long."""
    deadline = time.monotonic() + within
    while not true(answer := await ask()):
        assert time.monotonic() < deadline, f"after {within:g} s still: {answer}"
        await asyncio.sleep(0.05)
    return answer
