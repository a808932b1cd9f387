"""Forgets what is older than it may be: every night, and at start when a night was missed."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.privacy.kept import AUDIT, AUDIT_KEPT, JOBS, Job
from arni_edge.settings import Settings
from arni_edge.storage import Database, Row, Transaction, retention
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.database import Unit

_LOG = structlog.get_logger(__name__)

_BEAT_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 600.0
# Everybody who writes waits behind a batch, somebody at the door among them.
_BATCH: Final = 50
_BREATH_SECONDS: Final = 0.02
# A run of the future was noted by a clock that was wrong.
_AHEAD: Final = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How one job stands.

    Attributes:
        job: Its name.
        table: Of which table.
        days: Rows are kept for so long.
        setting: What the owner can change, or empty.
        rows: How many there are now.
        oldest: The oldest moment among them, or None.
        last_run: When it ran last, or None.
        removed: How many rows it removed then.
        problem: What was wrong then, or empty.
    """

    job: str
    table: str
    days: int
    setting: str
    rows: int
    oldest: str | None
    last_run: str | None
    removed: int
    problem: str


def newest_night(now: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """The newest moment (aware) at which the jobs were due.

    Args:
        now: The present (aware).
        zone: The studio's.
        hour: On its wall clock. In a night that leaves it out, they are due an hour later; in one that has it
            twice, at the first of both.
    """
    local = now.astimezone(zone)
    tonight = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    # Compared as moments, not as wall clocks.
    if tonight.timestamp() <= now.timestamp():
        return tonight
    before = (local - timedelta(days=1)).date()
    return datetime(before.year, before.month, before.day, hour, tzinfo=zone)


class RetentionDesk:
    """Runs all jobs, notes what they did, and says how long everything is kept."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        audit: AuditLog,
        *,
        clock_is_set: Callable[[], bool] = lambda: True,
        report: Callable[[State, str], None] = lambda _state, _reason: None,
    ) -> None:
        """Nothing is deleted before :meth:`run` or :meth:`forget`.

        Args:
            database: Has it all.
            clock: Says what is too old.
            settings: How long things are kept, and at which hour they go.
            audit: Shortens the chain.
            clock_is_set: Whether the clock can be trusted: one of the future would delete everything.
            report: Told whether all jobs did what they should.
        """
        self._database = database
        self._clock = clock
        self._settings = settings
        self._audit = audit
        self._clock_is_set = clock_is_set
        self._report = report
        self._one = asyncio.Lock()

    async def run(self, progress: Progress) -> None:
        """Run the jobs when they are due, until cancelled."""
        again = self._clock.monotonic()
        while True:
            progress()
            if self._clock.monotonic() >= again and self._clock_is_set():
                again = self._clock.monotonic() + await self._if_due(progress)
            await asyncio.sleep(_BEAT_SECONDS)

    async def forget(self, progress: Progress = lambda: None) -> Mapping[str, int]:
        """Run all jobs now; returns removed rows by job. What goes wrong with one does not keep the others.

        Raises:
            Unavailable: The clock is not set, or what was done could not be noted.
        """
        if not self._clock_is_set():
            raise Unavailable("the clock is not set: nobody can say what is too old")
        async with self._one:
            now = self._clock.now()
            done: dict[str, tuple[int, str]] = {}
            for job in JOBS:
                before = now - timedelta(days=job.days(self._settings))
                done[job.name] = await _to_the_end(self._batches(job, before), progress)
            done[AUDIT] = await _to_the_end(self._links(now), progress)
            await self._database.write(lambda tx: retention.note_runs(tx, now, done))
        failed = sorted(name for name, (_, problem) in done.items() if problem)
        if failed:
            self._report(State.DEGRADED, f"not everything was forgotten: {', '.join(failed)}")
        else:
            self._report(State.OK, "")
        removed = {name: number for name, (number, _) in done.items()}
        _LOG.info("forgotten", rows=sum(removed.values()), failed=failed)
        return removed

    async def standing(self) -> list[Forgetting]:
        """How every job stands.

        Raises:
            Unavailable: It cannot be read now.
        """
        runs = await retention.last_runs(self._database)
        audit = Job(AUDIT, AUDIT_KEPT, lambda settings: settings.privacy.audit_days, "privacy.audit_days")
        stands = []
        for job in (*JOBS, audit):
            rows, oldest = await retention.census(self._database, job.kept)
            run = runs.get(job.name)
            stands.append(
                Forgetting(
                    job.name,
                    job.kept.table,
                    job.days(self._settings),
                    job.setting,
                    rows,
                    oldest or None,
                    run["at"] if run else None,
                    run["removed"] if run else 0,
                    run["problem"] if run else "",
                )
            )
        return stands

    async def _if_due(self, progress: Progress) -> float:
        """Run what is due; returns after how many seconds to look again."""
        now = self._clock.now()
        due = newest_night(now, self._settings.site.zone, self._settings.privacy.retention_hour)
        try:
            runs = await retention.last_runs(self._database)
            names = [*(job.name for job in JOBS), AUDIT]  # runs of jobs that are no more may be there, too
            well = [runs[name]["at"] for name in names if name in runs and not runs[name]["problem"]]
            last = min(map(datetime.fromisoformat, well)) if len(well) == len(names) else None
            if last is not None and due <= last <= now + _AHEAD:
                return _BEAT_SECONDS
            await self.forget(progress)
        except Unavailable as error:
            self._report(State.DEGRADED, f"nothing was forgotten: {error}")
        return _AGAIN_SECONDS

    async def _batches(self, job: Job, before: datetime) -> AsyncIterator[int]:
        while keys := await retention.old(self._database, job.kept, before, _BATCH):
            removed = await self._database.write(_deleting(job, before, keys))
            if not removed:  # somebody has taken them up meanwhile
                return
            yield removed

    async def _links(self, now: datetime) -> AsyncIterator[int]:
        before = now - timedelta(days=self._settings.privacy.audit_days)
        while removed := await self._database.write(lambda tx: self._audit.prune(tx, now, before)):
            yield removed


def _deleting(job: Job, before: datetime, keys: Sequence[Row]) -> Unit[int]:
    async def unit(tx: Transaction) -> int:
        return await retention.delete(tx, job.kept, before, keys)

    return unit


async def _to_the_end(batches: AsyncIterator[int], progress: Progress) -> tuple[int, str]:
    """All batches of a job; returns how many rows went, and what was wrong."""
    removed = 0
    try:
        async for number in batches:
            removed += number
            progress()
            await asyncio.sleep(_BREATH_SECONDS)
    except (Unavailable, sqlite3.Error) as error:
        return removed, str(error)
    return removed, ""
