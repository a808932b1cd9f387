"""Carries a worker's stderr into our log: its own log lines as they are, native libraries' as events."""

import asyncio
import sys
import time

import orjson
import structlog

from arni_edge.domain.masking import mask_log

_LOG = structlog.get_logger(__name__)

# The journal takes 10,000 lines in 30 s from the whole service and is silent afterwards: a decoder that
# complains about every packet must not take the alarm's lines with it.
_LINES = 500
_WINDOW_SECONDS = 10.0
_LINE_LENGTH = 500


async def forward(stderr: asyncio.StreamReader, worker: str) -> None:
    """Forward until the worker's end, credentials and phone numbers masked.

    Args:
        stderr: Of the process.
        worker: Its name.
    """
    budget = _Budget(worker)
    while True:
        try:
            line = await stderr.readline()
        except ValueError:  # a line beyond the reader's limit, which has dropped it
            continue
        if not line:
            return
        if budget.allows():
            _say(mask_log(line.decode(errors="replace").strip()), worker)


class _Budget:
    """So many lines in so much time; the rest is counted."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._since = time.monotonic()
        self._lines = 0

    def allows(self) -> bool:
        now = time.monotonic()
        if now - self._since > _WINDOW_SECONDS:
            self._since, self._lines = now, 0
        self._lines += 1
        if self._lines == _LINES:
            _LOG.warning("worker_says_too_much", worker=self._worker, lines=_LINES, seconds=_WINDOW_SECONDS)
        return self._lines < _LINES


def _say(text: str, worker: str) -> None:
    if _is_log_line(text):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - a log line already, made by our own logs
    elif text:
        _LOG.warning("worker_said", worker=worker, line=text[:_LINE_LENGTH])


def _is_log_line(text: str) -> bool:
    if not text.startswith("{"):
        return False
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
