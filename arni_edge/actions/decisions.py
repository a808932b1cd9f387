"""Who says yes or no to an action, stored with its line in the audit and with what people are told of it."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from arni_edge.actions.action import (
    STAFF_EXPIRY,
    Action,
    ActionState,
    Outcome,
    Waiting,
    digest_of,
    is_digest,
)
from arni_edge.actions.confirmation import Reading, read
from arni_edge.actions.ports import Herald
from arni_edge.actions.record import Record, Tools
from arni_edge.actions.rules import (
    COOLING,
    No,
    is_alone,
    least_role,
    person,
    why_not_confirm,
    why_not_decide,
)
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.staff import Contact
from arni_edge.storage import Database, Row, Transaction, actions

_SKEW: Final = timedelta(seconds=60)
"""A proposal from further in the future than this is from a clock that was wrong, and so is its expiry."""


class Decisions:
    """Takes a yes or a no from whoever may say it, and uses it once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        record: Record,
        *,
        tools: Tools,
        people: Mapping[str, Contact],
        herald: Herald,
    ) -> None:
        """Nothing is decided yet; see :class:`~arni_edge.actions.executor.Executor` for the arguments."""
        self._database = database
        self._clock = clock
        self._record = record
        self._tools = tools
        self._people = people
        self._herald = herald

    async def confirm(self, action_id: str, digest: str, actor: Actor, how: str) -> Action | Waiting:
        """Note a confirmation; see :meth:`Executor.confirm`. Returns the action once it is to be done."""
        now = self._clock.now()
        warned: list[tuple[Contact, str, str]] = []

        async def say(tx: Transaction, action: Action) -> Action | Waiting:
            alone = self._alone(action, actor)
            fresh = await actions.add_confirmation(tx, action_id, person(actor), how, actor.assurance, now)
            if fresh:
                await self._record.note(tx, action, actor.name, now, act="confirmation", how=how)
            if await self._use(tx, action, actor, now):
                return replace(action, state=ActionState.CONFIRMED)
            if fresh:
                # Somebody else has to be found now, or the same person has to let time pass.
                longer = STAFF_EXPIRY if alone is None else COOLING + STAFF_EXPIRY
                await actions.extend(tx, action_id, max(action.expires_at, now + longer))
                await self._record.show(tx, await self._record.row(tx, action_id), now)
            if alone is None:
                return await self._others_wanted(tx, action, actor)
            if fresh:
                warned.append((alone, f"action/{action_id}/alone", self._warning(action, alone)))
                await self._herald.store(tx, *warned[0], now)
            return await self._time_wanted(tx, action, actor, now)

        became = await self._decide(action_id, digest, actor, now, say)
        for one in warned:
            await self._herald.call(*one)
        return became

    async def confirm_again(self, action_id: str, digest: str, actor: Actor, text: str) -> None:
        """Note that somebody said it twice; see :meth:`Executor.confirm_again`."""
        now = self._clock.now()

        async def say(tx: Transaction, action: Action) -> Action:
            if person(actor) not in await actions.confirmed_by(tx, action_id):
                raise self._record.refusal(No.GONE, actor)
            if self._alone(action, actor) is None:
                raise self._record.refusal(No.SAME_PERSON, actor)
            word = self._record.word(action.tool, actor.language)
            if read(text, word) is not Reading.CONFIRM:
                raise Refused(self._record.text("approval.only_the_word", actor.language, word=word))
            if not await actions.confirm_again(tx, action_id, person(actor), now, now - COOLING):
                minutes = await self._minutes_left(tx, action, actor, now)
                raise Refused(self._record.text("action.alone.early", actor.language, minutes=minutes))
            await self._record.note(tx, action, actor.name, now, act="confirmation", how="again")
            if not await self._use(tx, action, actor, now):
                raise RuntimeError("said twice by the only one who may, and not enough")
            return replace(action, state=ActionState.CONFIRMED)

        await self._decide(action_id, digest, actor, now, say)

    async def deny(self, action_id: str, actor: Actor) -> Action:
        """Note a no; see :meth:`Executor.deny`."""
        now = self._clock.now()

        async def store(tx: Transaction) -> Action:
            row, action = await self._open(tx, action_id, actor)
            self._must_be_open(action, actor)
            by_staff = actor.kind is ActorKind.STAFF
            sentence = self._record.text("action.told.denied", action.language) if by_staff else ""
            return await self._record.end(
                tx, row, ActionState.DENIED, Outcome.DENIED, now, actor=actor.name, sentence=sentence
            )

        action = await self._database.write(store)
        self._record.publish([action], now)
        return action

    # --- inside a transaction -----------------------------------------------------------------------------

    async def _decide(
        self,
        action_id: str,
        digest: str,
        actor: Actor,
        now: datetime,
        say: Callable[[Transaction, Action], Awaitable[Action | Waiting]],
    ) -> Action | Waiting:
        """Store a yes of somebody whose yes counts, to exactly this, in time.

        Raises:
            NeedsAssurance: It counts once we are surer who they are.
            Refused: It does not count.
        """
        changed: list[Action] = []

        async def store(tx: Transaction) -> Action | Waiting:
            row, action = await self._open(tx, action_id, actor)
            intact = digest_of(action.tool, row["arguments"], action.conversation, action_id)
            if not is_digest(digest, action.digest) or action.digest != intact:
                raise self._record.refusal(No.GONE, actor)
            confirmed = await actions.confirmed_by(tx, action_id)
            why = why_not_confirm(action, self._tools.get(action.tool), actor, confirmed, self._people)
            if why is not None:
                raise self._record.refusal(why, actor, action.assurance)
            self._must_be_open(action, actor)
            if actions.moment(row["proposed_at"]) - _SKEW <= now < action.expires_at:
                became = await say(tx, action)
            else:
                became = await self._record.end(tx, row, ActionState.EXPIRED, Outcome.LATE, now)
            if isinstance(became, Action):
                changed.append(became)
            return became

        became = await self._database.write(store)
        self._record.publish(changed, now)
        if isinstance(became, Action) and became.state is ActionState.EXPIRED:
            raise Refused(self._record.text("action.state.expired", actor.language))
        return became

    async def _use(self, tx: Transaction, action: Action, actor: Actor, now: datetime) -> bool:
        """Use what was said, if it is enough; of all who try, one does."""
        needed = action.risk.confirmations
        if not await actions.confirm(tx, action.action_id, action.digest, needed, now):
            return False
        await self._record.note(tx, replace(action, state=ActionState.CONFIRMED), actor.name, now)
        await self._record.show(tx, await self._record.row(tx, action.action_id), now)
        return True

    async def _open(self, tx: Transaction, action_id: str, actor: Actor) -> tuple[Row, Action]:
        """An action about which somebody has a say.

        Raises:
            Refused: There is none, or they have none.
        """
        row = await actions.get(tx, action_id)
        if row is None:
            raise self._record.refusal(No.GONE, actor)
        action = self._record.read(row)
        why = why_not_decide(action, self._tools.get(action.tool), actor, self._people)
        if why is not None:
            raise self._record.refusal(why, actor)
        return row, action

    def _must_be_open(self, action: Action, actor: Actor) -> None:
        if action.state is not ActionState.PROPOSED:
            raise Refused(self._record.text(f"action.state.{action.state}", actor.language))

    # --- alone --------------------------------------------------------------------------------------------

    def _alone(self, action: Action, actor: Actor) -> Contact | None:
        """Whoever decides, if nobody else could ever confirm beside them."""
        tool = self._tools.get(action.tool)
        contact = self._people.get(actor.id) if actor.kind is ActorKind.STAFF else None
        if tool is None or contact is None or not is_alone(action, least_role(tool), contact, self._people):
            return None
        return contact

    async def _others_wanted(self, tx: Transaction, action: Action, actor: Actor) -> Waiting:
        number, needed = len(await actions.confirmed_by(tx, action.action_id)), action.risk.confirmations
        text = self._record.text("action.waiting", actor.language, confirmed=number, needed=needed)
        return Waiting(number, needed, text)

    async def _time_wanted(self, tx: Transaction, action: Action, actor: Actor, now: datetime) -> Waiting:
        minutes = await self._minutes_left(tx, action, actor, now)
        word = self._record.word(action.tool, actor.language)
        key = "action.alone.waiting" if minutes else "action.alone.now"
        text = self._record.text(key, actor.language, minutes=minutes, word=word)
        return Waiting(1, action.risk.confirmations, text)

    async def _minutes_left(self, tx: Transaction, action: Action, actor: Actor, now: datetime) -> int:
        """Until they may say it again."""
        said = await actions.confirmed_at(tx, action.action_id, person(actor))
        return max(0, math.ceil((said + COOLING - now) / timedelta(minutes=1)))

    def _warning(self, action: Action, contact: Contact) -> str:
        """What they are told on every other way; not what it is about: others see a telephone's screen."""
        return self._record.text(
            "action.alone.warning",
            contact.language,
            word=self._record.word(action.tool, contact.language),
            minutes=round(COOLING / timedelta(minutes=1)),
            id=action.action_id[-6:],
        )
