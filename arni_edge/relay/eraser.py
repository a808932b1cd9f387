"""Has the relay forget what was forgotten here: a queue on the disk, asked until it is done."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.relay.client import RelayClient
from arni_edge.relay.desk import RelayDesk
from arni_edge.storage import Database, relay_traces
from arni_edge.supervision.ticking import ticking

_log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 2.0
_AT_A_TIME: Final = 500


class RelayEraser:
    """Asks for a tombstone in the place of each event that speaks of somebody who was forgotten."""

    def __init__(
        self,
        client: RelayClient,
        desk: RelayDesk,
        database: Database,
        *,
        health: Callable[[State, str], None],
        longest_backoff: float = 300.0,
    ) -> None:
        """Nothing is asked before :meth:`run`.

        Args:
            client: Asks.
            desk: Knows how far the log has been read: what has not been is still needed.
            database: Has the queue.
            health: Told when it waits.
            longest_backoff: Seconds between two attempts at most.
        """
        self._client = client
        self._desk = desk
        self._database = database
        self._health = health
        self._backoff = Backoff(first=_LOOK_SECONDS, longest=longest_backoff)

    async def run(self, progress: Progress) -> None:
        """Ask for what waits, until cancelled."""
        while True:
            progress()
            seconds = _LOOK_SECONDS
            try:
                await ticking(self.catch_up(), progress)
                self._backoff.forget()
                self._health(State.OK, "")
            except (Unavailable, Refused) as error:
                self._health(State.DEGRADED, f"the relay has not erased yet what was forgotten here: {error}")
                seconds = self._backoff.next()
            await ticking(asyncio.sleep(seconds), progress)

    async def catch_up(self) -> None:
        """Ask for everything that waits now.

        Raises:
            Unavailable: Not all could be asked; the rest waits.
            Refused: The relay does not serve this box; it waits.
        """
        position = await self._desk.position()
        while sequences := await relay_traces.to_erase(self._database, position.sequence, _AT_A_TIME):
            # Only of the log that these numbers are of: after another was set up they mean other events.
            if (await self._client.head()).log != position.log:
                raise Unavailable("the relay's log was set up anew")
            await self._client.erase(sequences)
            done = list(sequences)
            await self._database.write(lambda tx, done=done: relay_traces.erased(tx, done))  # type: ignore[misc]
            _log.info("relay_erased", events=len(sequences))
