"""The desk for staff at Telegram: takes updates in, and acts on them, several people at once."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from arni_edge.channels.telegram.binding import StaffInvites
from arni_edge.channels.telegram.client import BotApi
from arni_edge.channels.telegram.menu import Menu
from arni_edge.channels.telegram.people import Roster
from arni_edge.channels.telegram.presses import Presses
from arni_edge.channels.telegram.replies import Replies
from arni_edge.channels.telegram.strangers import Strangers
from arni_edge.channels.telegram.updates import (
    Membership,
    Migrated,
    Pressed,
    Update,
    Wrote,
    from_text,
    to_text,
)
from arni_edge.channels.telegram.writings import START, Writings
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Said, StaffAct, StaffCommand
from arni_edge.storage import Database, Transaction, telegram

_log = structlog.get_logger(__name__)

_TICK_SECONDS = 1.0
_ACT_SECONDS = 60.0
_AT_ONCE = 8
_MOST_ATTEMPTS = 5
"""What ends the process so often is set aside."""
_AGAIN_SECONDS = 5.0


class TelegramDesk:
    """Takes in what the poller brings, and acts on what staff did.

    What one person did is acted on in order; what several people did, at the same time: whoever acknowledges
    an alarm does not wait for somebody else's door.
    """

    def __init__(
        self,
        api: BotApi,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        roster: Roster,
        invites: StaffInvites,
        *,
        acts: Mapping[str, StaffAct],
        commands: Mapping[str, StaffCommand],
        language: Language,
    ) -> None:
        """Nothing is done before :meth:`take` and :meth:`run`.

        Args:
            api: The bot.
            database: Keeps what is to be done.
            clock: Of the box.
            catalogue: What people read.
            roster: Who is who.
            invites: Takes codes in.
            acts: What can be done with a button, by name.
            commands: What can be asked, by word without ``/``. ``start``, ``help`` and ``cancel`` are ours.
            language: The gym's.
        """
        self._api = api
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._roster = roster
        self._invites = invites
        self._language = language
        self._strangers = Strangers(api, clock, catalogue, language)
        self._menu = Menu(api, clock, catalogue, roster, commands, language)
        self._replies = Replies(database, clock)
        self._presses = Presses(api, database, clock, catalogue, roster, self._replies, acts)
        self._writings = Writings(
            database,
            clock,
            catalogue,
            roster,
            self._replies,
            invites=invites,
            strangers=self._strangers,
            menu=self._menu,
            acts=acts,
            commands=commands,
        )
        self._busy: set[int] = set()
        self._later: dict[int, float] = {}
        self._seen = -1

    # --- taking in --------------------------------------------------------------------------------------

    async def take(self, updates: Sequence[Update]) -> None:
        """Store what staff did, and how far we are; strangers leave no trace.

        Raises:
            Unavailable: It could not be stored; all of it comes again.
        """
        await self._roster.ready()
        now = self._clock.now()
        kept = [(one.update_id, one.what) for one in updates if await self._is_ours(one, now)]

        async def store(tx: Transaction) -> None:
            for update_id, what in kept:
                if isinstance(what, Pressed | Wrote):
                    await telegram.add_update(tx, update_id, what.user, to_text(self._dated(what)), now)
            if updates:
                await telegram.put_cursor(tx, max(one.update_id for one in updates), now)

        if updates:
            # What staff do may be that they take an alarm; nobody else can use up the room kept for that.
            await self._database.write(store, vital=bool(kept))

    async def _is_ours(self, update: Update, now: datetime) -> bool:
        """Whether there is something to be acted on; what tells of a chat is noted at once."""
        match update.what:
            case Migrated(chat, moved_to):
                await self._roster.move(chat, moved_to)
            case Membership(chat, present):
                if present:
                    await self._roster.found(chat, now)
                else:
                    await self._roster.lost(chat, "has removed or blocked the bot", now)
            case Pressed() as pressed:
                if self._roster.here(pressed.user, pressed.chat or 0, private=pressed.private):
                    return True
                self._strangers.pressed(pressed)
            case Wrote() as wrote:
                await self._roster.found(wrote.chat, now)
                if self._roster.here(wrote.user, wrote.chat, private=wrote.private):
                    return True
                if wrote.private and await self._invites.is_open(_code(wrote.text)):
                    return True
                self._strangers.wrote(wrote)
        return False

    def _dated(self, what: Pressed | Wrote) -> Pressed | Wrote:
        """With the time by our clock: on what is stored, the difference between two clocks has no hold."""
        if isinstance(what, Pressed):
            return what
        return replace(what, date=what.date - round(self._api.ahead))

    # --- acting -----------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Act for ever. Returns only by cancellation; what is under way then is acted on again."""
        async with asyncio.TaskGroup() as work:
            aside = work.create_task(self._aside())
            try:
                while True:
                    progress()
                    with suppress(Unavailable):
                        await self._start(work)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_TICK_SECONDS):
                            await self._something_stored()
            finally:
                aside.cancel()

    async def _something_stored(self) -> None:
        while self._database.commits == self._seen:
            await self._database.next_commit()
        self._seen = self._database.commits

    async def _start(self, work: asyncio.TaskGroup) -> None:
        await self._roster.ready()
        now = self._clock.monotonic()
        waiting: set[int] = set()
        for update in await telegram.open_updates(self._database):
            person = update.person
            # In the order in which one person did it: what waits holds up what came after it.
            if person in self._busy or person in waiting or now < self._later.get(update.update_id, now):
                waiting.add(person)
            elif len(self._busy) < _AT_ONCE:
                self._busy.add(person)
                waiting.add(person)
                work.create_task(self._act_on(update))

    async def _act_on(self, update: telegram.StoredUpdate) -> None:
        try:
            await telegram.begin_update(self._database, update.update_id)
            what = from_text(update.payload)
            if update.attempts >= _MOST_ATTEMPTS:
                _log.error("staff_update_set_aside", attempts=update.attempts)
                await self._apologise(update.update_id, what)
            else:
                await self._handle(update.update_id, what)
            self._later.pop(update.update_id, None)
        except Unavailable:
            _log.exception("staff_update_unavailable")
            self._later[update.update_id] = self._clock.monotonic() + _AGAIN_SECONDS
        finally:
            self._busy.discard(update.person)

    async def _handle(self, update_id: int, what: Pressed | Wrote) -> None:
        try:
            async with asyncio.timeout(_ACT_SECONDS):
                if isinstance(what, Pressed):
                    await self._presses.handle(update_id, what)
                else:
                    await self._writings.handle(update_id, what, datetime.fromtimestamp(what.date, UTC))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - a named boundary: a bug in one act stops no acknowledgement
            _log.exception("staff_update_failed")
            await self._apologise(update_id, what)

    async def _apologise(self, update_id: int, what: Pressed | Wrote) -> None:
        here = self._roster.here(what.user, what.chat or 0, private=what.private)
        if here is None:
            await self._replies.end(update_id)
            return
        person, where = here
        await self._replies.end(update_id, where, Said(self._text("telegram.failed", person.language)))

    # --- aside ------------------------------------------------------------------------------------------

    async def _aside(self) -> None:
        """What must hold up nobody: menus and strangers."""
        while True:
            with suppress(Unavailable):
                await self._strangers.tell()
                await self._roster.ready()
                await self._menu.tell()
            await asyncio.sleep(_TICK_SECONDS / 4)


def _code(text: str) -> str:
    """What stands behind ``/start``; empty when nothing does."""
    word, _, code = text.strip().partition(" ")
    return code.strip() if word.lower() == f"/{START}" else ""
