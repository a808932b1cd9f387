"""Asks for one short look at a camera; a confined process of its own looks (``worker/glance.py``)."""

import json
import subprocess
import sys
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arni_edge.domain.errors import Unavailable
from arni_edge.supervision import Limits
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder, DetectorOrder

_MODULE = "arni_edge.vision.worker.glance"
_LIMITS = Limits(nice=5, memory_bytes=2 << 30, may_write=False)
_LARGEST = 8 << 20
"""Bytes of an answer; a picture of 4096 columns is smaller."""


class GlanceOrder(BaseModel):
    """What to look at. It carries the password: it travels a pipe and is never printed.

    Attributes:
        camera: Which.
        detector: Finds the people; None: nobody does.
        picture: Whether a picture is wanted, and how: ``jpeg``, or ``rgb`` (3 bytes a pixel, row by row).
        width: Columns of the picture at most.
        drawn: Whether zones, lines and the QR region are drawn on it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    camera: CameraOrder
    detector: DetectorOrder | None = None
    picture: Literal["no", "jpeg", "rgb"] = "no"
    width: int = Field(default=1280, ge=16, le=4096)
    drawn: bool = False


class GlanceReport(BaseModel):
    """What a look has shown.

    Attributes:
        state: Of the camera.
        reason: Why it is not ok.
        codec: As FFmpeg names it, for instance ``h264``.
        width: Of its picture, in pixels.
        height: Likewise.
        pictures_per_second: That came.
        first_picture_seconds: From the beginning of the connection to the first picture.
        people: On the picture; None when nobody can tell.
        note: Why nobody can.
        picture_width: Of the picture that follows, 0 without one.
        picture_height: Likewise.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: CameraState
    reason: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    pictures_per_second: float = 0.0
    first_picture_seconds: float | None = None
    people: int | None = None
    note: str = ""
    picture_width: int = 0
    picture_height: int = 0

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Read what the process said.

        Raises:
            Unavailable: It said something else.
        """
        try:
            return cls.model_validate_json(line)
        except ValidationError:
            raise Unavailable("the look at the camera gave no answer") from None


def glance(order: GlanceOrder) -> tuple[GlanceReport, bytes | None]:
    """Look at a camera for a few seconds; blocks.

    Returns:
        The report, and the picture if one was wanted and there is one.

    Raises:
        Unavailable: The process failed, or the libraries of the extra ``vision`` are not installed.
    """
    deadline = order.camera.connect_seconds + order.camera.stall_seconds + 30.0
    command = [sys.executable, "-m", "arni_edge.supervision.launch", json.dumps(_LIMITS.as_dict()), _MODULE]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command,
            input=order.model_dump_json().encode(),
            capture_output=True,
            timeout=deadline,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"the look at the camera did not end within {deadline:g} seconds") from None
    line, _, picture = done.stdout[:_LARGEST].partition(b"\n")
    if done.returncode != 0 or not line:
        missing = b"ModuleNotFoundError" in done.stderr
        raise Unavailable(
            "looking at cameras needs the extra 'vision'"
            if missing
            else f"the look at the camera failed (exit code {done.returncode})"
        )
    return GlanceReport.parse(line), picture or None
