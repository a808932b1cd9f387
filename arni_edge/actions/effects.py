"""Effects: the only caller of a tool, and what is known of how each call ended.

Whoever asked may stop waiting; the effect goes on in a task of its own, and its end is stored before anything
else. A crash leaves a state from which :meth:`Effects.resume` knows what is right.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

import structlog
from pydantic import ValidationError

from arni_edge.actions.action import CONSOLE, STAFF, Action, ActionState, Done, Outcome, Started
from arni_edge.actions.ledger import Ledger
from arni_edge.actions.record import Record
from arni_edge.actions.saga import Stuck
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, InvalidInput, Refused, Unavailable
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language
from arni_edge.storage import Database, Row, actions

_LOG = structlog.get_logger(__name__)

AnyTool = Tool[Any, Any]
T = TypeVar("T")

RESUME_WINDOW: Final = timedelta(seconds=120)
"""What was confirmed so long ago and not begun is not done any more: nobody counts on it."""

_MOST_RUNS: Final = 5
"""An effect that was begun so often and never ended may be what kills us: its outcome is unknown."""
_STOP_SECONDS: Final = 2.0
_CANCEL_SECONDS: Final = 1.0


class Effects:
    """Has effects, each in one task, and stores how they end."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ledger: Ledger,
        record: Record,
        tools: Mapping[str, AnyTool],
    ) -> None:
        """Nothing is done before somebody asks.

        Args:
            database: Is asked what a crash interrupted.
            clock: Says how long ago something was confirmed.
            ledger: Stores every step.
            record: How an action reads.
            tools: By name.
        """
        self._database = database
        self._clock = clock
        self._ledger = ledger
        self._record = record
        self._tools = tools
        self._running: dict[str, asyncio.Task[Done]] = {}
        self._is_closing = False

    # --- asked for ----------------------------------------------------------------------------------------

    async def read(self, tool: AnyTool, form: Form, actor: Actor) -> Form:
        """What a tool says that changes nothing.

        Raises:
            Refused, InvalidInput, Unavailable: It says nothing.
        """
        result: Form = await self.in_time(tool, tool.run(form, actor, new_id()), actor.language)
        return result

    async def in_time(self, tool: AnyTool, work: Awaitable[T], language: Language) -> T:
        """What a tool says about an effect.

        Raises:
            Unavailable: It does not answer.
        """
        try:
            async with asyncio.timeout(tool.seconds):
                return await work
        except TimeoutError:
            raise Unavailable(self._record.text("action.silent", language)) from None

    async def at_once(
        self, tool: AnyTool, arguments: str, actor: Actor, about: str | None, key: str | None
    ) -> Done | Started:
        """Have the effect of something that can be undone, once per key.

        Args:
            tool: Which.
            arguments: Canonical.
            actor: Who asks.
            about: The member whom it concerns, or None.
            key: Who asks twice with one key has asked once.

        Returns:
            How it ended, or that it takes longer than its tool lets anybody wait.

        Raises:
            Refused, InvalidInput, Unavailable: It was not done, or nobody knows.
        """
        self.must_be_up(actor.language)
        action_id = new_id()
        on_file = [action_id]

        async def work() -> Done:
            row = await self._ledger.add(tool, arguments, actor, about, action_id=action_id, key=key)
            on_file[0] = row["action_id"]
            return await (self._effect(row) if row["action_id"] == action_id else self.joined(row))

        task = self._spawn(action_id, work())
        if tool.patience is not None:
            await asyncio.wait({task}, timeout=tool.patience)
        if tool.patience is not None and not task.done():
            # In one commit with the question whether it has ended: it is told here or there, never nowhere.
            promised = await self._ledger.promise(on_file[0])
            if promised is not None:
                where = "staff" if promised.conversation in {STAFF, CONSOLE} else "chat"
                return Started(promised, self._record.text(f"action.started.{where}", promised.language))
        return await asyncio.shield(task)

    async def execute(self, action_id: str) -> Done:
        """Have the effect of what was confirmed; of all who ask, one has it, and all hear how it ended.

        Raises:
            Refused, InvalidInput, Unavailable: It was not done, or nobody knows.
        """
        return await asyncio.shield(self._ensure(action_id))

    def must_be_up(self, language: Language) -> None:
        """Whether effects can be had now.

        Raises:
            Unavailable: They are being wound up.
        """
        if self._is_closing:
            raise Unavailable(self._record.text("action.rebuilding", language))

    # --- going on -----------------------------------------------------------------------------------------

    async def resume(self) -> None:
        """Take up what a crash interrupted; returns once everything has begun (:meth:`idle`: has ended).

        What was confirmed is done if that was just now; what was under way goes on if it may be repeated, and
        has an unknown outcome otherwise.
        """
        for row in await actions.under_way(self._database):
            if row["action_id"] in self._running:
                continue
            if row["state"] == ActionState.EXECUTING:
                self._spawn(row["action_id"], self._revive(row))
            elif abs(self._clock.now() - actions.moment(row["confirmed_at"])) <= RESUME_WINDOW:
                self._ensure(row["action_id"])
            else:
                await self._ledger.expire(row["action_id"], ActionState.CONFIRMED)

    async def idle(self) -> None:
        """Return once no effect is under way."""
        while self._running:
            await asyncio.wait(list(self._running.values()))

    def open(self) -> None:
        """Have effects again."""
        self._is_closing = False

    async def wind_up(self) -> None:
        """Let effects end; what does not is cut off, and is taken up by the next life."""
        self._is_closing = True
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=_STOP_SECONDS)
        left = list(self._running.values())
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_CANCEL_SECONDS)

    async def joined(self, row: Row) -> Done:
        """What became of something that was asked for before.

        Raises:
            Refused: Nothing, or nobody knows.
        """
        action = self._record.read(row)
        if action.state is ActionState.DONE:
            tool = self._tools[action.tool]
            result: Form = tool.result.model_validate_json(row["result"])
            return Done(result, action, self._told(tool, result, action))
        if action.state is ActionState.CONFIRMED:
            return await asyncio.shield(self._ensure(action.action_id))
        if action.state is ActionState.EXECUTING:
            running = self._running.get(action.action_id)
            if running is None:  # a crash cut it off, and nobody has taken it up yet
                running = self._spawn(action.action_id, self._revive(row))
            return await asyncio.shield(running)
        raise Refused(self._record.text(f"action.state.{action.state}", action.language))

    # --- effects ------------------------------------------------------------------------------------------

    async def _execute(self, action_id: str) -> Done:
        """Have the effect of what was confirmed."""
        row = await self._ledger.begin(action_id)
        return await (self._ended(action_id) if row is None else self._effect(row))

    async def _ended(self, action_id: str) -> Done:
        """What became of something that ended while its effect was about to be claimed."""
        row = await actions.find(self._database, action_id)
        if row is None or row["state"] == ActionState.EXECUTING:
            raise RuntimeError("an action is executed by two")
        return await self.joined(row)

    async def _revive(self, row: Row) -> Done:
        """Go on with what a crash cut off.

        Raises:
            Refused: It may not be repeated: nobody knows whether it was done.
        """
        tool = self._tools.get(row["tool"])
        if tool is not None and tool.repeatable and row["runs"] < _MOST_RUNS:
            again = await self._ledger.begin(row["action_id"], again_after=row["runs"])
            return await (self._ended(row["action_id"]) if again is None else self._effect(again))
        action = self._record.read(row)
        _LOG.error("action_outcome_unknown", action=action.action_id, tool=action.tool)
        raise await self._failed(action, Outcome.UNKNOWN, None)

    async def _effect(self, row: Row) -> Done:
        """Run a tool, store how it ended, and tell.

        Raises:
            Refused, InvalidInput, Unavailable: It was not done, or nobody knows.
        """
        action, tool = self._record.read(row), self._tools[row["tool"]]
        try:
            form: Form = tool.arguments.model_validate_json(row["arguments"])
        except ValidationError:  # another version of the tool wants something else now
            reason = InvalidInput(self._record.text("action.invalid.more", action.language))
            raise await self._failed(action, Outcome.REFUSED, reason) from None
        try:
            async with asyncio.timeout(tool.seconds):
                result = await tool.run(form, action.proposer, action.action_id)
        except (Refused, InvalidInput) as error:
            raise await self._failed(action, Outcome.REFUSED, error) from error
        except Unavailable as error:
            raise await self._failed(action, Outcome.UNAVAILABLE, error) from error
        except Stuck as error:
            _LOG.error("action_stuck", action=action.action_id, tool=action.tool, step=error.step)
            raise await self._failed(action, Outcome.STUCK, error) from error
        except Exception as error:
            _LOG.exception("action_outcome_unknown", action=action.action_id, tool=action.tool)
            raise await self._failed(action, Outcome.UNKNOWN, None) from error
        sentence = self._told(tool, result, action)
        ended = await self._insist(
            lambda: self._ledger.end(
                action.action_id, ActionState.DONE, Outcome.DONE, sentence, result=result.model_dump_json()
            )
        )
        return Done(result, ended or action, sentence)

    def _told(self, tool: AnyTool, result: Form, action: Action) -> str:
        """What to tell; it was done, whatever the tool makes of it."""
        try:
            sentence = tool.told(result, action.language)
        except Exception:  # noqa: BLE001 - a sentence that is missing must not make the effect unknown
            _LOG.exception("action_not_described", action=action.action_id, tool=action.tool)
            sentence = None
        return sentence or self._record.text(
            "action.told.done", action.language, consequence=action.consequence or tool.name
        )

    async def _failed(self, action: Action, outcome: Outcome, error: ArniError | None) -> ArniError:
        """Store that it was not done, or that nobody knows; returns what to raise."""
        if outcome is Outcome.REFUSED:
            sentence = str(error)
        else:
            sentence = self._record.text(
                f"action.told.{outcome}", action.language, consequence=action.consequence
            )
        left = ", ".join(error.left) if isinstance(error, Stuck) else ""
        await self._insist(
            lambda: self._ledger.end(action.action_id, ActionState.FAILED, outcome, sentence, left=left)
        )
        return Unavailable(sentence) if outcome is Outcome.UNAVAILABLE else Refused(sentence)

    async def _insist(self, work: Callable[[], Coroutine[Any, Any, Action | None]]) -> Action | None:
        """Store an end, however long the disk takes: the effect is there, and may not be had again."""
        waits = Backoff(first=0.2, longest=10.0)
        while True:
            try:
                return await work()
            except Unavailable as error:
                _LOG.error("action_end_not_stored", reason=str(error))
                await asyncio.sleep(waits.next())

    # --- tasks --------------------------------------------------------------------------------------------

    def _ensure(self, action_id: str) -> asyncio.Task[Done]:
        """The one task that has the effect of what was confirmed."""
        return self._running.get(action_id) or self._spawn(action_id, self._execute(action_id))

    def _spawn(self, action_id: str, work: Coroutine[Any, Any, Done]) -> asyncio.Task[Done]:
        """Have an effect in a task of its own: whoever asked may stop waiting; the effect goes on."""
        task = asyncio.create_task(work, name=f"action-{action_id}")
        self._running[action_id] = task
        task.add_done_callback(lambda _: self._over(action_id, task))
        return task

    def _over(self, action_id: str, task: asyncio.Task[Done]) -> None:
        self._running.pop(action_id, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ArniError):
            _LOG.error("action_broke", action=action_id, error=repr(error))
