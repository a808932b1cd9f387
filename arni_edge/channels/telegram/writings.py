"""What staff write: commands, answers to questions, and the code that says who they are."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from arni_edge.channels.telegram.binding import StaffInvites
from arni_edge.channels.telegram.menu import Menu
from arni_edge.channels.telegram.people import Roster
from arni_edge.channels.telegram.replies import Replies, outcome
from arni_edge.channels.telegram.strangers import Strangers
from arni_edge.channels.telegram.updates import Wrote
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact, Said, StaffAct, StaffCommand
from arni_edge.storage import Database, Transaction, staff_posts, telegram

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_ARGUMENTS_LIMIT = 500
_LATE = timedelta(seconds=90)
"""Whoever still has a wish that reached us so late says it again: nobody may be at the door any more."""
_NEXT_MESSAGE = timedelta(minutes=5)
START = "start"
_CANCEL = "cancel"
_HELP = "help"


class Writings:
    """Reads what was written, checks who may, and has it done."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        roster: Roster,
        replies: Replies,
        *,
        invites: StaffInvites,
        strangers: Strangers,
        menu: Menu,
        acts: Mapping[str, StaffAct],
        commands: Mapping[str, StaffCommand],
    ) -> None:
        """Nothing is done yet.

        Args:
            database: Knows open questions.
            clock: Of the box.
            catalogue: What people read.
            roster: Who is who.
            replies: Ends updates.
            invites: Takes codes in; knows what the bot is called.
            strangers: Tells people whom we do not know how to be known.
            menu: Knows which commands somebody may use.
            acts: What can be done, by name.
            commands: What can be asked, by word.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._roster = roster
        self._replies = replies
        self._invites = invites
        self._strangers = strangers
        self._menu = menu
        self._acts = acts
        self._commands = commands

    async def handle(self, update_id: int, wrote: Wrote, came_at: datetime) -> None:
        """Act on what was written, and end its update.

        Args:
            update_id: Telegram's.
            wrote: What.
            came_at: When it was written, by our clock.

        Raises:
            Unavailable: The database could not be asked; it comes again.
        """
        here = self._roster.here(wrote.user, wrote.chat, private=wrote.private)
        command = _COMMAND.fullmatch(wrote.text.strip())
        word, to, arguments = command.groups("") if command else ("", "", "")
        if to and to.casefold() != (self._invites.bot or "").casefold():
            await self._replies.end(update_id)  # another bot's
        elif here is None:
            await self._stranger(update_id, wrote, arguments.strip() if word.lower() == START else "")
        elif command is not None:
            await self._command(update_id, here, word.lower(), arguments.strip(), came_at)
        else:
            await self._said(update_id, here, wrote)

    # --- who is not known -------------------------------------------------------------------------------

    async def _stranger(self, update_id: int, wrote: Wrote, code: str) -> None:
        """Bind whoever has a code; everybody else is told how to get one."""
        if not wrote.private:
            await self._replies.end(update_id)
            return
        now = self._clock.now()
        bound: list[str] = []

        async def bind(tx: Transaction) -> None:
            if staff := await self._invites.redeem(tx, code, wrote.user, now):
                bound.append(staff)

        await self._replies.end(update_id, also=bind)
        if not bound:
            self._strangers.wrote(wrote)
            return
        await self._roster.load()
        person = self._roster.who(wrote.user)
        if person is not None:
            self._menu.renew(person)
            said = Said(self._text("telegram.bound", person.language, name=person.name))
            # Only now: before the roster knew them, nobody could have been shown anything.
            revive = partial(staff_posts.revive, contact=person.id, now=now)
            await self._replies.end(update_id, person.id, said, revive)

    # --- commands ---------------------------------------------------------------------------------------

    async def _command(
        self, update_id: int, here: tuple[Contact, str], word: str, arguments: str, came_at: datetime
    ) -> None:
        person, where = here
        if word in {START, _HELP}:
            if where == person.id:
                self._menu.renew(person)  # with a chat that has only begun there was none
            await self._replies.end(update_id, where, Said(self._help(person, word)))
        elif word == _CANCEL:
            await self._cancel(update_id, person, where)
        elif self._clock.now() - came_at > _LATE:
            await self._replies.end(update_id, where, Said(self._text("telegram.late", person.language)))
        else:
            await self._replies.end(update_id, where, await self._answer(person, word, arguments))

    async def _answer(self, person: Contact, word: str, arguments: str) -> Said:
        command = self._commands.get(word)
        if command is None:
            return Said(self._text("telegram.unknown_command", person.language))
        if person.role < command.role:
            return Said(self._text("telegram.not_allowed", person.language))
        if len(arguments) > _ARGUMENTS_LIMIT:
            return Said(self._text("telegram.too_long", person.language))
        try:
            return await command.do(person, arguments)
        except ArniError as error:
            return Said(str(error))

    def _help(self, person: Contact, word: str) -> str:
        lines = [
            self._text("telegram.help_line", person.language, name=name, what=what)
            for name, what in self._menu.lines(person)
        ]
        if word == START:
            lines = [self._text("telegram.hello", person.language, name=person.name), "", *lines]
        return "\n".join(lines)

    async def _cancel(self, update_id: int, person: Contact, where: str) -> None:
        ended: list[int] = []

        async def store(tx: Transaction) -> None:
            ended.append(await telegram.end_questions(tx, person.id, where))

        await self._database.write(store)
        key = "telegram.cancelled" if ended[0] else "telegram.nothing_to_cancel"
        await self._replies.end(update_id, where, Said(self._text(key, person.language)))

    # --- everything else --------------------------------------------------------------------------------

    async def _said(self, update_id: int, here: tuple[Contact, str], wrote: Wrote) -> None:
        """The answer to a question, or nothing that we understand."""
        person, where = here
        question = await self._question(person, where, wrote)
        if question is not None and wrote.text.strip():
            await self._complete(update_id, person, question, wrote.text.strip())
        elif question is not None or wrote.private:
            key = "telegram.text_only" if not wrote.text.strip() else "telegram.not_understood"
            await self._replies.end(update_id, where, Said(self._text(key, person.language)))
        else:
            await self._replies.end(update_id)  # people in a group talk to each other

    async def _question(self, person: Contact, where: str, wrote: Wrote) -> telegram.Question | None:
        """What they answer: what they reply to, else the newest question, for a few minutes."""
        if wrote.reply_to is not None:
            asked = await telegram.asked_by_message(self._database, person.id, wrote.chat, wrote.reply_to)
            if asked is None:
                asked = await telegram.chat_in_message(self._database, where, wrote.chat, wrote.reply_to)
            if asked is not None or not wrote.private:
                return asked
        since = self._clock.now() - _NEXT_MESSAGE
        return await telegram.asked_lately(self._database, person.id, where, since)

    async def _complete(
        self, update_id: int, person: Contact, question: telegram.Question, text: str
    ) -> None:
        act = self._acts.get(question.act)
        if act is None:
            sentence, well = self._text("telegram.button_gone", person.language), True
        elif person.role < act.role:
            sentence, well = self._text("telegram.not_allowed", person.language), True
        else:
            sentence, well = await outcome(act.do(person, question.argument, text))

        async def store(tx: Transaction) -> None:
            if well:  # what could not be done may be tried with another text
                await telegram.end_question(tx, question)

        await self._replies.end(update_id, question.contact, Said(sentence) if sentence else None, store)
