"""Looks, from picture to report, by two threads of which neither waits for the other."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from arni_edge.vision.scene.report import SceneReport
from arni_edge.vision.worker.detector import Detector, Outputs
from arni_edge.vision.worker.lookout import Glimpse, Lookout
from arni_edge.vision.worker.post import Ready

# One batch is looked at, the next one lies ready: the detector goes on without asking anybody. Meanwhile the
# eye makes one more picture ready, and makes out what is on another.
_AHEAD = 2
_WITH_THE_EYE = 2


@dataclass(frozen=True, slots=True)
class Look:
    """What became of one look.

    Attributes:
        newer: What a glance has shown, if another picture was taken than the one that was glanced at before.
        ready: The picture; None when nothing could be looked at.
        report: What is so by it; None without a picture.
    """

    newer: Glimpse | None
    ready: Ready | None = None
    report: SceneReport | None = None


class Detecting:
    """Leads looks through both threads; lives in the event loop, which only hears how they ended.

    The threads hand over to each other. A loop that is asked at every step costs as much as the eye does.

    Attributes:
        places: Looks that may be under way at once.
    """

    def __init__(self, detector: Detector, eye: Executor, thread: Executor) -> None:
        """Take the detector.

        Args:
            detector: The one for all cameras.
            eye: One thread, for everything with pictures but inference.
            thread: One thread: the detector blocks, and is not made for two.
        """
        self._infer = detector.infer
        self._batch = detector.batch
        self._eye = eye
        self._thread = thread
        self._line: deque[_UnderWay] = deque()
        self.places = _AHEAD * detector.batch + _WITH_THE_EYE

    async def look(self, lookout: Lookout) -> Look:
        """Look at what is before a camera; raises whatever went wrong in one of the threads."""
        look = _UnderWay(lookout)
        self._eye.submit(look.by, partial(self._prepare, look))
        return await look.ended

    def _prepare(self, look: "_UnderWay") -> None:
        look.newer, look.ready = look.lookout.prepare()
        if look.ready is None:
            look.end(Look(look.newer))
            return
        self._line.append(look)
        self._thread.submit(self._look_at_next)

    def _look_at_next(self) -> None:
        """In the detector's thread: as many as it likes at once; none when they went with those before."""
        batch = [self._line.popleft() for _ in range(min(self._batch, len(self._line)))]
        if not batch:
            return
        try:
            outputs = self._infer([look.ready.prepared for look in batch if look.ready is not None])
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            for look in batch:
                look.end(error)
            return
        for index, look in enumerate(batch):
            of_one = Outputs((outputs.candidates[index],), (outputs.fits[index],))
            self._eye.submit(look.by, partial(self._make_out, look, of_one))

    def _make_out(self, look: "_UnderWay", outputs: Outputs) -> None:
        assert look.ready is not None
        look.end(Look(look.newer, look.ready, look.lookout.found(look.ready, outputs)))


class _UnderWay:
    """A look on its way through the threads; made in the event loop."""

    def __init__(self, lookout: Lookout) -> None:
        self.lookout = lookout
        self.newer: Glimpse | None = None
        self.ready: Ready | None = None
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Look] = self._loop.create_future()

    def by(self, step: Callable[[], None]) -> None:
        """Take a step, in whatever thread; what fails ends the look."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            self.end(error)

    def end(self, how: Look | Exception) -> None:
        """Say how it ended; from any thread."""
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            self._loop.call_soon_threadsafe(self._tell, how)

    def _tell(self, how: Look | Exception) -> None:
        if self.ended.done():
            return
        if isinstance(how, Exception):
            self.ended.set_exception(how)
        else:
            self.ended.set_result(how)
