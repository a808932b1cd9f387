"""Keeps everything that shows the state of alarms up to date, each display on its own clock."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.events import AlarmDelivery
from arni_edge.safety.model import Alarm, Display, alarm_of
from arni_edge.storage import Database, Transaction, alarms

_LOG = structlog.get_logger(__name__)

_SHOW_SECONDS: Final = 3.0
_AGAIN: Final = 0.5
_LONGEST: Final = 10.0


class DisplayKeeper:
    """One task per display; what changes wakes them all."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, displays: Sequence[Display]) -> None:
        """Nothing is shown before :meth:`start`.

        Args:
            database: Has the alarms, and what became of showing them.
            bus: Told of the latter.
            clock: For when.
            displays: What shows them.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._displays = displays
        self._news = asyncio.Event()
        self._changes = 0

    def changed(self) -> None:
        """Something is to be shown anew."""
        self._changes += 1
        self._news.set()
        self._news = asyncio.Event()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Keep showing until the group is cancelled; what an earlier life has left is replaced at once."""
        for display in self._displays:
            group.create_task(self._keep(display), name=f"alarm display {display.name}")

    async def _keep(self, display: Display) -> None:
        backoff, noted = Backoff(first=_AGAIN, longest=_LONGEST), dict[str, str]()
        while True:
            seen, news = self._changes, self._news
            if await self._show(display, noted):
                backoff.forget()
                if self._changes == seen:
                    await news.wait()
            else:
                # A change ends the wait: the broker may be back, and that is what the change is.
                with suppress(TimeoutError):
                    async with asyncio.timeout(backoff.next()):
                        await news.wait()

    async def _show(self, display: Display, noted: dict[str, str]) -> bool:
        """Show all once; returns whether it is shown."""
        shown: list[Alarm] = []
        try:
            async with asyncio.timeout(_SHOW_SECONDS):
                shown = [alarm_of(row) for row in await alarms.not_closed(self._database)]
                state, detail = "done", await display.show(shown)
        except TimeoutError:
            state, detail = "failed", f"no answer within {_SHOW_SECONDS:g} s"
        except ArniError as error:
            state, detail = "failed", str(error)
        except Exception as error:  # noqa: BLE001 - a named boundary: a display's bug stops nothing else
            _LOG.exception("alarm_display_crashed", display=display.name)
            state, detail = "failed", f"crashed: {type(error).__name__}"
        await self._note(display.name, shown, state, detail, noted)
        return state == "done"

    async def _note(
        self, name: str, shown: list[Alarm], state: str, detail: str, noted: dict[str, str]
    ) -> None:
        """Put on record what is news of each alarm; ``noted`` has what is no news, by alarm."""
        fresh = [one.alarm_id for one in shown if noted.get(one.alarm_id) != state]
        for alarm_id in [one for one in noted if one not in {alarm.alarm_id for alarm in shown}]:
            del noted[alarm_id]
        now = self._clock.now()

        async def store(tx: Transaction) -> list[str]:
            # That it was shown stays on record, though showing how it stands now may fail for a while.
            ids = [one for one in fresh if state == "done" or not await alarms.sink_is_done(tx, one, name)]
            return [one for one in ids if await alarms.note_sink(tx, one, name, state, detail, now)]

        try:
            news = await self._database.write(store) if fresh else []
        except ArniError as error:
            _LOG.warning("alarm_display_not_noted", display=name, reason=str(error))
            return
        noted.update(dict.fromkeys(fresh, state))
        for alarm_id in news:
            self._bus.publish(AlarmDelivery(at=now, alarm_id=alarm_id, sink=name, state=state))
