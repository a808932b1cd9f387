"""The bell wakes whoever waits for a picture, and costs nothing while nobody does."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from arni_edge.vision.worker.bell import Bell


async def waited(bell: Bell, seconds: float) -> float:
    began = time.monotonic()
    await bell.wait(seconds)
    return time.monotonic() - began


async def test_a_picture_from_another_thread_wakes_who_listens_to_pictures() -> None:
    bell = Bell()
    bell.listen(to_pictures=True)
    with ThreadPoolExecutor(1) as thread:
        asyncio.get_running_loop().call_later(0.05, thread.submit, bell.ring)
        assert await waited(bell, 20) < 10


async def test_a_picture_between_listening_and_waiting_is_not_missed() -> None:
    bell = Bell()
    bell.listen(to_pictures=True)
    bell.ring()
    assert await waited(bell, 20) < 10


async def test_pictures_that_nobody_wants_wake_nobody_but_other_news_does() -> None:
    bell = Bell()
    bell.listen(to_pictures=False)
    bell.ring()
    assert await waited(bell, 0.1) >= 0.09
    bell.listen(to_pictures=False)
    asyncio.get_running_loop().call_later(0.05, bell.wake)
    assert await waited(bell, 20) < 10


async def test_what_was_rung_before_listening_is_history() -> None:
    bell = Bell()
    bell.listen(to_pictures=True)
    bell.ring()
    await asyncio.sleep(0)
    bell.listen(to_pictures=True)
    assert await waited(bell, 0.1) >= 0.09


async def test_a_crowd_of_pictures_wakes_the_loop_once() -> None:
    bell = Bell()
    loop = asyncio.get_running_loop()
    woken: list[object] = []
    wake, loop.call_soon_threadsafe = loop.call_soon_threadsafe, lambda call, *_: woken.append(call)  # type: ignore[method-assign,assignment]
    try:
        bell.listen(to_pictures=True)
        for _ in range(50):
            bell.ring()
    finally:
        loop.call_soon_threadsafe = wake  # type: ignore[method-assign]
    assert len(woken) == 1
