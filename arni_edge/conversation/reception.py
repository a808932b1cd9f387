"""The reception: where a channel hands in what arrived, before it is acknowledged to the outside."""

from collections.abc import Sequence

import structlog

from arni_edge.conversation.pipeline import Pipeline
from arni_edge.conversation.turn import Stage, Step, Turn
from arni_edge.conversation.turns import Turns
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.messages import InboundMessage, Language
from arni_edge.domain.text import guess_language

_LOG = structlog.get_logger(__name__)


class Reception:
    """Walks messages through the first stages; what is left waits in the database for its turn.

    Stage by stage, not message by message: an emergency does not wait behind a disk that takes nothing, and a
    message that could not be stored is not overtaken by the one behind it.
    """

    def __init__(self, pipeline: Pipeline, turns: Turns, default_language: Language) -> None:
        """Take messages in for a pipeline.

        Args:
            pipeline: The last stage of its reception stores; those before it look for what cannot wait.
            turns: Woken when something waits.
            default_language: Of a message that does not show its own.
        """
        *self._heeding, self._storing = pipeline.reception
        self._turns = turns
        self._default_language = default_language

    async def receive(self, messages: Sequence[InboundMessage]) -> None:
        """Take messages in. When this returns, every one of them is on the disk.

        Raises:
            Unavailable: Not all could be stored; the channel must not acknowledge them. In every one was
                looked for an emergency all the same.
            Exception: One of them cannot be stored, for a reason that is a bug. The others are in.
        """
        left, unheard = await self._heed(messages)
        crashes: list[Exception] = []
        try:
            for turn in left:
                end = await _step(self._storing, turn)
                if isinstance(end, Exception):
                    crashes.append(end)
        finally:
            self._turns.wake()
        for failure in (*unheard, *crashes):
            raise failure

    async def heed(self, messages: Sequence[InboundMessage]) -> None:
        """Look for what cannot wait in messages that cannot be stored now; they come again."""
        await self._heed(messages)

    async def _heed(self, messages: Sequence[InboundMessage]) -> tuple[list[Turn], list[Unavailable]]:
        """Walk all stages but the one that stores.

        Returns:
            What is left for it, in order; and why emergencies are not on record, though people are called.
        """
        turns = [Turn(message, guess_language(message.text, self._default_language)) for message in messages]
        unheard: list[Unavailable] = []
        for stage in self._heeding:
            left = []
            for turn in turns:
                try:
                    if await _step(stage, turn) is not Step.END:
                        left.append(turn)
                except Unavailable as error:
                    unheard.append(error)
            turns = left
        return turns, unheard


async def _step(stage: Stage, turn: Turn) -> Step | Exception:
    """One stage. A bug in it must not keep a message from the stage behind it.

    Returns:
        What it decided; or the bug.

    Raises:
        Unavailable: It could not be done now.
    """
    try:
        return await Pipeline.walk((stage,), turn)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - logged here, handed on when nothing could store the message
        _LOG.exception("reception_stage_crashed", stage=stage.name, message=turn.message.key)
        return error
