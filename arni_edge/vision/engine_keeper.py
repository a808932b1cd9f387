"""Has the model compiled for this machine's device, in a process of its own, in the background.

Building takes minutes for TensorRT. The vision worker does not wait: it serves with what it has, and takes
the engine at its next start.
"""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress

import orjson
import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.supervision import HealthBoard, Limits
from arni_edge.supervision.stderr import forward
from arni_edge.vision.orders import DetectorOrder

_LOG = structlog.get_logger(__name__)

PART = "vision/engine"
_MODULE = "arni_edge.vision.worker.engine_builder"
# TensorRT on a small board takes five to fifteen minutes.
_LONGEST_SECONDS = 3600.0
_TICK_SECONDS = 5.0
# Where secrets may be; the builder needs none.
_NOT_ITS_BUSINESS = ("ARNI_", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET")


async def build_engine(order: DetectorOrder, *, longest_seconds: float = _LONGEST_SECONDS) -> str | None:
    """Compile the model in a process without cameras, unless that was done before.

    Args:
        order: Model, library, device and folder.
        longest_seconds: A builder that takes longer is ended.

    Returns:
        The engine's key; None where nothing can be prepared.

    Raises:
        Unavailable: It was not built; says why. The worker does without.
    """
    limits = Limits(nice=10, may_write=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "arni_edge.supervision.launch", json.dumps(limits.as_dict())),
        _MODULE,
        env={name: value for name, value in os.environ.items() if not name.startswith(_NOT_ITS_BUSINESS)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    log = asyncio.create_task(forward(process.stderr, "engine_builder"))
    try:
        async with asyncio.timeout(longest_seconds):
            process.stdin.write(order.model_dump_json().encode())
            process.stdin.close()
            said = await process.stdout.read(65536)
            await process.wait()
    except TimeoutError:
        raise Unavailable(f"building the engine took longer than {longest_seconds:.0f} s") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        log.cancel()
    return _read(said, process.returncode)


def _read(said: bytes, code: int | None) -> str | None:
    try:
        answer = orjson.loads(said)
    except orjson.JSONDecodeError:
        raise Unavailable(f"building the engine failed: the process ended with {code}") from None
    if "error" in answer:
        raise Unavailable(f"building the engine failed: {answer['error']}")
    key: str | None = answer["engine"]
    return key


class EngineKeeper:
    """The part of the house that has the engine built once, and again after a failure."""

    def __init__(self, order: DetectorOrder, board: HealthBoard) -> None:
        """Prepare.

        Args:
            order: Model, library, device and folder.
            board: Hears of a failure; the worker serves without an engine, only slower.
        """
        self._order = order
        self._board = board
        self._backoff = Backoff(first=60.0, longest=3600.0)

    async def run(self, progress: Progress) -> None:
        """Build, then rest until cancelled."""
        while True:
            wait = await self._build(progress)
            while wait is None or wait > 0:
                progress()
                await asyncio.sleep(_TICK_SECONDS)
                wait = None if wait is None else wait - _TICK_SECONDS

    async def _build(self, progress: Progress) -> float | None:
        """One attempt; seconds until the next, or None when there need not be one."""
        since = time.monotonic()
        task = asyncio.create_task(build_engine(self._order))
        try:
            while not (await asyncio.wait({task}, timeout=_TICK_SECONDS))[0]:
                progress()
            key = task.result()
        except Unavailable as error:
            self._board.report(PART, State.DEGRADED, str(error))
            return self._backoff.next()
        finally:
            task.cancel()
            await asyncio.wait({task})
        _LOG.info("engine_ready", engine=key, seconds=round(time.monotonic() - since, 1))
        self._board.report(PART, State.OK)
        return None
