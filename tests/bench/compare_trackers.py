"""Compares our tracker with those of the library ``trackers`` on the real clips; no test, a program.

    python tests/bench/compare_trackers.py boxes CLIPS MODEL BOXES     # once: what the detector sees
    PYTHONPATH=. python tests/bench/compare_trackers.py compare CLIPS BOXES [ours|bytetrack|ocsort]

CLIPS is the folder with ``truth.json``; BOXES a file. The second needs no more than the interpreter and, for
the other two, ``pip install trackers`` in an environment of its own. What comes out is in
``docs/decisions/0012-a-tracker-in-seconds.md``.
"""

import importlib
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from arni_edge.vision.scene.association import overlap
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.kalman import sides
from arni_edge.vision.scene.tracker import Tracker

CONFIDENCE = 0.35
CLIPS = ("entrance_visits_a", "store_aisle", "worker_zone", "corridor_pair", "courtyard_a")
SEEDS = range(1, 9)


def box_of(corners: Sequence[float], score: float) -> Box:
    """A box within the picture."""
    left, top, right, bottom = (min(1.0, max(0.0, side)) for side in corners)
    return Box(left, top, right, bottom, score)


class Follower(Protocol):
    """One tracker; gives the people who are there, and those it has just seen by their id."""

    def step(self, boxes: Sequence[Box], at: float) -> tuple[int, list[tuple[int, Box]]]: ...


class Ours:
    def __init__(self) -> None:
        self._tracker = Tracker(CONFIDENCE)

    def step(self, boxes: Sequence[Box], at: float) -> tuple[int, list[tuple[int, Box]]]:
        there = self._tracker.saw(boxes, at).confirmed
        return len(there), [(one.id, one.box) for one in there if one.seen_at == at]


class Theirs:
    """With the moments of the looks, which the library takes since 2.6."""

    def __init__(self, name: str) -> None:
        self._supervision: Any = importlib.import_module("supervision")
        self._numpy: Any = importlib.import_module("numpy")
        library: Any = importlib.import_module("trackers")
        options: dict[str, Any] = {"minimum_consecutive_frames": 2, "high_conf_det_threshold": CONFIDENCE}
        if name == "bytetrack":
            self._tracker: Any = library.ByteTrackTracker(track_activation_threshold=CONFIDENCE, **options)
        else:
            self._tracker = library.OCSORTTracker(**options)

    def step(self, boxes: Sequence[Box], at: float) -> tuple[int, list[tuple[int, Box]]]:
        numbers = self._numpy
        found = self._supervision.Detections(
            xyxy=1000 * numbers.array([sides(box) for box in boxes], float).reshape(-1, 4),
            confidence=numbers.array([box.score for box in boxes], float),
            class_id=numbers.zeros(len(boxes), int),
        )
        told = self._tracker.update(found, timestamp=at)
        ids = [] if told.tracker_id is None else told.tracker_id
        seen = [
            (int(number), box_of([side / 1000 for side in corners], 0.9))
            for corners, number in zip(told.xyxy, ids, strict=True)
            if number >= 0
        ]
        return len(seen), seen


def looks(frames: int, fps: float, rate: float | None, dice: random.Random | None) -> list[int]:
    """The frames that are looked at; with dice at 0.4 to 1.6 times the usual distance."""
    chosen, at = {0}, 0.0
    while round(at * fps) < frames:
        chosen.add(round(at * fps))
        at += 1 / (rate or fps) * (dice.uniform(0.4, 1.6) if dice else 1.0)
    return sorted(chosen)


def exact(follower: Follower, clip: dict[str, Any], boxes: list[list[Box]], chosen: Sequence[int]) -> float:
    """The share of labelled frames with the right count, in percent."""
    told, people = [], 0
    for frame, seen in enumerate(boxes):
        if frame in chosen:
            people, _ = follower.step(seen, frame / clip["fps"])
        told.append(people)
    right: list[bool] = [
        abs(told[frame] - one["count"]) <= one["tol"]
        for one in clip["counts"]
        for frame in range(one["from"], one["to"] + 1)
    ]
    return 100 * sum(right) / len(right)


def pedestrians(path: Path) -> list[list[tuple[int, Box]]]:
    """The tracks of TUD-Campus: per frame everybody's id and box."""
    frames: list[list[tuple[int, Box]]] = [[] for _ in range(71)]
    for row in path.read_text().splitlines():
        frame, number, x, y, width, height = (float(cell) for cell in row.split(",")[:6])
        corners = x / 640, y / 480, (x + width) / 640, (y + height) / 480
        frames[int(frame) - 1].append((int(number), box_of(corners, 0.9)))
    return frames


