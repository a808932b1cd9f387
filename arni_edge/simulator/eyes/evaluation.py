"""``arni-edge evaluate gym``: plays a day before the cameras, in several processes if need be; scores it."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.eyes.day import Day
from arni_edge.simulator.eyes.looking import watch
from arni_edge.simulator.eyes.score import missed_targets, score
from arni_edge.simulator.plan import plan_with_four_cameras

SHORTEST_HOURS, LONGEST_HOURS = 0.06, 24.0


def evaluate(
    *,
    hours: float,
    cameras: int,
    seed: int,
    model: Path,
    jobs: int = 1,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """Play and score.

    Args:
        hours: How long the day is; everything that a day has happens in it.
        cameras: So many look, the one at the door first.
        seed: Of all chance: the same seed and hours give the same day.
        model: An exported YOLOv8 that knows the simulator's figures.
        jobs: So many processes share the cameras; the figures do not depend on it.
        on_progress: Told how much of the day has passed, 0..1; only with one job.

    Returns:
        The figures of :func:`arni_edge.simulator.eyes.score.score`, with what they miss.

    Raises:
        InvalidInput: There is no such day.
        ArniError: The model cannot be used.
    """
    plan = plan_with_four_cameras()
    names = [view.name for view in plan.cameras]
    if not SHORTEST_HOURS <= hours <= LONGEST_HOURS:
        raise InvalidInput(f"hours: from {SHORTEST_HOURS} to {LONGEST_HOURS:.0f}")
    if not 1 <= cameras <= len(names):
        raise InvalidInput(f"cameras: the simulated gym has 1 to {len(names)}")
    began = time.perf_counter()
    shares = [share for i in range(jobs) if (share := names[:cameras][i::jobs])]
    if len(shares) == 1:
        day = watch(plan, shares[0], seconds=3600 * hours, seed=seed, model=model, on_progress=on_progress)
    else:
        # Fresh processes: what a library has begun in this one is not carried over.
        with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
            tasks = [
                pool.submit(watch, plan, share, seconds=3600 * hours, seed=seed, model=model)
                for share in shares
            ]
            day = _together([task.result() for task in tasks], names)
    figures = score(day, hours=hours)
    missed = missed_targets(figures)
    return {**figures, "seed": seed, "missed": missed, "seconds": round(time.perf_counter() - began, 1)}


def _together(days: list[Day], names: list[str]) -> Day:
    """One day as all cameras have seen it: it was the same for all."""
    whole = days[0]
    moments = {camera: seen for day in days for camera, seen in day.moments.items()}
    whole.moments = {name: moments[name] for name in names if name in moments}
    whole.looks = sum(day.looks for day in days)
    return whole
