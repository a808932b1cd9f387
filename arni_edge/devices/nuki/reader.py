"""Reads everything that Nuki locks with their own MQTT say (Nuki MQTT API 1.4 and 1.5).

Pure: no clock, no wire. What little it remembers of each lock (its type, its last ring) decides only how the
next message is read.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from arni_edge.devices.nuki import codec, words
from arni_edge.devices.printable import printable
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation, Update, Value

_ID: Final = re.compile(r"[0-9A-Fa-f]{1,8}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,31}")
_COMMANDS: Final = frozenset({"lockAction", "lock", "unlock"})
_REMEMBERED_LOCKS: Final = 512


def canonical_id(spelling: str) -> str | None:
    """The one spelling of a Nuki id of 1 to 8 hex digits: upper case, no leading zeros. None if it is none.

    Locks are known to write their id with and without leading zeros, so ids are compared as numbers.
    """
    return f"{int(spelling, 16):X}" if _ID.fullmatch(spelling) else None


def device_key(nuki_id: str) -> str:
    """Key of a lock in all readings, from its canonical id."""
    return f"nuki:{nuki_id}"


@dataclass(slots=True)
class _Lock:
    """What the reading of later messages depends on."""

    prefix: str = ""
    device_type: int | None = None
    state: int | None = None
    ring: str | None = None

    @property
    def opener(self) -> bool:
        return self.device_type == words.OPENER


class NukiReader:
    """Makes readings and events of what locks send below ``nuki/``."""

    def __init__(self) -> None:
        self._locks: OrderedDict[str, _Lock] = OrderedDict()
        self._readers: Mapping[str, Callable[[_Lock, bytes], Value]] = {
            "connected": _bool,
            "mode": lambda _, payload: _word(words.MODES, payload),
            "doorsensorState": lambda _, payload: _word(words.CONTACTS, payload),
            "batteryCritical": _bool,
            "batteryChargeState": _percent,
            "batteryCharging": _bool,
            "keypadBatteryCritical": _bool,
            "doorsensorBatteryCritical": _bool,
            "serverConnected": _bool,
            "timestamp": _time,
            "ringactionTimestamp": _ring,
            "deviceType": _device_type,
            "state": _state,
            "name": lambda _, payload: printable(payload),
            "firmware": _version,
        }

    def claims(self, topic: str) -> bool:
        """Whether the topic lies where locks speak. Hostile ids are claimed too, to be refused."""
        return topic.startswith("nuki/")

    def read(self, topic: str, payload: bytes, *, retained: bool) -> Interpretation:
        """What one message means; never raises for what a lock may send.

        Args:
            topic: Below ``nuki/``.
            payload: As it came.
            retained: History: it gives readings, but nothing of it has just happened.
        """
        _, _, rest = topic.partition("/")
        spelling, _, name = rest.partition("/")
        nuki_id = canonical_id(spelling)
        if nuki_id is None:
            return Interpretation(None, ignored="not a Nuki id")
        key = device_key(nuki_id)
        if name in _COMMANDS:
            return _command(key, name, payload, retained=retained)
        if name == "lockActionEvent":
            return self._action(key, nuki_id, payload, retained=retained)
        if name == "commandResponse":
            return _response(key, payload, retained=retained)
        reader = self._readers.get(name)
        if reader is None:
            return Interpretation(key, ignored="not a topic of the Nuki MQTT API")
        return self._reading(nuki_id, spelling, name, payload, reader, retained=retained)

    def forget(self, device: str) -> None:
        """Forget what is remembered of a lock, for instance because it was removed."""
        self._locks.pop(device.removeprefix("nuki:"), None)

    def new_session(self) -> None:
        """Our connection is new: what was said last is no longer what was said just before."""
        for lock in self._locks.values():
            lock.ring = None

    def _reading(
        self,
        nuki_id: str,
        spelling: str,
        name: str,
        payload: bytes,
        reader: Callable[[_Lock, bytes], Value],
        *,
        retained: bool,
    ) -> Interpretation:
        lock = self._lock(nuki_id)
        before = _Lock(lock.prefix, lock.device_type, lock.state, lock.ring)
        lock.prefix = f"nuki/{spelling}"
        value = reader(lock, payload)
        updates = [Update(name, value, "%" if name == "batteryChargeState" else None)]
        if lock.opener != before.opener and lock.state is not None:
            # Its state was read as that of another kind of device.
            updates.append(Update("state", _state_word(lock)))
        return Interpretation(
            device_key(nuki_id),
            updates=tuple(updates),
            events=() if retained else _events(name, value, before),
            identity=_identity(lock, before, name, value),
            present=value if name == "connected" and isinstance(value, bool) else None,
        )

    def _action(self, key: str, nuki_id: str, payload: bytes, *, retained: bool) -> Interpretation:
        event = codec.parse_event(payload)
        if event is None:
            return Interpretation(key, ignored="malformed lockActionEvent")
        if retained:
            return Interpretation(key, ignored="an event of the past")
        lock = self._locks.get(nuki_id)
        data = words.action_data(event, opener=lock is not None and lock.opener)
        return Interpretation(key, events=(DeviceEvent("lock_action", "", data),))

    def _lock(self, nuki_id: str) -> _Lock:
        lock = self._locks.setdefault(nuki_id, _Lock())
        self._locks.move_to_end(nuki_id)
        if len(self._locks) > _REMEMBERED_LOCKS:
            # Whoever invents ids by the thousand shall not fill the memory.
            self._locks.popitem(last=False)
        return lock


def _command(key: str, name: str, payload: bytes, *, retained: bool) -> Interpretation:
    if not retained:
        return Interpretation(key, ignored="command to the device")
    if not payload:
        return Interpretation(key, ignored="a retained command was removed")
    event = DeviceEvent("retained_command", name, {"payload": printable(payload, 32)})
    return Interpretation(key, events=(event,))


def _response(key: str, payload: bytes, *, retained: bool) -> Interpretation:
    code = codec.parse_number(payload)
    if code is None:
        return Interpretation(key, ignored="malformed commandResponse")
    if retained:
        return Interpretation(key, ignored="an event of the past")
    event = DeviceEvent("command_response", "", {"code": code, "meaning": codec.response_name(code)})
    return Interpretation(key, events=(event,))


def _events(name: str, value: Value, before: _Lock) -> tuple[DeviceEvent, ...]:
    if name == "connected" and isinstance(value, bool):
        return (DeviceEvent("online" if value else "offline"),)
    if name == "ringactionTimestamp" and value is not None and before.ring not in {None, value}:
        # After every connect all topics come again: the first one is no ring.
        return (DeviceEvent("ring", name),)
    return ()


def _identity(lock: _Lock, before: _Lock, name: str, value: Value) -> Identity | None:
    """What was learnt of the lock itself, or None if nothing new."""
    text = str(value) if value else None
    if name == "name":
        return Identity("nuki", prefix=lock.prefix, name=text)
    if name == "firmware":
        return Identity("nuki", prefix=lock.prefix, firmware=text)
    if name == "deviceType" and lock.device_type is not None:
        return Identity("nuki", prefix=lock.prefix, model=text or f"device type {lock.device_type}")
    return Identity("nuki", prefix=lock.prefix) if lock.prefix != before.prefix else None


# --- values -------------------------------------------------------------------------------------------------


def _bool(_: _Lock, payload: bytes) -> Value:
    return codec.parse_bool(payload)


def _percent(_: _Lock, payload: bytes) -> Value:
    number = codec.parse_number(payload)
    return number if number is not None and number <= 100 else None


def _word(meanings: Mapping[int, str], payload: bytes) -> Value:
    number = codec.parse_number(payload)
    return None if number is None else meanings.get(number)


def _time(_: _Lock, payload: bytes) -> Value:
    text = payload[:40].decode("ascii", errors="replace").strip()
    try:
        if not _TIME.fullmatch(text):
            return None
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _ring(lock: _Lock, payload: bytes) -> Value:
    value = _time(lock, payload)
    lock.ring = value if isinstance(value, str) else None
    return value


def _version(_: _Lock, payload: bytes) -> Value:
    text = payload[:64].decode("ascii", errors="replace").strip()
    return text if _VERSION.fullmatch(text) else None


def _device_type(lock: _Lock, payload: bytes) -> Value:
    number = codec.parse_number(payload)
    if number is not None:
        lock.device_type = number
    return None if number is None else words.DEVICE_TYPES.get(number)


def _state(lock: _Lock, payload: bytes) -> Value:
    lock.state = codec.parse_number(payload)
    return _state_word(lock)


def _state_word(lock: _Lock) -> Value:
    meanings = words.OPENER_STATES if lock.opener else words.STATES
    return None if lock.state is None else meanings.get(lock.state)
