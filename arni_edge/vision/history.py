"""Hour by hour: how many people were where. Only numbers are kept, and no longer than the owner wants."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.headcount import WHOLE_GYM, HourTally
from arni_edge.domain.health import Progress
from arni_edge.domain.occupancy import Occupancy
from arni_edge.settings import Settings
from arni_edge.storage import Database, Transaction
from arni_edge.storage import occupancy as kept
from arni_edge.vision.forecast import MEMORY, QuietWindow, TypicalWeek, quietest, typical_week

_LOG = structlog.get_logger(__name__)

_SAMPLE_SECONDS = 5.0
# What a crash costs at most.
_WRITE_SECONDS = 120.0
# Between two samples that are further apart something hung: that time was not seen.
_LONGEST_SAMPLE_SECONDS = 15.0
_STOP_SECONDS = 1.0
_TRY_SECONDS = 10.0


class Counts(Protocol):
    """What is asked of the occupancy book."""

    @property
    def counted(self) -> tuple[int, int]:
        """Entries and exits so far; they only grow."""
        ...

    def zone(self, zone_id: str, /) -> Occupancy:
        """People in one zone."""
        ...

    def total(self) -> Occupancy:
        """People in the gym."""
        ...


def hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the studio-local hour of a moment (aware) began, in UTC; one that comes twice is two hours."""
    local = moment.astimezone(zone)
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


class HourCollector:
    """Adds samples up. Pure: time is handed in."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._sampled_at: float | None = None
        self._crossings = (0, 0)
        self._tallies: dict[tuple[str, datetime], HourTally] = {}

    def sample(
        self, counts: Mapping[str, int | None], crossings: tuple[int, int], at: float, now: datetime
    ) -> None:
        """Take what is so now for what was so since the last sample.

        Args:
            counts: People by place, None where that is unknown.
            crossings: Entries and exits since the daemon began.
            at: Seconds of a clock that never jumps.
            now: The same moment (aware).
        """
        before, self._sampled_at = self._sampled_at, at
        seconds = 0.0 if before is None else min(max(0.0, at - before), _LONGEST_SAMPLE_SECONDS)
        hour = hour_of(now, self._zone)
        for place, count in counts.items():
            if count is not None and seconds:
                self._add(HourTally(place, hour, seconds, count * seconds, count))
        entries, exits = (new - old for new, old in zip(crossings, self._crossings, strict=True))
        self._crossings = crossings
        if entries or exits:
            self._add(HourTally(WHOLE_GYM, hour, entries=entries, exits=exits))

    def take(self) -> tuple[HourTally, ...]:
        """What has been added up since it was taken last."""
        tallies, self._tallies = tuple(self._tallies.values()), {}
        return tallies

    def put_back(self, tallies: Iterable[HourTally]) -> None:
        """It could not be stored: keep it until it can."""
        for tally in tallies:
            self._add(tally)

    def _add(self, more: HourTally) -> None:
        key = (more.place, more.hour)
        known = self._tallies.get(key, HourTally(more.place, more.hour))
        self._tallies[key] = replace(
            known,
            seconds=known.seconds + more.seconds,
            people_seconds=known.people_seconds + more.people_seconds,
            most=max(known.most, more.most),
            entries=known.entries + more.entries,
            exits=known.exits + more.exits,
        )


class OccupancyHistory:
    """Writes the hours down, and knows the typical week.

    Attributes:
        quietest: The two hours of the week with the fewest people, as far as members may know; None while too
            little is known.
    """

    def __init__(self, settings: Settings, counts: Counts, database: Database, clock: Clock) -> None:
        """Nothing is read or written before :meth:`run`.

        Args:
            settings: Zones, opening hours, holidays, retention.
            counts: The occupancy book.
            database: Where the hours are kept.
            clock: Time.
        """
        self._settings = settings
        self._places = tuple(zone.id for camera in settings.cameras for zone in camera.zones)
        self._counts = counts
        self._database = database
        self._clock = clock
        self._collector = HourCollector(settings.site.zone)
        self._writes = True
        self._learnt: datetime | None = None
        self.quietest: QuietWindow | None = None

    async def hours(self, place: str, since: datetime) -> Sequence[HourTally]:
        """The hours of a place since a moment (aware); what was seen just now is written before.

        Raises:
            Unavailable: They cannot be read now.
        """
        await self._write()
        return await kept.hours_of(self._database, place, since)

    async def typical(self, place: str) -> TypicalWeek:
        """The typical week of a place, by all that is remembered before the present hour.

        Raises:
            Unavailable: It cannot be read now.
        """
        now, zone = self._clock.now(), self._settings.site.zone
        hours = await kept.hours_of(self._database, place, now - MEMORY)
        before = [one for one in hours if one.hour < hour_of(now, zone)]
        holidays = frozenset(holiday.day for holiday in self._settings.access.holidays)
        # Some thousand numbers to be sorted: nobody at the door waits for that.
        return await asyncio.to_thread(typical_week, before, now=now, zone=zone, holidays=holidays)

    def note(self) -> None:
        """Take what is so now for what was so since this was called last."""
        counts = {place: self._counts.zone(place).count for place in self._places}
        counts[WHOLE_GYM] = self._counts.total().count
        self._collector.sample(counts, self._counts.counted, self._clock.monotonic(), self._clock.now())

    async def run(self, progress: Progress) -> None:
        """Sample and write until cancelled, and write what is left."""
        write_at = self._clock.monotonic() + _WRITE_SECONDS
        try:
            while True:
                progress()
                self.note()
                await self._learn()
                if self._clock.monotonic() >= write_at:
                    await self._write()
                    write_at = self._clock.monotonic() + _WRITE_SECONDS
                await asyncio.sleep(_SAMPLE_SECONDS)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._write()

    async def _write(self) -> None:
        tallies = self._collector.take()
        if not tallies:
            return

        async def unit(tx: Transaction) -> None:
            await kept.add_hours(tx, tallies)

        try:
            await self._database.write(unit, deadline=_TRY_SECONDS)
        except Unavailable as error:
            self._collector.put_back(tallies)
            if self._writes:
                _LOG.warning("occupancy_not_written", reason=str(error))
            self._writes = False
        else:
            self._writes = True

    async def _learn(self) -> None:
        """Once an hour: look at the week again."""
        now = self._clock.now()
        hour = hour_of(now, self._settings.site.zone)
        if hour == self._learnt:
            return
        try:
            week = await self.typical(WHOLE_GYM)
        except Unavailable as error:
            _LOG.warning("occupancy_not_learnt", reason=str(error))
        else:
            self.quietest = quietest(
                week, self._settings.hours, withheld=self._settings.counting.withhold_hours
            )
        self._learnt = hour
