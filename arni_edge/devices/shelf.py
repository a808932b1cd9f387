"""All pictures: which message belongs to which device, and how many strangers there is room for.

A device of the settings is recognised by its topics alone: on the broker only it may write there, whereas any
device may say any name, MAC address or prefix of itself.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

import structlog

from arni_edge.devices.nuki import codec
from arni_edge.devices.picture import Owned, Picture
from arni_edge.domain.readings import Identity, Interpretation
from arni_edge.settings import HubLock, NukiLock, Settings

_log = structlog.get_logger(__name__)

MOST_DEVICES = 1000
MOST_ENTITIES = 500
"""Of one device; the largest real ones (energy meters, gateways) have some 150."""
MOST_STRANGE_ENTITIES = 20_000
"""Of all devices that are nobody's, together."""

_LONGEST_KEY = 320
_MOST_CLAIMS = 8
_SHARED = "shellies/announce"


def owned_devices(settings: Settings) -> list[Owned]:
    """The devices that the settings name, adopted ones included."""
    devices = [
        Owned(one.id, f"shelly/{one.id}", (one.prefix,), "shelly", one, one.name or one.id)
        for one in settings.shellies
    ]
    for door in settings.doors:
        part = f"lock/{door.id}"
        if isinstance(door.lock, NukiLock):
            prefixes = tuple(f"nuki/{one}" for one in codec.spellings(door.lock.nuki_id))
            devices.append(Owned(part, part, prefixes, "nuki", title=door.name))
        elif isinstance(door.lock, HubLock):
            devices.append(Owned(part, part, (door.lock.prefix,), "nuki_hub", title=door.name))
    return devices


class Shelf:
    """Pictures of the settings' devices, which are always there, and of strangers, who come and go."""

    def __init__(self, owned: Sequence[Owned], on_gone: Callable[[str], None]) -> None:
        """Put the settings' devices up.

        Args:
            owned: The settings' devices.
            on_gone: Told the key of a stranger who had to make room.
        """
        self._on_gone = on_gone
        self._owned = [
            Picture(f"{one.family}:{_tail(one)}", one, Identity(one.family, prefix=one.prefixes[0]))
            for one in owned
        ]
        self._by_prefix: dict[str, tuple[Picture, ...]] = {}
        for picture in self._owned:
            for prefix in picture.owned.prefixes if picture.owned is not None else ():
                self._by_prefix[prefix] = (*self._by_prefix.get(prefix, ()), picture)
        self._strangers: OrderedDict[str, Picture] = OrderedDict()
        self._strange_entities = 0
        self._impostors: set[str] = set()

    def __iter__(self) -> Iterator[Picture]:
        yield from self._owned
        yield from self._strangers.values()

    @property
    def owned(self) -> Sequence[Picture]:
        """Devices of the settings."""
        return self._owned

    @property
    def strangers(self) -> list[Picture]:
        """Devices that are nobody's, the one that spoke last at the end."""
        return list(self._strangers.values())

    def find(self, key_or_name: str) -> Picture | None:
        """A device by its id in the house, or by its key."""
        by_name = next((one for one in self._owned if one.name == key_or_name), None)
        by_key = next((one for one in self._owned if one.key == key_or_name), None)
        return by_name or by_key or self._strangers.get(key_or_name)

    def place(self, topic: str, said: Interpretation, *, retained: bool) -> Sequence[Picture]:
        """The pictures that a message belongs to; a new one for a stranger. None of them: nobody's message.

        One device may stand in the settings several times, once for each of its outputs.

        Args:
            topic: Where it came from.
            said: What it means.
            retained: A stranger that is only remembered does not push out one that was heard.
        """
        if said.device is None or len(said.device) > _LONGEST_KEY or not said.device.isprintable():
            return ()
        owners = self._owners(topic)
        if owners:
            for picture in owners if not retained else ():
                picture.key = said.device
            return owners
        if any(one.key == said.device for one in self._owned) or self._announces_owned(said):
            self._expose(topic, said.device)
            return ()
        stranger = self._stranger(topic, said, said.device, retained=retained)
        return () if stranger is None else (stranger,)

    def room(self, picture: Picture) -> int:
        """How many new entities a device may still bring."""
        room = MOST_ENTITIES - len(picture.readings)
        return room if picture.owned else min(room, MOST_STRANGE_ENTITIES - self._strange_entities)

    def recount(self, picture: Picture, entities_before: int) -> None:
        """The entities of a device became more or fewer."""
        if picture.owned is None:
            self._strange_entities += len(picture.readings) - entities_before

    # --- who is it --------------------------------------------------------------------------------------

    def _owners(self, topic: str) -> tuple[Picture, ...]:
        """The settings' devices below whose prefix this topic is; the longest prefix wins."""
        place = topic.rfind("/")
        while place > 0:
            if (pictures := self._by_prefix.get(topic[:place])) is not None:
                return pictures
            place = topic.rfind("/", 0, place)
        return ()

    def _announces_owned(self, said: Interpretation) -> bool:
        """It is announced where anybody may write; below its own prefix only it says the same."""
        return said.identity is not None and said.identity.prefix in self._by_prefix

    def _expose(self, topic: str, key: str) -> None:
        if topic != _SHARED and key not in self._impostors and len(self._impostors) < MOST_DEVICES:
            self._impostors.add(key)
            _log.warning("device_claims_to_be_another", key=key)

    # --- strangers --------------------------------------------------------------------------------------

    def _stranger(self, topic: str, said: Interpretation, key: str, *, retained: bool) -> Picture | None:
        picture = self._strangers.get(key) or self._renamed(topic, said, key)
        if picture is None:
            if retained and len(self._strangers) + len(self._owned) >= MOST_DEVICES:
                return None
            picture = self._strangers[key] = Picture(key, None, Identity(key.partition(":")[0]))
            self._make_room()
        elif not retained:
            self._strangers.move_to_end(key)
        prefix = said.identity.prefix if said.identity is not None and not retained else None
        if prefix is not None and len(picture.claimed) < _MOST_CLAIMS:
            picture.claimed.add(prefix)
        return picture

    def _renamed(self, topic: str, said: Interpretation, key: str) -> Picture | None:
        """The picture of a device of which only the topic was known so far. Nobody renames another one."""
        for former in said.formerly:
            prefix = former.partition(":")[2]
            announced = said.identity is not None and said.identity.prefix == prefix
            if former in self._strangers and (topic.startswith(f"{prefix}/") or announced):
                picture = self._strangers.pop(former)
                picture.key = key
                self._strangers[key] = picture
                return picture
        return None

    def _make_room(self) -> None:
        while self._strangers and len(self._strangers) + len(self._owned) > MOST_DEVICES:
            key, picture = self._strangers.popitem(last=False)
            self._strange_entities -= len(picture.readings)
            self._on_gone(key)


def _tail(owned: Owned) -> str:
    """What follows the family in a key, as far as the settings know it."""
    prefix = owned.prefixes[0]
    return f"{int(prefix.removeprefix('nuki/'), 16):X}" if owned.family == "nuki" else prefix
