"""Ghost mode: staff read along, hold answers, take a chat over, write in it, and hand it back.

Everything that staff do here is one transaction: what changes, what the member is told, what the audit says.
Who comes first has the chat; the other one is told who. What staff see is made equal to what is so, again and
again (:meth:`GhostDesk.step`), so that a crash between a change and its picture leaves nothing wrong.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from arni_edge.conversation.ghost_drafts import DraftDesk
from arni_edge.conversation.ghost_names import actor_of
from arni_edge.conversation.ghost_posts import GhostPosts
from arni_edge.conversation.ghost_takeover import Done, Takeover
from arni_edge.conversation.ghost_view import GhostView, picture
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import OutboundMessage
from arni_edge.domain.staff import Contact
from arni_edge.storage import Database, Transaction, conversations, ghost, handoffs, outbox, whispers
from arni_edge.storage.ghost import EVERY_CHAT, Chat

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 1.0
_GAP_SECONDS: Final = 0.5
"""Between two looks: staff are shown a chat at most so often, however fast it goes."""

LONGEST_TEXT: Final = 4000
"""Characters of what staff write; WhatsApp takes 4096."""

_LONGEST_HINT: Final = 1000
_TWICE: Final = timedelta(seconds=60)
"""The same words of the same person in the same chat within this time are one message, brought twice."""

_RECENT: Final = timedelta(days=1)
_WHISPER_KEPT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """A chat in a list: nothing here says who it is with.

    Attributes:
        handle: What staff call it.
        face: First name and last three digits.
        at: When the member last wrote (aware).
        state: Who writes for the gym, in words.
        mode: How whoever asks reads along: ``off``, ``read`` or ``hold``.
        chat: The chat itself.
    """

    handle: str
    face: str
    at: datetime
    state: str
    mode: str
    chat: Chat


class GhostDesk:
    """Where staff step into chats, whatever they do it with: a button, a command, the console."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        view: GhostView,
        held: DraftDesk,
        takeover: Takeover,
    ) -> None:
        """Make the desk; nothing runs before :meth:`run`.

        Args:
            database: Has everything about chats.
            clock: When something is over.
            view: What staff see.
            held: Answers that wait.
            takeover: Who writes for the gym.
        """
        self._database = database
        self._clock = clock
        self._view = view
        self._held = held
        self._takeover = takeover
        self._note = takeover.note
        self._posts = GhostPosts(database, clock, view)

    # --- looking ------------------------------------------------------------------------------------------

    async def chats(self, who: Contact, limit: int = 10) -> list[ChatSummary]:
        """The chats of the last day, newest first."""
        since = self._clock.now() - _RECENT
        found = await ghost.recent(self._database.read, since, limit)

        async def name(tx: Transaction) -> list[Chat]:
            return [await ghost.name(tx, channel, address) for channel, address, _ in found]

        named = await self._database.write(name)
        summaries = []
        for chat, (_, _, at) in zip(named, found, strict=True):
            face = await ghost.face(self._database.read, chat.channel, chat.address)
            modes = await ghost.readers(self._database.read, chat.handle)
            summaries.append(
                ChatSummary(
                    chat.handle,
                    self._view.face(face, who.language),
                    at,
                    self._view.state(chat, who.language),
                    modes.get(who.id, "off"),
                    chat,
                )
            )
        return summaries

    async def look(self, who: Contact, handle: str) -> list[str]:
        """The last lines of a chat, masked; the audit keeps who looked."""
        now = self._clock.now()

        async def note(tx: Transaction) -> Chat:
            chat = await self._chat(tx, who, handle)
            await self._note(tx, chat, now, actor_of(who), "ghost.viewed")
            return chat

        chat = await self._database.write(note)
        return self._view.exchange(await picture(self._database.read, chat), who.language)

    async def read_along(self, who: Contact, handle: str, mode: str = "read") -> str:
        """Show somebody a chat from now on; with ``hold``, risky answers in it wait for their word.

        Args:
            who: Of staff.
            handle: Of the chat; :data:`~arni_edge.storage.ghost.EVERY_CHAT`: all.
            mode: ``read`` or ``hold``.
        """
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            chat = None if handle == EVERY_CHAT else await self._chat(tx, who, handle)
            await ghost.read_along(tx, who.id, handle, mode, now)
            await self._note(tx, chat, now, actor_of(who), f"ghost.{mode}")

        await self._database.write(store)
        await self._posts.show()
        return self._say(who, f"ghost.said.{mode}", handle)

    async def look_away(self, who: Contact, handle: str) -> str:
        """Show it to them no longer."""
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            chat = None if handle == EVERY_CHAT else await self._chat(tx, who, handle)
            if await ghost.look_away(tx, who.id, handle):
                await self._note(tx, chat, now, actor_of(who), "ghost.off")
            await self._posts.close(tx, who, handle, now)

        await self._database.write(store)
        return self._say(who, "ghost.said.off", handle)

    # --- stepping in --------------------------------------------------------------------------------------

    async def take(self, who: Contact, handle: str) -> str:
        """Take a chat over: the assistant says so once and is silent; what it held is withdrawn."""
        return await self._take_chat(who, lambda tx: self._chat(tx, who, handle))

    async def take_handoff(self, who: Contact, handoff_id: str) -> str:
        """Take the chat over in which somebody wished for a person."""

        async def find(tx: Transaction) -> Chat:
            wish = await handoffs.find(tx.fetch, handoff_id)
            if wish is None or wish.state == "ended":
                raise Refused(self._view.text("ghost.refused.handoff", who.language))
            return await ghost.name(tx, wish.channel, wish.address)

        return await self._take_chat(who, find)

    async def stop(self, who: Contact, draft_id: str) -> str:
        """Withdraw a draft: whoever stops the assistant answers in its place, so the chat is theirs."""
        return await self._take_chat(who, lambda tx: self._held.chat_of(tx, who, draft_id))

    async def say(self, who: Contact, handle: str, text: str) -> str:
        """Write to the member; a chat that nobody has becomes theirs by it."""
        said = self.checked(who, text, LONGEST_TEXT)
        now = self._clock.now()
        digest = hashlib.sha256(f"{who.id}\n{said}".encode()).hexdigest()[:16]
        key = f"{ghost.SAID_BY_STAFF}{handle}:{digest}:"

        async def store(tx: Transaction) -> Done:
            chat = await self._chat(tx, who, handle)
            if await outbox.queued_between(tx, key, now - _TWICE, now):
                return Done(chat)
            done = await self._takeover.take(tx, who, chat, now)
            words = said
            if not done.chat.acknowledged:
                human = self._view.text("ghost.member.human", await self._takeover.language_of(tx, chat))
                words = f"{human}\n\n{said}"
                await conversations.note_human_acknowledged(tx, chat.channel, chat.address, now)
            message = OutboundMessage(f"{key}{new_id()}", chat.channel, chat.address, words)
            await outbox.add(tx, message, now)
            await self._note(tx, chat, now, actor_of(who), "ghost.said", length=len(said))
            return done

        await self._finish(await self._database.write(store))
        return self._say(who, "ghost.said.said", handle)

    async def back(self, who: Contact, handle: str) -> str:
        """Hand a chat back to the assistant; the member is told."""
        now = self._clock.now()

        async def store(tx: Transaction) -> Done | None:
            chat = await self._chat(tx, who, handle)
            return await self._takeover.give_back(tx, chat, now, actor_of(who))

        done = await self._database.write(store)
        if done is not None:
            await self._finish(done)
        return self._say(who, "ghost.said.back", handle)

    async def whisper(self, who: Contact, handle: str, text: str) -> str:
        """Keep a hint for the assistant's next answer; the member never sees it."""
        hint = self.checked(who, text, _LONGEST_HINT)
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            chat = await self._chat(tx, who, handle)
            await whispers.add(tx, chat, who.id, hint, now)
            await self._note(tx, chat, now, actor_of(who), "ghost.whispered", length=len(hint))

        await self._database.write(store)
        await self._posts.show()
        return self._say(who, "ghost.said.whisper", handle)

    # --- for the pipeline ---------------------------------------------------------------------------------

    async def whispered(self, chat: Chat) -> str | None:
        """What staff whispered for the next answer, or None."""
        since = self._clock.now() - _WHISPER_KEPT
        return (
            "\n".join(await whispers.waiting(self._database.read, chat.channel, chat.address, since)) or None
        )

    async def return_if_overdue(self, chat: Chat) -> bool:
        """Hand a chat back whose time is over; False when a person still has it."""
        now = self._clock.now()
        if chat.taken_until is None or chat.taken_until > now:
            return False

        async def store(tx: Transaction) -> Done | None:
            return await self._takeover.give_back(tx, chat, now, "system", overdue_at=now)

        done = await self._database.write(store)
        if done is not None:
            await self._finish(done)
        return done is not None

    # --- time ---------------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Release what was held long enough, hand back what was had long enough, show what staff read."""
        while True:
            progress()
            try:
                await self.step()
            except Unavailable as error:
                _LOG.warning("ghost_step_postponed", reason=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._database.next_commit()
            await asyncio.sleep(_GAP_SECONDS)

    async def step(self) -> None:
        """Do now what is due now."""
        await self._held.release_due()
        for chat in await ghost.overdue(self._database.read, self._clock.now()):
            await self.return_if_overdue(chat)
        await self._posts.show()

    # --- inside -------------------------------------------------------------------------------------------

    async def _take_chat(self, who: Contact, find: Callable[[Transaction], Awaitable[Chat]]) -> str:
        now = self._clock.now()

        async def store(tx: Transaction) -> Done:
            return await self._takeover.take(tx, who, await find(tx), now)

        done = await self._database.write(store)
        await self._finish(done)
        return self._say(who, "ghost.said.taken", done.chat.handle)

    async def _finish(self, done: Done) -> None:
        self._takeover.announce(done)
        await self._posts.show()

    async def _chat(self, tx: Transaction, who: Contact, handle: str) -> Chat:
        found = await ghost.by_handle(tx.fetch, handle.strip().lower())
        if found is None:
            raise Refused(self._view.text("ghost.refused.unknown", who.language))
        return found

    def _say(self, who: Contact, key: str, handle: str) -> str:
        every = self._view.text("ghost.every_chat", who.language)
        return self._view.text(key, who.language, handle=every if handle == EVERY_CHAT else handle)

    def checked(self, who: Contact, text: str, longest: int) -> str:
        """What staff wrote, without what nobody can read.

        Raises:
            InvalidInput: Nothing is left of it, or it is too long.
        """
        said = "".join(mark for mark in text.strip() if mark.isprintable() or mark in "\n\t")
        if not 1 <= len(said) <= longest:
            raise InvalidInput(self._view.text("ghost.refused.length", who.language, longest=longest))
        return said
