"""What the daemon and the vision worker say to each other: the start message, topics and payloads.

The worker gets its orders over the link that the daemon opened (:class:`VisionStart`) and answers on the
broker, so that it could as well run on another machine::

    arni/<site>/vision/online            retained "true" / "false" (also the will)
    arni/<site>/vision/zone/<zone>       retained ZoneMessage, on change and every two seconds
    arni/<site>/vision/camera/<camera>   retained CameraMessage, on change and every two seconds
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from arni_edge.broker import BrokerAddress
from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.settings import Camera, Settings
from arni_edge.settings.base import Identifier
from arni_edge.settings.model import Point

HEARTBEAT_SECONDS = 2.0
"""So often the worker repeats what it knows; a figure that is not repeated is stale."""

MOST_PEOPLE = 10_000
"""No camera of ours sees more; a larger count is not from our worker."""

_LONGEST_PAYLOAD = 4096
_REASON_LENGTH = 200


class CameraState(StrEnum):
    """How a camera is doing. Only ``OK`` gives counts."""

    CONNECTING = "connecting"
    """There is no picture yet: being connected, or it cannot be reached."""
    OK = "ok"
    STALLED = "stalled"
    """It was there and sends nothing any more."""
    REFUSED = "refused"
    """It does not let us in: user or password is wrong."""
    CORRUPT = "corrupt"
    """It sends, but nothing that can be decoded."""


# --- topics ---------------------------------------------------------------------------------------------


def online_topic(site_id: str) -> str:
    """Where the worker says that it is there."""
    return f"arni/{site_id}/vision/online"


def zone_topic(site_id: str, zone: str) -> str:
    """Where the count of a zone is published; ``+`` for all zones."""
    return f"arni/{site_id}/vision/zone/{zone}"


def camera_topic(site_id: str, camera: str) -> str:
    """Where the state of a camera is published; ``+`` for all cameras."""
    return f"arni/{site_id}/vision/camera/{camera}"


# --- payloads -------------------------------------------------------------------------------------------


class _Payload(BaseModel):
    """Strict about what it reads, deaf to what it does not know (a newer worker may say more)."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read a payload from the wire.

        Raises:
            InvalidInput: It is not one of ours. The payload itself is not repeated.
        """
        if len(payload) > _LONGEST_PAYLOAD:
            raise InvalidInput(f"{len(payload)} bytes are too long for a message of the vision worker")
        try:
            return cls.model_validate_json(payload)
        except ValidationError as error:
            fields = sorted({".".join(str(part) for part in one["loc"]) or "json" for one in error.errors()})
            raise InvalidInput(f"not a message of the vision worker: {', '.join(fields)[:100]}") from None


class ZoneMessage(_Payload):
    """People in a zone; ``count`` is None, with a reason, while the worker cannot see."""

    zone: Identifier
    camera: Identifier
    count: Annotated[int, Field(ge=0, le=MOST_PEOPLE)] | None
    reason: str = Field(default="", max_length=_REASON_LENGTH)
    at: AwareDatetime
    sequence: int = Field(ge=0)


class CameraMessage(_Payload):
    """How a camera is doing, and why."""

    camera: Identifier
    state: CameraState
    reason: str = Field(default="", max_length=_REASON_LENGTH)
    at: AwareDatetime


def parse_online(payload: bytes) -> bool:
    """Read the payload of the online topic.

    Raises:
        InvalidInput: It is neither ``true`` nor ``false``.
    """
    if payload not in (b"true", b"false"):
        raise InvalidInput("not a message of the vision worker: online is 'true' or 'false'")
    return payload == b"true"


# --- the start message ----------------------------------------------------------------------------------


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
    """A zone to count in; the polygon in shares of the picture's width and height."""

    id: Identifier
    polygon: tuple[Point, ...] = Field(min_length=3)


class CameraOrder(_Order):
    """A camera to watch."""

    id: Identifier
    url: str
    username: str | None
    password: str | None = Field(repr=False)
    transport: Literal["tcp", "udp"]
    connect_seconds: float
    stall_seconds: float
    zones: tuple[ZoneOrder, ...]

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """From the settings."""
        return cls(
            id=camera.id,
            url=camera.url,
            username=camera.username,
            password=None if camera.password is None else camera.password.get_secret_value(),
            transport=camera.transport,
            connect_seconds=camera.connect_seconds,
            stall_seconds=camera.stall_seconds,
            zones=tuple(ZoneOrder(id=zone.id, polygon=tuple(zone.polygon)) for zone in camera.zones),
        )


class DetectorOrder(_Order):
    """Which detector, and how hard it may work."""

    model: Path
    backend: Literal["auto", "onnxruntime", "openvino"]
    threads: int = Field(ge=1)
    frames_per_second: float = Field(gt=0)
    confidence: float = Field(gt=0, lt=1)


class VisionStart(_Order):
    """Everything that the worker is told when it starts. Travels a socket pair, secrets in plain text."""

    site_id: Identifier
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
                threads=vision.threads,
                frames_per_second=vision.frames_per_second,
                confidence=vision.confidence,
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
