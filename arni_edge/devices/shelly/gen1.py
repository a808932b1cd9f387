"""What a Shelly of generation 1 says, in our vocabulary: pure, without clock and wire.

Values come as text on a topic each, and once more as JSON in ``info``. Nothing raises for what a device may
send: a value that is not understood becomes None, a topic that is not known is ignored with a reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from arni_edge.devices.shelly import gen1_info, gen1_topics
from arni_edge.devices.shelly import gen1_values as value
from arni_edge.devices.shelly.gen1_identity import identity_of_info, parse_announce
from arni_edge.devices.shelly.gen1_topics import is_command, subscriptions
from arni_edge.devices.shelly.topics import NOTHING_IN_IT
from arni_edge.domain.readings import DeviceEvent, Interpretation, Update

__all__ = ["Gen1Reader", "parse_announce", "subscriptions"]

_MOST_DEVICES = 1024


@dataclass(slots=True)
class _Memory:
    """What has to be remembered of one device to understand its next message.

    Attributes:
        counts: Last counter of each input's events in this run of the device.
        uptime: Its seconds since boot when it last said so.
        fahrenheit: Room temperatures come in °F.
        tripped: Channels that said ``overpower`` and nothing since.
        sleeper: It says why it woke up. Its counters survive sleep, unlike those of other devices.
        waking: It came online and has not said yet what woke it up.
    """

    counts: dict[int, int] = field(default_factory=dict)
    uptime: float | None = None
    fahrenheit: bool = False
    tripped: set[int] = field(default_factory=set)
    sleeper: bool = False
    waking: bool = False


@dataclass(frozen=True, slots=True)
class _Message:
    device: str
    leaf: str
    channel: int
    payload: bytes
    retained: bool
    memory: _Memory


class Gen1Reader:
    """Reads for all devices of generation 1; knows of each what makes an input event new."""

    def __init__(self) -> None:
        self._memories: dict[str, _Memory] = {}
        self._readers: Mapping[str, Callable[[_Message], Interpretation]] = {
            "online": _read_online,
            "announce": _read_announce,
            "info": _read_info,
            "status": _read_motion,
            "relay/*": _read_relay,
            "input_event/*": _read_input_event,
            "sensor/temperature": _read_room_temperature,
            "sensor/act_reasons": _read_act_reasons,
            "light/*/status": _read_light,
            "color/*/status": _read_light,
            "white/*/status": _read_light,
        }

    def read(self, device: str, leaf: str, payload: bytes, *, retained: bool) -> Interpretation:
        """What one message means.

        Args:
            device: Key of the device, for the interpretation.
            leaf: The topic below the device's prefix, for instance ``relay/0``.
            payload: As it came.
            retained: It is history: fills readings, never makes an event and is not remembered.
        """
        if is_command(leaf):
            return _command(device, leaf, payload, retained=retained)
        shape, channel = gen1_topics.split(leaf)
        reader = self._readers.get(shape)
        if reader is not None:
            return reader(_Message(device, leaf, channel, payload, retained, self._memory(device)))
        if leaf == "settings":
            return Interpretation(device, ignored="settings of the device")
        meaning = gen1_topics.VALUES.get(shape) or gen1_topics.unknown_value(leaf)
        if meaning is None:
            return Interpretation(device, ignored="unknown topic of a Shelly of generation 1")
        return Interpretation(device, (meaning.update(value.text(payload), channel=channel),))

    def forget(self, device: str) -> None:
        """Our session is new, or the device's: its next input events only set the baseline."""
        if memory := self._memories.get(device):
            memory.counts.clear()

    def rename(self, old: str, new: str) -> None:
        """Go on with what is remembered of a device under its new key."""
        if memory := self._memories.pop(old, None):
            self._memories[new] = memory

    def _memory(self, device: str) -> _Memory:
        memory = self._memories.get(device)
        if memory is None:
            if len(self._memories) >= _MOST_DEVICES:  # ids that somebody makes up must not fill the memory
                del self._memories[next(iter(self._memories))]
            memory = self._memories[device] = _Memory()
        return memory


# --- the device itself ------------------------------------------------------------------------------------


def _command(device: str, leaf: str, payload: bytes, *, retained: bool) -> Interpretation:
    if retained and payload:
        # It lies on the broker and is obeyed at every reconnect.
        return Interpretation(device, events=(DeviceEvent("retained_command", leaf[:64]),))
    return Interpretation(device, ignored="command to the device")


