"""Doors and the devices of the building."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from arni_edge.settings.base import Identifier, Section

Prefix = Annotated[
    str, Field(min_length=1, max_length=300, pattern=r"^[^#+%?$\x00-\x20\x7f][^#+%?\x00-\x20\x7f]*$")
]
"""Where a device's MQTT topics begin."""


class NukiLock(Section):
    """A Nuki Smart Lock with its own MQTT."""

    kind: Literal["nuki"] = "nuki"
    nuki_id: str = Field(pattern=r"^[0-9A-Fa-f]{1,8}$")
    reaction_seconds: float = Field(default=3.0, gt=0, le=30)
    goal_seconds: float = Field(default=15.0, gt=0, le=60)


class StrikeLock(Section):
    """An electric strike, or the opener of a street door, behind a Shelly with the role ``strike``."""

    kind: Literal["strike"] = "strike"
    device: Identifier
    pulse_seconds: float = Field(default=3.0, ge=0.5, le=30)


class HubLock(Section):
    """A Nuki Opener or lock without MQTT of its own, behind a nuki_hub."""

    kind: Literal["nuki_hub"] = "nuki_hub"
    prefix: Prefix = "nukihub"
    target: Literal["lock", "opener"] = "opener"
    reaction_seconds: float = Field(default=5.0, gt=0, le=30)
    goal_seconds: float = Field(default=20.0, gt=0, le=60)


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
