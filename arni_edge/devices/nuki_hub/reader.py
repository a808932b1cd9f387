"""Reads everything that a nuki_hub says below its prefix. Pure: no clock, no wire.

Entities are its topics with dots: ``opener.state``, ``lock.battery.level``, ``maintenance.uptime``.
Logs, keypad entries and authorisations name people; they are not read.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from arni_edge.devices.nuki_hub import codec, topics
from arni_edge.devices.printable import printable
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation, Update, Value

DEFAULT_PREFIX: Final = "nukihub"

_TARGETS: Final = ("lock", "opener")
_BRANCHES: Final = frozenset(
    (*_TARGETS, *"maintenance info configuration gpio hybridConnected battery keypad presence".split())
)
"""Where a hub speaks below its prefix. Nothing else there is taken away from other readers: somebody could
have a Shelly taken for a hub by a word on a topic that Shellys do not have."""

_FOREIGN_ROOTS: Final = ("homeassistant", "shellies", "arni")
_REMEMBERED_HUBS: Final = 64
_LONGEST_REPORT: Final = 4096


# A topic that ends like this can be nobody else's, so that a hub with a prefix of its owner's is recognised.
_SHAPES: Final = tuple(
    sorted(
        {
            f"/{target}/{name}"
            for target in _TARGETS
            for name in (*topics.OF_A_TARGET, *topics.REPEATED, *topics.REPORTS, "action")
        }
        | {f"/{codec.PRESENCE}", "/info/nukiHubVersion", "/hybridConnected"}
    )
)


class NukiHubReader:
    """Makes readings and events of what hubs send.

    A hub is known by a prefix from the settings, or after it has said something that only a hub says.
    """

    def __init__(self, prefixes: Iterable[str] = (DEFAULT_PREFIX,)) -> None:
        """Know hubs.

        Args:
            prefixes: Where their topics begin.
        """
        self._configured = frozenset(prefixes)
        self._recognised: OrderedDict[str, None] = OrderedDict()

    def claims(self, topic: str) -> bool:
        """Whether this is a hub's topic, as far as the topic tells."""
        return self._split(topic) is not None

    def read(self, topic: str, payload: bytes, *, retained: bool) -> Interpretation:
        """What one message means; never raises for what a hub may send.

        Args:
            topic: One that :meth:`claims` is true for.
            payload: As it came.
            retained: History. The hub retains nearly everything that it says.
        """
        address = self._split(topic)
        if address is None:
            return Interpretation(None, ignored="not a topic of a nuki_hub")
        prefix, rest = address
        said = self._read(f"nuki_hub:{prefix}", prefix, rest, payload, retained=retained)
        if self._knows(prefix):
            return said
        if said.ignored or all(update.value is None for update in said.updates):
            # Nobody has said yet that a hub lives here, and this does not prove it.
            return Interpretation(None, ignored=said.ignored or "not a word of a nuki_hub")
        self._recognise(prefix)
        return said

    def forget(self, device: str) -> None:
        """Forget a hub that was only recognised by its words."""
        self._recognised.pop(device.removeprefix("nuki_hub:"), None)

    def new_session(self) -> None:
        """Nothing that is remembered depends on the session."""

    # --- whose topic it is ------------------------------------------------------------------------------

    def _split(self, topic: str) -> tuple[str, str] | None:
        """Prefix and the rest of the topic; None if it is no hub's."""
        for prefix in (*self._configured, *self._recognised):
            rest = topic.removeprefix(f"{prefix}/")
            if rest != topic and rest.partition("/")[0] in _BRANCHES:
                return prefix, rest
        if topic.startswith("$") or topic.partition("/")[0] in _FOREIGN_ROOTS:
            return None
        for shape in _SHAPES:
            if topic.endswith(shape) and len(topic) > len(shape):
                return topic[: -len(shape)], shape[1:]
        return None

    def _knows(self, prefix: str) -> bool:
        return prefix in self._configured or prefix in self._recognised

    def _recognise(self, prefix: str) -> None:
        self._recognised[prefix] = None
        if len(self._recognised) > _REMEMBERED_HUBS:
            self._recognised.popitem(last=False)

    # --- what it means ----------------------------------------------------------------------------------

    def _read(self, key: str, prefix: str, rest: str, payload: bytes, *, retained: bool) -> Interpretation:
        target, _, name = rest.partition("/")
        if target in _TARGETS:
            return _read_target(key, prefix, target, name, payload, retained=retained)
        if rest in topics.COMMANDS_OF_THE_HUB:
            return Interpretation(key, ignored="command to the device")
        kind = topics.of_the_hub(rest)
        if kind is None:
            return Interpretation(key, ignored=topics.why_left_out(rest))
        update = Update(rest.replace("/", "."), kind.parse(payload), kind.unit)
        firmware = update.value if rest == "info/nukiHubVersion" else None
        present = codec.parse_presence(payload) if rest == codec.PRESENCE else None
        events = (DeviceEvent("online" if present else "offline"),) if present is not None else ()
        identity = Identity(
            "nuki_hub", prefix=prefix, firmware=firmware if isinstance(firmware, str) else None
        )
        return Interpretation(
            key,
            (update,),
            () if retained else events,
            identity=identity if firmware or present is not None else None,
            present=present,
        )


