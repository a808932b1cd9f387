"""Answers that staff may see, change or stop before they leave; when nobody acts, time releases them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from arni_edge.bus import Bus
from arni_edge.conversation.ghost_names import AT_CONSOLE, actor_of, member_of
from arni_edge.conversation.ghost_view import GhostView
from arni_edge.conversation.risk import risk_of
from arni_edge.conversation.turn import Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.events import DraftChanged
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import InboundMessage, OutboundMessage
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact
from arni_edge.settings.staff import Ghost
from arni_edge.storage import Database, Transaction, conversations, drafts, ghost, outbox, staff_posts
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.drafts import Draft
from arni_edge.storage.ghost import Chat


class DraftDesk:
    """Keeps risky answers of chats that somebody holds. Each leaves once, or never."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, view: GhostView, *, rules: Ghost, audit: AuditLog
    ) -> None:
        """Nothing runs of itself: whoever has the time asks for what is due.

        Args:
            database: Has drafts and outbox.
            bus: Is told of every change.
            clock: When a draft leaves by itself.
            view: What staff see of it.
            rules: How long it waits.
            audit: Who let it go, changed it or stopped it.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._view = view
        self._people: Mapping[str, Contact] = view.people
        self._hold = timedelta(seconds=rules.hold_seconds)
        self._audit = audit

    # --- for the pipeline ---------------------------------------------------------------------------------

    async def keep(self, tx: Transaction, turn: Turn, greeting: str, now: datetime) -> Draft | None:
        """Take a turn's answer, or leave it to the outbox.

        Args:
            tx: The transaction in which the message is marked as handled.
            turn: Answered.
            greeting: What must be said before the answer to this person; may be empty.
            now: The moment.

        Returns:
            The draft: the answer is held, or it was withdrawn because a person has taken the chat over while
            it was made, however harmless it is. None: the answer is nobody's business, say it.
        """
        message, risk = turn.message, risk_of(turn)
        if not turn.answer:
            return None
        chat = await ghost.by_address(tx.fetch, message.channel, message.conversation)
        taken = chat is not None and chat.human and not turn.taken
        holders = [] if risk is Risk.READ else await self._holders(tx, chat)
        if not (taken or holders):
            return None
        chat = await ghost.name(tx, message.channel, message.conversation)
        draft = Draft(
            id=new_id(),
            channel=message.channel,
            address=message.conversation,
            message_id=message.message_id,
            key=f"{message.key}:answer",
            greeting=greeting,
            text=turn.answer,
            risk=risk,
            release_at=now + self._hold,
            state="withdrawn" if taken else "held",
            ended_by=chat.taken_by if taken else None,
        )
        if not await drafts.add(tx, draft, now):
            return None
        if not taken:
            await self._show(tx, draft, chat, now, [one for one in holders if one in self._people])
        await self._note(tx, draft, chat, now, "system", "ghost.held" if not taken else "ghost.withdrawn")
        return draft

    async def take_back(self, tx: Transaction, message: InboundMessage, now: datetime) -> Draft | None:
        """Stop the answer to what its sender has taken back, and forget it: it may repeat their words.

        Args:
            tx: The transaction in which the message is marked as handled.
            message: Of kind ``revoke``.
            now: The moment.

        Returns:
            The draft; None: no answer to it was held.
        """
        for held in await drafts.held(tx.fetch, message.channel, message.conversation):
            if held.message_id == message.refers_to:
                draft = await drafts.end(tx, held.id, "withdrawn", "", now, text="")
                if draft is not None:
                    chat = await ghost.name(tx, draft.channel, draft.address)
                    await self._show(tx, draft, chat, now)
                    await self._note(tx, draft, chat, now, "member", "ghost.withdrawn")
                return draft
        return None

    def announce(self, draft: Draft) -> None:
        """Say what became of a draft, once that is on the disk."""
        self._bus.publish(DraftChanged(at=self._clock.now(), draft_id=draft.id, state=draft.state))

    # --- time and staff -----------------------------------------------------------------------------------

    async def release_due(self) -> int:
        """Let everything go whose time is over; returns how many."""
        released = 0
        for draft in await drafts.due(self._database.read, self._clock.now()):
            released += await self._send(draft.id, "sent", "", None) is not None
        return released

    async def approve(self, who: Contact, draft_id: str) -> str:
        """Let a draft go at once."""
        await self._decide(who, draft_id, "sent", None)
        return self._view.text("ghost.said.approved", who.language)

    async def edit(self, who: Contact, draft_id: str, text: str) -> str:
        """Let a draft go in other words.

        Raises:
            Refused: It asks for a yes to what cannot be undone: a yes to other words would be none to that.
        """
        if await drafts.asks(self._database.read, draft_id):  # never true later, when it is not now
            raise Refused(self._view.text("ghost.refused.question", who.language))
        await self._decide(who, draft_id, "edited", text)
        return self._view.text("ghost.said.edited", who.language)

    async def withdraw(self, tx: Transaction, chat: Chat, who: Contact, now: datetime) -> list[Draft]:
        """Stop everything that is held in a chat: a person answers instead."""
        gone = []
        for held in await drafts.held(tx.fetch, chat.channel, chat.address):
            draft = await drafts.end(tx, held.id, "withdrawn", who.id, now)
            if draft is not None:
                await self._show(tx, draft, chat, now)
                await self._note(tx, draft, chat, now, actor_of(who), "ghost.withdrawn")
                gone.append(draft)
        return gone

    async def chat_of(self, tx: Transaction, who: Contact, draft_id: str) -> Chat:
        """The chat of a draft that is still held.

        Raises:
            Refused: It is not; the sentence says what became of it.
        """
        draft = await drafts.find(tx.fetch, draft_id)
        if draft is None or draft.state != "held":
            raise self._too_late(who, draft)
        return await ghost.name(tx, draft.channel, draft.address)

    async def _decide(self, who: Contact, draft_id: str, state: str, text: str | None) -> None:
        if await self._send(draft_id, state, who.id, text, actor_of(who)) is None:
            found = await drafts.find(self._database.read, draft_id)
            if found is None or (found.state, found.ended_by) != (state, who.id):
                raise self._too_late(who, found)

    def _too_late(self, who: Contact, draft: Draft | None) -> Refused:
        if draft is None:
            return Refused(self._view.text("ghost.refused.unknown_draft", who.language))
        became = self._view.became(draft, who.language)
        return Refused(self._view.text("ghost.refused.too_late", who.language, became=became))

    async def _send(
        self, draft_id: str, state: str, by: str, text: str | None, actor: str = "system"
    ) -> Draft | None:
        """Draft ended and answer in the outbox, in one commit; None when somebody was faster."""
        now = self._clock.now()

        async def store(tx: Transaction) -> Draft | None:
            draft = await drafts.end(tx, draft_id, state, by, now, text=text)
            if draft is None:
                return None
            chat = await ghost.name(tx, draft.channel, draft.address)
            said = draft.text
            if draft.greeting and not chat.disclosed:
                said = f"{draft.greeting} {said}"
                await conversations.note_disclosure(tx, chat.channel, chat.address, now)
            await outbox.add(
                tx,
                OutboundMessage(draft.key, draft.channel, draft.address, said, reply_to=draft.message_id),
                now,
            )
            await self._show(tx, draft, chat, now)
            await self._note(tx, draft, chat, now, actor, "ghost.released")
            return draft

        draft = await self._database.write(store)
        if draft is not None:
            self.announce(draft)
        return draft

    async def _holders(self, tx: Transaction, chat: Chat | None) -> list[str]:
        """Who wants to see risky answers of a chat; not those who no longer work here."""
        found = await ghost.readers(tx.fetch, chat.handle if chat and chat.handle else ghost.EVERY_CHAT)
        return [
            staff
            for staff, mode in found.items()
            if mode == "hold" and (staff in self._people or staff.startswith(AT_CONSOLE))
        ]

    async def _show(
        self, tx: Transaction, draft: Draft, chat: Chat, now: datetime, readers: list[str] | None = None
    ) -> None:
        """Show a draft to its readers; without any given, to those who were shown it."""
        face = await ghost.face(tx.fetch, chat.channel, chat.address)
        if readers is None:
            readers = [one for one, _ in await ghost.shown_to(tx.fetch, f"draft/{draft.id}")]
        asks = await drafts.asks(tx.fetch, draft.id)
        for one in readers:
            if one in self._people:
                post = self._view.draft_post(draft, chat.handle, face, self._people[one], editable=not asks)
                await staff_posts.put(tx, one, post, now)

    async def _note(
        self, tx: Transaction, draft: Draft, chat: Chat, now: datetime, actor: str, act: str
    ) -> None:
        await self._audit.note(
            tx,
            now,
            actor=actor,
            act=act,
            member_id=await member_of(tx, chat),
            chat=chat.handle,
            draft=draft.id,
            state=draft.state,
            risk=draft.risk,
        )
