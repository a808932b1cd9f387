"""The model alone: ``python -m arni_edge.simulator.bench.bare MODEL BACKEND THREADS``.

A process of its own, at the priority of the vision worker. It says ``ready``, and after every line with a
number of seconds it runs the model for so long and answers ``{"fps", "ms_p50", "cpu_ms"}``. In between it
costs nothing. It ends with its stdin.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from arni_edge.simulator.bench.clips import HEIGHT, WIDTH
from arni_edge.supervision import Limits
from arni_edge.vision.orders import DetectorOrder

_WARM_UP = 5


def main() -> None:
    """Run the model as often as asked."""
    os.nice(Limits().nice)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from arni_edge.vision.worker.loading import load_detector  # noqa: PLC0415 - after the limits, as the worker

    model, backend, threads = sys.argv[1:4]
    order: dict[str, Any] = {"frames_per_second": 1, "confidence": 0.35, "backend": backend}
    detector = load_detector(DetectorOrder(model=Path(model), threads=int(threads), **order))
    picture = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    prepared = [detector.prepare(picture)] * detector.batch
    _say("ready")
    for line in sys.stdin:
        for _ in range(_WARM_UP):
            detector.infer(prepared)
        times: list[float] = []
        began, used = time.perf_counter(), time.process_time()
        while (now := time.perf_counter()) - began < float(line):
            detector.infer(prepared)
            times.append(time.perf_counter() - now)
        pictures = len(times) * len(prepared)
        figures = {
            "fps": pictures / (time.perf_counter() - began),
            "ms_p50": 1000 * statistics.median(times),
            "cpu_ms": 1000 * (time.process_time() - used) / pictures,
        }
        _say(json.dumps(figures))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
