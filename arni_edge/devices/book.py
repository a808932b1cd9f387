"""The device book: a live picture of every device on the broker, and what the house is told of it.

Retained messages fill the picture as *last known* and do nothing else. A new session with the broker makes
everything last known until its device has spoken again.
"""

import asyncio
from collections.abc import Collection, Sequence

import structlog

from arni_edge.broker import BrokerSession, Received
from arni_edge.bus import Bus
from arni_edge.devices.availability import Presence
from arni_edge.devices.diary import Diary
from arni_edge.devices.liveness import FLICKER_SECONDS
from arni_edge.devices.picture import REBOOTED, Change, Moment, Owned, Picture
from arni_edge.devices.ports import Incidents, Notebook, Reader, Sighting
from arni_edge.devices.resync import Resync
from arni_edge.devices.shelf import Shelf
from arni_edge.devices.shelly.rpc import ShellyRpc
from arni_edge.devices.troubles import find_troubles
from arni_edge.domain.clock import Clock
from arni_edge.domain.devices import Availability
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import DeviceAvailabilityChanged, DeviceSignalled, ReadingChanged
from arni_edge.domain.health import Progress
from arni_edge.domain.readings import DeviceEvent, Interpretation

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5
_AGEING_SECONDS = 10.0
_NOTE_SECONDS = 600.0
"""How often the registry writes down that a device is still there: flash wears out."""

_SIGNALS = 30
_SIGNAL_SECONDS = 10.0
"""At most so many events of one device within that time are passed on: they are never dropped later."""

_THERE = {Availability.LIVE, Availability.ASLEEP}
_AVAILABILITY_WORDS = {"online", "offline"}


