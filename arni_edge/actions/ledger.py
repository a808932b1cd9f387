"""What is asked for and what becomes of it, stored: row, line in the audit, and who is told, in one commit.

Who says yes or no to it in between: :mod:`arni_edge.actions.decisions`.
"""

from collections.abc import Mapping
from typing import Any

from arni_edge.actions.action import MEMBER_EXPIRY, STAFF_EXPIRY, Action, ActionState, Outcome, digest_of
from arni_edge.actions.ports import Tickets
from arni_edge.actions.record import Record
from arni_edge.actions.rules import is_type_2
from arni_edge.actions.tool import Actor, ActorKind, Tool
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language
from arni_edge.domain.risk import Risk
from arni_edge.storage import Database, Row, Transaction, actions


class Ledger:
    """What is on file of actions: put there, begun and ended by nobody else."""

    def __init__(
        self, database: Database, clock: Clock, record: Record, *, tickets: Tickets, language: Language
    ) -> None:
        """Nothing is asked for yet; see :class:`~arni_edge.actions.executor.Executor` for the arguments."""
        self._database = database
        self._clock = clock
        self._record = record
        self._tickets = tickets
        self._language = language

    # --- asked for ----------------------------------------------------------------------------------------

    async def add(
        self,
        tool: Tool[Any, Any],
        arguments: str,
        actor: Actor,
        member_id: str | None,
        *,
        action_id: str | None = None,
        key: str | None = None,
        consequences: Mapping[str, str] | None = None,
    ) -> Row:
        """Put what was asked for on file: as a proposal, or as begun when nobody has to confirm it.

        Args:
            tool: What.
            arguments: Canonical.
            actor: Who asks.
            member_id: Whom it concerns, or None.
            action_id: Its id; None makes one.
            key: Who asks twice with one key in a conversation has asked once.
            consequences: By language; None when nobody has to confirm it.

        Returns:
            The row; one with another id when it was asked for before.

        Raises:
            InvalidInput: Something else was asked for with this key.
        """
        action_id, now = action_id or new_id(), self._clock.now()
        needs_yes = is_type_2(tool.risk)
        life = MEMBER_EXPIRY if actor.kind is ActorKind.MEMBER else STAFF_EXPIRY
        request = actions.Request(
            action_id=action_id,
            tool=tool.name,
            key=key,
            arguments=arguments,
            digest=digest_of(tool.name, arguments, actor.conversation, action_id),
            risk=tool.risk,
            assurance=tool.assurance,
            conversation=actor.conversation,
            proposer_kind=actor.kind,
            proposed_by=actor.id,
            proposer_assurance=actor.assurance,
            proposer_role=actor.role,
            language=actor.language,
            member_id=member_id,
            consequence=dict(consequences or {}),
            state=ActionState.PROPOSED if needs_yes else ActionState.EXECUTING,
            expires_at=now + life,
        )
        changed: list[Action] = []

        async def store(tx: Transaction) -> Row:
            before = key and await actions.by_key(tx, tool.name, actor.conversation, key)
            if before:
                if before["arguments"] != arguments:
                    raise InvalidInput(self._record.text("action.invalid.key", actor.language))
                return before
            if needs_yes:
                # Staff decide by buttons that name one action, so each of them may have one open.
                alone = None if actor.kind is ActorKind.MEMBER else actor.id
                changed.extend(
                    [
                        await self._record.end(tx, old, ActionState.EXPIRED, Outcome.SUPERSEDED, now)
                        for old in await actions.open_in(tx, actor.conversation, alone)
                    ]
                )
            await actions.add(tx, request, now)
            row = await self._record.row(tx, action_id)
            changed.append(self._record.read(row))
            await self._record.note(tx, changed[-1], actor.name, now)
            await self._record.show(tx, row, now)
            return row

        row = await self._database.write(store)
        self._record.publish(changed, now)
        return row

    async def expire(self, action_id: str, before: ActionState) -> Action | None:
        """End what nobody confirmed in time, or what was confirmed and could not be done in time.

        Args:
            action_id: Which.
            before: The state that it must still be in.

        Returns:
            It, or None when it went on in the meantime.
        """
        now = self._clock.now()

        async def store(tx: Transaction) -> Action | None:
            row = await actions.get(tx, action_id)
            if row is None or row["state"] != before:
                return None
            if before is ActionState.PROPOSED and actions.moment(row["expires_at"]) > now:
                return None  # somebody confirmed, and it was given longer
            return await self._record.end(tx, row, ActionState.EXPIRED, Outcome.LATE, now)

        action = await self._database.write(store)
        self._record.publish([action] if action else [], now)
        return action

    async def promise(self, action_id: str) -> Action | None:
        """Owe whoever asked how something ends, because they do not wait for it any longer.

        Returns:
            It, or None when it has ended, or was never begun.
        """

        async def store(tx: Transaction) -> Action | None:
            if not await actions.promise(tx, action_id):
                return None
            return self._record.read(await self._record.row(tx, action_id))

        return await self._database.write(store)

    # --- done ---------------------------------------------------------------------------------------------

    async def begin(self, action_id: str, *, again_after: int | None = None) -> Row | None:
        """Claim the effect of an action: once after its confirmation, or again after so many runs.

        Returns:
            The row; None when somebody else has claimed it, or it has ended.
        """
        now = self._clock.now()

        async def store(tx: Transaction) -> Row | None:
            if again_after is None:
                claimed = await actions.begin(tx, action_id)
            else:
                claimed = await actions.begin_again(tx, action_id, again_after)
            if not claimed:
                return None
            row = await self._record.row(tx, action_id)
            await self._record.note(tx, self._record.read(row), "system", now, run=row["runs"])
            return row

        row = await self._database.write(store)
        if row is not None:
            self._record.publish([self._record.read(row)], now)
        return row

    async def end(
        self,
        action_id: str,
        state: ActionState,
        outcome: Outcome,
        sentence: str,
        *,
        result: str = "",
        left: str = "",
    ) -> Action | None:
        """Store what became of an effect, and tell.

        Args:
            action_id: Which; it is executing.
            state: ``done`` or ``failed``.
            outcome: Why.
            sentence: What to tell whoever asked.
            result: What the tool gave back, as JSON.
            left: What a person has to finish, when it is stuck.

        Returns:
            It, or None when it was not executing any more.
        """
        now = self._clock.now()

        async def store(tx: Transaction) -> Action | None:
            row = await self._record.row(tx, action_id)
            if row["state"] != ActionState.EXECUTING:
                return None
            action = await self._record.end(tx, row, state, outcome, now, sentence=sentence, result=result)
            if action.risk is Risk.REVERSIBLE and outcome in {Outcome.REFUSED, Outcome.UNAVAILABLE}:
                await actions.free_key(tx, action_id)  # nothing was done: it may be asked for again
            if outcome in {Outcome.UNKNOWN, Outcome.STUCK}:
                values = {"tool": action.tool, "id": action_id, "left": left}
                text = self._record.text(f"action.ticket.{outcome}", self._language, **values)
                await self._tickets.open(tx, action, outcome, text, now)
            return action

        action = await self._database.write(store)
        self._record.publish([action] if action else [], now)
        return action
