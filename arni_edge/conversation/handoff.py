"""Somebody wants to talk to a person: stored, told to the team, and watched until somebody takes it.

The member is told what is so: that the wish is there, that nobody has answered yet, that it takes longer.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.conversation.ghost_names import member_of
from arni_edge.conversation.ghost_view import GhostView
from arni_edge.conversation.turn import Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import HandoffChanged
from arni_edge.domain.handoff import HandoffReason
from arni_edge.domain.health import Progress
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import InboundMessage, Language, OutboundMessage
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import StaffLine
from arni_edge.settings.staff import Ghost
from arni_edge.storage import Database, Transaction, ghost, handoffs, outbox
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.ghost import Chat
from arni_edge.storage.handoffs import Handoff
from arni_edge.swarm.router import Intent

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 2.0
_CALLS: Final = 3
"""So often staff are told anew by itself; after that, at most once per term, when the member asks again."""

_FORGOTTEN: Final = timedelta(hours=1)
"""What was not understood longer ago is another conversation."""


class HandoffDesk:
    """Wishes for a person, from the first word to the one who takes it."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        *,
        view: GhostView,
        line: StaffLine,
        rules: Ghost,
        audit: AuditLog,
    ) -> None:
        """Make the desk; nothing runs before :meth:`run`.

        Args:
            database: Has the wishes.
            bus: Is told of every change.
            clock: When nobody came in time.
            view: What staff and members read; all staff.
            line: To staff.
            rules: How soon somebody should come.
            audit: That somebody asked; never what was written.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._view = view
        self._line = line
        self._people: Mapping[str, Contact] = view.people
        self._soon = timedelta(minutes=rules.handoff_minutes)
        self._audit = audit

    async def ask(self, message: InboundMessage, reason: HandoffReason, language: Language) -> str:
        """Keep a wish and tell the team. Asking again, also after a crash, is the same wish.

        Args:
            message: In which it was said.
            reason: Why.
            language: Of the member.

        Returns:
            The facts, for the member.
        """
        now = self._clock.now()
        on_call = list(self._line.on_call(now))

        async def store(tx: Transaction) -> Handoff | None:
            chat = await ghost.name(tx, message.channel, message.conversation)
            wish, fresh = await handoffs.ask(
                tx,
                new_id(),
                chat.channel,
                chat.address,
                reason=reason,
                language=language,
                now=now,
                due_at=now + self._soon,
            )
            if not fresh:
                return None
            await self._tell(tx, wish, chat, on_call or self._everybody(), now, quiet_ok=not on_call)
            await self._note(tx, wish, chat, now, "handoff.asked")
            return wish

        fresh = await self._database.write(store)
        if fresh is not None:
            self._publish(fresh)
        return self._view.text(f"handoff.member.{'asked' if on_call else 'off_duty'}", language)

    async def offer(self, turn: Turn) -> str:
        """What is added to the second answer in a row that says "I did not understand"; empty otherwise."""
        if turn.intent is not Intent.UNKNOWN or not turn.answer or not turn.message.text:
            return ""
        since = self._clock.now() - _FORGOTTEN
        rows = await self._database.read(
            "SELECT intent FROM inbound WHERE channel = ? AND conversation = ? AND state = 'handled'"
            " AND received_at >= ? ORDER BY id DESC LIMIT 1",
            (turn.message.channel, turn.message.conversation, since.isoformat()),
        )
        again = bool(rows) and rows[0]["intent"] == Intent.UNKNOWN
        return self._view.text("handoff.member.offer", turn.language) if again else ""

    async def run(self, progress: Progress) -> None:
        """Call again whom nobody heard, until cancelled."""
        while True:
            progress()
            try:
                await self.step()
            except Unavailable as error:
                _LOG.warning("handoff_step_postponed", reason=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def step(self) -> None:
        """Do now what is due now."""
        for wish in await handoffs.due(self._database.read, self._clock.now(), _CALLS):
            await self._late(wish)

    async def _late(self, wish: Handoff) -> None:
        """Nobody came in time: everybody is told, with a sound; the member is told once."""
        now = self._clock.now()

        async def store(tx: Transaction) -> Handoff | None:
            if not await handoffs.postpone(tx, wish, now + self._soon):
                return None
            late = await handoffs.find(tx.fetch, wish.id)
            assert late is not None
            chat = await ghost.name(tx, wish.channel, wish.address)
            await self._tell(tx, late, chat, self._everybody(), now, quiet_ok=False)
            if late.step == 1:
                text = self._view.text("handoff.member.late", wish.language)
                message = OutboundMessage(f"handoff:late:{wish.id}", wish.channel, wish.address, text)
                await outbox.add(tx, message, now)
            await self._note(tx, late, chat, now, "handoff.late")
            return late

        late = await self._database.write(store)
        if late is not None:
            self._publish(late)

    def _everybody(self) -> list[Contact]:
        """All who may take a chat over, those on call with them."""
        able = {one.id: one for one in self._people.values() if one.role >= Role.STAFF}
        on_call = {one.id: one for one in self._line.on_call(self._clock.now())}
        return list((on_call | able).values())

    async def _tell(
        self,
        tx: Transaction,
        wish: Handoff,
        chat: Chat,
        contacts: Iterable[Contact],
        now: datetime,
        *,
        quiet_ok: bool,
    ) -> None:
        face = await ghost.face(tx.fetch, chat.channel, chat.address)
        # Each call is a post of its own: one that is edited makes no sound.
        key = f"handoff/{wish.id}" + (f"/{wish.step}" if wish.step else "")
        await self._line.tell(
            tx,
            contacts,
            key,
            lambda language: self._view.handoff_text(wish, chat.handle, face, language),
            buttons=lambda language: self._view.handoff_buttons(wish, language),
            quiet_ok=quiet_ok,
            now=now,
        )

    async def _note(self, tx: Transaction, wish: Handoff, chat: Chat, now: datetime, act: str) -> None:
        await self._audit.note(
            tx,
            now,
            actor="system" if wish.step else "member",
            act=act,
            member_id=await member_of(tx, chat),
            chat=chat.handle,
            handoff=wish.id,
            reason=wish.reason,
            step=wish.step,
        )

    def _publish(self, wish: Handoff) -> None:
        self._bus.publish(HandoffChanged(at=self._clock.now(), handoff_id=wish.id, state=wish.state))