class DeviceBook:
    """Every device on the broker, as it is now.

    Attributes:
        diary: The latest of what they said.
    """

    def __init__(
        self,
        reader: Reader,
        filters: Sequence[str],
        owned: Sequence[Owned],
        *,
        broker: BrokerSession,
        rpc: ShellyRpc,
        strangers_rpc: ShellyRpc,
        bus: Bus,
        clock: Clock,
        incidents: Incidents,
        notebook: Notebook,
        driven: Collection[str] = (),
        guarded: Collection[str] = (),
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            reader: Knows the dialects.
            filters: Everything that a device may say; none matches a command topic.
            owned: Devices of the settings, see :func:`arni_edge.devices.shelf.owned_devices`.
            broker: Carries messages.
            rpc: Carries questions to devices of the settings.
            strangers_rpc: Carries questions to others, with a reply topic of their own.
            bus: Told of live changes.
            clock: Decides about silence.
            incidents: Told what is wrong at devices of the settings.
            notebook: Remembers who was seen.
            driven: Parts (``shelly/<id>``, ``lock/<door>``) whose driver says itself whether they are there.
            guarded: Names of devices whose incidents somebody else reports: locks, by the watch of the door.
        """
        self._reader = reader
        self._bus = bus
        self._clock = clock
        self._incidents = incidents
        self._notebook = notebook
        self._driven = frozenset(driven)
        self._guarded = frozenset(guarded)
        self._shelf = Shelf(owned, reader.forget)
        self._resync = Resync(broker, rpc, strangers_rpc, clock, self._on_answer)
        self._since: float | None = None  # when the present session began
        self._aged = clock.monotonic()
        self.diary = Diary()
        broker.subscribe(list(filters), self._on_message)
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    # --- asking -----------------------------------------------------------------------------------------

    @property
    def pictures(self) -> list[Picture]:
        """Every device that was heard of since the start, those of the settings first."""
        return list(self._shelf)

    def find(self, key_or_name: str) -> Picture | None:
        """A device by its key, or by its id in the house."""
        return self._shelf.find(key_or_name)

    def availability(self, picture: Picture) -> Availability:
        """Whether a device is there now."""
        return picture.availability(self._clock.monotonic())

    # --- hearing ----------------------------------------------------------------------------------------

    async def _on_message(self, message: Received) -> None:
        self._hear(message.topic, message.payload, retained=message.retained)

    def _on_answer(self, topic: str, payload: bytes) -> None:
        """A device answered a question that we put to its own prefix."""
        self._hear(topic, payload, retained=False)

    def _hear(self, topic: str, payload: bytes, *, retained: bool) -> None:
        said = self._reader.read(topic, payload, retained=retained)
        for picture in self._shelf.place(topic, said, retained=retained):
            self._take(picture, said, retained=retained)

    def _take(self, picture: Picture, said: Interpretation, *, retained: bool) -> None:
        now, entities = self._now(), len(picture.readings)
        if said.identity is not None:
            picture.learn(said.identity)
        if picture.presence.since is None and self._since is not None:
            picture.presence.since = now.monotonic
        if retained:
            picture.remember(said.updates, now, self._shelf.room(picture))
        else:
            changes = picture.hear(said, now, self._shelf.room(picture))
            self._tell(picture, changes, now)
            for event in said.events:
                self._signal(picture, event, now)
            if said.present or any(event.name == REBOOTED for event in said.events):
                self._ask(picture)
        self._shelf.recount(picture, entities)
        self._review(picture, now)

    def _ask(self, picture: Picture) -> None:
        """It began anew: what it does not say by itself is asked for. Gen1 says everything."""
        if picture.owned is not None and picture.generation != 1:
            self._resync.ask_soon(picture)

    # --- telling ----------------------------------------------------------------------------------------

    def _tell(self, picture: Picture, changes: Sequence[Change], now: Moment) -> None:
        for one in changes:
            self.diary.note(
                now.wall, picture.key, self._name(picture), "reading", one.entity, one.value, one.unit
            )
            self._bus.publish(
                ReadingChanged(
                    at=now.wall, device=picture.name, entity=one.entity, value=one.value, unit=one.unit
                )
            )

    def _signal(self, picture: Picture, event: DeviceEvent, now: Moment) -> None:
        """Pass an event on. Strangers are only shown: events are never dropped, and could fill the memory."""
        self.diary.note(now.wall, picture.key, self._name(picture), "event", event.entity, event.name)
        if picture.owned is None or event.name in _AVAILABILITY_WORDS:
            return
        recent = [when for when in picture.told.signals if now.monotonic - when < _SIGNAL_SECONDS]
        picture.told.signals = recent
        if len(recent) >= _SIGNALS:
            _log.warning("device_signals_too_often", device=picture.name)
            return
        recent.append(now.monotonic)
        self._bus.publish(
            DeviceSignalled(at=now.wall, device=picture.name, entity=event.entity, name=event.name)
        )

    def _review(self, picture: Picture, now: Moment) -> None:
        """Notice that a device came, left or fell silent."""
        state, told = picture.availability(now.monotonic), picture.told
        if state is not told.availability:
            told.availability = state
            self.diary.note(now.wall, picture.key, self._name(picture), "availability", "", str(state))
            if state is Availability.SILENT:
                self._tell(picture, picture.forget(), now)
        away = picture.presence.away
        if state is Availability.OFFLINE and away is not None and now.monotonic - away < FLICKER_SECONDS:
            return  # it may be taking its own old connection over
        self._announce(picture, state, now)

    def _announce(self, picture: Picture, state: Availability, now: Moment) -> None:
        """Tell the house whether a device of the settings is there, unless its driver does."""
        available = state in _THERE
        if picture.owned is None or picture.owned.part in self._driven or picture.told.available is available:
            return
        if picture.told.available is None and state is Availability.UNKNOWN:
            return  # not heard yet, and nobody was told anything else
        picture.told.available = available
        self._bus.publish(
            DeviceAvailabilityChanged(
                at=now.wall, device=picture.owned.part, available=available, reason=str(state)
            )
        )

    # --- sessions ---------------------------------------------------------------------------------------

    async def _on_session(self, _session: int) -> None:
        self._reader.new_session()
        self._begin_anew(self._clock.monotonic())
        self._resync.begin(self._shelf.owned)

    def _on_lost(self) -> None:
        self._resync.stop()
        self._begin_anew(None)

    def _begin_anew(self, since: float | None) -> None:
        """Nothing that was said before counts as live."""
        self._since, now = since, self._now()
        for picture in self._shelf:
            picture.presence = Presence(since)
            picture.claimed.clear()
            self._tell(picture, picture.forget(), now)
            self._review(picture, now)

    # --- running ----------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Notice silence, put questions, write down who was seen and what is wrong, until cancelled."""
        while True:
            progress()
            now = self._now()
            self._look_around(now)
            if self._since is not None:
                await self._resync.turn(self._shelf.owned, self._shelf.strangers)
            progress()
            await self._note_sightings(now)
            for picture in self._shelf.owned:
                if picture.name not in self._guarded:
                    progress()
                    await self._report_troubles(picture, now)
            await asyncio.sleep(_LOOK_SECONDS)

    def _look_around(self, now: Moment) -> None:
        """Time alone changes what is true: devices fall silent, relayed values become old."""
        ageing = now.monotonic - self._aged >= _AGEING_SECONDS
        if ageing:
            self._aged = now.monotonic
        for picture in self._shelf:
            if ageing:
                self._tell(picture, picture.age(now), now)
            self._review(picture, now)

    async def _note_sightings(self, now: Moment) -> None:
        due = [
            picture
            for picture in self._shelf
            if picture.presence.heard is not None
            and (picture.told.noted is None or now.monotonic - picture.told.noted >= _NOTE_SECONDS)
        ]
        if not due:
            return
        for picture in due:
            picture.told.noted = now.monotonic
        sightings = [Sighting(one.key, one.identity, one.prefix, one.last_heard or now.wall) for one in due]
        try:
            await self._notebook.note(sightings)
        except Unavailable as error:
            _log.warning("devices_not_written_down", reason=str(error))

    async def _report_troubles(self, picture: Picture, now: Moment) -> None:
        """Tell of what began and what is over, once each; what could not be stored is tried again."""
        told = picture.told.troubles
        found, sound = find_troubles(
            picture, now.monotonic, [trouble for trouble, begun in told.items() if begun]
        )
        try:
            for trouble, evidence in found.items():
                if told.get(trouble) is not True:
                    await self._incidents.begin(picture.name, trouble, evidence)
                    told[trouble] = True
            for trouble in sound:
                if told.get(trouble) is not False:
                    await self._incidents.over(picture.name, trouble, "its readings are right again")
                    told[trouble] = False
        except Unavailable as error:
            _log.warning("device_incident_not_stored", device=picture.name, reason=str(error))

    def _now(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    @staticmethod
    def _name(picture: Picture) -> str | None:
        return picture.owned.name if picture.owned else None
