"""What the daemon tells the vision worker when it starts; it travels over the link that the daemon opened.

What the worker answers is in :mod:`arni_edge.vision.messages`.
"""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from arni_edge.broker import BrokerAddress
from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.settings import Camera, Hours, Settings
from arni_edge.settings.base import Identifier
from arni_edge.settings.cameras import Point

Corners = tuple[Point, ...]
"""A polygon in shares of the picture's width and height."""


class _Order(BaseModel):
    """Part of the start message. It carries secrets: never in a repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BrokerOrder(_Order):
    """How the worker reaches the broker; one account of its own."""

    host: str
    port: int
    socket: Path | None
    username: str
    password: str | None = Field(repr=False)

    def address(self) -> BrokerAddress:
        """As the broker's adapter wants it."""
        password = None if self.password is None else SecretStr(self.password)
        return BrokerAddress(self.host, self.port, self.username, password, self.socket)


class ZoneOrder(_Order):
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


class LineOrder(_Order):
    """A line to count at; from its left to its right, along the points, is in."""

    id: Identifier
    points: tuple[Point, Point]


class QrOrder(_Order):
    """Where codes are shown, and for which door."""

    door: Identifier
    region: Corners = Field(min_length=3)


class CameraOrder(_Order):
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


class DetectorOrder(_Order):
    """Which detector, and how hard it may work."""

    model: Path
    backend: Literal["auto", "onnxruntime", "openvino", "ultralytics"]
    device: Literal["auto", "cpu", "gpu", "npu", "cuda", "tensorrt"] = "auto"
    threads: int = Field(ge=1)
    frames_per_second: float = Field(gt=0)
    confidence: float = Field(gt=0, lt=1)
    engines: Path | None = None
    """Folder of models that were compiled for this machine's device; the worker only reads it."""


class VisionStart(_Order):
    """Everything that the worker is told when it starts. Travels a socket pair, secrets in plain text."""

    site_id: Identifier
    timezone: str = "Europe/Berlin"
    person_down_seconds: float = 15.0
    log_level: str
    broker: BrokerOrder
    detector: DetectorOrder
    cameras: tuple[CameraOrder, ...]

    @classmethod
    def from_settings(cls, settings: Settings, address: BrokerAddress) -> Self:
        """The orders that follow from the settings.

        Args:
            settings: Of this box.
            address: The broker, with the worker's own account.
        """
        vision = settings.vision
        if vision.model is None:
            raise ConfigurationError("vision.model: is needed as soon as there are cameras")
        return cls(
            site_id=settings.site.id,
            timezone=settings.site.timezone,
            person_down_seconds=vision.person_down_seconds,
            log_level=settings.logging.level,
            broker=BrokerOrder(
                host=address.host,
                port=address.port,
                socket=address.socket,
                username=address.username,
                password=None if address.password is None else address.password.get_secret_value(),
            ),
            detector=DetectorOrder(
                model=vision.model.absolute(),
                backend=vision.backend,
                device=vision.device,
                threads=vision.threads,
                frames_per_second=vision.frames_per_second,
                confidence=vision.confidence,
                engines=(settings.paths.state / "engines").absolute(),
            ),
            cameras=tuple(CameraOrder.of(camera) for camera in settings.cameras),
        )

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Self:
        """Read what came over the link.

        Raises:
            InvalidInput: The daemon speaks another version of this contract.
        """
        try:
            return cls.model_validate(message)
        except ValidationError as error:
            fields = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
            raise InvalidInput(f"the start message is not understood: {', '.join(fields)}") from None

    def as_message(self) -> dict[str, Any]:
        """For the link, JSON-able."""
        return self.model_dump(mode="json")
