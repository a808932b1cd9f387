"""One short look at one camera, for its installer: what it sends, how it is, and on request a picture.

A process of its own, as confined as the vision worker: it reads a :class:`GlanceOrder` from stdin, and writes
one line of JSON (:class:`GlanceReport`) and after it the picture, if one is wanted, to stdout. Nothing goes
to a disk.

People on the picture are made unrecognisable, twice: whom the detector finds becomes a few blocks, and all of
it loses the detail that a face would need, for a detector does not find everybody (who lies, who is half
hidden).
"""

import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.domain.errors import ArniError
from arni_edge.vision.glance import GlanceOrder, GlanceReport
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.scene.geometry import Box, Point
from arni_edge.vision.worker.detector import LOWEST_SCORE
from arni_edge.vision.worker.luma import small_grey
from arni_edge.vision.worker.masks import Masks
from arni_edge.vision.worker.sight import Sight
from arni_edge.vision.worker.stream import Picture, RtspStream, StreamEnded, pixels

_LOOK_SECONDS: Final = 3.0
_JPEG_QUALITY = 88
_MOSAIC = 12
"""Blocks along the longer side of a person: nobody is recognised by twelve."""
_DETAIL = 128
"""Columns of detail of the whole picture: enough to draw doors and mats by, too few for a face in a room."""
_BLIND_MOSAIC = 64
"""Blocks of the whole picture where nobody can say where people are."""
_COUNTED, _SUSPECTED = 0.15, LOWEST_SCORE
"""Scores from which on somebody is said to be there, and from which on a place is made unrecognisable."""
_ROOM = 0.08
"""Share of a person's size that is hidden around them: boxes are tight, and cut hair and feet off."""
_GREEN, _ORANGE, _BLUE = (80, 220, 80), (0, 150, 255), (255, 140, 40)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def main() -> None:
    """Look, report, end."""
    order = GlanceOrder.model_validate_json(sys.stdin.buffer.read())
    report, picture = look(order)
    out = sys.stdout.buffer
    if picture is not None:
        picture = _narrowed(picture, order.width)
        report = report.model_copy(
            update={"picture_width": picture.shape[1], "picture_height": picture.shape[0]}
        )
    out.write(report.model_dump_json().encode() + b"\n")
    if picture is not None:
        out.write(_encoded(picture, order.picture))
    out.flush()


def look(order: GlanceOrder) -> tuple[GlanceReport, Picture | None]:
    """Watch the camera for a few seconds."""
    began = time.monotonic()
    stream = RtspStream(order.camera)
    sight = Sight(order.camera)
    masks = Masks(order.camera.masks)
    arrivals: list[float] = []
    last: Any = None
    state, reason = CameraState.OK, ""
    try:
        for frame in stream.frames():
            now = time.monotonic()
            arrivals.append(now)
            last = frame
            grey = small_grey(frame)
            status = None
            if grey is not None:
                masks.on_grey(grey)
                status = sight.judge(grey, now)
            state, reason = (status.state, status.reason) if status else (CameraState.OK, "")
            if now - arrivals[0] >= _LOOK_SECONDS:
                break
    except StreamEnded as end:
        state, reason = end.state, end.reason
        if last is None:
            return GlanceReport(state=state, reason=reason), None
    picture = None if last is None else pixels(last)
    if picture is None:
        return GlanceReport(state=CameraState.CORRUPT, reason="its pictures cannot be converted"), None
    masks.on(picture)
    people, hidden, note = _people(order, picture)
    report = GlanceReport(
        state=state,
        reason=reason,
        codec=stream.codec,
        width=picture.shape[1],
        height=picture.shape[0],
        pictures_per_second=round((len(arrivals) - 1) / max(1e-3, arrivals[-1] - arrivals[0]), 1),
        first_picture_seconds=round(arrivals[0] - began, 2),
        people=people,
        note=note,
    )
    if order.picture == "no":
        return report, None
    hide(picture, hidden)
    if order.drawn:
        draw(picture, order.camera)
    return report, picture


