"""Ends the broker of a daemon that was killed."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from arni_edge.domain.errors import Unavailable

_LOG = structlog.get_logger(__name__)

_GONE_SECONDS: Final = 2.0


async def end_orphans(config: Path) -> None:
    """Kill every process that was started as ``mosquitto -c <config>``.

    The caller holds the configuration's directory, so whoever still runs with it has lost its daemon, in the
    instant before the kernel knew that both belong together.

    Raises:
        Unavailable: It does not go away.
    """
    for pid in _running_with(config):
        _LOG.warning("orphaned_mosquitto_killed", pid=pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    try:
        async with asyncio.timeout(_GONE_SECONDS):
            while any(_running_with(config)):  # noqa: ASYNC110 - not our child, nobody tells us
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise Unavailable("the broker of an earlier run does not go away") from None


def _running_with(config: Path) -> Iterator[int]:
    ending = [b"-c", os.fsencode(config)]
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # A zombie has an empty command line: it holds no port any more.
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            if words[-2:] == ending and any(b"mosquitto" in word for word in words[:-2]):
                yield int(entry.name)
