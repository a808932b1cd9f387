"""What the house does by itself. Everything is off unless it is configured."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from arni_edge.settings.base import Identifier, Section, Spans

Entity = Annotated[str, Field(pattern=r"^[a-z0-9_]+(:[0-9]+)?(\.[A-Za-z0-9_]+)+$", max_length=80)]
"""An entity of a device, named as in :mod:`arni_edge.domain.readings`, for instance ``temperature:0.tC``."""

WatchKind = Literal["leak", "smoke", "gas", "freezer", "power"]


class Sensor(Section):
    """One entity of one device."""

    device: Identifier
    entity: Entity


class Presence(Section):
    """How the house knows that nobody is inside. Without a certain answer, somebody may be."""

    complete: bool = False
    sensors: list[Sensor] = Field(default_factory=list)


class Light(Section):
    """Lights that burn while somebody is, or may be, where they shine."""

    id: Identifier
    devices: list[Identifier] = Field(min_length=1)
    zones: list[Identifier] = Field(default_factory=list)
    sensors: list[Sensor] = Field(default_factory=list)
    empty_minutes: float = Field(default=10.0, ge=1, le=240)
    always_on: Spans = Field(default_factory=list)

    @property
    def everywhere(self) -> bool:
        """Whether it follows the whole gym."""
        return not self.zones and not self.sensors


class PathLight(Section):
    """Light on the way from the door."""

    devices: list[Identifier] = Field(min_length=1)
    doors: list[Identifier] = Field(default_factory=list)
    seconds: float = Field(default=180.0, ge=10, le=3600)


class Closing(Section):
    """What happens around closing time."""

    announce_minutes: list[Annotated[int, Field(ge=1, le=240)]] = Field(default=[30, 15, 5])
    switch_off: list[Identifier] = Field(default_factory=list)
    lock_doors: list[Identifier] = Field(default_factory=list)
    staff_minutes: float | None = Field(default=10.0, gt=0, le=240)


class Heating(Section):
    """A heater, by a thermometer and by who is there."""

    id: Identifier
    heater: Identifier
    sensor: Sensor
    zones: list[Identifier] = Field(default_factory=list)
    occupied: float = Field(default=19.0, ge=5, le=35)
    empty: float = Field(default=15.0, ge=3, le=35)
    hysteresis: float = Field(default=0.5, ge=0.1, le=5)
    minimum_on_minutes: float = Field(default=5.0, ge=0, le=30)
    minimum_off_minutes: float = Field(default=5.0, ge=0, le=30)
    frost_guard: float = Field(default=7.0, ge=3, le=15)
    blind_minutes: float = Field(default=30.0, gt=0, le=60)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.frost_guard + self.hysteresis <= self.empty <= self.occupied:
            raise ValueError(
                "the temperatures must rise: frost_guard plus hysteresis, then empty, then occupied"
            )
        return self


class Ventilation(Section):
    """A fan, by the air and by who is there."""

    id: Identifier
    fan: Identifier
    zones: list[Identifier] = Field(default_factory=list)
    co2: Sensor | None = None
    co2_above: float = Field(default=1000.0, ge=500, le=5000)
    co2_hysteresis: float = Field(default=200.0, ge=10, le=1000)
    humidity: Sensor | None = None
    humidity_above: float = Field(default=65.0, ge=30, le=95)
    humidity_hysteresis: float = Field(default=5.0, ge=1, le=30)
    temperature: Sensor | None = None
    temperature_above: float = Field(default=26.0, ge=15, le=40)
    temperature_hysteresis: float = Field(default=1.0, ge=0.1, le=5)
    people_above: int | None = Field(default=None, ge=1)
    minimum_on_minutes: float = Field(default=10.0, ge=0, le=120)
    minimum_off_minutes: float = Field(default=5.0, ge=0, le=120)

    @model_validator(mode="after")
    def _has_a_reason_to_run(self) -> Self:
        if not (self.co2 or self.humidity or self.temperature or self.people_above):
            raise ValueError("needs at least one of co2, humidity, temperature, people_above")
        return self


class Watch(Section):
    """A sensor that warns: water, smoke, gas, a freezer that thaws, electricity that is gone."""

    kind: WatchKind
    device: Identifier
    entity: Entity | None = None
    limit: float | None = None
    minutes: float | None = Field(default=None, ge=0, le=1440)


class Arming(Section):
    """Who moves inside after hours."""

    after_minutes: float = Field(default=30.0, ge=0, le=720)
    only_when_empty: bool = True
    empty_minutes: float = Field(default=5.0, ge=1, le=240)
    entry_delay_seconds: float = Field(default=45.0, ge=0, le=600)
    sensors: list[Sensor] = Field(default_factory=list)
    doors: list[Identifier] = Field(default_factory=list)
    zones: list[Identifier] = Field(default_factory=list)


class Automation(Section):
    """Rules of the building."""

    step_seconds: float = Field(default=5.0, ge=0.1, le=60)
    manual_minutes: float = Field(default=60.0, ge=0, le=1440)
    alarm_minutes: float = Field(default=60.0, ge=1, le=1440)
    quiet_hours: Spans = Field(default_factory=list)
    presence: Presence = Presence()
    lights: list[Light] = Field(default_factory=list)
    path_light: PathLight | None = None
    closing: Closing | None = None
    heating: list[Heating] = Field(default_factory=list)
    ventilation: list[Ventilation] = Field(default_factory=list)
    watches: list[Watch] = Field(default_factory=list)
    arming: Arming | None = None

    @property
    def configured(self) -> bool:
        """Whether there is any rule."""
        return any((self.lights, self.path_light, self.closing, self.heating, self.ventilation,
                    self.watches, self.arming))  # fmt: skip
