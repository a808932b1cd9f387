"""Acts of several steps: what was done is undone when a later step fails, whatever crashes in between.

A tool whose effect is one makes its steps in ``run`` and hands them over; it is ``repeatable``, because a
saga that is run again goes on where it was::

    async def run(self, arguments, actor, action_id):
        results = await self._saga.run(action_id, [Step("book", self._book, self._unbook), Step("cancel", …)])

Every step is stored before it begins and after it ended. A step that a crash cut off is begun again with the
same key when it says that it may be; otherwise nobody knows whether it happened, and it is undone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, InvalidInput, Refused, Unavailable
from arni_edge.storage import Database, Row, sagas

_LOG = structlog.get_logger(__name__)

Json = Any
"""What JSON can hold."""
T = TypeVar("T")

SAGA_SECONDS: Final = 300.0
"""For ``Tool.seconds`` of a tool that works through a saga: its undoing must find the time, too."""

_STEP_SECONDS: Final = 20.0
_UNDO_TRIES: Final = 5
_UNDOING: Final = frozenset({"failed", "undoing", "undone", "stuck"})
_ERRORS: Final[Mapping[str, type[ArniError]]] = {
    "Refused": Refused,
    "InvalidInput": InvalidInput,
    "Unavailable": Unavailable,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: Unique in its saga.
        do: Gets the results so far (by name) and the step's idempotency key; what it returns is stored (fit
            for JSON). Raises Refused, InvalidInput or Unavailable only if nothing was done.
        undo: Gets the step's result (None if nobody knows whether it happened) and its key; to undo what
            never was must do no harm. Only a last step may lack it.
        repeatable: Whether doing it again with the same key after a crash does no harm.
    """

    name: str
    do: Callable[[Mapping[str, Json], str], Awaitable[Json]]
    undo: Callable[[Json | None, str], Awaitable[None]] | None
    repeatable: bool = False


class Stuck(ArniError):
    """A step could not be undone: a person has to.

    Attributes:
        step: Its name.
        left: Names of the steps whose effect is still there, or may be.
    """

    def __init__(self, step: str, left: Sequence[str]) -> None:
        super().__init__(f"the step '{step}' could not be undone; what may still be so: {', '.join(left)}")
        self.step = step
        self.left = tuple(left)


