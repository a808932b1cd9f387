"""Tells staff once of what nobody was told of: emergencies that came too late, messages without an answer.

Whatever is read after an outage, by a box that was restored or that replaces another, is collected until the
line is quiet; then there is one notice, however many they are. Until somebody can be told, it waits; and an
emergency is told again, to everybody, when its notice has reached nobody.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.masking import mask_for_staff
from arni_edge.domain.messages import Language, Priority
from arni_edge.safety.late import ALARM_WITHIN
from arni_edge.safety.staff_line import StaffLine
from arni_edge.settings import Site
from arni_edge.storage import Database, Row, Transaction, inbox, members, relay_cursor

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 5.0
_QUIET: Final = timedelta(seconds=10)
"""More may come: they are told together."""
_LONGEST: Final = timedelta(minutes=5)
"""But nobody waits for longer than that to hear of an emergency, however long the line is."""
_AGAIN: Final = timedelta(hours=1)
"""A notice that has reached nobody by then is given to everybody."""
_NOTICES: Final = "unsaid/"
_MOST_LINES: Final = 15
_MOST_WORDS: Final = 120


@dataclass(frozen=True, slots=True)
class _Untold:
    """What there is to tell: emergencies, how many other messages by reason, and what was read again."""

    emergencies: Sequence[Row]
    counts: dict[str, int]
    rereads: Sequence[Row]

    @property
    def number(self) -> int:
        """How many things that are."""
        return len(self.emergencies) + sum(self.counts.values()) + len(self.rereads)


class UnsaidNotice:
    """Looks for it, and tells whoever is on call, else whoever can be told."""

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
        """Nothing is told before :meth:`run`.

        Args:
            database: Has the messages.
            clock: For how long the line has been quiet.
            catalogue: The words, ``notice.unsaid.*``.
            line: Takes what staff are told.
            site: Name and time zone of the gym.
            health: Told when nobody can be told.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._line = line
        self._site = site
        self._health = health
        self._in_vain = False
        self._asked_at = clock.monotonic()

    async def run(self, progress: Progress) -> None:
        """Tell until cancelled."""
        while True:
            progress()
            try:
                await self.look()
            except Unavailable as error:
                self._health(State.DEGRADED, f"staff cannot be told of messages without an answer: {error}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Tell what there is to tell, if nothing more comes just now.

        Raises:
            Unavailable: It cannot be read or stored.
        """
        await self._look_after_notices()
        if not await inbox.anything_unsaid(self._database):
            self._health(State.OK, "")
            return
        waiting = await self._database.write(self._tell)
        words = f"{waiting} messages had no answer, and nobody of the staff can be told of it"
        self._health(State.DEGRADED if waiting else State.OK, words if waiting else "")

    async def _look_after_notices(self) -> None:
        """Begin again with emergencies whose notice the channels refused, or did not bring in time."""
        if self._clock.monotonic() - self._asked_at < _AGAIN.total_seconds():
            return
        before = self._clock.now() - _AGAIN
        number = await self._database.write(lambda tx: inbox.told_in_vain(tx, _NOTICES, before))
        if number:
            _LOG.error("late_emergencies_told_in_vain", number=number)
        self._in_vain = number > 0
        self._asked_at = self._clock.monotonic()

    async def _tell(self, tx: Transaction) -> int:
        """Returns how much nobody could be told of."""
        now = self._clock.now()
        first, last = await inbox.unsaid_between(tx)
        rereads = await relay_cursor.untold_rereads(tx)
        quiet = last is None or not timedelta() <= now - last < _QUIET
        if not (quiet and all(one["done"] for one in rereads)):
            since = min(one for one in (first, *map(_at, rereads)) if one is not None)
            if timedelta() <= now - since < _LONGEST:
                return 0
        done = [one for one in rereads if one["done"]]
        untold = _Untold(await inbox.late_emergencies(tx), await inbox.count_unsaid(tx), done)
        if not untold.number:
            return 0
        names = [await _who(tx, row) for row in untold.emergencies[:_MOST_LINES]]
        key = f"{_NOTICES}{new_id()}"
        everybody = list(self._line.roster.everybody.values())
        for people in ([] if self._in_vain else self._line.on_call(now), everybody):
            if await self._line.tell(
                tx,
                people,
                key,
                lambda language: f"{self._site.name}: {self._words(untold, names, language)}",
                priority=Priority.ALARM if untold.emergencies else Priority.CHAT,
                quiet_ok=not untold.emergencies,
                now=now,
            ):
                await inbox.told_of_unsaid(tx, now)
                await relay_cursor.rereads_told(tx, [one["id"] for one in done], now)
                return 0
        return untold.number

    def _words(self, untold: _Untold, names: Sequence[str], language: Language) -> str:
        def say(key: str, **values: object) -> str:
            return self._text(f"notice.unsaid.{key}", language, **values)

        parts: list[str] = []
        again = untold.counts.get(inbox.AGAIN, 0)
        if untold.rereads:
            is_backup = any(one["restored"] for one in untold.rereads)
            parts.append(say("restored" if is_backup else "replaced", count=again))
        elif again:
            parts.append(say("again", count=again))
        if untold.emergencies:
            hours = int(ALARM_WITHIN.total_seconds() // 3600)
            parts.append(say("emergencies", count=len(untold.emergencies), hours=hours))
            shown = zip(untold.emergencies, names, strict=False)
            parts += [self._line_of(row, name, language) for row, name in shown]
            if more := len(untold.emergencies) - len(names):
                parts.append(say("more", count=more))
        if late := untold.counts.get(inbox.LATE, 0):
            parts.append(say("late", count=late))
        return "\n".join(parts)

    def _line_of(self, row: Row, who: str, language: Language) -> str:
        cause, told = row["unsaid"].split(":")[1:]
        known = json.loads(row["details"]).get("again", False)
        at = datetime.fromisoformat(row["sent_at"]).astimezone(self._site.zone)
        said = self._text(
            "notice.unsaid.line",
            language,
            time=f"{at:%d.%m.%Y %H:%M}",
            who=who or self._text("ghost.somebody", language),
            cause=self._text(f"alarm.cause.{cause}", language),
            text=mask_for_staff(row["text"], None)[:_MOST_WORDS],
        )
        more = "known" if known else told
        return f"{said} {self._text(f'notice.unsaid.{more}', language)}"


async def _who(tx: Transaction, row: Row) -> str:
    """First name and last digits, as staff know people; empty: nothing is known."""
    digits = f"…{row['phone'][-3:]}" if row["phone"] else ""
    found = await members.all_with_phone(tx, row["phone"]) if row["phone"] else []
    name = found[0].name.split()[0] if len(found) == 1 else ""
    return f"{name} ({digits})" if name and digits else name or digits


def _at(row: Row) -> datetime:
    return datetime.fromisoformat(row["at"])
