"""What can be configured of the cameras and of counting people."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from arni_edge.settings.base import Hours, Identifier, Section, Spans

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]
"""A point in the picture, x to the right and y down, as shares of width and height."""

Polygon = Annotated[list[Point], Field(min_length=3, max_length=64)]
"""Corners in order; the last is joined to the first."""

# Where people undress or are alone no camera counts, whatever the owner says. German and English.
_PRIVATE = re.compile(
    r"umkleid|garderob|umzieh|dusch|wasch(?:raum|k)|toilett|\bwc|klo(?:s?\b|sett)|abort|sauna|dampfbad|solari|"
    r"changing|dressing|locker|shower|toilet|restroom|bathroom|washroom|lavator|steam",
    re.IGNORECASE,
)


class Zone(Section):
    """A region of one camera's picture in which people are counted."""

    id: Identifier
    name: str
    kind: Literal["entrance", "floor", "mat"]
    polygon: Polygon
    legal_basis: str | None = None
    limit: int | None = Field(default=None, ge=1, le=10_000)
    crowded_seconds: float = Field(default=60.0, ge=0, le=3600)
    same_as: Identifier | None = None

    @field_validator("kind", mode="before")
    @classmethod
    def _no_private_kind(cls, value: object) -> object:
        if isinstance(value, str) and _PRIVATE.search(value.replace("_", " ")):
            raise ValueError(_private(value))
        return value

    @model_validator(mode="after")
    def _nobody_is_watched_in_private(self) -> Self:
        for word in (self.id.replace("_", " ").replace("-", " "), self.name):
            if _PRIVATE.search(word):
                raise ValueError(_private(self.name))
        return self

    @model_validator(mode="after")
    def _floor_needs_a_basis(self) -> Self:
        if self.kind in {"floor", "mat"} and not (self.legal_basis and self.legal_basis.strip()):
            raise ValueError(f"a {self.kind} zone needs 'legal_basis': say why watching this area is lawful")
        return self


def _private(name: str) -> str:
    return (
        f"'{name[:40]}' is a place where nobody may be filmed (changing room, shower, WC, sauna): remove "
        "this zone and turn the camera away, or mask the region with 'masks'"
    )


class Line(Section):
    """A line in one camera's picture; whoever goes from its left to its right, along the points, goes in."""

    id: Identifier
    name: str
    points: tuple[Point, Point]
    door: Identifier | None = None

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        (x0, y0), (x1, y1) = self.points
        if (x0 - x1) ** 2 + (y0 - y1) ** 2 < 0.02**2:
            raise ValueError("its two points lie on top of each other")
        return self


class QrRegion(Section):
    """Where QR codes are shown to a camera, and which door they open."""

    door: Identifier
    region: Polygon


class Camera(Section):
    """An RTSP camera."""

    id: Identifier
    url: str
    username: str | None = None
    password: SecretStr | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    connect_seconds: float = Field(default=20.0, gt=0, le=120)
    stall_seconds: float = Field(default=5.0, gt=0, le=120)
    frozen_seconds: float = Field(default=120.0, ge=0, le=86_400)
    hardware_decoding: Literal["off", "auto", "vaapi", "qsv", "cuda", "drm"] = "off"
    idle_decoding: Literal["keyframes", "all"] = "keyframes"
    person_down: bool = True
    hours: Hours | None = None
    masks: list[Polygon] = Field(default_factory=list, max_length=32)
    zones: list[Zone] = Field(default_factory=list, max_length=32)
    lines: list[Line] = Field(default_factory=list, max_length=8)
    qr: QrRegion | None = None

    @field_validator("url")
    @classmethod
    def _rtsp_without_credentials(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"rtsp", "rtsps"} or not parts.hostname:
            raise ValueError("must look like rtsp://192.168.10.20:554/stream2")
        if parts.username or parts.password:
            raise ValueError("must not carry user or password: set 'username' and the credential instead")
        return value


class Vision(Section):
    """The vision worker."""

    enabled: bool = True
    model: Path | None = None
    backend: Literal["auto", "onnxruntime", "openvino", "ultralytics"] = "auto"
    device: Literal["auto", "cpu", "gpu", "npu", "cuda", "tensorrt"] = "auto"
    threads: int = Field(default=1, ge=1, le=64)
    frames_per_second: float = Field(default=5.0, gt=0, le=30)
    confidence: float = Field(default=0.35, gt=0, lt=1)
    person_down_seconds: float = Field(default=15.0, ge=5, le=600)
    memory_megabytes: int = Field(default=1500, ge=200)


class Counting(Section):
    """How people in the gym are counted, and who may know how exactly."""

    zones_see_everybody: bool = False
    nightly_zero: time = time(4, 0)
    history_days: int = Field(default=730, ge=1, le=3650)
    withhold_below: int = Field(default=3, ge=0, le=100)
    withhold_hours: Spans = Field(default_factory=list)
    lone_minutes: float = Field(default=0.0, ge=0, le=1440)
    camera_minutes: float = Field(default=10.0, ge=1, le=1440)

    @field_validator("nightly_zero")
    @classmethod
    def _local(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("names no time zone: it is meant in the studio's")
        return value
