"""The reception: where a channel hands in what arrived, before it is acknowledged to the outside."""

from collections.abc import Sequence

from arni_edge.conversation.pipeline import Pipeline
from arni_edge.conversation.turn import Turn
from arni_edge.conversation.turns import Turns
from arni_edge.domain.messages import InboundMessage, Language
from arni_edge.domain.text import guess_language


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
        """
        for message in messages:
            turn = Turn(message, guess_language(message.text, self._default_language))
            await self._pipeline.walk(self._pipeline.reception, turn)
        self._turns.wake()
