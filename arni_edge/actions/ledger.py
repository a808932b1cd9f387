"""Every change of an action, stored: the row, its line in the audit, and who is told, in one commit."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from arni_edge.actions.action import (
    CONSOLE,
    MEMBER_EXPIRY,
    STAFF,
    STAFF_EXPIRY,
    Action,
    ActionState,
    NeedsAssurance,
    Outcome,
    Waiting,
    digest_of,
    is_digest,
)
from arni_edge.actions.ports import Outcomes, Tickets
from arni_edge.actions.rules import No, is_type_2, least_role, person, why_not_confirm, why_not_decide
from arni_edge.actions.staff_board import StaffBoard, concerns_staff
from arni_edge.actions.tool import Actor, ActorKind, Tool
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, InvalidInput, Refused
from arni_edge.domain.events import ActionChanged
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact, Role
from arni_edge.storage import Database, Row, Transaction, actions
from arni_edge.storage.audit import AuditLog

Tools = Mapping[str, Tool[Any, Any]]

_SKEW: Final = timedelta(seconds=60)
"""A proposal from further in the future than this is from a clock that was wrong, and so is its expiry."""


class Ledger:
    """What is on file of actions, and the only one who changes it."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        catalogue: Catalogue,
        *,
        audit: AuditLog,
        tools: Tools,
        people: Mapping[str, Contact],
        outcomes: Outcomes,
        tickets: Tickets,
        board: StaffBoard,
        language: Language,
    ) -> None:
        """Nothing is read yet; see :class:`~arni_edge.actions.executor.Executor` for the arguments."""
        self._database = database
        self._bus = bus
        self._clock = clock
        self._catalogue = catalogue
        self._audit = audit
        self._tools = tools
        self._people = people
        self._outcomes = outcomes
        self._tickets = tickets
        self._board = board
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
                    raise InvalidInput(self.text("action.invalid.key", actor.language))
                return before
            if needs_yes:
                # Staff decide by buttons that name one action, so each of them may have one open.
                alone = None if actor.kind is ActorKind.MEMBER else actor.id
                changed.extend(
                    [
                        await self._end(tx, old, ActionState.EXPIRED, Outcome.SUPERSEDED, now)
                        for old in await actions.open_in(tx, actor.conversation, alone)
                    ]
                )
            await actions.add(tx, request, now)
            row = await actions.get(tx, action_id)
            assert row is not None
            changed.append(self.read(row))
            await self._note(tx, changed[-1], actor.name, now)
            await self._show(tx, row, now)
            return row

        row = await self._database.write(store)
        self._publish(changed, now)
        return row

    # --- decided ------------------------------------------------------------------------------------------

    async def confirm(self, action_id: str, digest: str, actor: Actor, how: str) -> Action | Waiting:
        """Note a confirmation; see :meth:`Executor.confirm`. Returns the action once it is to be done."""
        now = self._clock.now()
        changed: list[Action] = []

        async def store(tx: Transaction) -> Action | Waiting:
            row, action = await self._open(tx, action_id, actor)
            intact = digest_of(action.tool, row["arguments"], action.conversation, action_id)
            if not is_digest(digest, action.digest) or action.digest != intact:
                raise self.refusal(No.GONE, actor)
            tool = self._tools.get(action.tool)
            confirmed = await actions.confirmed_by(tx, action_id)
            why = why_not_confirm(action, tool, actor, confirmed, self._people)
            if why is not None:
                raise self.refusal(why, actor, action.assurance)
            self._must_be_open(action, actor)
            if not actions.moment(row["proposed_at"]) - _SKEW <= now < action.expires_at:
                changed.append(await self._end(tx, row, ActionState.EXPIRED, Outcome.LATE, now))
                return changed[-1]
            needed = action.risk.confirmations
            fresh = await actions.add_confirmation(tx, action_id, person(actor), how, actor.assurance, now)
            if fresh:
                await self._note(tx, action, actor.name, now, act="confirmation", how=how)
            if await actions.confirm(tx, action_id, action.digest, needed, now):
                action = replace(action, state=ActionState.CONFIRMED)
                changed.append(action)
                await self._note(tx, action, actor.name, now)
                await self._show(tx, await self._row(tx, action_id), now)
                return action
            if fresh:
                # Somebody else has to be found now.
                await actions.extend(tx, action_id, max(action.expires_at, now + STAFF_EXPIRY))
                await self._show(tx, await self._row(tx, action_id), now)
            number = len(await actions.confirmed_by(tx, action_id))
            sentence = self.text("action.waiting", actor.language, confirmed=number, needed=needed)
            return Waiting(number, needed, sentence)

        became = await self._database.write(store)
        self._publish(changed, now)
        if isinstance(became, Action) and became.state is ActionState.EXPIRED:
            raise Refused(self.text("action.state.expired", actor.language))
        return became

    async def deny(self, action_id: str, actor: Actor) -> Action:
        """Note a no; see :meth:`Executor.deny`."""
        now = self._clock.now()

        async def store(tx: Transaction) -> Action:
            row, action = await self._open(tx, action_id, actor)
            self._must_be_open(action, actor)
            by_staff = actor.kind is ActorKind.STAFF
            sentence = self.text("action.told.denied", action.language) if by_staff else ""
            return await self._end(
                tx, row, ActionState.DENIED, Outcome.DENIED, now, actor=actor.name, sentence=sentence
            )

        action = await self._database.write(store)
        self._publish([action], now)
        return action

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
            return await self._end(tx, row, ActionState.EXPIRED, Outcome.LATE, now)

        action = await self._database.write(store)
        self._publish([action] if action else [], now)
        return action

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
            row = await self._row(tx, action_id)
            await self._note(tx, self.read(row), "system", now, run=row["runs"])
            return row

        row = await self._database.write(store)
        if row is not None:
            self._publish([self.read(row)], now)
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
            row = await self._row(tx, action_id)
            if row["state"] != ActionState.EXECUTING:
                return None
            action = await self._end(tx, row, state, outcome, now, sentence=sentence, result=result)
            if action.risk is Risk.REVERSIBLE and outcome in {Outcome.REFUSED, Outcome.UNAVAILABLE}:
                await actions.free_key(tx, action_id)  # nothing was done: it may be asked for again
            if outcome in {Outcome.UNKNOWN, Outcome.STUCK}:
                values = {"tool": action.tool, "id": action_id, "left": left}
                text = self.text(f"action.ticket.{outcome}", self._language, **values)
                await self._tickets.open(tx, action, outcome, text, now)
            return action

        action = await self._database.write(store)
        self._publish([action] if action else [], now)
        return action

    # --- read ---------------------------------------------------------------------------------------------

    def read(self, row: Row) -> Action:
        """An action from its row."""
        language = Language(row["language"])
        tool = self._tools.get(row["tool"])
        consequences: dict[str, str] = json.loads(row["consequence"])
        role = row["proposer_role"]
        return Action(
            action_id=row["action_id"],
            tool=row["tool"],
            digest=row["digest"],
            risk=Risk(row["risk"]),
            assurance=Assurance(row["assurance"]),
            conversation=row["conversation"],
            consequence=consequences.get(language, ""),
            expires_at=actions.moment(row["expires_at"]),
            state=ActionState(row["state"]),
            strict_word=self.text(f"action.word.{tool.word if tool else 'confirm'}", language),
            language=language,
            proposer=Actor(
                ActorKind(row["proposer_kind"]),
                row["proposed_by"],
                row["conversation"],
                Assurance(row["proposer_assurance"]),
                None if role is None else Role(role),
                language,
            ),
            member_id=row["member_id"],
            outcome=row["outcome"],
        )

    def text(self, key: str, language: Language, **values: object) -> str:
        """A sentence of the catalogue."""
        return self._catalogue.text(key, language, **values)

    def refusal(self, why: No, actor: Actor, needed: Assurance = Assurance.ANONYMOUS) -> ArniError:
        """The error that says why not."""
        sentence = self.text(f"action.refused.{why}", actor.language)
        return NeedsAssurance(sentence, needed) if why is No.ASSURANCE else Refused(sentence)

    # --- inside a transaction -----------------------------------------------------------------------------

    async def _open(self, tx: Transaction, action_id: str, actor: Actor) -> tuple[Row, Action]:
        """An action about which somebody has a say.

        Raises:
            Refused: There is none, or they have none.
        """
        row = await actions.get(tx, action_id)
        if row is None:
            raise self.refusal(No.GONE, actor)
        action = self.read(row)
        why = why_not_decide(action, self._tools.get(action.tool), actor, self._people)
        if why is not None:
            raise self.refusal(why, actor)
        return row, action

    def _must_be_open(self, action: Action, actor: Actor) -> None:
        if action.state is not ActionState.PROPOSED:
            raise Refused(self.text(f"action.state.{action.state}", actor.language))

    async def _end(
        self,
        tx: Transaction,
        row: Row,
        state: ActionState,
        outcome: Outcome,
        now: datetime,
        *,
        actor: str = "system",
        sentence: str | None = None,
        result: str = "",
    ) -> Action:
        """Bring an action to its end, note it and tell; ``sentence`` None: what is said when time is up."""
        if not await actions.end(tx, row["action_id"], row["state"], state, outcome, result, now):
            raise RuntimeError("an action moved inside of somebody else's transaction")
        row = await self._row(tx, row["action_id"])
        action = self.read(row)
        await self._note(tx, action, actor, now, outcome=outcome)
        await self._show(tx, row, now)
        if sentence is None and outcome is Outcome.LATE:
            sentence = self.text("action.told.late", action.language, consequence=action.consequence)
        if sentence and is_type_2(action.risk) and action.conversation not in {STAFF, CONSOLE}:
            await self._outcomes.tell(tx, action, sentence, now)
        return action

    async def _show(self, tx: Transaction, row: Row, now: datetime) -> None:
        action = self.read(row)
        confirmed = len(await actions.confirmed_by(tx, action.action_id))
        if concerns_staff(action, confirmed):
            tool = self._tools.get(action.tool)
            role = Role.STAFF if tool is None else least_role(tool)
            await self._board.show(tx, action, json.loads(row["consequence"]), role, confirmed, now)

    async def _note(
        self, tx: Transaction, action: Action, actor: str, now: datetime, *, act: str = "", **detail: Any
    ) -> None:
        # Without the digest: it covers a phone number that could be guessed from it.
        await self._audit.note(
            tx,
            now,
            actor=actor,
            act=f"action.{act or action.state}",
            member_id=action.member_id,
            action=action.action_id,
            tool=action.tool,
            **detail,
        )

    async def _row(self, tx: Transaction, action_id: str) -> Row:
        row = await actions.get(tx, action_id)
        if row is None:
            raise RuntimeError("an action vanished while it was under way")
        return row

    def _publish(self, changed: list[Action], now: datetime) -> None:
        for action in changed:
            if is_type_2(action.risk):
                self._bus.publish(
                    ActionChanged(at=now, action_id=action.action_id, tool=action.tool, state=action.state)
                )
