"""Ultralytics' own tracking on the same streams; run by its Python, so it imports nothing of this project.

``python peer.py MODEL STREAMS SECONDS``; prints ``{"fps", "cpu_cores", "cpu_ms_per_picture",
"version"}``.
"""

import json
import os
import sys
import time


def main() -> None:
    """Count the pictures that come out within so many seconds."""
    model, streams, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    import ultralytics  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - seconds, and only here

    results = ultralytics.YOLO(model, task="detect").track(
        source=streams, stream=True, classes=[0], verbose=False
    )
    for _ in range(10):
        next(results)
    began, used, count = time.monotonic(), sum(os.times()[:2]), 0
    while time.monotonic() - began < seconds:
        next(results)
        count += 1
    spent, used = time.monotonic() - began, sum(os.times()[:2]) - used
    figures = {
        "fps": round(count / spent, 2),
        "cpu_cores": round(used / spent, 2),
        "cpu_ms_per_picture": round(1000 * used / count, 1),
        "version": ultralytics.__version__,
    }
    sys.stdout.write("\n" + json.dumps(figures) + "\n")
    sys.stdout.flush()
    os._exit(0)  # its reading threads never end


if __name__ == "__main__":
    main()
