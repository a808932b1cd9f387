"""Wakes the event loop when there is a new picture, and only when somebody waits for one."""

import asyncio
from contextlib import suppress


class Bell:
    """Rung from any thread; heard in the event loop in which it was made.

    While the detector is busy most pictures come unasked for, and waking the loop costs more than telling it
    nothing.
    """

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()
        self._listens = False

    def ring(self) -> None:
        """There is a picture; from any thread."""
        if self._listens:
            self._listens = False
            with suppress(RuntimeError):  # the loop has ended: nobody looks any more
                self._loop.call_soon_threadsafe(self._heard.set)

    def wake(self) -> None:
        """Something else wants the sleeper; in the loop."""
        self._heard.set()

    def listen(self, *, to_pictures: bool) -> None:
        """Begin to listen; before looking whether there is anything to do, so that nothing is missed.

        Args:
            to_pictures: Pictures are of interest now, not only :meth:`wake`.
        """
        self._heard.clear()
        self._listens = to_pictures

    async def wait(self, seconds: float) -> None:
        """Wait until it is heard, at most for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            return
