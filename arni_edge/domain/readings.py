"""What devices say, in one vocabulary for all families and generations.

Entities are named after the components of Shelly's second generation, whatever dialect the device speaks:
``switch:0.output``, ``switch:0.apower``, ``input:1.state``, ``cover:0.current_pos``, ``temperature:0.tC``,
``humidity:0.rh``, ``devicepower:0.battery.percent``, ``flood:0.alarm``. A Nuki's entities are its topics:
``state``, ``doorsensorState``, ``batteryChargeState``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = bool | int | float | str | None
"""A reading; ``None`` is *unknown*: said so by the device, or not understood by us."""

UNKNOWN_TEXT = "unknown"
"""How people and reports read ``None``."""


@dataclass(frozen=True, slots=True)
class Update:
    """One entity has this value.

    Attributes:
        entity: Its name within the device.
        value: The value in ``unit``, a decoded word, or None for unknown.
        unit: ``W``, ``Wh``, ``V``, ``A``, ``VA``, ``var``, ``Hz``, ``°C``, ``%``, ``lx``, ``ppm``, ``dBm``,
            ``s`` or None for what has none.
    """

    entity: str
    value: Value
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """Something happened at a device; unlike a reading it is over at once.

    Attributes:
        name: For instance ``single_push``, ``online``, ``offline``, ``lock_action``, ``command_response``,
            ``rebooted``, ``retained_command``.
        entity: Where, within the device; empty for the device itself.
        data: Numbers and words that belong to it.
    """

    name: str
    entity: str = ""
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of a device itself; None where it has not been said.

    Attributes:
        family: ``shelly``, ``nuki`` or ``nuki_hub``.
        generation: Shelly: 1 to 4.
        model: The vendor's model code, for instance ``SNSW-001X16EU``, or the Nuki device type.
        firmware: Its version.
        mac: Twelve upper-case hex digits.
        prefix: Where its topics begin, for instance ``shellies/shelly1-34945472A643`` or ``nuki/2BB28570``.
        name: As the owner called it in the vendor's app.
        sleeps_seconds: How often a sleeper wakes up; None for a device that stays awake.
    """

    family: str
    generation: int | None = None
    model: str | None = None
    firmware: str | None = None
    mac: str | None = None
    prefix: str | None = None
    name: str | None = None
    sleeps_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What one message means.

    Either it says something (updates, events, identity or presence), or ``ignored`` says why it does not.

    Attributes:
        device: Key of the device: ``shelly:<MAC>``, ``nuki:<ID>``, ``nuki_hub:<prefix>``; a Shelly of which
            only the topic is known so far is ``shelly:<prefix>``. None for traffic of no device.
        updates: New values.
        events: What happened.
        ignored: Why nothing was made of it, in English, for instance ``command to the device``.
        identity: What was learnt of the device itself.
        full: The updates are the whole picture: entities that are not among them are unknown now.
        present: Whether the device is there, as it (True) or its will or goodbye (False) says; None for a
            message about something else. Retained messages carry it too; what they are worth is the
            listener's business.
        formerly: Keys under which this device was known before its identity was.
    """

    device: str | None
    updates: tuple[Update, ...] = ()
    events: tuple[DeviceEvent, ...] = ()
    ignored: str | None = None
    identity: Identity | None = None
    full: bool = False
    present: bool | None = None
    formerly: tuple[str, ...] = ()