class Saga:
    """Runs steps, and goes on with them after a crash."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        step_seconds: float = _STEP_SECONDS,
        first_wait: float = 0.5,
    ) -> None:
        """Nothing happens before :meth:`run`.

        Args:
            database: Keeps how far it is.
            clock: Says when.
            step_seconds: So long may one attempt at a step take, or at undoing it.
            first_wait: Seconds before the second attempt at undoing; then they double.
        """
        self._database = database
        self._clock = clock
        self._step_seconds = step_seconds
        self._first_wait = first_wait

    async def run(self, action_id: str, steps: Sequence[Step]) -> dict[str, Json]:
        """Do all steps, or undo those that were done.

        Args:
            action_id: The action, which is on file.
            steps: The same ones in the same order each time; what they need is in the action's arguments.

        Returns:
            The results by name.

        Raises:
            Refused, InvalidInput, Unavailable: A step failed, and everything is as it was before.
            Stuck: A step could not be undone.
            ValueError: A step that is not the last cannot be undone, or names are not unique: a bug.
        """
        if any(step.undo is None for step in steps[:-1]) or len({step.name for step in steps}) < len(steps):
            raise ValueError("every step but the last needs a way back, and a name of its own")
        on_file = await self._on_file(action_id)
        results: dict[str, Json] = {}
        for number, step in enumerate(steps):
            row = on_file.get(step.name)
            if row is not None and row["state"] == "done" and not _is_undoing(on_file):
                results[step.name] = _read(row)
                continue
            error = _interrupted(row, step, on_file)
            if error is None:
                error = await self._do(action_id, number, step, results)
            if error is not None:
                await self._undo(action_id, steps)
                raise error
        return results

    # --- forward ------------------------------------------------------------------------------------------

    async def _do(
        self, action_id: str, number: int, step: Step, results: dict[str, Json]
    ) -> ArniError | None:
        """Do one step and store how it ended; returns why it failed, or None."""
        await self._put(action_id, number, step, "begun")
        try:
            async with asyncio.timeout(self._step_seconds):
                result = await step.do(results, f"{action_id}/{step.name}")
        except (Refused, InvalidInput, Unavailable) as error:
            # Nothing was done, and why is wanted again if we die now.
            kind = next(name for name, known in _ERRORS.items() if isinstance(error, known))
            await self._put(action_id, number, step, "failed", {"error": kind, "text": str(error)})
            return error
        except Exception as error:  # noqa: BLE001 - whatever it was: nobody knows whether it happened
            _LOG.exception("saga_step_unknown", action=action_id, step=step.name)
            reason = Unavailable(f"the step '{step.name}' did not end as it should")
            reason.__cause__ = error
            await self._put(action_id, number, step, "undoing")
            return reason
        await self._put(action_id, number, step, "done", {"value": result})
        results[step.name] = result
        return None

    # --- back ---------------------------------------------------------------------------------------------

    async def _undo(self, action_id: str, steps: Sequence[Step]) -> None:
        """Undo these steps, the last one first; what is on file says which of them still have to be.

        Raises:
            Stuck: One of them cannot be.
        """
        on_file = await self._on_file(action_id)
        left = [name for name in on_file if on_file[name]["state"] not in {"failed", "undone"}]
        for number, step in reversed(list(enumerate(steps))):
            row = on_file.get(step.name)
            if row is None or row["state"] in {"failed", "undone"}:
                continue
            if row["state"] == "stuck":
                raise Stuck(step.name, left)
            await self._put(action_id, number, step, "undoing")
            if not await self._undone(action_id, step, _read(row)):
                await self._put(action_id, number, step, "stuck")
                raise Stuck(step.name, left)
            await self._put(action_id, number, step, "undone")
            left.remove(step.name)

    async def _undone(self, action_id: str, step: Step, result: Json | None) -> bool:
        """Try to undo one step; returns whether it is."""
        if step.undo is None:
            return False
        waits = Backoff(first=self._first_wait, longest=10.0)
        for number in range(_UNDO_TRIES):
            if number:
                await asyncio.sleep(waits.next())
            try:
                async with asyncio.timeout(self._step_seconds):
                    await step.undo(result, f"{action_id}/{step.name}")
            except ArniError as error:
                _LOG.warning("saga_undo_failed", action=action_id, step=step.name, reason=str(error))
            except Exception:  # noqa: BLE001 - tried again, and then a person is told
                _LOG.exception("saga_undo_failed", action=action_id, step=step.name)
            else:
                return True
        return False

    async def _put(
        self, action_id: str, number: int, step: Step, state: str, result: Json | None = None
    ) -> None:
        now = self._clock.now()
        await self._insist(
            lambda: self._database.write(
                lambda tx: sagas.put(tx, action_id, number, step.name, state, result, now)
            )
        )

    async def _on_file(self, action_id: str) -> dict[str, Row]:
        rows = await self._insist(lambda: sagas.steps_of(self._database, action_id))
        return {row["name"]: row for row in rows}

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have the disk do something, however long it takes: going on without it would forget what was done.

        Whoever runs the saga limits how long; what is on file then is taken up by the next run.
        """
        waits = Backoff(first=self._first_wait, longest=10.0)
        while True:
            try:
                return await work()
            except Unavailable as error:
                _LOG.warning("saga_not_stored", reason=str(error))
                await asyncio.sleep(waits.next())


def _is_undoing(on_file: Mapping[str, Row]) -> bool:
    return any(row["state"] in _UNDOING for row in on_file.values())


def _interrupted(row: Row | None, step: Step, on_file: Mapping[str, Row]) -> ArniError | None:
    """Why the way back is to be taken at this step, from what an earlier life left behind."""
    if _is_undoing(on_file):
        failed = next((one for one in on_file.values() if one["state"] == "failed"), None)
        if failed is not None:
            why = json.loads(failed["result"])
            return _ERRORS[why["error"]](why["text"])
        return Unavailable("a step did not end as it should")
    if row is not None and not step.repeatable:  # begun: nobody knows whether it happened
        return Unavailable(f"the step '{step.name}' was interrupted")
    return None


def _read(row: Row) -> Json | None:
    """The result of a step that was done; None when nobody knows it."""
    return json.loads(row["result"])["value"] if row["result"] else None
