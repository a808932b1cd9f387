"""What staff are shown of an action: one post that is edited as it goes on."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from arni_edge.actions.action import CONSOLE, STAFF, Action, ActionState, Outcome
from arni_edge.actions.ports import Board
from arni_edge.actions.rules import COOLING, colleague, is_alone
from arni_edge.actions.tool import ActorKind
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Button, Contact, Role, StaffPost
from arni_edge.storage.database import Transaction

CONFIRM: Final = "action.confirm"
AGAIN: Final = "action.again"
DENY: Final = "action.deny"

_NEEDS_A_LOOK: Final = frozenset({Outcome.UNKNOWN, Outcome.STUCK})
"""It failed, but not without a trace."""


class StaffBoard:
    """Shows actions that staff decide about, and what became of them."""

    def __init__(self, catalogue: Catalogue, people: Mapping[str, Contact], put: Board) -> None:
        """Nothing is shown yet.

        Args:
            catalogue: What they read.
            people: All staff by id.
            put: Shows a post to one of them.
        """
        self._catalogue = catalogue
        self._people = people
        self._put = put

    def audience(self, role: Role) -> list[Contact]:
        """Everybody of this role or a higher one."""
        return [contact for contact in self._people.values() if contact.role >= role]

    async def show(
        self,
        tx: Transaction,
        action: Action,
        consequences: Mapping[str, str],
        role: Role,
        confirmed: Collection[str],
        word: Callable[[str, Language], str],
        now: datetime,
    ) -> None:
        """Show an action, or what became of it, to everybody who may decide about it.

        Args:
            tx: The transaction in which it changes.
            action: As it is then.
            consequences: What it is about, by language.
            role: The least role that may confirm it.
            confirmed: Who has confirmed it (:func:`~arni_edge.actions.rules.person`).
            word: The strict word of a tool, in a language.
            now: The moment.
        """
        for contact in self.audience(role):
            again = (
                action.state is ActionState.PROPOSED
                and colleague(contact) in confirmed
                and is_alone(action, role, contact, self._people)
            )
            text = self._text(action, consequences, len(confirmed), contact.language, now)
            if again:
                text += f"\n\n{self._again(word(action.tool, contact.language), contact.language)}"
            buttons: tuple[tuple[Button, ...], ...] = ()
            if action.state is ActionState.PROPOSED:
                yes = AGAIN if again else CONFIRM
                buttons = ((self._button(yes, action, contact), self._button(DENY, action, contact)),)
            post = StaffPost(f"action/{action.action_id}", text, buttons)
            await self._put(tx, contact.id, post, now)

    def _button(self, act: str, action: Action, contact: Contact) -> Button:
        label = self._catalogue.text(f"action.button.{act.partition('.')[2]}", contact.language)
        return Button(label, act, action.button)

    def _again(self, word: str, language: Language) -> str:
        minutes = round(COOLING.total_seconds() / 60)
        return self._catalogue.text("action.alone.board", language, word=word, minutes=minutes)

    def _text(
        self,
        action: Action,
        consequences: Mapping[str, str],
        confirmed: int,
        language: Language,
        now: datetime,
    ) -> str:
        consequence = consequences.get(language) or next(iter(consequences.values()), action.tool)
        known = action.state.value if action.outcome not in _NEEDS_A_LOOK else action.outcome
        seconds = (action.expires_at - now).total_seconds()
        return self._catalogue.text(
            f"action.board.{known}",
            language,
            consequence=consequence,
            who=self._who(action, language),
            confirmed=confirmed,
            needed=action.risk.confirmations,
            minutes=max(1, round(seconds / 60)),
        )

    def _who(self, action: Action, language: Language) -> str:
        proposer = action.proposer
        contact = self._people.get(proposer.id) if proposer.kind is ActorKind.STAFF else None
        if contact is not None:
            return contact.name
        return self._catalogue.text(
            f"action.who.{CONSOLE if proposer.conversation == CONSOLE else proposer.kind}", language
        )


def concerns_staff(action: Action, confirmed: int) -> bool:
    """Whether staff decide about an action now, or did."""
    if action.risk is Risk.GRAVE:
        return action.proposer.kind is not ActorKind.MEMBER or confirmed > 0
    return action.risk is Risk.IRREVERSIBLE and action.conversation == STAFF
