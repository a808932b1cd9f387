"""Takes stored messages through the rest of the pipeline: in order within a conversation, many at a time."""

import asyncio
import contextlib

import structlog

from arni_edge.conversation.pipeline import Pipeline
from arni_edge.conversation.secrecy import hide_code
from arni_edge.conversation.turn import Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import InboundMessage, Language, OutboundMessage
from arni_edge.domain.text import guess_language
from arni_edge.storage import Database, Transaction, ghost, inbox, outbox

_LOG = structlog.get_logger(__name__)

_AT_ONCE = 8
# A message that was begun this often without coming to its end crashes the turn, or the daemon: set it aside.
_ATTEMPTS = 5
# The slowest door that the settings allow takes 120 s; a turn that takes longer hangs.
_TURN_SECONDS = 150.0
_LOOK_AGAIN = 5.0
_AFTER_CRASH = 1.0


class Turns:
    """The database is the queue, so a crash forgets nothing and a restart needs no special path."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        pipeline: Pipeline,
        default_language: Language,
    ) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._pipeline = pipeline
        self._default_language = default_language
        self._new = asyncio.Event()
        self._busy: dict[tuple[str, str], asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Say that something new may be waiting."""
        self._new.set()

    async def run(self, progress: Progress) -> None:
        """Handle what waits, until cancelled."""
        try:
            while True:
                progress()
                self._new.clear()
                for message in await inbox.waiting(self._database, limit=10 * _AT_ONCE):
                    self._begin(message)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AGAIN):
                        await self._new.wait()
        finally:
            tasks = list(self._busy.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, message: InboundMessage) -> None:
        where = (str(message.channel), message.conversation)
        if where in self._busy or len(self._busy) >= _AT_ONCE:
            return
        task = asyncio.create_task(self._handle(message), name="turn")
        self._busy[where] = task

        def ended(_: asyncio.Task[None]) -> None:
            del self._busy[where]
            self.wake()

        task.add_done_callback(ended)

    async def _handle(self, message: InboundMessage) -> None:
        """One turn. The boundary at which any failure of a stage is met and the person is told."""
        try:
            begun = await self._database.write(lambda tx: inbox.count_attempt(tx, message))
            if begun is None:
                return
            if begun > _ATTEMPTS:
                await self._set_aside(message)
                return
            turn = Turn(message, guess_language(message.text, self._default_language))
            turn.trace.extend(stage.name for stage in self._pipeline.reception)
            async with asyncio.timeout(_TURN_SECONDS):
                await self._pipeline.walk(self._pipeline.turn, turn)
        except Unavailable as error:
            _LOG.warning("turn_postponed", message=message.key, reason=str(error))
            await asyncio.sleep(_LOOK_AGAIN)
        except Exception:  # noqa: BLE001 - counted, set aside after some attempts, the person is told
            _LOG.exception("turn_failed", message=message.key)
            await asyncio.sleep(_AFTER_CRASH)

    async def _set_aside(self, message: InboundMessage) -> None:
        """Give up on a message, and tell its sender instead of being silent; unless a person has the chat."""
        language = guess_language(message.text, self._default_language)
        apology = OutboundMessage(
            key=f"{message.key}:answer",
            channel=message.channel,
            recipient=message.conversation,
            text=self._catalogue.text("talk.apology", language),
            reply_to=message.message_id,
        )
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            await inbox.give_up(tx, message, now)
            await hide_code(tx, message)
            chat = await ghost.by_address(tx.fetch, message.channel, message.conversation)
            if chat is None or not chat.human:
                await outbox.add(tx, apology, now)

        await self._database.write(store)
        _LOG.error("message_set_aside", message=message.key)
