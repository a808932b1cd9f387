"""The reception: where a channel hands in what arrived, before it is acknowledged to the outside."""

from collections.abc import Sequence

import structlog

from arni_edge.conversation.pipeline import Pipeline
from arni_edge.conversation.turn import Turn
from arni_edge.conversation.turns import Turns
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.messages import InboundMessage, Language
from arni_edge.domain.text import guess_language

_LOG = structlog.get_logger(__name__)


class Reception:
    """Walks each message through the first stages; what is left waits in the database for its turn."""

    def __init__(self, pipeline: Pipeline, turns: Turns, default_language: Language) -> None:
        self._pipeline = pipeline
        self._turns = turns
        self._default_language = default_language

    async def receive(self, messages: Sequence[InboundMessage]) -> None:
        """Take messages in. When this returns, every one of them is on the disk.

        Raises:
            Unavailable: They could not be stored; the channel must not acknowledge them.
            Exception: One of them cannot be stored, for a reason that is a bug. The others are in.
        """
        crashes = [crash for message in messages if (crash := await self._receive(message)) is not None]
        self._turns.wake()
        if crashes:
            raise crashes[0]

    async def _receive(self, message: InboundMessage) -> Exception | None:
        """One message. A bug in a stage must not keep it from being stored by the stage behind it.

        Returns:
            What kept it from being stored, or None when it is stored.
        """
        stages, crash = self._pipeline.reception, None
        while stages:
            turn = Turn(message, guess_language(message.text, self._default_language))
            try:
                await self._pipeline.walk(stages, turn)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - logged here, handed on when nothing could store it
                _LOG.exception("reception_stage_crashed", stage=turn.trace[-1], message=message.key)
                stages, crash = stages[len(turn.trace) :], error
            else:
                return None
        return crash
