"""An action as it is read, and what is written with every change: audit, board, what people are told."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from arni_edge.actions.action import (
    CONSOLE,
    STAFF,
    Action,
    ActionState,
    NeedsAssurance,
    Outcome,
)
from arni_edge.actions.ports import Outcomes
from arni_edge.actions.rules import No, is_type_2, least_role
from arni_edge.actions.staff_board import StaffBoard, concerns_staff
from arni_edge.actions.tool import Actor, ActorKind, Tool
from arni_edge.bus import Bus
from arni_edge.domain.errors import ArniError, Refused
from arni_edge.domain.events import ActionChanged
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Role
from arni_edge.storage import Row, Transaction, actions
from arni_edge.storage.audit import AuditLog

Tools = Mapping[str, Tool[Any, Any]]


class Record:
    """How an action reads, and who hears of a change; every change is somebody else's."""

    def __init__(
        self,
        bus: Bus,
        catalogue: Catalogue,
        *,
        audit: AuditLog,
        tools: Tools,
        outcomes: Outcomes,
        board: StaffBoard,
    ) -> None:
        """Nothing is read yet; see :class:`~arni_edge.actions.executor.Executor` for the arguments."""
        self._bus = bus
        self._catalogue = catalogue
        self._audit = audit
        self._tools = tools
        self._outcomes = outcomes
        self._board = board

    # --- read ---------------------------------------------------------------------------------------------

    def read(self, row: Row) -> Action:
        """An action from its row."""
        language = Language(row["language"])
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
            strict_word=self.word(row["tool"], language),
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

    def word(self, tool: str, language: Language) -> str:
        """The strict word of a tool, as it is shown."""
        known = self._tools.get(tool)
        return self.text(f"action.word.{known.word if known else 'confirm'}", language)

    def text(self, key: str, language: Language, **values: object) -> str:
        """A sentence of the catalogue."""
        return self._catalogue.text(key, language, **values)

    def refusal(self, why: No, actor: Actor, needed: Assurance = Assurance.ANONYMOUS) -> ArniError:
        """The error that says why not."""
        sentence = self.text(f"action.refused.{why}", actor.language)
        return NeedsAssurance(sentence, needed) if why is No.ASSURANCE else Refused(sentence)

    async def row(self, tx: Transaction, action_id: str) -> Row:
        """The row of an action that is there."""
        row = await actions.get(tx, action_id)
        if row is None:
            raise RuntimeError("an action vanished while it was under way")
        return row

    # --- written with a change ----------------------------------------------------------------------------

    async def end(
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
        """Bring an action to its end, note it and tell.

        Args:
            tx: The transaction.
            row: As it is before.
            state: How it ends.
            outcome: Why.
            now: The moment.
            actor: Who ends it, for the audit.
            sentence: What is told; None: what is said when time is up.
            result: What the tool gave back, as JSON.
        """
        if not await actions.end(tx, row["action_id"], row["state"], state, outcome, result, now):
            raise RuntimeError("an action moved inside of somebody else's transaction")
        row = await self.row(tx, row["action_id"])
        action = self.read(row)
        await self.note(tx, action, actor, now, outcome=outcome)
        await self.show(tx, row, now)
        if sentence is None and outcome is Outcome.LATE:
            sentence = self.text("action.told.late", action.language, consequence=action.consequence)
        is_owed = is_type_2(action.risk) or bool(row["promised"])
        if sentence and is_owed and action.conversation not in {STAFF, CONSOLE}:
            await self._outcomes.tell(tx, action, sentence, now)
        return action

    async def show(self, tx: Transaction, row: Row, now: datetime) -> None:
        """Show staff what concerns them of it."""
        action = self.read(row)
        confirmed = await actions.confirmed_by(tx, action.action_id)
        if concerns_staff(action, len(confirmed)):
            tool = self._tools.get(action.tool)
            role = Role.STAFF if tool is None else least_role(tool)
            consequences = json.loads(row["consequence"])
            await self._board.show(tx, action, consequences, role, confirmed, self.word, now)

    async def note(
        self, tx: Transaction, action: Action, actor: str, now: datetime, *, act: str = "", **detail: Any
    ) -> None:
        """Write a line into the audit; ``act`` empty: that it is now in its state."""
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

    def publish(self, changed: Iterable[Action], now: datetime) -> None:
        """Tell the house what changed, once it is on the disk."""
        for action in changed:
            if is_type_2(action.risk):
                self._bus.publish(
                    ActionChanged(at=now, action_id=action.action_id, tool=action.tool, state=action.state)
                )
