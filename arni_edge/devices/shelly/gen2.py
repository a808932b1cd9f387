"""The dialect of generation 2, 3 and 4: from one message of a device that is known to what it means."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from arni_edge.devices.shelly import frames
from arni_edge.devices.shelly.components import read_status, scalar
from arni_edge.devices.shelly.frames import Notification, Reply, Status
from arni_edge.devices.shelly.notices import read_events
from arni_edge.devices.shelly.replies import Meaning, read_info, read_reply
from arni_edge.devices.shelly.topics import NOTHING_IN_IT
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation, Update

_MOST_DEVICES = 4096
_MOST_SENSORS = 256


@dataclass(slots=True)
class _Memory:
    """What has to be remembered of a device to read its next message.

    Attributes:
        uptime: Seconds since its boot, as it last said.
        obj_ids: What its Bluetooth sensors measure, by component key.
    """

    uptime: float | None = None
    obj_ids: dict[str, int] = field(default_factory=dict)


class Gen2Reader:
    """Reads what a device says. Keeps of each device only what tells a reboot and the unit of a sensor."""

    def __init__(self) -> None:
        self._memories: OrderedDict[str, _Memory] = OrderedDict()

    # --- what a device says on topics of its own --------------------------------------------------------

    def online(self, device: str, payload: bytes) -> Interpretation:
        """Birth and will."""
        word = payload.strip()
        if word not in {b"true", b"false"}:
            return Interpretation(device, ignored="online is neither true nor false")
        there = word == b"true"
        events = (DeviceEvent("online" if there else "offline"),)
        return Interpretation(device, events=events, present=there)

    def notification(self, device: str, notice: Notification, *, retained: bool) -> Interpretation:
        """A frame from ``<prefix>/events/rpc``."""
        if notice.method == "NotifyEvent":
            updates, events = read_events(notice.params)
            return _said(device, updates, events)
        full = notice.method == "NotifyFullStatus"
        if not full and notice.method != "NotifyStatus":
            return _said(device, (), (DeviceEvent("other", data={"name": scalar(notice.method[:40])}),))
        return self._status(device, notice.params, full=full, retained=retained)

    def component(self, device: str, component: str, payload: bytes, *, retained: bool) -> Interpretation:
        """The whole status of one component, from ``<prefix>/status/<component>``."""
        status = frames.parse_object(payload)
        if status is None:
            return Interpretation(device, ignored="the status is not a JSON object")
        return self._status(device, {component: status}, full=False, retained=retained)

    def announcement(self, device: str, info: Status) -> Interpretation:
        """The answer to ``announce``."""
        return replace(_said(device, read_info(info), ()), identity=identity_of(info))

    def complaint(self, device: str, component: str, payload: bytes) -> Interpretation:
        """The error text for a bad simple command, from ``<prefix>/error/<component>``."""
        words = scalar(payload[:200].decode("utf-8", "replace"))
        return _said(device, (), (DeviceEvent("command_error", component, {"message": words}),))

    # --- what it answers --------------------------------------------------------------------------------

    def reply(self, device: str, reply: Reply, *, retained: bool) -> tuple[Interpretation, Meaning]:
        """A response frame, and what it says of the device itself."""
        meaning = read_reply(reply)
        memory = self._memory(device)
        for key, obj_id in meaning.obj_ids.items():
            if len(memory.obj_ids) < _MOST_SENSORS:
                memory.obj_ids[key] = obj_id
        rebooted = () if retained else self._rebooted(device, reply.fields.get("sys"))
        identity = identity_of(meaning.info) if meaning.info else _sleeper(reply.fields.get("sys"))
        said = _said(device, meaning.updates, (*meaning.events, *rebooted))
        return replace(said, full=meaning.full, identity=identity), meaning

    # --- memory -----------------------------------------------------------------------------------------

    def forget(self, device: str) -> None:
        """Forget a device."""
        self._memories.pop(device, None)

    def rename(self, old: str, new: str) -> None:
        """A device is known by a better key now; what is known under that one counts more."""
        memory = self._memories.pop(old, None)
        if memory is not None:
            self._memories.setdefault(new, memory)

    def _memory(self, device: str) -> _Memory:
        memory = self._memories.setdefault(device, _Memory())
        self._memories.move_to_end(device)
        if len(self._memories) > _MOST_DEVICES:
            self._memories.popitem(last=False)
        return memory

    def _status(self, device: str, status: Status, *, full: bool, retained: bool) -> Interpretation:
        known = self._memories.get(device)
        updates = read_status(status, known.obj_ids if known else {})
        events = () if retained else self._rebooted(device, status.get("sys"))
        said = _said(device, updates, events)
        return replace(said, full=full, identity=_sleeper(status.get("sys")))

    def _rebooted(self, device: str, sys: object) -> tuple[DeviceEvent, ...]:
        """Whether the device has counted its seconds from the beginning again."""
        uptime = uptime_of(sys)
        if uptime is None:
            return ()
        memory = self._memory(device)
        before, memory.uptime = memory.uptime, uptime
        if before is None or uptime >= before or _woke_up(sys):
            return ()
        return (DeviceEvent("rebooted", data={"uptime": uptime}),)


def identity_of(info: Status) -> Identity:
    """What ``GetDeviceInfo`` and ``announce`` say of a device."""
    gen = info.get("gen")
    return Identity(
        family="shelly",
        generation=gen if isinstance(gen, int) and not isinstance(gen, bool) and 1 <= gen <= 99 else None,
        model=_words(info.get("model")),
        firmware=_words(info.get("ver")),
        name=_words(info.get("name")),
    )


def _said(device: str, updates: tuple[Update, ...], events: tuple[DeviceEvent, ...]) -> Interpretation:
    ignored = None if updates or events else NOTHING_IN_IT
    return Interpretation(device, updates, events, ignored)


def _sleeper(sys: object) -> Identity | None:
    period = sys.get("wakeup_period") if isinstance(sys, dict) else None
    if not isinstance(period, int | float) or isinstance(period, bool) or not 0 < period < 10**8:
        return None
    return Identity("shelly", sleeps_seconds=float(period))


def _woke_up(sys: object) -> bool:
    """A sleeper counts its seconds from the beginning each time; that is no reboot."""
    reason = sys.get("wakeup_reason") if isinstance(sys, dict) else None
    return isinstance(reason, dict) and reason.get("boot") == "deepsleep_wake"


def uptime_of(sys: object) -> float | None:
    """Seconds since the device's boot, from the status of its component ``sys``."""
    uptime = sys.get("uptime") if isinstance(sys, dict) else None
    return uptime if isinstance(uptime, int | float) and not isinstance(uptime, bool) else None


def _words(value: Any) -> str | None:
    word = scalar(value)
    return word if isinstance(word, str) else None
