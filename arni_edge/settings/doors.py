"""Doors and the devices of the building."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from arni_edge.settings.base import Identifier, Section

_OURS: Final = frozenset({"arni", "homeassistant"})
_SAYS: Final = frozenset({"status", "error", "events"})
"""Whoever listens to what devices say listens to every topic behind one of these levels."""


def _nobody_elses_topics(prefix: str) -> str:
    if not prefix.isprintable():
        raise ValueError("contains characters that cannot be printed; choose another prefix")
    if prefix == "shellies":
        raise ValueError("topics directly below shellies/ are those of all devices; choose another prefix")
    first, last = prefix.partition("/")[0], prefix.rpartition("/")[2]
    if first in _OURS:
        raise ValueError(f"topics below {first}/ are not this device's; choose another prefix")
    if last in _SAYS or not last:
        raise ValueError(
            "must not end in /, /status, /error or /events: we would hear our own commands there, and could "
            "not notice that the device is away; choose another prefix"
        )
    return prefix


Prefix = Annotated[
    str,
    Field(min_length=1, max_length=300, pattern=r"^[^#+%?$\x00-\x20\x7f][^#+%?\x00-\x20\x7f]*$"),
    AfterValidator(_nobody_elses_topics),
]
"""Where a device's MQTT topics begin."""


LONGEST_OPENING_SECONDS: Final = 130.0
"""Until every lock has said what became of a wish to open it, a lock command before it included."""

_LONGEST_COMMAND: Final = 60.0


class _Patient(Section):
    """A lock that is waited for."""

    reaction_seconds: float = Field(gt=0, le=30)
    goal_seconds: float = Field(gt=0, le=60)

    @model_validator(mode="after")
    def _somebody_stands_at_the_door(self) -> Self:
        # Until broker and lock are back, the motor has stopped, the broker has answered; and the goal.
        longest = self.goal_seconds + 4 * self.reaction_seconds
        if longest > _LONGEST_COMMAND:
            raise ValueError(
                f"goal_seconds + 4 x reaction_seconds is {longest:g} s; at most {_LONGEST_COMMAND:g} s: "
                "somebody stands at the door and waits"
            )
        return self


class NukiLock(_Patient):
    """A Nuki Smart Lock with its own MQTT."""

    kind: Literal["nuki"] = "nuki"
    nuki_id: str = Field(pattern=r"^[0-9A-Fa-f]{1,8}$")
    reaction_seconds: float = Field(default=3.0, gt=0, le=30)
    goal_seconds: float = Field(default=15.0, gt=0, le=60)

    @property
    def thing(self) -> str:
        """What it is, whatever its spelling: locks write their id with and without leading zeros."""
        return f"nuki/{int(self.nuki_id, 16):X}"


class StrikeLock(Section):
    """An electric strike, or the opener of a street door, behind a Shelly with the role ``strike``."""

    kind: Literal["strike"] = "strike"
    device: Identifier
    pulse_seconds: float = Field(default=3.0, ge=0.5, le=30)

    @property
    def thing(self) -> str:
        """What it is."""
        return f"strike/{self.device}"


class HubLock(_Patient):
    """A Nuki Opener or lock without MQTT of its own, behind a nuki_hub."""

    kind: Literal["nuki_hub"] = "nuki_hub"
    prefix: Prefix = "nukihub"
    target: Literal["lock", "opener"] = "opener"
    reaction_seconds: float = Field(default=5.0, gt=0, le=30)
    goal_seconds: float = Field(default=20.0, gt=0, le=60)

    @property
    def thing(self) -> str:
        """What it is."""
        return f"hub/{self.prefix}/{self.target}"


Lock = Annotated[NukiLock | StrikeLock | HubLock, Field(discriminator="kind")]


class Contact(Section):
    """A door contact on a device other than the lock."""

    device: Identifier
    entity: str = Field(default="input:0.state", pattern=r"^[a-z0-9_]+(:[0-9]+)?(\.[A-Za-z0-9_]+)+$")
    open_when: bool = True


class Door(Section):
    """A door that people come in through."""

    id: Identifier
    name: str
    lock: Lock
    kind: Literal["members", "staff"] = "members"
    groups: list[Identifier] = Field(default_factory=list)
    exit: Literal["handle", "panic_bar", "hardwired_button", "key", "software"] = "handle"
    contact: Contact | None = None
    reader: bool = False
    propped_seconds: float = Field(default=60.0, gt=0, le=3600)
    unlocked_minutes: float = Field(default=0.0, ge=0, le=1440)

    @model_validator(mode="before")
    @classmethod
    def _a_lock_is_a_nuki_unless_it_says_otherwise(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("lock"), dict):
            return {**values, "lock": {"kind": "nuki", **values["lock"]}}
        return values

    @field_validator("exit")
    @classmethod
    def _nobody_is_locked_in(cls, value: str) -> str:
        if value == "software":
            raise ValueError(
                "software must never block the way out: the door has to open from inside without this box, "
                "the network or electricity; fit a handle, a panic bar or a hard-wired button "
                "(EN 179, EN 1125)"
            )
        return value

    @model_validator(mode="after")
    def _nobody_needs_a_key_to_leave(self) -> Self:
        if self.exit == "key":
            raise ValueError(
                "exit = 'key': whoever has no key could not leave when the door is locked from outside; "
                "fit a cylinder that turns by hand from inside, or a panic bar (EN 179, EN 1125)"
            )
        return self


class Shelly(Section):
    """A Shelly that the house uses."""

    id: Identifier
    prefix: Prefix
    role: Literal[
        "light",
        "path_light",
        "siren",
        "strike",
        "heating",
        "ventilation",
        "cover",
        "plug",
        "button",
        "sensor",
    ]
    name: str = ""
    room: str = ""
    generation: Literal[1, 2, 3, 4] = 2
    component: Literal["switch", "light", "rgb", "rgbw", "cct", "cover"] = "switch"
    switch: int = Field(default=0, ge=0, le=7)
    address: str | None = Field(default=None, pattern=r"^[0-9A-Za-z.:\[\]-]{1,253}$")
    silence_minutes: float | None = Field(default=None, gt=0, le=10080)

    @property
    def output(self) -> tuple[str, str, int]:
        """What a command to it switches, whatever it is called here."""
        return self.prefix, self.component, self.switch

    @field_validator("prefix")
    @classmethod
    def _not_among_the_locks(cls, value: str) -> str:
        if value.partition("/")[0] == "nuki":
            raise ValueError("topics below nuki/ are those of locks; choose another prefix")
        return value

    @model_validator(mode="after")
    def _only_a_relay_opens_or_sounds(self) -> Self:
        if self.role in {"strike", "siren"} and self.component != "switch":
            raise ValueError(
                f"component: a {self.role} is switched by a relay (component = 'switch'); of nothing else "
                "can it be verified that it lets go by itself"
            )
        if self.component == "cover" and self.role not in {"cover", "sensor", "button"}:
            raise ValueError(f"component: a cover cannot be a {self.role}; give it the role cover")
        return self

    @model_validator(mode="after")
    def _the_first_generation_is_different(self) -> Self:
        if self.generation != 1:
            return self
        if not self.prefix.startswith("shellies/"):
            raise ValueError(
                "prefix: a Shelly of generation 1 has topics that begin with shellies/, "
                "for instance shellies/shelly1-34945472A643"
            )
        if self.role in {"strike", "siren"} and self.address is None:
            raise ValueError(
                "address: a Shelly of generation 1 can hold a door open, or sound, for ever unless its own "
                "timer (auto_off) is set; give its address in the device network, so that this can be "
                "verified before it is used"
            )
        return self
