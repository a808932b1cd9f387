"""The model alone: ``python -m arni_edge.simulator.bench.bare MODEL BACKEND THREADS SECONDS``.

A process of its own, at the priority of the vision worker; prints ``{"fps", "ms_p50"}``.
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
    """Run the model for so many seconds."""
    os.nice(Limits().nice)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from arni_edge.vision.worker.loading import load_detector  # noqa: PLC0415 - after the limits, as the worker

    model, backend, threads, seconds = sys.argv[1:5]
    order: dict[str, Any] = {"frames_per_second": 1, "confidence": 0.35, "backend": backend}
    detector = load_detector(DetectorOrder(model=Path(model), threads=int(threads), **order))
    picture = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    prepared = [detector.prepare(picture)] * detector.batch
    for _ in range(_WARM_UP):
        detector.infer(prepared)
    times: list[float] = []
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < float(seconds):
        detector.infer(prepared)
        times.append(time.perf_counter() - now)
    fps = len(times) * len(prepared) / (time.perf_counter() - began)
    sys.stdout.write(json.dumps({"fps": fps, "ms_p50": 1000 * statistics.median(times)}) + "\n")


if __name__ == "__main__":
    main()
