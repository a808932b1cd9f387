"""Brings notices to staff: who is on call, else the owner, else whoever can be reached; else they wait."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language, Priority
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety.staff_line import StaffLine
from arni_edge.settings import Site
from arni_edge.storage import Database, Row, Transaction, kept_notices, staff_told

_LOG = structlog.get_logger(__name__)

_MOST_KEPT: Final = 100
_MOST_OWED: Final = 100


@dataclass(frozen=True, slots=True)
class Told:
    """What is said.

    Attributes:
        what: What a repetition is recognised by.
        text_of: In a language.
        quiet: For so long the same is not said again.
        at: When it was (aware).
    """

    what: str
    text_of: Callable[[Language], str]
    quiet: timedelta
    at: datetime


class NoticePost:
    """Tells people; what the disk does not take, or nobody can be told, is told later."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        line: StaffLine,
        *,
        site: Site,
        health: Callable[[State, str], None],
    ) -> None:
        """Nothing is told by it.

        Args:
            database: Knows what was told, and keeps what nobody could be told.
            clock: For who is on call, and how long ago something was told.
            catalogue: The words, ``notice.late``.
            line: Knows who is on call, and takes what they are told.
            site: Name and time zone of the gym.
            health: Told when something waits.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._line = line
        self._site = site
        self._health = health
        self._owed: deque[Told] = deque()
        self._waiting = 0

    async def tell(self, told: Told) -> None:
        """Tell it, unless the same was told a moment ago: a restart forgets nothing."""
        if len(self._owed) >= _MOST_OWED:
            _LOG.critical("staff_notice_lost", what=self._owed.popleft().what)
        self._owed.append(told)
        await self._tell_owed()

    async def catch_up(self) -> None:
        """Tell what the disk did not take, and what nobody could be told, as far as that is possible now."""
        await self._tell_owed()
        try:
            # Also what an earlier life, or another room, has kept.
            waiting = await kept_notices.count(self._database)
            if waiting:
                waiting = await self._database.write(self._tell_kept)
        except Unavailable as error:
            _LOG.warning("kept_notices_not_told", reason=str(error))
            return
        self._show(waiting)

    # --- telling ------------------------------------------------------------------------------------------

    async def _tell_owed(self) -> None:
        while self._owed:
            told = self._owed[0]
            try:
                waiting = await self._database.write(partial(self._store, told))
            except Unavailable as error:
                _LOG.exception("staff_not_told", reason=str(error))
                return
            if self._owed and self._owed[0] is told:
                self._owed.popleft()
            self._show(waiting)

    async def _store(self, told: Told, tx: Transaction) -> int:
        """Put a notice where somebody reads it, or keep it; returns how many wait."""
        now, subject = self._clock.now(), f"notice:{told.what}:"
        if await staff_told.told_between(tx, subject, now - told.quiet, now):
            return self._waiting
        if not await self._tell_somebody(tx, subject, told.text_of, now):
            words = {language.value: told.text_of(language) for language in Language}
            lost = await kept_notices.keep(tx, told.what, words, told.at, most=_MOST_KEPT)
            _LOG.warning("nobody_to_tell", what=told.what, lost=lost)
        return len(await kept_notices.waiting(tx))

    async def _tell_kept(self, tx: Transaction) -> int:
        """Tell everything that waits; returns how much still does."""
        rows = await kept_notices.waiting(tx)
        for number, row in enumerate(rows):
            if not await self._tell_somebody(
                tx, f"notice:{row['what']}:", self._late(row), self._clock.now()
            ):
                return len(rows) - number
            await kept_notices.told(tx, row["id"])
        return 0

    def _late(self, row: Row) -> Callable[[Language], str]:
        words = json.loads(row["words"])
        time = f"{datetime.fromisoformat(row['at']).astimezone(self._site.zone):%d.%m. %H:%M}"
        return lambda language: self._text("notice.late", language, time=time, text=words[language.value])

    async def _tell_somebody(
        self, tx: Transaction, subject: str, text_of: Callable[[Language], str], now: datetime
    ) -> int:
        """Tell the first of these groups in which somebody can be told; returns how many are."""
        key = f"{subject}{new_id()}"
        for people in self._groups(now):
            told = await self._line.tell(
                tx,
                people,
                key,
                lambda language: f"{self._site.name}: {text_of(language)}",
                priority=Priority.ALARM,
                now=now,
            )
            if told:
                return told
        return 0

    def _groups(self, now: datetime) -> Iterator[list[Contact]]:
        """Who is on call; the owners; who may do more than look; whoever stands on any list."""
        everybody = list(self._line.roster.everybody.values())
        yield self._line.on_call(now)
        yield [one for one in everybody if one.role >= Role.OWNER]
        yield [one for one in everybody if one.role >= Role.STAFF]
        yield everybody

    def _show(self, waiting: int) -> None:
        if waiting:
            self._health(State.DEGRADED, f"nobody of the staff can be told; {waiting} notices wait")
        elif self._waiting:
            self._health(State.OK, "")
        self._waiting = waiting
