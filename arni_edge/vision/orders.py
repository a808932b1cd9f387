"""What is to be looked at, and with what: parts of the start message (:mod:`arni_edge.vision.start`).

What the worker answers is in :mod:`arni_edge.vision.messages`.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Camera, Hours, Settings
from arni_edge.settings.base import Identifier
from arni_edge.settings.cameras import Point

Corners = tuple[Point, ...]
"""A polygon in shares of the picture's width and height."""


class Order(BaseModel):
    """Part of the start message. It carries secrets: never in a repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ZoneOrder(Order):
    """A zone to count in; where zones overlap, the first one owns the person.

    Attributes:
        lying_is_normal: A mat or stretching area: nobody who lies there is down.
        limit: More people than this for ``crowded_seconds`` are a crowd; None: never.
    """

    id: Identifier
    polygon: Corners = Field(min_length=3)
    lying_is_normal: bool = False
    limit: int | None = None
    crowded_seconds: float = 60.0


class LineOrder(Order):
    """A line to count at; from its left to its right, along the points, is in."""

    id: Identifier
    points: tuple[Point, Point]


class QrOrder(Order):
    """Where codes are shown, and for which door."""

    door: Identifier
    region: Corners = Field(min_length=3)


class CameraOrder(Order):
    """A camera to watch.

    Attributes:
        hours: When it watches, in the studio's time; None: always.
    """

    id: Identifier
    url: str
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    transport: Literal["tcp", "udp"] = "tcp"
    connect_seconds: float = 20.0
    stall_seconds: float = 5.0
    frozen_seconds: float = 120.0
    hardware_decoding: str = "off"
    idle_decoding: Literal["keyframes", "all"] = "keyframes"
    person_down: bool = True
    hours: Hours | None = None
    masks: tuple[Corners, ...] = ()
    zones: tuple[ZoneOrder, ...] = ()
    lines: tuple[LineOrder, ...] = ()
    qr: QrOrder | None = None

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """From the settings."""
        qr = camera.qr
        return cls(
            id=camera.id,
            url=camera.url,
            username=camera.username,
            password=None if camera.password is None else camera.password.get_secret_value(),
            transport=camera.transport,
            connect_seconds=camera.connect_seconds,
            stall_seconds=camera.stall_seconds,
            frozen_seconds=camera.frozen_seconds,
            hardware_decoding=camera.hardware_decoding,
            idle_decoding=camera.idle_decoding,
            person_down=camera.person_down,
            hours=camera.hours,
            masks=tuple(tuple(mask) for mask in camera.masks),
            zones=tuple(
                ZoneOrder(
                    id=zone.id,
                    polygon=tuple(zone.polygon),
                    lying_is_normal=zone.kind == "mat",
                    limit=zone.limit,
                    crowded_seconds=zone.crowded_seconds,
                )
                for zone in camera.zones
            ),
            lines=tuple(LineOrder(id=line.id, points=line.points) for line in camera.lines),
            qr=None if qr is None else QrOrder(door=qr.door, region=tuple(qr.region)),
        )


class DetectorOrder(Order):
    """Which detector, and how hard it may work."""

    model: Path
    backend: Literal["auto", "onnxruntime", "openvino", "ultralytics"]
    device: Literal["auto", "cpu", "gpu", "npu", "cuda", "tensorrt"] = "auto"
    threads: int = Field(ge=1)
    frames_per_second: float = Field(gt=0)
    confidence: float = Field(gt=0, lt=1)
    engines: Path | None = None
    """Folder of models that were compiled for this machine's device; the worker only reads it."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """From the settings.

        Raises:
            ConfigurationError: They name no model.
        """
        vision = settings.vision
        if vision.model is None:
            raise ConfigurationError("vision.model: is needed as soon as there are cameras")
        return cls(
            model=vision.model.absolute(),
            backend=vision.backend,
            device=vision.device,
            threads=vision.threads,
            frames_per_second=vision.frames_per_second,
            confidence=vision.confidence,
            engines=(settings.paths.state / "engines").absolute(),
        )
