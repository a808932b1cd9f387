"""Erases a member over every tier, and proves it with a search.

::

    ordered ──► messages, texts, redactions ──► the member's row and whom it was about, in one commit
                                                   ──► file rewritten, log emptied ──► searched ──► proven

The order lies on the disk with everything that has to be searched for, until the last commit takes both away:
a crash before it means that all of it is done again, a crash behind it that the rows are gone and nobody was
searched for, which the proof then says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language
from arni_edge.privacy.proofs import Proof, proof_of
from arni_edge.privacy.search import Found, redact_rows, search_files, search_rows
from arni_edge.privacy.traces import Traces
from arni_edge.storage import Database, Transaction, erasures, personal
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.database import Unit
from arni_edge.storage.erasures import Ordered
from arni_edge.storage.personal import Person

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.2
_LEAVING_SECONDS: Final = 15.0
"""For a message that is just leaving: it is either gone or given up by then."""
_LAST_WORD: Final = timedelta(seconds=60)
"""For the answer that tells them so; after it, nobody waits any more."""
GRACE: Final = timedelta(seconds=5)
"""So long after an order from a conversation it begins: what was said there has to come to its end."""


class Tier(Protocol):
    """A part that knows people outside of the database: a cache, a queue in memory, a file."""

    async def forget(self, person: Person) -> None:
        """Forget somebody; doing it twice does no harm.

        Raises:
            Unavailable: It cannot be done now; it will be asked again.
        """
        ...


class ErasureDesk:
    """Takes orders, carries them out one by one, and keeps the proofs."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        audit: AuditLog,
        *,
        folders: Sequence[Path],
        tiers: Sequence[Tier] = (),
        elsewhere: Sequence[str] = (),
        language: Language = Language.GERMAN,
    ) -> None:
        """Nothing is erased before somebody orders it.

        Args:
            database: Has nearly all of it.
            clock: Says when.
            catalogue: Words of refusals and proofs.
            audit: Told of it, and made to forget whose pseudonym it was.
            folders: State and runtime folders: every file in them is searched.
            tiers: Parts that know people outside of the database.
            elsewhere: Who has something that this box cannot reach: keys below ``privacy.elsewhere``.
            language: Of the proofs.
        """
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._audit = audit
        self._folders = tuple(folders)
        self._tiers = tuple(tiers)
        self._elsewhere = tuple(elsewhere)
        self._language = language
        self._one = asyncio.Lock()
        self._again: dict[str, float] = {}
        # Rows are gone, the search is still to come: only this process knows whom to look for.
        self._unsearched: dict[str, Person] = {}

    # --- ordering -----------------------------------------------------------------------------------------

    async def order(self, member_id: str, ordered_by: str, *, grace: timedelta = GRACE) -> str:
        """Have somebody erased as soon as what is said just now has been said; returns the erasure's id.

        It survives a crash. Ordered twice, it is one erasure.

        Args:
            member_id: Who.
            ordered_by: ``member``, ``staff:<id>`` or ``console:<name>``.
            grace: It begins after that.

        Raises:
            Refused: There is no such member, or an alarm that they reported is open.
            Unavailable: It could not be stored; then nothing happens.
        """
        person = await personal.find(self._database, member_id)
        if person is None:
            raise Refused(self._text("unknown"))
        now = self._clock.now()
        new = Ordered(new_id(), member_id, now + grace, person.to_json())

        async def unit(tx: Transaction) -> str:
            if await personal.open_alarms(tx, person):
                raise Refused(self._text("alarm_open"))
            erasure_id = await erasures.order(tx, new, ordered_by, now)
            if erasure_id == new.erasure_id:
                await self._audit.note(
                    tx, now, actor=_actor(ordered_by), act="erasure.ordered", erasure=erasure_id
                )
            return erasure_id

        erasure_id = await self._database.write(unit)
        _LOG.info("erasure_ordered", erasure=erasure_id)
        return erasure_id

    async def erase(self, member_id: str, ordered_by: str) -> Proof:
        """Erase somebody now.

        Args:
            member_id: Who.
            ordered_by: As in :meth:`order`.

        Raises:
            Refused: There is no such member, or an alarm that they reported is open.
            Unavailable: It could not be brought to its end now; it goes on by itself.
        """
        erasure_id = await self.order(member_id, ordered_by, grace=timedelta(0))
        async with self._one:
            for ordered in await erasures.waiting(self._database):
                if ordered.erasure_id == erasure_id:
                    await self._carry_out(ordered, lambda: None)
        proof = await self.proof(erasure_id)
        assert proof is not None, "what was ordered has a row"
        return proof

    async def proof(self, erasure_id: str) -> Proof | None:
        """What is known of an erasure, or None."""
        row = await erasures.get(self._database, erasure_id)
        return None if row is None else proof_of(row)

    async def proofs(self, limit: int = 20) -> list[Proof]:
        """The newest, newest first."""
        return [proof_of(row) for row in await erasures.newest(self._database, limit)]

    # --- carrying out ---------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Carry out what was ordered, also before a crash, until cancelled."""
        await self._close_interrupted()
        while True:
            progress()
            for ordered in await self._due():
                await self._try(ordered.erasure_id, partial(self._carry_out, ordered, progress))
            for erasure_id in self._to_search():
                await self._try(erasure_id, partial(self._prove, erasure_id, progress))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _due(self) -> list[Ordered]:
        now, moment = self._clock.now(), self._clock.monotonic()
        due = []
        for ordered in await erasures.waiting(self._database):
            if ordered.due_at > now or self._again.get(ordered.erasure_id, 0.0) > moment:
                continue
            person = Person.from_json(ordered.known)
            said = await personal.under_way(self._database, person, waiting=True) == 0
            if said or now - ordered.due_at > _LAST_WORD:
                due.append(ordered)
        return due

    def _to_search(self) -> list[str]:
        moment = self._clock.monotonic()
        return [one for one in self._unsearched if self._again.get(one, 0.0) <= moment]

    async def _try(self, erasure_id: str, step: Callable[[], Awaitable[None]]) -> None:
        try:
            async with self._one:
                await step()
        except (Unavailable, Refused) as error:
            _LOG.warning("erasure_waits", erasure=erasure_id, reason=str(error))
            self._again[erasure_id] = self._clock.monotonic() + _AGAIN_SECONDS

    async def _close_interrupted(self) -> None:
        """A crash between the last row and the search: the rows are gone, and nobody knows whose."""
        async with self._one:
            for erasure_id in await erasures.interrupted(self._database):
                if erasure_id in self._unsearched:
                    continue
                await self._database.compact()
                _LOG.warning("erasure_not_searched", erasure=erasure_id)
                searched = {"interrupted": 1, "elsewhere": list(self._elsewhere)}
                await self._end(erasure_id, searched, found=0, state="incomplete")

    async def _carry_out(self, ordered: Ordered, progress: Progress) -> None:
        if ordered.erasure_id not in {one.erasure_id for one in await erasures.waiting(self._database)}:
            return  # somebody at the console was faster
        person = await self._person(ordered)
        await self._until_nothing_leaves(person, progress)
        removed = await self._remove(ordered.erasure_id, person, progress)
        _LOG.info("erased", erasure=ordered.erasure_id, rows=sum(removed.values()))
        self._unsearched[ordered.erasure_id] = person
        await self._prove(ordered.erasure_id, progress)

    async def _prove(self, erasure_id: str, progress: Progress) -> None:
        if erasure_id not in self._unsearched:
            return
        await self._database.compact()
        traces = Traces(self._unsearched[erasure_id])
        found = Found()
        await search_rows(self._database, traces, found, progress)
        # Behind the rows: reading them has left nothing in the log.
        await asyncio.to_thread(search_files, self._folders, traces, found)
        searched = {
            "files": found.files,
            "bytes": found.size,
            "texts": found.cells,
            "identifiers": traces.identifiers,
            "spellings": traces.spellings,
            "where": sorted(found.where),
            "unreadable": found.unreadable,
            "left_out": list(traces.left_out),
            "elsewhere": list(self._elsewhere),
        }
        state = "incomplete" if found.number or found.unreadable else "proven"
        await self._end(erasure_id, searched, found=found.number, state=state)
        del self._unsearched[erasure_id]
        _LOG.info("erasure_searched", erasure=erasure_id, found=found.number, state=state)

    async def _person(self, ordered: Ordered) -> Person:
        """Whom it is about: as known when it was ordered, and what came since."""
        known = Person.from_json(ordered.known)
        now_known = await personal.find(self._database, ordered.member_id)
        person = known if now_known is None else now_known.joined(known)

        async def unit(tx: Transaction) -> None:
            if await personal.open_alarms(tx, person):
                raise Refused(self._text("alarm_open"))
            await erasures.keep_known(tx, ordered.erasure_id, person.to_json())

        await self._database.write(unit)
        return person

    async def _until_nothing_leaves(self, person: Person, progress: Progress) -> None:
        until = self._clock.monotonic() + _LEAVING_SECONDS
        while await personal.under_way(self._database, person, waiting=False):
            if self._clock.monotonic() >= until:
                return
            progress()
            await asyncio.sleep(_POLL_SECONDS)

    async def _remove(self, erasure_id: str, person: Person, progress: Progress) -> dict[str, int]:
        removed: dict[str, int] = {}

        def add(counts: Mapping[str, int]) -> None:
            for table, number in counts.items():
                removed[table] = removed.get(table, 0) + number

        for table in ("inbound", "outbox"):
            # A few at a time: whoever stands at the door must not wait behind years of messages.
            while ids := await personal.some_messages(self._database, person, table):
                add(await self._database.write(_deleting(table, ids, self._clock.now())))
                progress()
        now = self._clock.now()
        add(await self._database.write(lambda tx: personal.forget(tx, person, now)))
        traces = Traces(person)
        add(await redact_rows(self._database, traces, progress))
        for tier in self._tiers:
            await tier.forget(person)

        async def last(tx: Transaction) -> None:
            add(await personal.forget(tx, person, now))  # what came in meanwhile
            await self._audit.forget(tx, person.member_id)
            add({"members": await personal.delete_member(tx, person.member_id)})
            await self._audit.note(
                tx, now, actor="system", act="member.erased", erasure=erasure_id, rows=sum(removed.values())
            )
            await erasures.forget_whom(tx, erasure_id, removed)

        await self._database.write(last)
        return removed

    async def _end(self, erasure_id: str, searched: Mapping[str, Any], *, found: int, state: str) -> None:
        await self._database.write(
            lambda tx: erasures.end(tx, erasure_id, searched=searched, found=found, state=state)
        )

    def _text(self, key: str) -> str:
        return self._catalogue.text(f"privacy.refused.{key}", self._language)


class ErasureOrders:
    """The desk as conversations see it: what is ordered there begins when it has been answered.

    An erasure in the middle of a turn would take the turn's own message away, and the answer to it would be
    the first trace again.
    """

    def __init__(self, desk: ErasureDesk) -> None:
        """Take orders for a desk.

        Args:
            desk: Carries them out.
        """
        self._desk = desk

    async def erase(self, member_id: str, ordered_by: str) -> Proof:
        """Order it; the proof has begun then, and says no more than that.

        Raises:
            Refused: There is no such member, or an alarm that they reported is open.
            Unavailable: It could not be stored; then nothing happens.
        """
        proof = await self._desk.proof(await self._desk.order(member_id, ordered_by))
        assert proof is not None, "what was ordered has a row"
        return proof


def _deleting(table: str, ids: Sequence[int], now: datetime) -> Unit[dict[str, int]]:
    async def unit(tx: Transaction) -> dict[str, int]:
        return await personal.delete_messages(tx, table, ids, now)

    return unit


def _actor(ordered_by: str) -> str:
    return ordered_by if ordered_by.startswith(("staff:", "console:")) else "member"
