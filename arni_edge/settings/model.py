"""What can be configured. Every field is explained where an owner reads it: in ``config/arni.toml``."""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from arni_edge.domain.messages import Language
from arni_edge.domain.people import normalise_phone

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""Ids become topic levels and file names: lower-case letters, digits, ``-`` and ``_``."""

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]
"""A point in the picture, x to the right and y down, as shares of width and height."""


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values do not change at run time."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(Section):
    """The gym."""

    id: Identifier
    name: str = Field(min_length=1)
    timezone: str = "Europe/Berlin"
    language: Language = Language.GERMAN
    capacity: int = Field(ge=1)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("must be a time zone such as Europe/Berlin") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The studio's time zone."""
        return ZoneInfo(self.timezone)


class Paths(Section):
    """Where things lie on the box."""

    state: Path = Path("/var/lib/arni-edge")
    runtime: Path = Path("/run/arni-edge")

    @property
    def database(self) -> Path:
        """The one database file."""
        return self.state / "arni.db"

    @property
    def control_socket(self) -> Path:
        """The socket of the ``arni-edge`` command."""
        return self.runtime / "control.sock"


class Logging(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Broker(Section):
    """The local Mosquitto."""

    mode: Literal["managed", "external"] = "managed"
    # managed: where the devices of the house reach it; the daemon itself uses a Unix socket
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=1883, ge=1, le=65535)
    # external: how we reach it
    socket: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)
    username: str = "arni-edge"
    password: SecretStr | None = None


class NukiLock(Section):
    """A Nuki Smart Lock with its own MQTT."""

    kind: Literal["nuki"] = "nuki"
    nuki_id: str = Field(pattern=r"^[0-9A-Fa-f]{1,8}$")
    reaction_seconds: float = Field(default=3.0, gt=0, le=30)
    goal_seconds: float = Field(default=15.0, gt=0, le=60)


class Door(Section):
    """A door that people come in through."""

    id: Identifier
    name: str
    lock: NukiLock


class Shelly(Section):
    """A Shelly Gen2 or newer with a relay."""

    id: Identifier
    prefix: str = Field(min_length=1, max_length=300, pattern=r"^[^#+%?$\x00-\x20\x7f][^#+%?\x00-\x20\x7f]*$")
    role: Literal["light", "siren"]
    switch: int = Field(default=0, ge=0, le=7)


class Zone(Section):
    """A region of one camera's picture in which people are counted."""

    id: Identifier
    name: str
    kind: Literal["entrance", "floor"]
    polygon: list[Point] = Field(min_length=3)
    legal_basis: str | None = None

    @model_validator(mode="after")
    def _floor_needs_a_basis(self) -> Self:
        if self.kind == "floor" and not self.legal_basis:
            raise ValueError("a floor zone needs 'legal_basis': say why watching this area is lawful")
        return self


class Camera(Section):
    """An RTSP camera."""

    id: Identifier
    url: str
    username: str | None = None
    password: SecretStr | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    connect_seconds: float = Field(default=20.0, gt=0, le=120)
    stall_seconds: float = Field(default=5.0, gt=0, le=120)
    zones: list[Zone] = Field(default_factory=list)

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
    backend: Literal["auto", "onnxruntime", "openvino"] = "auto"
    threads: int = Field(default=1, ge=1, le=64)
    frames_per_second: float = Field(default=5.0, gt=0, le=30)
    confidence: float = Field(default=0.35, gt=0, lt=1)
    memory_megabytes: int = Field(default=1500, ge=200)


class Span(Section):
    """A span of one day; ``until`` may be 24:00."""

    start: time
    until: time


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _parse_span(text: str) -> Span:
    try:
        start, until = text.split("-")
        end = time.max if until.strip() == "24:00" else time.fromisoformat(until.strip())
        span = Span(start=time.fromisoformat(start.strip()), until=end)
    except ValueError as error:
        raise ValueError(f"'{text}' must look like 06:00-23:00") from error
    if span.until <= span.start:
        raise ValueError(f"'{text}' ends before it begins; split a night into two days at 24:00")
    return span


