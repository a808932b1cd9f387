"""The one-way door: who asks for something passes here, and has the effect only if they may.

What only reads, and what can be undone, runs at once. What cannot be undone stops::

    proposed ──► confirmed ──► executing ──► done
        ├──► denied    └──► expired   └────► failed
        └──► expired

Each arrow is one statement that names the state before it, committed with its line in the audit and with
whatever tells people of it; so of two confirmations one is used, and a crash leaves a state from which
:meth:`Executor.resume` knows what is right.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from pydantic import ValidationError

from arni_edge.actions.action import (
    STAFF,
    Action,
    ActionState,
    Done,
    Proposed,
    Started,
    Waiting,
    canonical,
    is_id,
)
from arni_edge.actions.decisions import Decisions
from arni_edge.actions.effects import AnyTool, Effects
from arni_edge.actions.ledger import Ledger
from arni_edge.actions.ports import Board, Herald, Outcomes, Tickets
from arni_edge.actions.record import Record
from arni_edge.actions.rules import No, is_type_2, least_role, why_not_ask
from arni_edge.actions.staff_board import StaffBoard
from arni_edge.actions.staff_buttons import staff_buttons
from arni_edge.actions.tool import Actor, ActorKind, Described, Form
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact, StaffAct
from arni_edge.storage import Database, actions, staff_posts
from arni_edge.storage.audit import AuditLog

_LOG = structlog.get_logger(__name__)

_LONGEST_ARGUMENTS: Final = 16_384
"""Characters of canonical JSON; a message of WhatsApp has 4096 at most."""
_LOOK_SECONDS: Final = 2.0


class Executor:
    """Takes requests, waits for their confirmation, and alone has the effect.

    Attributes:
        tools: What can be asked for, by name.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        catalogue: Catalogue,
        *,
        audit: AuditLog,
        tools: Iterable[AnyTool],
        people: Mapping[str, Contact],
        outcomes: Outcomes,
        tickets: Tickets,
        herald: Herald,
        language: Language,
        board: Board = staff_posts.put,
    ) -> None:
        """Nothing is done before somebody asks.

        Args:
            database: Every step is in it before anything acts on it.
            bus: Told of every change of what needs a confirmation.
            clock: Decides when a proposal is over.
            catalogue: What people read.
            audit: Gets a line for every change.
            tools: What can be asked for.
            people: All staff by id, from the settings: nobody else confirms as staff.
            outcomes: Tells people in their conversation what became of it.
            tickets: Has a person look at what nobody knows the outcome of.
            herald: Tells the only one who may confirm what needs two that their account has done so.
            language: The gym's, in which tickets are kept.
            board: Shows staff what waits for them.

        Raises:
            ValueError: Two tools have one name.
        """
        self._tools: dict[str, AnyTool] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise ValueError(f"two tools are called {tool.name}")
            self._tools[tool.name] = tool
        self._database = database
        self._clock = clock
        self._people = people
        self._board = StaffBoard(catalogue, people, board)
        self._record = Record(
            bus, catalogue, audit=audit, tools=self._tools, outcomes=outcomes, board=self._board
        )
        self._ledger = Ledger(database, clock, self._record, tickets=tickets, language=language)
        self._decisions = Decisions(
            database, clock, self._record, tools=self._tools, people=people, herald=herald
        )
        self._effects = Effects(database, clock, self._ledger, self._record, self._tools)
        self._text = catalogue.text
        self._acts = staff_buttons(self, catalogue)

    @property
    def tools(self) -> Mapping[str, Described]:
        """What can be asked for, by name; there is no way from here to an effect."""
        return self._tools

    # --- asking -------------------------------------------------------------------------------------------

    async def do(
        self, name: str, arguments: Mapping[str, Any], actor: Actor, *, key: str | None = None
    ) -> Done | Proposed | Started:
        """Do something, or propose it when it cannot be undone.

        Args:
            name: Of the tool; hostile.
            arguments: As its form wants them; hostile.
            actor: Who asks, as the channel knows them.
            key: Who asks twice with one key in a conversation has asked once, also across a crash: the key of
                the message that is answered, for instance. Of no use to what only reads.

        Raises:
            InvalidInput: There is no such tool, or the arguments do not fit.
            NeedsAssurance: It may be done once we are surer who asks.
            Refused: They may not, or it cannot be done.
            Unavailable: It could not be done or stored now; nothing was done.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise InvalidInput(self._text("action.invalid.tool", actor.language))
        form = self._form(tool, arguments, actor.language)
        subject = tool.subject(form)
        why = why_not_ask(tool, actor, subject, self._people)
        if why is not None:
            raise self._record.refusal(why, actor, tool.assurance)
        if tool.risk is Risk.READ:
            read = await self._effects.read(tool, form, actor)
            return Done(read, sentence=tool.told(read, actor.language) or "")
        about = subject or (actor.id if actor.kind is ActorKind.MEMBER else None) or None
        text = canonical(form)
        if not is_type_2(tool.risk):
            return await self._effects.at_once(tool, text, actor, about, key)
        consequences: dict[str, str] = {
            language: await self._effects.in_time(tool, tool.consequence(form, language), actor.language)
            for language in self._languages(tool, actor)
        }
        row = await self._ledger.add(tool, text, actor, about, key=key, consequences=consequences)
        action = self._record.read(row)
        if action.state is ActionState.PROPOSED:
            return Proposed(action, self.question(action))
        return await self._effects.joined(row)

    def question(self, action: Action) -> str:
        """What to ask whoever must confirm: the consequence, and how a yes looks."""
        seconds = (action.expires_at - self._clock.now()).total_seconds()
        where = "staff" if action.conversation == STAFF else "word"
        return self._text(
            f"action.question.{where}",
            action.language,
            consequence=action.consequence,
            word=action.strict_word,
            minutes=max(1, round(seconds / 60)),
        )

    # --- deciding -----------------------------------------------------------------------------------------

    async def confirm(self, action_id: str, digest: str, actor: Actor, how: str) -> Done | Waiting:
        """Confirm an action, and do it once enough people have.

        Args:
            action_id: Which; hostile.
            digest: Its digest, or the beginning of it that a button carries; hostile.
            actor: Who confirms, as the channel knows them.
            how: ``word``, ``button`` or ``console``; for the audit.

        Raises:
            NeedsAssurance: They may once we are surer who they are.
            Refused: They may not, it is over or decided already, it could not be done, or nobody knows
                whether it was done. Its sentence is fit for whoever confirmed.
            Unavailable: It could not be done or stored now; nothing was done.
        """
        self._effects.must_be_up(actor.language)
        self._must_be_id(action_id, actor)
        became = await self._decisions.confirm(action_id, digest, actor, how)
        if isinstance(became, Waiting):
            return became
        return await self._effects.execute(became.action_id)

    async def confirm_again(self, action_id: str, digest: str, actor: Actor, text: str) -> Done:
        """Confirm a second time what needs two people, where only one could ever confirm it; and do it.

        Args:
            action_id: Which; hostile.
            digest: Its digest, or the beginning of it that a button carries; hostile.
            actor: Who confirms, as the channel knows them: the one who has confirmed it, some time ago.
            text: Must be the strict word; hostile.

        Raises:
            Refused: There is somebody else who has to, it is too early, the word is another one, or as
                :meth:`confirm`.
            Unavailable: It could not be done or stored now; nothing was done.
        """
        self._effects.must_be_up(actor.language)
        self._must_be_id(action_id, actor)
        await self._decisions.confirm_again(action_id, digest, actor, text)
        return await self._effects.execute(action_id)

    async def deny(self, action_id: str, actor: Actor) -> Action:
        """Say no to an action; whoever may confirm it may, and the console to what needs two people.

        Raises:
            Refused: They may not, or it is over or decided already.
        """
        self._must_be_id(action_id, actor)
        return await self._decisions.deny(action_id, actor)

    async def pending(self, conversation: str) -> Action | None:
        """The newest proposal that waits in a conversation, or None."""
        row = await actions.newest_open(self._database, conversation, self._clock.now())
        return None if row is None else self._record.read(row)

    async def latest(self, conversation: str) -> Action | None:
        """What was proposed last in a conversation, whatever became of it; None if nothing ever was."""
        row = await actions.newest(self._database, conversation)
        return None if row is None else self._record.read(row)

    async def waiting(self) -> list[Action]:
        """Everything that waits for a confirmation anywhere, oldest first."""
        rows = await actions.all_open(self._database, self._clock.now())
        return [self._record.read(row) for row in rows]

    def staff_acts(self) -> Mapping[str, StaffAct]:
        """What staff do about actions by a button; its argument is :attr:`Action.button`."""
        return self._acts

    # --- going on -----------------------------------------------------------------------------------------

    async def resume(self) -> None:
        """Take up what a crash interrupted; :meth:`run` begins with it.

        What was confirmed is done if that was just now; what was under way goes on if it may be repeated, and
        has an unknown outcome otherwise. Returns once all of it has begun again.
        """
        await self._effects.resume()

    async def expire(self) -> None:
        """End the proposals whose time is up, and say so."""
        for action_id in await actions.over(self._database, self._clock.now()):
            await self._ledger.expire(action_id, ActionState.PROPOSED)

    async def run(self, progress: Progress) -> None:
        """Resume, then end what nobody confirms, until cancelled."""
        self._effects.open()
        is_resumed = False
        try:
            while True:
                progress()
                try:
                    if not is_resumed:
                        await self.resume()
                        is_resumed = True
                    await self.expire()
                except Unavailable as error:
                    _LOG.warning("actions_not_read", reason=str(error))
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await self._effects.wind_up()

    async def idle(self) -> None:
        """Return once no effect is under way."""
        await self._effects.idle()

    # --- what came in -------------------------------------------------------------------------------------

    def _must_be_id(self, action_id: str, actor: Actor) -> None:
        if not is_id(action_id):
            raise self._record.refusal(No.GONE, actor)

    def _form(self, tool: AnyTool, arguments: Mapping[str, Any], language: Language) -> Form:
        """Arguments that fit.

        Raises:
            InvalidInput: They do not; names the fields that it knows, never what was in them.
        """
        try:
            text = canonical(tool.arguments.model_validate(dict(arguments)))
            if len(text) > _LONGEST_ARGUMENTS:
                raise InvalidInput(self._text("action.invalid.long", language))
            # What is asked, confirmed and done is what is stored, not what it was read from.
            form: Form = tool.arguments.model_validate_json(text.encode())
        except ValidationError as error:
            wrong = {str(one["loc"][0]) if one["loc"] else "" for one in error.errors(include_input=False)}
            known = sorted(wrong & set(tool.arguments.model_fields))
            which = "fields" if known else "more"
            raise InvalidInput(
                self._text(f"action.invalid.{which}", language, fields=", ".join(known))
            ) from None
        except (TypeError, ValueError, RecursionError):
            raise InvalidInput(self._text("action.invalid.more", language)) from None
        return form

    def _languages(self, tool: AnyTool, actor: Actor) -> list[Language]:
        """In which a consequence is read: by who asks, and by staff where they have to confirm it."""
        by_staff = tool.risk is Risk.GRAVE or actor.conversation == STAFF
        readers = self._board.audience(least_role(tool)) if by_staff else []
        return sorted({actor.language, *(contact.language for contact in readers)})
