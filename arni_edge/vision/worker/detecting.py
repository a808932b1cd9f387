"""Brings pictures to the detector's thread, so that it never waits for the next one."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, Future

from arni_edge.vision.worker.detector import Detector, Outputs
from arni_edge.vision.worker.letterbox import Prepared

# One batch is looked at, the next one lies ready: the thread goes on without asking anybody.
_AHEAD = 2


class Detecting:
    """Lines pictures up before one detector, in batches where it likes them; lives in the event loop.

    Attributes:
        places: Pictures that may be under way at once: being looked at, ready, and one that is made ready.
    """

    def __init__(self, detector: Detector, thread: Executor) -> None:
        """Take the detector.

        Args:
            detector: The one for all cameras.
            thread: One thread: the detector blocks, and is not made for two.
        """
        self._infer = detector.infer
        self._batch = detector.batch
        self._thread = thread
        self._line: deque[tuple[Prepared, asyncio.Future[Outputs]]] = deque()
        self._ahead = 0
        self.places = _AHEAD * detector.batch + 1

    async def infer(self, prepared: Prepared) -> Outputs:
        """What the model says of one picture."""
        answer: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()
        self._line.append((prepared, answer))
        self._hand_over()
        return await answer

    def _hand_over(self) -> None:
        loop = asyncio.get_running_loop()
        while self._line and self._ahead < _AHEAD:
            batch = [self._line.popleft() for _ in range(min(self._batch, len(self._line)))]
            self._ahead += 1
            work = self._thread.submit(self._infer, [prepared for prepared, _ in batch])
            answers = [answer for _, answer in batch]

            def done(work: Future[Outputs], answers: list[asyncio.Future[Outputs]] = answers) -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._done, work, answers)

            work.add_done_callback(done)

    def _done(self, work: Future[Outputs], answers: Sequence[asyncio.Future[Outputs]]) -> None:
        self._ahead -= 1
        self._hand_over()
        if work.cancelled():
            return
        error = work.exception()
        for index, answer in enumerate(answers):
            if answer.done():
                continue
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(_one(work.result(), index))


def _one(outputs: Outputs, index: int) -> Outputs:
    return Outputs((outputs.candidates[index],), (outputs.fits[index],))