def _people(order: GlanceOrder, picture: Picture) -> tuple[int | None, list[Box] | None, str]:
    """How many people are on the picture, where somebody may be, and why nobody can tell."""
    if order.detector is None:
        return None, None, "no detector"
    from arni_edge.vision.worker.loading import load_detector  # noqa: PLC0415 - a look without costs less

    try:
        detector = load_detector(order.detector)
    except ArniError as error:
        return None, None, str(error)
    upright = detector.people(picture, confidence=_SUSPECTED)
    count = sum(one.score >= _COUNTED for one in upright)
    if order.picture == "no":
        return count, None, ""
    # Who lies is found in a picture that lies as well.
    left, right = (np.ascontiguousarray(np.rot90(picture, turns)) for turns in (1, 3))
    turned = [
        Box(1 - one.bottom, one.left, 1 - one.top, one.right, one.score)
        for one in detector.people(left, confidence=_SUSPECTED)
    ] + [
        Box(one.top, 1 - one.right, one.bottom, 1 - one.left, one.score)
        for one in detector.people(right, confidence=_SUSPECTED)
    ]
    return count, upright + turned, ""


def hide(picture: Picture, people: Sequence[Box] | None) -> None:
    """Make everybody unrecognisable, in place.

    Args:
        picture: In BGR.
        people: Where somebody may be; None: nobody knows.
    """
    if people is None:
        blur(picture, Box(0.0, 0.0, 1.0, 1.0, 1.0), blocks=_BLIND_MOSAIC)
        return
    height, width = picture.shape[:2]
    scale = _DETAIL / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        coarse = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        picture[:] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for one in people:
        across, down = _ROOM * (one.right - one.left), _ROOM * (one.bottom - one.top)
        blur(
            picture,
            Box(
                max(0.0, one.left - across),
                max(0.0, one.top - down),
                min(1.0, one.right + across),
                min(1.0, one.bottom + down),
                one.score,
            ),
        )


def blur(picture: Picture, box: Box, blocks: int = _MOSAIC) -> None:
    """Make a part of a picture unrecognisable, in place: averages of large blocks, which nothing undoes."""
    height, width = picture.shape[:2]
    left, right = int(box.left * width), int(np.ceil(box.right * width))
    top, bottom = int(box.top * height), int(np.ceil(box.bottom * height))
    part = picture[top:bottom, left:right]
    if not part.size:
        return
    scale = blocks / max(part.shape[:2])
    small = cv2.resize(
        part,
        (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))),
        interpolation=cv2.INTER_AREA,
    )
    part[:] = cv2.resize(small, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)


def draw(picture: Picture, camera: CameraOrder) -> None:
    """Draw what is counted where on a picture, in place: zones green, lines with an arrow to the inside."""
    height, width = picture.shape[:2]

    def places(corners: Sequence[Point]) -> npt.NDArray[np.int32]:
        return np.array([(round(x * width), round(y * height)) for x, y in corners], np.int32)

    for zone in camera.zones:
        corners = places(zone.polygon)
        cv2.polylines(picture, [corners], True, _GREEN, 2)
        cv2.putText(
            picture,
            zone.id,
            (int(corners[0, 0]) + 4, int(corners[0, 1]) + 18),
            _FONT,
            0.5,
            _GREEN,
            1,
            cv2.LINE_AA,
        )
    for line in camera.lines:
        start, end = places(line.points)
        middle, along = (start + end) // 2, end - start
        inwards = np.array((-along[1], along[0])) / max(1.0, float(np.hypot(*along))) * height * 0.1
        cv2.line(picture, tuple(start), tuple(end), _ORANGE, 2)
        cv2.arrowedLine(picture, tuple(middle), tuple((middle + inwards).astype(int)), _ORANGE, 2)
        cv2.putText(
            picture, line.id, (int(start[0]) + 4, int(start[1]) - 6), _FONT, 0.5, _ORANGE, 1, cv2.LINE_AA
        )
    if camera.qr is not None:
        cv2.polylines(picture, [places(camera.qr.region)], True, _BLUE, 2)


def _narrowed(picture: Picture, width: int) -> Picture:
    if picture.shape[1] <= width:
        return picture
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(picture: Picture, encoding: str) -> bytes:
    if encoding == "rgb":
        return np.ascontiguousarray(picture[..., ::-1]).tobytes()
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1])