def _read_online(message: _Message) -> Interpretation:
    present = {"true": True, "false": False}.get(value.text(message.payload) or "")
    if present is None:
        return Interpretation(message.device, ignored="neither true nor false")
    if message.retained:
        return Interpretation(message.device, present=present)
    memory = message.memory
    if present and memory.sleeper:
        memory.waking = True
    elif present:
        memory.counts.clear()
    return Interpretation(
        message.device, events=(DeviceEvent("online" if present else "offline"),), present=present
    )


def _read_announce(message: _Message) -> Interpretation:
    identity = parse_announce(message.payload)
    if identity is None:
        return Interpretation(message.device, ignored="not an announcement of generation 1")
    return Interpretation(message.device, identity=identity)


def _read_info(message: _Message) -> Interpretation:
    status = value.json_object(message.payload)
    if status is None:
        return Interpretation(message.device, (Update("sys.uptime", None, "s"),))
    unit = gen1_info.in_fahrenheit(status)
    if unit is not None:
        message.memory.fahrenheit = unit
    events = () if message.retained else _learn_run(message.memory, status)
    return Interpretation(
        message.device, gen1_info.read_status(status), events, identity=identity_of_info(status)
    )


def _learn_run(memory: _Memory, status: dict[str, Any]) -> tuple[DeviceEvent, ...]:
    """Whether the device runs on, has booted or has woken up, and where its event counters stand."""
    events: tuple[DeviceEvent, ...] = ()
    uptime = value.positive(status.get("uptime"))
    if "act_reasons" in status:
        memory.sleeper = True
        reasons = value.reasons(status["act_reasons"]) or ""
        if memory.waking and "button" not in str(reasons).split(","):
            memory.counts.clear()  # a press of long ago, which was lost, must not count now
        memory.waking = False
    elif isinstance(uptime, int | float):
        if memory.uptime is not None and uptime < memory.uptime:
            memory.counts.clear()
            events = (DeviceEvent("rebooted"),)
        memory.uptime = uptime
    for channel, count in gen1_info.event_counts(status).items():
        # No more than a first baseline: a newer counter belongs to an event whose own message may follow.
        memory.counts.setdefault(channel, count)
    return events


# --- its parts --------------------------------------------------------------------------------------------


def _read_relay(message: _Message) -> Interpretation:
    text, channel, tripped = value.text(message.payload), message.channel, message.memory.tripped
    entity = f"switch:{channel}"
    if text == "overpower":
        tripped.add(channel)
        updates = (Update(f"{entity}.output", False), Update(f"{entity}.errors", "overpower"))
        return Interpretation(message.device, updates)
    output = value.flag(text)
    if output is None or channel not in tripped:
        return Interpretation(message.device, (Update(f"{entity}.output", output),))
    tripped.discard(channel)
    return Interpretation(
        message.device, (Update(f"{entity}.output", output), Update(f"{entity}.errors", ""))
    )


def _read_input_event(message: _Message) -> Interpretation:
    said = value.json_object(message.payload) or {}
    entity, count = f"input:{message.channel}", value.event_count(said.get("event_cnt"))
    updates = (Update(f"{entity}.event_cnt", count),)
    if message.retained or count is None:
        return Interpretation(message.device, updates)
    memory, press = message.memory, said.get("event")
    last = None if memory.waking else memory.counts.get(message.channel)
    memory.counts[message.channel] = count
    name = value.PRESSES.get(press) if isinstance(press, str) else None
    if name is None or last is None or last == count:
        return Interpretation(message.device, updates)
    return Interpretation(message.device, updates, (DeviceEvent(name, entity, {"event_cnt": count}),))


def _read_room_temperature(message: _Message) -> Interpretation:
    read = value.celsius_of_fahrenheit if message.memory.fahrenheit else value.celsius
    return Interpretation(
        message.device, (Update("temperature:0.tC", read(value.text(message.payload)), "°C"),)
    )


def _read_act_reasons(message: _Message) -> Interpretation:
    message.memory.sleeper |= not message.retained
    reasons = value.reasons(value.json_array(message.payload))
    return Interpretation(message.device, (Update("sys.wakeup_reason.cause", reasons),))


def _read_motion(message: _Message) -> Interpretation:
    status = value.json_object(message.payload)
    if status is None:
        return Interpretation(message.device, (Update("motion:0.motion", None),))
    return _said(message.device, gen1_info.read_status(status))


def _read_light(message: _Message) -> Interpretation:
    component = "rgbw" if message.leaf.startswith("color/") else "light"
    status = value.json_object(message.payload)
    if status is None:
        return Interpretation(message.device, (Update(f"{component}:{message.channel}.output", None),))
    return _said(message.device, gen1_info.read_light(status, component, message.channel))


def _said(device: str, updates: tuple[Update, ...]) -> Interpretation:
    return Interpretation(device, updates, ignored=None if updates else NOTHING_IN_IT)
