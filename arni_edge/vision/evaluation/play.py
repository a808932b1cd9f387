"""Plays recordings as cameras: the worker's own treatment of each picture, in the recording's own time."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from arni_edge.domain.errors import InvalidInput
from arni_edge.settings import Camera, Vision
from arni_edge.vision.evaluation.clips import frames
from arni_edge.vision.evaluation.score import ClipScore
from arni_edge.vision.evaluation.truth import Truth
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.post import Post

_NO_ID = re.compile(r"[^a-z0-9_-]+")
_LONGEST_ID = 32


class Player:
    """Plays one recording after the other.

    What comes out depends on the recordings alone: the picture's place in the recording is the only clock, so
    that playing faster or slower changes nothing.
    """

    def __init__(
        self,
        detector: Detector,
        vision: Vision,
        *,
        truth: Truth,
        armed: bool = False,
        speed: float = 0.0,
        on_progress: Callable[[str, int], None] = lambda _clip, _frames: None,
    ) -> None:
        """Take what every recording is played with.

        Args:
            detector: The one for all.
            vision: Rate, confidence, hold of a person down.
            truth: What is known of the recordings.
            armed: They play after hours.
            speed: Seconds of the recording per second; 0: as fast as it goes.
            on_progress: Told of the clip and its frames so far, once a picture.
        """
        self._detector = detector
        self._vision = vision
        self._truth = truth
        self._armed = armed
        self._speed = speed
        self._on_progress = on_progress

    def play(self, clip: Path, camera: CameraOrder) -> ClipScore:
        """Play one recording to its end.

        Raises:
            InvalidInput: It cannot be read.
        """
        score = ClipScore(clip.name, self._truth.of(clip), armed=self._armed)
        post = Post(
            camera,
            self._detector,
            person_down_seconds=self._vision.person_down_seconds,
            confidence=self._vision.confidence,
            frames_per_second=self._vision.frames_per_second,
        )
        began = time.monotonic()
        for at, frame in frames(clip, score.spoiled):
            if self._speed:
                time.sleep(max(0.0, began + at / self._speed - time.monotonic()))
            seen = post.see(frame, at)
            score.add(seen.report, looked=seen.looked)
            self._on_progress(score.clip, score.frames)
        return score


def cast(clips: Sequence[Path], cameras: Sequence[Camera]) -> Iterator[tuple[Path, CameraOrder]]:
    """Which camera each recording is taken for.

    By name (the id is the file's name without its ending, in letters that ids have); one camera is taken for
    every recording; as many cameras as recordings, none of them named after one, are taken in their order;
    without cameras the picture's edge is the only line.

    Raises:
        InvalidInput: It cannot be told which camera is meant.
    """
    by_id = {camera.id: camera for camera in cameras}
    names = [_as_id(clip) for clip in clips]
    in_order = len(cameras) == len(clips) and not by_id.keys() & set(names)
    for number, (clip, name) in enumerate(zip(clips, names, strict=True)):
        if not cameras:
            yield clip, CameraOrder(id="clip", url="rtsp://recording")
            continue
        if name in by_id:
            camera = by_id[name]
        elif len(cameras) == 1 or in_order:
            camera = cameras[number if in_order else 0]
        else:
            raise InvalidInput(
                f"{clip.name}: which camera is it? There are: {', '.join(by_id)}. Name one of them '{name}'"
            )
        yield clip, CameraOrder.of(camera).model_copy(update={"hours": None})


def _as_id(clip: Path) -> str:
    """The id that a camera of this name would have."""
    return _NO_ID.sub("-", clip.stem.lower()).strip("-_")[:_LONGEST_ID].rstrip("-_") or "clip"
