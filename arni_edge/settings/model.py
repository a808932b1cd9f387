"""What can be configured. Every field is explained where an owner reads it: in ``config/arni.toml``."""

from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator

from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact
from arni_edge.settings.access import Access
from arni_edge.settings.automation import Automation
from arni_edge.settings.base import Hours, Identifier, Section
from arni_edge.settings.cameras import Camera, Counting, Vision
from arni_edge.settings.connectors import Magicline, Relay, WhatsApp
from arni_edge.settings.doors import Door, HubLock, Shelly, StrikeLock
from arni_edge.settings.staff import Alarms, Ghost, Privacy, StaffMember, Telegram, Webhook, check_staff


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
    def reserve(self) -> Path:
        """Room on the disk that is kept for alarms."""
        return self.state / "reserve"

    @property
    def audit_key(self) -> Path:
        """The key of the audit chain; not in the database, so that the database alone proves nothing."""
        return self.state / "audit-key"

    @property
    def relay(self) -> Path:
        """Folder of the box's identity at the relay."""
        return self.state / "relay"

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
    # managed: an account for devices that nobody has adopted yet
    newcomers: bool = False
    # what Arni shows to a Home Assistant on the same broker
    home_assistant: bool = False
    home_assistant_prefix: str = Field(default="homeassistant", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")
    # external: how we reach it
    socket: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)
    username: str = "arni-edge"
    password: SecretStr | None = None


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
    counting: Counting = Counting()
    hours: Hours = Hours()
    access: Access = Access()
    automation: Automation = Automation()
    relay: Relay | None = None
    whatsapp: WhatsApp | None = None
    magicline: Magicline | None = None
    staff: list[StaffMember] = Field(default_factory=list)
    alarms: Alarms = Alarms()
    telegram: Telegram | None = None
    sms: Webhook | None = None
    phone: Webhook | None = None
    ghost: Ghost = Ghost()
    privacy: Privacy = Privacy()

    @property
    def people(self) -> dict[str, Contact]:
        """All staff by id."""
        return {one.id: one.contact(self.site.language) for one in self.staff}

    @model_validator(mode="after")
    def _staff_is_complete(self) -> Self:
        check_staff(self)
        return self

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for what, ids in (
            ("doors", [door.id for door in self.doors]),
            ("shellies", [shelly.id for shelly in self.shellies]),
            ("cameras", [camera.id for camera in self.cameras]),
            ("zones", [zone.id for camera in self.cameras for zone in camera.zones]),
            ("lines", [line.id for camera in self.cameras for line in camera.lines]),
        ):
            doubled = sorted({one for one in ids if ids.count(one) > 1})
            if doubled:
                raise ValueError(f"{what}: id '{doubled[0]}' is used twice; every id must be unique")
        return self

    @model_validator(mode="after")
    def _everything_is_named_once(self) -> Self:
        """Two names for one lock or relay: two who command it, each with half of the rules for it."""
        locks = {door.lock.thing: door.id for door in reversed(self.doors)}
        for door in self.doors:
            if (other := locks[door.lock.thing]) != door.id:
                raise ValueError(f"doors: '{door.id}' has the same lock as '{other}'; a lock has one door")
        outputs = {shelly.output: shelly.id for shelly in reversed(self.shellies)}
        for shelly in self.shellies:
            if (other := outputs[shelly.output]) != shelly.id:
                raise ValueError(
                    f"shellies: '{shelly.id}' is the same output as '{other}': same prefix, component and "
                    "switch; keep one of them"
                )
        return self

    @model_validator(mode="after")
    def _doors_are_complete(self) -> Self:
        shellies = {shelly.id: shelly for shelly in self.shellies}
        for door in self.doors:
            if isinstance(door.lock, StrikeLock):
                strike = shellies.get(door.lock.device)
                if strike is None or strike.role != "strike":
                    raise ValueError(
                        f"doors: '{door.id}' needs a [[shellies]] table with id = '{door.lock.device}' and "
                        "role = 'strike'"
                    )
            if door.contact is not None and door.contact.device not in shellies:
                raise ValueError(
                    f"doors: the contact of '{door.id}' is on '{door.contact.device}', which has no "
                    "[[shellies]] table"
                )
        return self

    @model_validator(mode="after")
    def _plans_name_doors_of_this_house(self) -> Self:
        doors = {door.id for door in self.doors}
        for plan in self.access.plans:
            unknown = sorted(set(plan.doors or ()) - doors)
            if unknown:
                raise ValueError(
                    f"access.plans: '{plan.id}' names the door '{unknown[0]}', which there is not"
                )
        return self

    @model_validator(mode="after")
    def _nobody_speaks_where_a_hub_does(self) -> Self:
        hubs = {door.lock.prefix: door.id for door in self.doors if isinstance(door.lock, HubLock)}
        for shelly in self.shellies:
            if shelly.prefix in hubs:
                raise ValueError(
                    f"shellies: '{shelly.id}' has the prefix of the nuki_hub of the door "
                    f"'{hubs[shelly.prefix]}'; give each device topics of its own"
                )
        return self

    @model_validator(mode="after")
    def _eyes_are_complete(self) -> Self:
        if self.cameras and self.vision.enabled and self.vision.model is None:
            raise ValueError(
                "vision.model: is needed as soon as there are cameras: an exported YOLOv8 (.onnx)"
            )
        return self

    @model_validator(mode="after")
    def _eyes_look_at_doors_of_this_house(self) -> Self:
        doors = {door.id for door in self.doors}
        for camera in self.cameras:
            named = [("the line", line.id, line.door) for line in camera.lines if line.door is not None]
            named += [("the QR region", camera.id, camera.qr.door)] if camera.qr is not None else []
            for what, name, door in named:
                if door not in doors:
                    raise ValueError(
                        f"cameras: '{camera.id}': {what} '{name}' names the door '{door}', which there is not"
                    )
        return self

    @model_validator(mode="after")
    def _zones_of_one_floor_are_on_different_cameras(self) -> Self:
        homes = {zone.id: camera.id for camera in self.cameras for zone in camera.zones}
        zones = {zone.id: zone for camera in self.cameras for zone in camera.zones}
        for zone in zones.values():
            if zone.same_as is None:
                continue
            other = zones.get(zone.same_as)
            if other is None or homes[other.id] == homes[zone.id] or other.same_as is not None:
                raise ValueError(
                    f"zones: '{zone.id}' is the same as '{zone.same_as}': that must be a zone of another "
                    "camera which is not itself the same as a third one"
                )
        return self

    @model_validator(mode="after")
    def _channels_are_complete(self) -> Self:
        if self.whatsapp is not None and self.relay is None:
            raise ValueError("relay: is needed as soon as there is a [whatsapp] section")
        return self
