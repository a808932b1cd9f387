"""Hands reports of buttons and cameras to the alarm desk until each of them is on record."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.errors import ArniError
from arni_edge.domain.health import Progress
from arni_edge.safety.model import Report

_LOG = structlog.get_logger(__name__)

_MOST: Final = 64
"""A gym has a few buttons and cameras; more than this is a fault, and the first ones are what matters."""

_PROGRESS_SECONDS: Final = 2.0


class Alarms(Protocol):
    """What is needed of the alarm desk."""

    async def raise_alarm(self, report: Report) -> object:
        """Raise the alarm once per source key, or say that it is to be delivered again."""
        ...


@dataclass(slots=True)
class _Owed:
    """A report that is not on record yet."""

    report: Report
    backoff: Backoff = field(default_factory=lambda: Backoff(first=0.2, longest=5.0))


class OwedReports:
    """What is not on record yet. It outlives the house that heard it: the next one delivers it."""

    def __init__(self) -> None:
        """Nothing is owed."""
        self._owed: OrderedDict[str, _Owed] = OrderedDict()

    def put(self, report: Report) -> bool:
        """Owe this report; returns whether it is new."""
        if report.source_key in self._owed:
            return False
        if len(self._owed) >= _MOST:
            _LOG.critical("report_left_out", source=report.source, place=report.place)
            return False
        self._owed[report.source_key] = _Owed(report)
        return True

    def settle(self, report: Report) -> None:
        """It is on record."""
        self._owed.pop(report.source_key, None)

    def __iter__(self) -> Iterator[tuple[str, _Owed]]:
        """All with their source keys, oldest first."""
        return iter(list(self._owed.items()))


class Reporting:
    """A report that the disk could not take is delivered again; the local acts wait for none of that.

    The desk recognises a report by its source key, so that once more is not one more.
    """

    def __init__(self, alarms: Alarms, owed: OwedReports) -> None:
        """Nothing is delivered before :meth:`run`.

        Args:
            alarms: The alarm desk.
            owed: What is owed, also by the house before this one.
        """
        self._alarms = alarms
        self._owed = owed
        self._news = asyncio.Event()

    def put(self, report: Report) -> None:
        """Deliver this report; never waits."""
        if self._owed.put(report):
            self._news.set()

    async def run(self, progress: Progress) -> None:
        """Deliver until cancelled; each report on its own clock."""
        under_way: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                progress()
                self._news.clear()
                for key, owed in self._owed:
                    if key not in under_way:
                        task = group.create_task(self._deliver(owed), name=f"report of {owed.report.source}")
                        under_way[key] = task
                under_way = {key: task for key, task in under_way.items() if not task.done()}
                news = asyncio.ensure_future(self._news.wait())
                try:
                    await asyncio.wait({news}, timeout=_PROGRESS_SECONDS)
                finally:
                    news.cancel()

    async def _deliver(self, owed: _Owed) -> None:
        report = owed.report
        while True:
            try:
                await self._alarms.raise_alarm(report)
            except ArniError as error:
                _LOG.warning("report_not_stored", source=report.source, place=report.place, reason=str(error))
                await asyncio.sleep(owed.backoff.next())
            else:
                self._owed.settle(report)
                return