def shaken(boxes: Sequence[Box], dice: random.Random) -> list[Box]:
    """One in ten missing, the others off by 3 % of their size and 0.1 of their score."""
    found = []
    for box in boxes:
        if dice.random() < 0.1:
            continue
        left, top, right, bottom = (
            min(1.0, max(0.0, side + dice.gauss(0, 0.03) * size))
            for side, size in zip(sides(box), 2 * (box.right - box.left, box.bottom - box.top), strict=True)
        )
        score = min(0.99, max(0.1, box.score + dice.gauss(0, 0.1)))
        found.append(Box(left, top, max(right, left + 1e-3), max(bottom, top + 1e-3), score))
    return found


def switches(
    follower: Follower, seen: list[list[Box]], truth: list[list[tuple[int, Box]]], chosen: list[int]
) -> int:
    """How often somebody gets another id than before."""
    last: dict[int, int] = {}
    changes = 0
    for frame in chosen:
        _, told = follower.step(seen[frame], frame / 25)
        for person, place in truth[frame]:
            fits = max(
                ((overlap(sides(place), sides(box)), number) for number, box in told), default=(0.0, 0)
            )
            if fits[0] >= 0.5:
                changes += last.get(person, fits[1]) != fits[1]
                last[person] = fits[1]
    return changes


def compare(folder: Path, boxes: dict[str, list[list[Box]]], make: Callable[[], Follower]) -> None:
    """Print all figures of one tracker."""
    clips = {one["file"]: one for one in json.loads((folder / "truth.json").read_bytes())["clips"]}
    for name in CLIPS:
        clip, seen = clips[f"{name}.mp4"], boxes[name]
        row = [exact(make(), clip, seen, looks(len(seen), clip["fps"], rate, None)) for rate in (None, 5.0)]
        dice = [random.Random(seed) for seed in SEEDS]
        irregular = [exact(make(), clip, seen, looks(len(seen), clip["fps"], 5.0, one)) for one in dice]
        print(
            f"{name:20} every frame {row[0]:5.1f}  5/s {row[1]:5.1f}  irregular {sum(irregular) / 8:5.1f} %"
        )
    truth = pedestrians(folder / "tracks" / "tud_campus_gt.txt")
    published = pedestrians(folder / "tracks" / "tud_campus_tracker_output.txt")
    for title, source in (("true boxes", truth), ("published tracker's boxes", published)):
        given = [[box for _, box in frame] for frame in source]
        for rate in (None, 5.0):
            clean = switches(make(), given, truth, looks(71, 25, rate, None))
            total = 0
            for seed in SEEDS:
                dice_ = random.Random(seed)
                shaky = [shaken(frame, dice_) for frame in given]
                total += switches(make(), shaky, truth, looks(71, 25, rate, dice_ if rate else None))
            print(
                f"switches, {title}, {rate or 25}/s: {clean}; shaken and (at 5/s) irregular: {total / 8:.1f}"
            )
    follower, began = make(), time.process_time()
    for frame, seen_ in enumerate(boxes["courtyard_a"]):
        follower.step(seen_, frame / 10)
    cost = 1000 * (time.process_time() - began) / len(boxes["courtyard_a"])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cost:.2f} ms per look at six people; {memory:.0f} MB")


def write_boxes(folder: Path, model: Path, target: Path) -> None:
    """Let the detector look at every frame of the clips."""
    loading: Any = importlib.import_module("arni_edge.vision.worker.loading")
    orders: Any = importlib.import_module("arni_edge.vision.orders")
    stream: Any = importlib.import_module("arni_edge.vision.worker.stream")
    clips: Any = importlib.import_module("arni_edge.vision.evaluation.clips")
    order = orders.DetectorOrder(model=model, backend="auto", threads=1, frames_per_second=5, confidence=0.1)
    detector = loading.load_detector(order)
    found = {
        name: [
            [(*sides(box), box.score) for box in detector.people(stream.pixels(frame))]
            for _, frame in clips.frames(folder / f"{name}.mp4")
        ]
        for name in CLIPS
    }
    target.write_text(json.dumps(found))


def main(what: str, folder: Path, *more: str) -> None:
    """Run one of the two."""
    if what == "boxes":
        write_boxes(folder, Path(more[0]), Path(more[1]))
        return
    read = json.loads(Path(more[0]).read_bytes())
    boxes = {name: [[Box(*box) for box in frame] for frame in frames] for name, frames in read.items()}
    name = more[1] if len(more) > 1 else "ours"
    compare(folder, boxes, Ours if name == "ours" else lambda: Theirs(name))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
