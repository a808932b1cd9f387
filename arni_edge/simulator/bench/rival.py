"""Runs the :mod:`~arni_edge.simulator.bench.peer` by its own Python; that this fails is an answer too."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arni_edge.simulator.bench import peer
from arni_edge.simulator.bench.servants import output_of

_START_SECONDS = 120.0
_LEAST_SECONDS = 10.0
_NOT_THERE = "Ultralytics is not installed in a tool environment; name its Python with --peer"


async def rival(
    python: Path | None, model: Path, urls: Sequence[str], *, seconds: float, folder: Path
) -> dict[str, Any]:
    """Let Ultralytics track people on streams.

    Args:
        python: Of an environment that has it; None: there is none.
        model: The ONNX file.
        urls: Of the cameras.
        seconds: How long; ten at least.
        folder: For its list of streams, and what it may leave behind.

    Returns:
        Its name and figures as ``peer``; with ``peer_reason`` instead of figures when there are none.
    """
    if python is None:
        return {"peer": None, "peer_reason": _NOT_THERE}
    seconds = max(_LEAST_SECONDS, seconds)
    streams = folder / "peer.streams"
    streams.write_text("".join(f"{url}\n" for url in urls))
    command = (str(python), peer.__file__, str(model), str(streams), str(seconds))
    try:
        code, said = await output_of(*command, seconds=_START_SECONDS + seconds, folder=folder)
        if code == 0:
            figures = json.loads(said.strip().splitlines()[-1])
            return {"peer": {"name": "ultralytics", "fps": float(figures["fps"]), **figures}}
        reason = f"Ultralytics failed: {said.strip()[-300:]}"
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = f"Ultralytics cannot be run: {error}"
    return {"peer": None, "peer_reason": reason}
