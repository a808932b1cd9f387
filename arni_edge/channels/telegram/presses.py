"""What a press on a button does."""

import asyncio
from collections.abc import Awaitable, Mapping

from arni_edge.channels.telegram.answers import Done
from arni_edge.channels.telegram.client import BotApi
from arni_edge.channels.telegram.messages import ALERT_LIMIT, fit
from arni_edge.channels.telegram.people import GROUP, Roster
from arni_edge.channels.telegram.replies import Replies, outcome
from arni_edge.channels.telegram.updates import Pressed
from arni_edge.channels.whatsapp.text import units
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact, Said, StaffAct, StaffPost
from arni_edge.storage import Database, Transaction, staff_posts, telegram
from arni_edge.storage.post_board import Pressable, find_button

_AT_ONCE_SECONDS = 1.0
"""So long may an act take to be the answer to the press; the client shows a clock meanwhile."""


class Presses:
    """Checks who pressed what, and has it done.

    What a button carries is a token that stands in our database, with the chat that it was shown to. A press
    that comes late acts all the same: acts do no harm when they are done twice or too late.
    """

    def __init__(
        self,
        api: BotApi,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        roster: Roster,
        replies: Replies,
        acts: Mapping[str, StaffAct],
    ) -> None:
        """Nothing is done yet.

        Args:
            api: The bot.
            database: Knows the tokens.
            clock: Of the box.
            catalogue: What people read.
            roster: Who is who.
            replies: Ends updates.
            acts: What can be done, by name.
        """
        self._api = api
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._roster = roster
        self._replies = replies
        self._acts = acts

    async def handle(self, update_id: int, pressed: Pressed) -> None:
        """Act on one press, and end its update.

        Raises:
            Unavailable: The database could not be asked; it comes again.
        """
        here = self._roster.here(pressed.user, pressed.chat or 0, private=pressed.private)
        if here is None:
            await self._replies.end(update_id)
            return
        person, where = here
        behind = await find_button(self._database, pressed.data)
        act = self._acts.get(behind.act) if behind else None
        if behind is None or act is None or not _shown_to(behind, where):
            await self._refuse(update_id, pressed, self._text("telegram.button_gone", person.language))
        elif person.role < act.role:
            await self._refuse(update_id, pressed, self._text("telegram.not_allowed", person.language))
        elif act.question is not None:
            await self._answer(pressed, "")
            await self._ask(update_id, person, where, behind, act.question)
        else:
            await self._do(update_id, pressed, person, where, act.do(person, behind.argument, ""))

    async def _refuse(self, update_id: int, pressed: Pressed, sentence: str) -> None:
        await self._answer(pressed, sentence, alert=True)
        await self._replies.end(update_id)

    async def _do(
        self, update_id: int, pressed: Pressed, person: Contact, where: str, work: Awaitable[str]
    ) -> None:
        """Have it done; whoever waits longer than a moment is told that it goes on, later how it ended."""
        task = asyncio.ensure_future(outcome(work))
        try:
            await asyncio.wait({task}, timeout=_AT_ONCE_SECONDS)
            told = False
            if task.done():
                sentence, well = task.result()
                told = await self._answer(pressed, sentence, alert=not well)
            else:
                await self._answer(pressed, self._text("telegram.moment", person.language))
            sentence, _ = await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        silent = told or not sentence
        await self._replies.end(update_id, where, None if silent else Said(sentence))

    async def _ask(
        self, update_id: int, person: Contact, where: str, behind: Pressable, question: str
    ) -> None:
        """Ask for the text that the act needs; the next one that they write is it."""
        asked = telegram.Question(where, f"ask/{update_id}", behind.act, behind.argument)
        text = self._text(
            "telegram.question", person.language, question=self._text(question, person.language)
        )
        if where.startswith(GROUP):
            text = f"{person.name}: {text}"
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            await telegram.ask(tx, asked, person.id, now)
            await staff_posts.put(tx, where, StaffPost(asked.key, text), now, asks=True)

        await self._replies.end(update_id, also=store)

    async def _answer(self, pressed: Pressed, sentence: str, *, alert: bool = False) -> bool:
        """Answer the press; returns whether they have read all of it. One that is too old wants no answer."""
        body: dict[str, object] = {"callback_query_id": pressed.query_id}
        if sentence:
            body |= {"text": fit(sentence, ALERT_LIMIT), "show_alert": alert}
        answer = await self._api.call("answerCallbackQuery", body)
        return isinstance(answer, Done) and units(sentence) <= ALERT_LIMIT


def _shown_to(behind: Pressable, where: str) -> bool:
    """A button works where it was shown, and nowhere else."""
    return behind.contact == where
