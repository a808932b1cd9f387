"""Stage 8, pending approval: a strict word means exactly the action last proposed in this conversation."""

from dataclasses import replace
from datetime import timedelta
from typing import Final, Protocol

from arni_edge.actions.action import Action, ActionState, Done, Waiting, read_button
from arni_edge.actions.confirmation import Reading, read
from arni_edge.actions.staff_board import CONFIRM, DENY
from arni_edge.actions.tool import Actor
from arni_edge.conversation.offers import Chosen, Missed, answer_in
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.storage import Database, drafts, inbox, offers
from arni_edge.swarm.router import is_bare_yes

_DECIDED: Final = frozenset(
    {ActionState.CONFIRMED, ActionState.EXECUTING, ActionState.DONE, ActionState.FAILED}
)

_REMEMBERED: Final = timedelta(minutes=10)
"""The strict word that comes later than this after a proposal was over is a new wish."""


class Approvals(Protocol):
    """What is needed of the one-way door."""

    async def pending(self, conversation: str) -> Action | None:
        """What waits for a confirmation in a conversation."""
        ...

    async def latest(self, conversation: str) -> Action | None:
        """What was proposed last in a conversation, whatever became of it."""
        ...

    async def confirm(self, action_id: str, digest: str, actor: Actor, how: str) -> Done | Waiting:
        """Confirm an action, and do it once enough people have."""
        ...

    async def deny(self, action_id: str, actor: Actor) -> Action:
        """Say no to an action."""
        ...

    def question(self, action: Action) -> str:
        """What to ask whoever must confirm."""
        ...


class Approval:
    """Reads a reply to what was proposed or offered.

    The strict word confirms, a no ends it, everything else leaves it open. A number stands for the option
    that was offered under it, but never for the strict word.

    What became of a confirmed action is told by the executor, in the commit in which it ends: nothing is said
    here that a crash could swallow or double.
    """

    name = "approval"

    def __init__(self, database: Database, clock: Clock, catalogue: Catalogue, approvals: Approvals) -> None:
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._approvals = approvals

    async def __call__(self, turn: Turn) -> Step:
        """Take a reply to a proposal out of the line, and a bare yes; everything else passes."""
        if not turn.is_spoken:  # a caption, or an old message that was changed, is no reply
            return Step.ON
        match await answer_in(self._database, turn.message):
            case Missed(most):
                key = "choice.none" if most else "choice.over"
                turn.answer = self._text(key, turn.language, most=most)
                return Step.ANSWERED
            case Chosen() as chosen:
                return await self._choose(turn, chosen)
            case None:
                return await self._reply(turn)

    async def _choose(self, turn: Turn, chosen: Chosen) -> Step:
        """Take a number for the option that it stands for, as if that were tapped; it confirms nothing."""
        message, option = turn.message, chosen.option
        if option.id.startswith((f"{CONFIRM}:", f"{DENY}:")):
            pending = await self._approvals.pending(turn.person.who.conversation)
            pressed = None if pending is None else _pressed(option.id, pending)
            if pending is None or pressed is None:
                turn.answer = self._text("choice.over", turn.language, most=0)
                return Step.ANSWERED
            if pressed is Reading.DENY:
                return await self._deny(turn, pending)
            return self._ask_for_the_word(turn, pending)
        turn.notes.append(lambda tx: offers.take(tx, chosen.offer, message))
        turn.message = replace(message, text=option.title, payload=option.id)
        return Step.ON

    async def _reply(self, turn: Turn) -> Step:
        conversation = turn.person.who.conversation
        pending = await self._approvals.pending(conversation)
        if pending is None:
            return await self._nothing_pends(turn, conversation)
        pressed = _pressed(turn.message.payload, pending)
        reading = pressed or read(turn.message.text, pending.strict_word)
        if reading is Reading.DENY:
            return await self._deny(turn, pending)
        # Nobody says yes to a question that they cannot have read: the word is a wish, too ("kündigen!").
        if await drafts.hides(self._database.read, pending.action_id):
            return await self._nothing_pends(turn, conversation)
        if reading is Reading.CONFIRM:
            if await inbox.came_before(self._database, turn.message, pending.action_id):
                return Step.ON
            return await self._confirm(turn, pending, "button" if pressed else "word")
        if is_bare_yes(turn.message.text):
            return self._ask_for_the_word(turn, pending)
        return Step.ON

    def _ask_for_the_word(self, turn: Turn, pending: Action) -> Step:
        only = self._text("approval.only_the_word", pending.language, word=pending.strict_word)
        turn.answer = f"{self._approvals.question(pending)} {only}"
        return Step.ANSWERED

    async def _nothing_pends(self, turn: Turn, conversation: str) -> Step:
        if is_bare_yes(turn.message.text):
            turn.answer = self._text("talk.nothing_to_confirm", turn.language)
            return Step.ANSWERED
        latest = await self._approvals.latest(conversation)
        if (
            latest is not None
            and latest.state in _DECIDED
            and self._clock.now() < latest.expires_at + _REMEMBERED
            and read(turn.message.text, latest.strict_word) is Reading.CONFIRM
        ):  # said twice, or taken up again after a crash: what became of it is told by the executor
            turn.answer = self._text(f"action.state.{latest.state}", latest.language)
            return Step.ANSWERED
        return Step.ON

    async def _confirm(self, turn: Turn, action: Action, how: str) -> Step:
        try:
            became = await self._approvals.confirm(action.action_id, action.digest, turn.person.actor, how)
        except (Refused, Unavailable) as error:
            latest = await self._approvals.latest(action.conversation)
            if latest is None or latest.state is ActionState.PROPOSED:  # else it has ended, and was told
                turn.answer = str(error)
            return Step.ANSWERED
        if isinstance(became, Waiting):
            turn.answer = became.sentence
        return Step.ANSWERED

    async def _deny(self, turn: Turn, action: Action) -> Step:
        try:
            await self._approvals.deny(action.action_id, turn.person.actor)
        except Refused as error:
            turn.answer = str(error)
        else:
            turn.answer = self._text("approval.denied", action.language)
        return Step.ANSWERED


def _pressed(payload: str | None, action: Action) -> Reading | None:
    """What a button means, if it is one of this action; one of an older action means nothing any more."""
    act, _, argument = (payload or "").partition(":")
    if act not in {CONFIRM, DENY} or read_button(argument) is None or argument != action.button:
        return None
    return Reading.CONFIRM if act == CONFIRM else Reading.DENY