def _read_target(
    key: str, prefix: str, target: str, name: str, payload: bytes, *, retained: bool
) -> Interpretation:
    if name == "action":
        return _read_action(key, target, payload, retained=retained)
    if name.startswith(topics.COMMANDS_OF_A_TARGET) and name != "query/lockstateCommandResult":
        return Interpretation(key, ignored="command to the device")
    if name in topics.REPORTS:
        return _read_report(key, target, topics.REPORTS[name], payload)
    kind = topics.of_a_target(name)
    if kind is not None:
        entity = f"{target}.{name.replace('/', '.')}"
        update = Update(entity, kind.parse(payload), kind.unit)
        events = () if retained else _events(name, update)
        identity = Identity("nuki_hub", prefix=prefix) if name == "state" else None
        return Interpretation(key, (update,), events, identity=identity)
    return Interpretation(key, ignored=topics.why_left_out(name))


def _read_action(key: str, target: str, payload: bytes, *, retained: bool) -> Interpretation:
    """The command topic, on which the hub answers, too."""
    entity = f"{target}.action"
    text = printable(payload, 32)
    if codec.is_command(payload):
        if not retained:
            return Interpretation(key, ignored="command to the device")
        return Interpretation(key, events=(DeviceEvent("retained_command", entity, {"payload": text}),))
    if text in codec.ANSWERS and not retained:
        return Interpretation(key, events=(DeviceEvent("command_response", entity, {"meaning": text}),))
    return Interpretation(key, ignored="the hub's own mark on its command topic")


def _read_report(key: str, target: str, meanings: Mapping[str, str], payload: bytes) -> Interpretation:
    try:
        report = orjson.loads(payload) if len(payload) <= _LONGEST_REPORT else None
    except orjson.JSONDecodeError:
        report = None
    if not isinstance(report, dict):
        return Interpretation(key, ignored="malformed report")
    updates = tuple(
        Update(f"{target}.{name.replace('/', '.')}", kind.parse(orjson.dumps(value).strip(b'"')), kind.unit)
        for word, name in meanings.items()
        if isinstance(value := report.get(word), str | int) and (kind := topics.OF_A_TARGET[name])
    )
    return Interpretation(key, updates) if updates else Interpretation(key, ignored="empty report")


def _events(name: str, update: Update) -> tuple[DeviceEvent, ...]:
    if update.value is None:
        return ()
    if name == "ring" and update.value != "standby":
        data: dict[str, Value] = {"opens": update.value == "ring"}
        return (DeviceEvent("ring", update.entity, data),)
    if name == "completionStatus":
        return (DeviceEvent("command_response", update.entity, {"meaning": update.value}),)
    return ()