class Hours(Section):
    """When members may come in, per weekday, in the studio's time zone."""

    monday: list[Span] = Field(default_factory=list)
    tuesday: list[Span] = Field(default_factory=list)
    wednesday: list[Span] = Field(default_factory=list)
    thursday: list[Span] = Field(default_factory=list)
    friday: list[Span] = Field(default_factory=list)
    saturday: list[Span] = Field(default_factory=list)
    sunday: list[Span] = Field(default_factory=list)

    @field_validator("*", mode="before")
    @classmethod
    def _spans(cls, value: object) -> object:
        if isinstance(value, list):
            return [_parse_span(item) if isinstance(item, str) else item for item in value]
        raise ValueError('must be a list such as ["06:00-12:00", "14:00-23:00"]')

    def of(self, weekday: int) -> list[Span]:
        """Spans of a weekday, 0 = Monday."""
        spans: list[Span] = getattr(self, DAYS[weekday])
        return spans


class Access(Section):
    """Rules of the door."""

    mirror_max_age_hours: float = Field(default=72.0, gt=0)


class Relay(Section):
    """The cloud relay from which the box fetches webhooks."""

    url: str
    token: SecretStr | None = None
    wait_seconds: float = Field(default=50.0, ge=0, le=110)

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        parts = urlsplit(value)
        local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError("must be an https:// address (http:// only on this machine)")
        return value.rstrip("/")


class WhatsApp(Section):
    """The gym's WhatsApp number, reached through the Graph API."""

    phone_number_id: str = Field(pattern=r"^[0-9]{5,20}$")
    graph_url: str = "https://graph.facebook.com/v24.0"
    access_token: SecretStr | None = None
    app_secret: SecretStr | None = None
    alarm_template: str = "alarm_staff"
    resolve_seconds: float = Field(default=30.0, gt=0, le=3600)

    _http = field_validator("graph_url")(Relay._http.__func__)  # type: ignore[attr-defined]  # noqa: SLF001


class OnCall(Section):
    """Somebody who is told of an alarm."""

    name: str
    phone: str

    @field_validator("phone")
    @classmethod
    def _e164(cls, value: str) -> str:
        return normalise_phone(value)


class Alarms(Section):
    """Who is told, in this order."""

    on_call: list[OnCall] = Field(default_factory=list)


class Settings(Section):
    """The whole configuration of one box."""

    site: Site
    paths: Paths = Paths()
    logging: Logging = Logging()
    broker: Broker = Broker()
    doors: list[Door] = Field(default_factory=list)
    shellies: list[Shelly] = Field(default_factory=list)
    vision: Vision = Vision()
    cameras: list[Camera] = Field(default_factory=list)
    hours: Hours = Hours()
    access: Access = Access()
    relay: Relay | None = None
    whatsapp: WhatsApp | None = None
    alarms: Alarms = Alarms()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for what, ids in (
            ("doors", [door.id for door in self.doors]),
            ("shellies", [shelly.id for shelly in self.shellies]),
            ("cameras", [camera.id for camera in self.cameras]),
            ("zones", [zone.id for camera in self.cameras for zone in camera.zones]),
        ):
            doubled = sorted({one for one in ids if ids.count(one) > 1})
            if doubled:
                raise ValueError(f"{what}: id '{doubled[0]}' is used twice; every id must be unique")
        return self

    @model_validator(mode="after")
    def _eyes_are_complete(self) -> Self:
        if self.cameras and self.vision.enabled and self.vision.model is None:
            raise ValueError(
                "vision.model: is needed as soon as there are cameras: an exported YOLOv8 (.onnx)"
            )
        return self

    @model_validator(mode="after")
    def _channels_are_complete(self) -> Self:
        if self.whatsapp is not None and self.relay is None:
            raise ValueError("relay: is needed as soon as there is a [whatsapp] section")
        return self
