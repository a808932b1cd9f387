"""The one interpreter of all device traffic: the daemon, the registry and replays read with it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Protocol

from arni_edge.devices.nuki.discovery import read_discovery
from arni_edge.devices.nuki.reader import NukiReader, canonical_id
from arni_edge.devices.nuki_hub.reader import DEFAULT_PREFIX, NukiHubReader
from arni_edge.devices.shelly.reader import ShellyReader
from arni_edge.domain.readings import DeviceEvent, Interpretation

LONGEST_TOPIC: Final = 512
"""A Shelly's prefix may have 300 characters."""

LONGEST_PAYLOAD: Final = 256 * 1024
"""Bytes. The longest that devices are known to send, the full picture of a hub of sensors, has some ten
thousand."""

_OWN: Final = "arni"
COMMAND: Final = "command to the device"

_STANDING: Final = frozenset({"retained_command", "discovery_buttons"})
"""Events that go on for as long as the message lies on the broker."""


class _Reader(Protocol):
    def claims(self, topic: str) -> bool: ...

    def read(self, topic: str, payload: bytes, *, retained: bool) -> Interpretation: ...

    def forget(self, device: str) -> None: ...

    def new_session(self) -> None: ...


class Interpreter:
    """Finds the family that a topic belongs to and lets its reader say what the message means.

    Nothing that may come over the wire makes it raise, and a message says nothing about another device than
    its own.
    """

    def __init__(self, hubs: Iterable[str] = (DEFAULT_PREFIX,)) -> None:
        """Know no device yet.

        Args:
            hubs: Prefixes of nuki_hubs; others are recognised by what they say.
        """
        self._nuki = NukiReader()
        self._hub = NukiHubReader(hubs)
        self._shelly = ShellyReader()
        self._readers: tuple[_Reader, ...] = (self._nuki, self._hub, self._shelly)

    def read(
        self, topic: str, payload: bytes, *, retained: bool = False, to_device: bool = False
    ) -> Interpretation:
        """What one message means.

        Args:
            topic: As on the wire.
            payload: As on the wire.
            retained: History, sent because we subscribed. It gives readings, never news; only a retained
                *command* is one, because the device carries it out at each of its reconnects.
            to_device: The recording says that this went to the device.
        """
        if problem := _unreadable(topic, payload):
            return Interpretation(None, ignored=problem)
        said = self._read(topic, payload, retained=retained)
        if retained:
            said = _as_history(said)
        return _as_command(said, topic, payload, retained=retained) if to_device else said

    def forget(self, device: str) -> None:
        """Forget a device of any family, by its key."""
        for reader in self._readers:
            reader.forget(device)

    def new_session(self) -> None:
        """The session with the broker is new: what was said before it is history."""
        for reader in self._readers:
            reader.new_session()

    def _read(self, topic: str, payload: bytes, *, retained: bool) -> Interpretation:
        if (discovery := read_discovery(topic, payload)) is not None:
            return discovery
        reader = self._reader(topic)
        if reader is not None:
            return reader.read(topic, payload, retained=retained)
        own = topic.partition("/")[0] == _OWN
        return Interpretation(None, ignored="our own" if own else "not a topic of a device")

    def _reader(self, topic: str) -> _Reader | None:
        root, _, rest = topic.partition("/")
        if root == "nuki" and canonical_id(rest.partition("/")[0]) is not None:
            return self._nuki
        if root == _OWN and not topic.endswith("/rpc"):
            return None
        # A hub may live below "nuki", too, as it did by default in old versions; hostile ids come after it.
        for reader in (self._hub, self._nuki, self._shelly):
            if reader.claims(topic):
                return reader
        return None


def _unreadable(topic: str, payload: bytes) -> str | None:
    if not topic:
        return "empty topic"
    if len(topic) > LONGEST_TOPIC:
        return "topic too long"
    if not topic.isprintable():
        return "control characters in the topic"
    if "+" in topic or "#" in topic:
        return "a topic filter, not a topic"
    if len(payload) > LONGEST_PAYLOAD:
        return "payload too long"
    return None


def _as_history(said: Interpretation) -> Interpretation:
    """The same message, known to be history: nothing of it has happened just now."""
    standing = tuple(event for event in said.events if event.name in _STANDING)
    if standing == said.events:
        return said
    nothing = not (standing or said.updates or said.identity or said.present is not None)
    return replace(said, events=standing, ignored="an event of the past" if nothing else None)


def _as_command(said: Interpretation, topic: str, payload: bytes, *, retained: bool) -> Interpretation:
    """The same message, known to go to the device: it says nothing *of* the device."""
    found = tuple(event for event in said.events if event.name == "retained_command")
    if retained and payload and not found:
        entity = topic.rpartition("/")[2]
        found = (DeviceEvent("retained_command", entity),)
    if found and retained:
        return Interpretation(said.device, events=found)
    return replace(
        said,
        updates=(),
        events=(),
        ignored=COMMAND,
        identity=None,
        full=False,
        present=None,
        formerly=(),
    )
