"""What can be configured of the cameras and of counting people."""

import math
import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from arni_edge.settings.base import Hours, Identifier, Section, Spans
from arni_edge.settings.private_places import is_private, refusal

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]
"""A point in the picture, x to the right and y down, as shares of width and height."""

# Corners that are closer to one line than this share of the picture have nothing between them.
_THIN = 0.003


def _with_room_between(corners: list[Point]) -> list[Point]:
    x0, y0 = corners[0]
    x1, y1 = max(corners, key=lambda one: math.dist(one, corners[0]))
    length = math.dist((x0, y0), (x1, y1))
    if not any(abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) > _THIN * length for x, y in corners):
        raise ValueError("its corners lie on one line: there is nothing between them")
    return corners


Polygon = Annotated[list[Point], Field(min_length=3, max_length=64), AfterValidator(_with_room_between)]
"""Corners in order; the last is joined to the first."""

# A camera's own way of taking a password along in its address; {password} stands for the credential.
_PASSWORD_INSIDE = re.compile(r"(?:pass(?:word|wd|wort)?|pwd|kennwort)=(?!\{password\})", re.IGNORECASE)


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
        if isinstance(value, str) and is_private(value):
            raise ValueError(refusal(value, "zone"))
        return value

    @model_validator(mode="after")
    def _nobody_is_watched_in_private(self) -> Self:
        if is_private(self.id, self.name):
            raise ValueError(refusal(self.name, "zone"))
        return self

    @model_validator(mode="after")
    def _floor_needs_a_basis(self) -> Self:
        if self.kind in {"floor", "mat"} and not (self.legal_basis and self.legal_basis.strip()):
            raise ValueError(f"a {self.kind} zone needs 'legal_basis': say why watching this area is lawful")
        return self


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

    @model_validator(mode="after")
    def _nobody_is_watched_in_private(self) -> Self:
        if is_private(self.id, self.name):
            raise ValueError(refusal(self.name, "line"))
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

    @field_validator("id")
    @classmethod
    def _nobody_is_watched_in_private(cls, value: str) -> str:
        if is_private(value):  # even without zones it would look for intruders and people who lie
            raise ValueError(refusal(value, "camera"))
        return value

    @field_validator("url")
    @classmethod
    def _rtsp_without_credentials(cls, value: str) -> str:
        # An @ behind a slash too: the slash may belong to a password, and then this is no address at all.
        if "@" in value or _PASSWORD_INSIDE.search(value):
            raise ValueError(
                "must not carry user or password: set 'username' and the credential instead; where a camera "
                "wants them inside its address, write {username} and {password} there"
            )
        try:
            parts = urlsplit(value)
            usable = parts.scheme in {"rtsp", "rtsps"} and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not value.isprintable() or " " in value:
            raise ValueError("must look like rtsp://192.168.10.20:554/stream2")
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
