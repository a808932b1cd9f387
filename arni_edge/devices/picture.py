"""The picture of one device: what it is, what it said, whether it is there. Pure; times are passed in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from arni_edge.devices import availability
from arni_edge.devices.availability import Presence
from arni_edge.devices.printable import printable
from arni_edge.domain.devices import Availability, DeviceTrouble
from arni_edge.domain.readings import Identity, Interpretation, Update, Value
from arni_edge.settings import Shelly

LONGEST_TEXT = 256
"""Characters of a text that are kept."""

_LONGEST_ENTITY = 128
_DYNAMIC = 200
"""Components from this number on (Bluetooth, virtual) are not listed by ``Shelly.GetStatus``: that they are
missing in a whole picture says nothing."""

_SETTINGS = ".config."
"""What a device is set to; a whole picture of its status does not mention it."""

REBOOTED = "rebooted"
"""Name of the event after which nothing said before is true."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, on both clocks.

    Attributes:
        wall: For people (aware).
        monotonic: For durations.
    """

    wall: datetime
    monotonic: float


@dataclass(frozen=True, slots=True)
class Owned:
    """A device that the settings name.

    Attributes:
        name: In events: the id of a Shelly, ``lock/<door>`` for the lock of a door.
        part: In availability events and on the health board: ``shelly/<id>`` or ``lock/<door>``.
        prefixes: Where its topics may begin; what comes from there is from it, and nothing else is.
        family: ``shelly``, ``nuki`` or ``nuki_hub``.
        shelly: Its table in the settings; None for a lock.
        title: As people call it.
    """

    name: str
    part: str
    prefixes: tuple[str, ...]
    family: str
    shelly: Shelly | None = None
    title: str = ""

    @property
    def silence_minutes(self) -> float | None:
        """The owner's own limit."""
        return self.shelly.silence_minutes if self.shelly else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device said last about one entity.

    Attributes:
        value: None is unknown.
        unit: See :class:`~arni_edge.domain.readings.Update`.
        at: When it was heard (aware); of a retained value, when the broker repeated it.
        live: Said in this session by a device that is there; otherwise *last known*, which triggers nothing.
    """

    value: Value
    unit: str | None
    at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class Change:
    """The live value of an entity is another one now; None is unknown."""

    entity: str
    value: Value
    unit: str | None


@dataclass(slots=True)
class Told:
    """What the house was told of a device last, so that it hears of changes only.

    Attributes:
        availability: As in the diary.
        available: As on the bus; None before it was mentioned there.
        troubles: Whether each has begun; one that is not in here was never looked at.
        noted: When the registry last wrote it down, on the monotonic clock.
        signals: When its latest events were passed on, on the monotonic clock.
    """

    availability: Availability = Availability.UNKNOWN
    available: bool | None = None
    troubles: dict[DeviceTrouble, bool] = field(default_factory=dict)
    noted: float | None = None
    signals: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Picture:
    """One device. What is live and what is only remembered never mix.

    Attributes:
        key: ``shelly:<MAC>``, ``nuki:<ID>``, ``nuki_hub:<prefix>``; ``shelly:<prefix>`` until more is known.
        owned: What the settings say of it; None for one that is nobody's.
        identity: What it said of itself.
        readings: By entity.
        presence: What was heard in this session.
        last_heard: When it last said something live (aware).
        claimed: Prefixes that used this key in this session; more than one: somebody pretends.
        told: What the house was told of it last.
    """

    key: str
    owned: Owned | None
    identity: Identity
    readings: dict[str, Reading] = field(default_factory=dict)
    presence: Presence = field(default_factory=Presence)
    last_heard: datetime | None = None
    claimed: set[str] = field(default_factory=set)
    told: Told = field(default_factory=Told)

    @property
    def name(self) -> str:
        """Its name in events: as in the settings, otherwise its key."""
        return self.owned.name if self.owned else self.key

    @property
    def prefix(self) -> str | None:
        """Where its topics begin; of an owned device as the settings say, whatever it claims."""
        if self.owned is not None and len(self.owned.prefixes) == 1:
            return self.owned.prefixes[0]
        return self.identity.prefix

    @property
    def generation(self) -> int | None:
        """Of a Shelly: as it says itself, otherwise as the settings say."""
        if self.identity.generation is None and self.owned is not None and self.owned.shelly is not None:
            return self.owned.shelly.generation
        return self.identity.generation

    # --- is it there ------------------------------------------------------------------------------------

    @property
    def limit(self) -> float:
        """Its silence limit in seconds."""
        minutes = self.owned.silence_minutes if self.owned else None
        return availability.silence_limit(self.identity, self.generation, minutes)

    def availability(self, now: float) -> Availability:
        """Whether it is there, at a moment of the monotonic clock."""
        return availability.judge(
            self.presence,
            now,
            limit=self.limit,
            sleeper=availability.is_sleeper(self.identity),
            questioned=self.owned is not None or self.identity.family != "shelly",
        )

    # --- what it says -----------------------------------------------------------------------------------

    def learn(self, identity: Identity) -> None:
        """Take what was learnt of the device itself."""
        news: dict[str, Any] = {
            one.name: _tidy(value)
            for one in fields(identity)
            if (value := getattr(identity, one.name)) is not None
        }
        self.identity = replace(self.identity, **news)

    def remember(self, updates: Iterable[Update], now: Moment, room: int) -> None:
        """Take retained values: they fill the picture where nothing live is known, and trigger nothing.

        Args:
            updates: From a retained message.
            now: When they came.
            room: So many new entities may be added.
        """
        for update in self._fitting(updates, room):
            known = self.readings.get(update.entity)
            if known is None or not known.live:
                self.readings[update.entity] = Reading(_tidy(update.value), update.unit, now.wall, live=False)

    def hear(self, said: Interpretation, now: Moment, room: int) -> list[Change]:
        """Take a live message, or an answer to a question.

        Returns:
            What is another live value now.
        """
        before = self._live_values()
        self.last_heard = now.wall
        self.presence.hear(now.monotonic, said.present)
        gone = said.present is False and not availability.is_sleeper(self.identity)
        if gone or any(event.name == REBOOTED for event in said.events):
            self._lose(self.readings)
        if not gone:
            self._take(said, now, room)
        return self._changes(before)

    def forget(self) -> list[Change]:
        """Nothing is live any more; everything becomes last known."""
        before = self._live_values()
        self._lose(self.readings)
        return self._changes(before)

    def age(self, now: Moment) -> list[Change]:
        """Let values of Bluetooth components that were not heard for long become history."""
        before = self._live_values()
        self._settle(now)
        return self._changes(before)

    def _take(self, said: Interpretation, now: Moment, room: int) -> None:
        named = {update.entity for update in said.updates}
        if said.full:
            for entity in self.readings.keys() - named:
                if not (_is_dynamic(entity) or _SETTINGS in entity):
                    del self.readings[entity]
        for update in self._fitting(said.updates, room):
            self.readings[update.entity] = Reading(_tidy(update.value), update.unit, now.wall, live=True)
        if any(availability.relayed_component(entity) for entity in named):
            self._settle(now)

    def _settle(self, now: Moment) -> None:
        """What comes through a gateway is live only if the gateway heard it lately."""
        relayed = {
            entity: component
            for entity in self.readings
            if (component := availability.relayed_component(entity)) is not None
        }
        if not relayed:
            return
        values = {entity: self.readings[entity].value for entity in relayed}
        minutes = self.owned.silence_minutes if self.owned else None
        stale = {
            component
            for component in set(relayed.values())
            if not availability.relayed_is_fresh(values, component, now.wall.timestamp(), minutes)
        }
        self._lose(entity for entity, component in relayed.items() if component in stale)

    def _lose(self, entities: Iterable[str]) -> None:
        for entity in list(entities):
            self.readings[entity] = replace(self.readings[entity], live=False)

    def _live_values(self) -> dict[str, Value]:
        return {entity: reading.value for entity, reading in self.readings.items() if reading.live}

    def _changes(self, before: Mapping[str, Value]) -> list[Change]:
        """What is another live value than before; True and 1 are two."""
        after = self._live_values()
        return [
            Change(entity, new, known.unit if (known := self.readings.get(entity)) else None)
            for entity in before.keys() | after.keys()
            if (new := after.get(entity)) != (old := before.get(entity)) or type(new) is not type(old)
        ]

    def _fitting(self, updates: Iterable[Update], room: int) -> Iterator[Update]:
        for update in updates:
            if update.entity not in self.readings:
                if room <= 0 or len(update.entity) > _LONGEST_ENTITY:
                    continue
                room -= 1
            yield update


def _tidy(value: Value) -> Value:
    return printable(value, LONGEST_TEXT) if isinstance(value, str) else value


def _is_dynamic(entity: str) -> bool:
    number = entity.partition(".")[0].partition(":")[2]
    return number.isdecimal() and len(number) < 6 and int(number) >= _DYNAMIC
