"""The desk at the end of the relay's line: each event to whom it concerns, then the cursor moves."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from arni_edge.domain.errors import Unavailable
from arni_edge.relay.wire import RelayEvent
from arni_edge.storage import Database, relay_cursor

_log = structlog.get_logger(__name__)

_STREAM = "relay"
# About two seconds of the line: enough for what passes by itself, and no wall to what comes behind it.
_TRIES = 5

Handler = Callable[[RelayEvent], Awaitable[None]]
"""Takes one event of its source and returns when everything that matters of it is on the disk.

It meets the same event again after a crash or an outage, also when parts of it were stored: what it stores
must have an identity that makes the second time harmless. Raises :class:`Unavailable` when the event must
come again.
"""


class RelayDesk:
    """Hands events out by their source and owns the cursor; belongs to no channel."""

    def __init__(self, database: Database, handlers: Mapping[str, Handler]) -> None:
        """Make the desk.

        Args:
            database: Keeps the cursor.
            handlers: Who takes the events of which source, for instance ``whatsapp``.
        """
        self._database = database
        self._handlers = handlers
        self._unknown: set[str] = set()
        self._crashes = 0
        self._crashed_at = 0

    async def cursor(self) -> int:
        """The sequence number of the last event that is done, 0 before the first."""
        return await relay_cursor.position(self._database, _STREAM)

    async def consume(self, event: RelayEvent) -> None:
        """Have one event handled; returns when its content and then its sequence number are committed.

        Raises:
            Unavailable: The event is not done, though parts of it may be stored; it must come again.
        """
        handler = self._handlers.get(event.source)
        if handler is None:
            self._pass_over(event)
        else:
            await self._handle(handler, event)
        # A commit of its own, after the content: a handler stores through several rooms, and one transaction
        # through all of them would tie each to the relay. A crash between the two only repeats the event, and
        # every content has an identity (a message its id, a status its stage) that makes that harmless.
        await self._database.write(lambda tx: relay_cursor.move(tx, _STREAM, event.sequence))

    def _pass_over(self, event: RelayEvent) -> None:
        """Acknowledge what nobody here understands, or it would wait at the head of the line for ever."""
        if event.source not in self._unknown:
            self._unknown.add(event.source)
            _log.warning("relay_source_unknown", source=event.source, sequence=event.sequence)

    async def _handle(self, handler: Handler, event: RelayEvent) -> None:
        """One handling. The boundary at which a handler's bug is met: no wedged line, no silent loss.

        Raises:
            Unavailable: The event must come again.
        """
        try:
            await handler(event)
        except Unavailable:
            raise
        except Exception as error:
            if self._count_crash(event) < _TRIES:
                _log.exception("relay_event_crashed", source=event.source, sequence=event.sequence)
                raise Unavailable(f"an event of {event.source} cannot be handled") from error
            _log.critical("relay_event_lost", source=event.source, sequence=event.sequence, exc_info=True)

    def _count_crash(self, event: RelayEvent) -> int:
        """How often in a row this event has crashed; the line is in order, so there is one to count for."""
        self._crashes = self._crashes + 1 if event.sequence == self._crashed_at else 1
        self._crashed_at = event.sequence
        return self._crashes
