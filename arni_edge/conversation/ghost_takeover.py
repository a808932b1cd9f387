"""Who writes for the gym: the change from the assistant to a person and back, inside one transaction."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from arni_edge.bus import Bus
from arni_edge.conversation.ghost_drafts import DraftDesk
from arni_edge.conversation.ghost_names import actor_of, member_of
from arni_edge.conversation.ghost_view import GhostView
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.events import HandoffChanged
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language, OutboundMessage
from arni_edge.domain.staff import Contact, StaffPost
from arni_edge.domain.text import guess_language
from arni_edge.settings.staff import Ghost
from arni_edge.storage import Transaction, ghost, handoffs, outbox, staff_posts
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.drafts import Draft
from arni_edge.storage.ghost import Chat
from arni_edge.storage.handoffs import Handoff

_LINES_FOR_LANGUAGE: Final = 6


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it, to be told once it is on the disk.

    Attributes:
        chat: As it is then.
        withdrawn: Answers that will not be given.
        handoff: The wish for a person that was taken or ended by it, or None.
    """

    chat: Chat
    withdrawn: list[Draft] = field(default_factory=list)
    handoff: Handoff | None = None


class Takeover:
    """Gives chats to people and back. Who comes first has a chat."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        *,
        view: GhostView,
        held: DraftDesk,
        rules: Ghost,
        audit: AuditLog,
        language: Language,
    ) -> None:
        """Keep what every change needs.

        Args:
            bus: Is told of drafts and wishes that ended by it.
            clock: Of what the bus is told.
            view: What staff see of wishes.
            held: Answers that wait: who takes a chat over stops them.
            rules: For how long somebody has a chat.
            audit: Who did what.
            language: Of members whose words do not tell theirs.
        """
        self._bus = bus
        self._clock = clock
        self._view = view
        self._held = held
        self._mine = timedelta(minutes=rules.human_minutes)
        self._audit = audit
        self._language = language

    async def take(self, tx: Transaction, who: Contact, chat: Chat, now: datetime) -> Done:
        """Give a chat to somebody, or let them have it for longer.

        Raises:
            Refused: Somebody else has it; the sentence says who.
        """
        if not await ghost.take(tx, chat, who.id, now + self._mine):
            name = self._view.name(chat.taken_by, who.language)
            raise Refused(self._view.text("ghost.refused.taken", who.language, name=name))
        withdrawn = await self._held.withdraw(tx, chat, who, now)
        wish = await handoffs.take(tx, chat.channel, chat.address, who.id, now)
        if wish is not None:
            await self._show_wish(tx, wish, chat, now)
        if who.id not in await ghost.readers(tx.fetch, chat.handle):
            await ghost.read_along(tx, who.id, chat.handle, "read", now)
        if not chat.human or chat.taken_by != who.id:
            await self.note(tx, chat, now, actor_of(who), "ghost.taken")
        return Done(await ghost.name(tx, chat.channel, chat.address), withdrawn, wish)

    async def give_back(
        self, tx: Transaction, chat: Chat, now: datetime, actor: str, *, overdue_at: datetime | None = None
    ) -> Done | None:
        """Give a chat back to the assistant and tell the member; None when it has it already.

        Args:
            tx: The transaction.
            chat: Which.
            now: The moment.
            actor: Who does it, for the audit.
            overdue_at: Only if its time was over at this moment; None: in any case.
        """
        if not await ghost.give_back(tx, chat, overdue_at=overdue_at):
            return None
        wish = None
        if overdue_at is not None:  # taken and forgotten: who wished for a person still waits for one
            said = f"{ghost.SAID_BY_STAFF}{chat.handle}:"
            wish = await handoffs.reopen(tx, chat.channel, chat.address, said, now)
        wish = wish or await handoffs.end(tx, chat.channel, chat.address, now)
        if wish is not None:
            await self._show_wish(tx, wish, chat, now)
        text = self._view.text("ghost.member.back", await self.language_of(tx, chat))
        told = OutboundMessage(f"ghost:back:{new_id()}", chat.channel, chat.address, text)
        await outbox.add(tx, told, now)
        await self.note(tx, chat, now, actor, "ghost.returned")
        return Done(await ghost.name(tx, chat.channel, chat.address), handoff=wish)

    def announce(self, done: Done) -> None:
        """Tell the house what came of it."""
        for draft in done.withdrawn:
            self._held.announce(draft)
        if done.handoff is not None:
            self._bus.publish(
                HandoffChanged(at=self._clock.now(), handoff_id=done.handoff.id, state=done.handoff.state)
            )

    async def language_of(self, tx: Transaction, chat: Chat) -> Language:
        """In which language the member wrote last."""
        lines = await ghost.lines(tx.fetch, chat, _LINES_FOR_LANGUAGE)
        written = " ".join(line.text for line in lines if line.who == "member")
        return guess_language(written, self._language)

    async def note(
        self, tx: Transaction, chat: Chat | None, now: datetime, actor: str, act: str, **detail: int
    ) -> None:
        """Write into the audit which chat (None: all of them), by its handle, and whose, by pseudonym."""
        await self._audit.note(
            tx,
            now,
            actor=actor,
            act=act,
            member_id=await member_of(tx, chat) if chat else None,
            chat=chat.handle if chat else ghost.EVERY_CHAT,
            **detail,
        )

    async def _show_wish(self, tx: Transaction, wish: Handoff, chat: Chat, now: datetime) -> None:
        """Everybody who was told of a wish sees what became of it."""
        face = await ghost.face(tx.fetch, chat.channel, chat.address)
        for staff, key in await ghost.shown_to(tx.fetch, f"handoff/{wish.id}"):
            reader = self._view.people.get(staff)
            if reader is not None:
                text = self._view.handoff_text(wish, chat.handle, face, reader.language)
                await staff_posts.put(tx, staff, StaffPost(key, text), now)
