"""Shows people that their message was read and is being answered: best effort, past the outbox."""

import asyncio
from contextlib import suppress
from typing import Final

from arni_edge.channels.whatsapp.graph import GraphApi
from arni_edge.domain.clock import Clock
from arni_edge.domain.health import Progress
from arni_edge.domain.messages import Channel, InboundMessage

_WAITING: Final = 32
_FRESH_SECONDS: Final = 10.0
"""The answer is there by then, or the mark says nothing any more: it is shown for 25 s at most."""
_PROGRESS_SECONDS: Final = 5.0


class ReadMarks:
    """A short line of messages that are being answered; what does not fit is not marked."""

    def __init__(self, graph: GraphApi, clock: Clock) -> None:
        """Nothing is marked before :meth:`run`.

        Args:
            graph: Meta.
            clock: For how long ago somebody began to answer.
        """
        self._graph = graph
        self._clock = clock
        self._begun: asyncio.Queue[tuple[float, str]] = asyncio.Queue(_WAITING)

    def answering(self, message: InboundMessage) -> None:
        """Somebody answers this one now. Never waits."""
        if message.channel is Channel.WHATSAPP:
            with suppress(asyncio.QueueFull):
                self._begun.put_nowait((self._clock.monotonic(), message.message_id))

    async def run(self, progress: Progress) -> None:
        """Mark what is being answered, until cancelled."""
        while True:
            progress()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROGRESS_SECONDS):
                    at, message_id = await self._begun.get()
                if self._clock.monotonic() - at < _FRESH_SECONDS:
                    await self._graph.mark_read(message_id, typing=True)
