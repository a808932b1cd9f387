"""The desk at the end of the relay's line: each event to whom it concerns, then the cursor moves."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from arni_edge.domain.errors import Unavailable
from arni_edge.relay.wire import Gap, RelayEvent
from arni_edge.storage import Database, Transaction, relay_cursor, relay_traces
from arni_edge.storage.relay_cursor import Loss, Position, Reread

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

OnLoss = Callable[[Transaction, datetime], Awaitable[None]]
"""Is told, in the transaction that notes it, that events are lost: to tell somebody, to read all anew."""

OnReread = Callable[[Transaction, Reread], Awaitable[None]]
"""Is told, in the transaction that notes it, that this database has forgotten what was read before."""


class RelayDesk:
    """Hands events out by their source and owns the cursor; belongs to no channel."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        urgent: Mapping[str, Handler] | None = None,
        on_loss: Sequence[OnLoss] = (),
        on_reread: Sequence[OnReread] = (),
    ) -> None:
        """Make the desk.

        Args:
            database: Keeps the cursor.
            handlers: Who takes the events of which source, for instance ``whatsapp``.
            urgent: Who looks at once for what cannot wait in an event of which source, while an event before
                it cannot be stored; the event comes again.
            on_loss: Who is told when the relay has lost events.
            on_reread: Who is told when events are read that were read before.
        """
        self._database = database
        self._handlers = handlers
        self._urgent = urgent or {}
        self._on_loss = tuple(on_loss)
        self._on_reread = tuple(on_reread)
        self._again_until: int | None = None
        self._unknown: set[str] = set()
        self._crashes = 0
        self._crashed_at = 0

    async def position(self) -> Position:
        """How far the log has been read.

        Raises:
            Unavailable: The database cannot be read.
        """
        return await relay_cursor.position(self._database, _STREAM)

    async def consume(self, event: RelayEvent, log: str) -> None:
        """Have one event handled; returns when its content and then its sequence number are committed.

        Args:
            event: The next one. Of one that was erased there is nothing to handle.
            log: The log that it is from.

        Raises:
            Unavailable: The event is not done, though parts of it may be stored; it must come again.
        """
        handler = self._handlers.get(event.source)
        if handler is None:
            self._pass_over(event)
        elif not event.erased:
            again = event.sequence <= await self.again_until()
            await self._handle(handler, replace(event, again=True) if again else event)
        # A commit of its own, after the content: a handler stores through several rooms, and one transaction
        # through all of them would tie each to the relay. A crash between the two only repeats the event, and
        # every content has an identity (a message its id, a status its stage) that makes that harmless.
        to = Position(log, event.sequence)
        await self._database.write(lambda tx: relay_cursor.move(tx, _STREAM, to))

    async def heed(self, event: RelayEvent) -> None:
        """Have one event looked at for what cannot wait; nothing is acknowledged by that."""
        handler = self._urgent.get(event.source)
        if handler is None or event.erased:
            return
        try:
            await handler(event)
        except Exception as error:  # noqa: BLE001 - the boundary of a handler; the event comes again in any case
            _log.warning("relay_event_not_heeded", sequence=event.sequence, kind=type(error).__name__)

    async def begin(self, to: Position) -> None:
        """Note the name of the log; what was in it before this box came is nothing that it has lost.

        Raises:
            Unavailable: It could not be stored.
        """
        await self._database.write(lambda tx: relay_cursor.move(tx, _STREAM, to))

    async def again_until(self) -> int:
        """The last event of the log that was read before this database knew of it; 0: none was.

        Raises:
            Unavailable: The database cannot be read.
        """
        if self._again_until is None:
            self._again_until = await relay_cursor.reread_until(self._database, _STREAM)
        return self._again_until

    async def knows(self, until: int) -> bool:
        """Whether this database knows that the log was read up to a number, whatever its cursor says.

        Raises:
            Unavailable: The database cannot be read.
        """
        return until <= await relay_cursor.known_until(self._database, _STREAM)

    async def read_again(self, was: Position, until: int, log: str, now: datetime) -> None:
        """Note that what comes now, up to a number, was read before, and tell who must know.

        Args:
            was: The cursor.
            until: How far it was read.
            log: The log.
            now: The moment.

        Raises:
            Unavailable: It could not be stored; nothing was handled.
        """
        reread = Reread(now, was.sequence, until, restored=was.sequence > 0)

        async def unit(tx: Transaction) -> None:
            await relay_cursor.note_reread(tx, _STREAM, log, reread)
            for tell in self._on_reread:
                await tell(tx, reread)
            await relay_cursor.move(tx, _STREAM, Position(log, was.sequence))

        await self._database.write(unit)
        self._again_until = until

    async def lose(self, gap: Gap, log: str, now: datetime) -> Position:
        """Note that events are lost, tell who must know, and read on behind them.

        Raises:
            Unavailable: It could not be stored; the gap is met again.
        """
        to = Position(log, gap.oldest - 1)

        async def unit(tx: Transaction) -> None:
            await self._note(tx, Loss(now, gap.after, gap.oldest), to)

        await self._database.write(unit)
        return to

    async def start_again(self, log: str, was: Position, now: datetime) -> Position:
        """Read another log from its beginning: what it has in common with the one before is known by its ids.

        Raises:
            Unavailable: It could not be stored.
        """
        to = Position(log, 0)

        async def unit(tx: Transaction) -> None:
            await relay_traces.start_again(tx)
            if was.log == log:  # a relay that has lost its end, or one instance that looks back for a moment
                await relay_cursor.note_known(tx, _STREAM, was, now)
            await self._note(tx, Loss(now, was.sequence, None), to)

        await self._database.write(unit)
        self._again_until = None
        return to

    async def _note(self, tx: Transaction, loss: Loss, to: Position) -> None:
        await relay_cursor.note_loss(tx, loss)
        for tell in self._on_loss:
            await tell(tx, loss.at)
        await relay_cursor.move(tx, _STREAM, to)

    async def last_loss(self) -> Loss | None:
        """The last loss, also of an earlier life.

        Raises:
            Unavailable: The database cannot be read.
        """
        found = await relay_cursor.losses(self._database, 1)
        return found[0] if found else None

    async def tidy(self, oldest: int) -> None:
        """Forget who stood in what the relay has forgotten.

        Raises:
            Unavailable: It could not be stored.
        """
        await self._database.write(lambda tx: relay_traces.forget_before(tx, oldest))

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
