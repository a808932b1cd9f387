"""Drains WhatsApp's rows of the outbox: nothing lost, nothing doubled, whatever is killed and whenever.

Meta knows no idempotency key, so safety comes from the order of three things: the row is committed as
``sending`` before the request leaves; every request carries the row's id as tracking id; every message that
Meta accepts yields at least one status with that id, which the relay keeps for us. A row whose fate is not
known (found in ``sending`` at the start, or the connection broke) is therefore *uncertain*, and is sent
again only when silence proves that Meta never had it (:mod:`~arni_edge.channels.whatsapp.silence`).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import structlog

from arni_edge.channels.whatsapp.answers import SendResult, WindowClosed
from arni_edge.channels.whatsapp.graph import GraphApi
from arni_edge.channels.whatsapp.letters import Body, Letters, in_plain
from arni_edge.channels.whatsapp.settling import Notices, Settling
from arni_edge.channels.whatsapp.silence import RelayView, Silence
from arni_edge.channels.whatsapp.text import TEXT_LIMIT, split_text, units
from arni_edge.channels.whatsapp.traffic import Traffic
from arni_edge.channels.whatsapp.window import Windows
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.domain.messages import OutboundMessage, Priority
from arni_edge.storage.offers import NUMBERED
from arni_edge.storage.outbound import MESSAGE, TEMPLATE, message_of
from arni_edge.storage.outbox_line import OutboxItem
from arni_edge.storage.outbox_messages import MessageOutbox

_LOG = structlog.get_logger(__name__)

_TICK_SECONDS: Final = 1.0
_IN_FLIGHT: Final = 8
"""Requests at once, each to another person; one that hangs must not hold up an alarm to the next."""
_FOR_ALARMS: Final = 2
"""Of these, however much chat hangs."""
_URGENT_ATTEMPTS: Final = 3
"""In all, while nobody can tell what became of it; then an alarm, too, waits for the relay."""
_SUSPECT: Final = 2
"""Whoever was under way so often when the daemon died leaves alone: the others shall not die with it."""
_MOST_PARTS: Final = 20
"""Of one text; at Meta's pair rate the person would hear nothing else for two minutes."""
_TOGETHER: Final = 10
_SHORT: Final = 1024
"""Texts up to this length leave together, when they would be too many."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A row that is committed as ``sending``; what is to be requested, or is known without a request."""

    item: OutboxItem
    what: Body | SendResult


class WhatsAppSender:
    """Sends what is due, one message at a time per person."""

    def __init__(
        self,
        graph: GraphApi,
        outbox: MessageOutbox,
        relay: RelayView,
        *,
        clock: Clock,
        resolve_seconds: float,
        letters: Letters,
        windows: Windows,
        notices: Notices | None = None,
        health: Callable[[State, str], None],
    ) -> None:
        """Nothing is sent before :meth:`run`.

        Args:
            graph: Meta.
            outbox: WhatsApp's rows.
            relay: Its line: whether it has brought all statuses.
            clock: Time.
            resolve_seconds: So long does Meta take for a status when all is well.
            letters: How a message looks.
            windows: Who may be written to in our own words.
            notices: To staff; None: there is nobody to tell.
            health: Where is told how the line is.
        """
        self._graph = graph
        self._outbox = outbox
        self._clock = clock
        self._letters = letters
        self._windows = windows
        self._report = health
        self._traffic = Traffic(clock, health)
        self._settling = Settling(outbox, clock, self._traffic, notices)
        self._silence = Silence(relay, resolve_seconds=resolve_seconds)
        self._relay = relay
        self._heard_of_relay = False
        self._begun_at = clock.now()
        self._outbox_away = False
        self._first = True
        self._in_flight: dict[str, OutboxItem] = {}
        self._uncertain_since: dict[str, float] = {}
        self._swept_at = clock.monotonic() - _TICK_SECONDS

    async def run(self, progress: Progress) -> None:
        """Send for ever. Returns only by cancellation; what is then in flight is uncertain next time."""
        while True:
            try:
                await self._drain(progress)
            except* Unavailable:
                # Storage is away; what was in flight is found in ``sending`` by the next round.
                if not self._outbox_away:
                    _LOG.exception("outbox_unavailable")
                self._outbox_away = True
                self._report(State.DOWN, "the outbox cannot be written")
            await asyncio.sleep(_TICK_SECONDS)

    async def _drain(self, progress: Progress) -> None:
        for left in await self._outbox.uncertain():
            if self._first:
                await self._found(left)
            else:
                await self._outbox.mark_uncertain(left.id)
        self._first = False
        async with asyncio.TaskGroup() as sends:
            while True:
                progress()
                await self._sweep()
                await self._resolve()
                while job := await self._take():
                    sends.create_task(self._send(job))
                self._outbox_is_back()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_SECONDS):
                        await self._outbox.wait()

    async def _found(self, left: OutboxItem) -> None:
        """A row of an earlier life whose fate is open; whether it was just leaving, only the outbox knows."""
        if left.under_way:
            await self._settling.found_under_way(left)

    async def _sweep(self) -> None:
        now = self._clock.monotonic()
        if now - self._swept_at >= _TICK_SECONDS:
            self._swept_at = now
            if number := await self._outbox.expire():
                _LOG.warning("messages_expired", number=number)

    def _outbox_is_back(self) -> None:
        """All that was to be written has been, the row that had failed among it: say again how Meta is."""
        if self._outbox_away:
            _LOG.info("outbox_back")
            self._outbox_away = False
            self._traffic.say_again()

    # --- taking -----------------------------------------------------------------------------------------

    async def _take(self) -> _Job | None:
        """The next row, committed as ``sending``; None when nothing may go out now."""
        item = await self._next()
        if item is None:
            return None
        try:
            message = message_of(item.entry)
            if await self._cut(item, message):
                return None
            what = await self._written(item, message)
        except InvalidInput as error:
            await self._settling.quarantine(item, str(error))
            return None
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - one row must not take the line down, however its words break us
            _LOG.exception("message_not_written", outbox_id=item.id)
            await self._settling.quarantine(item, "it breaks whoever writes it")
            return None
        # A number means an option only where it stood before one.
        as_lines = isinstance(what, dict) and what["type"] == "text"
        offered = None if message.choice is None else {NUMBERED: as_lines}
        if not await self._outbox.mark_sending(item.id, offered):
            return None
        self._in_flight[item.id] = item
        return _Job(item, what)

    async def _next(self) -> OutboxItem | None:
        busy, paused = len(self._in_flight), self._traffic.paused
        if busy >= _IN_FLIGHT:
            return None
        alone = any(one.faults >= _SUSPECT for one in self._in_flight.values())
        only_alarms = paused or alone or busy >= _IN_FLIGHT - _FOR_ALARMS
        item = await self._outbox.next_due(
            self._clock.now(),
            lowest=Priority.ALARM if only_alarms else Priority.BACKGROUND,
            fresh=paused,
            spared=self._traffic.pace.waiting(self._clock.monotonic()),
            without={TEMPLATE} if self._traffic.templates_paused else (),
        )
        if item is not None and item.faults >= _SUSPECT and busy and not _is_alarm(item):
            return None
        return None if item is not None and self._may_have_left(item) else item

    def _may_have_left(self, item: OutboxItem) -> bool:
        """Whether it is of an earlier life, and the relay has not had its first word: maybe this is a backup.

        An alarm does not wait for that, and nothing waits for a relay that is away.
        """
        if not self._heard_of_relay:
            away = self._relay.away_since is not None
            self._heard_of_relay = not away or self._silence.is_gone(self._clock.monotonic())
        return not self._heard_of_relay and item.queued_at <= self._begun_at and not _is_alarm(item)

    async def _cut(self, item: OutboxItem, message: OutboundMessage) -> bool:
        """Whether it was too long, and is several rows now.

        Before anything is sent: a crash between two of them repeats neither.

        Raises:
            InvalidInput: It is so long that nobody means it.
        """
        if item.entry.kind != MESSAGE or units(in_plain(message)) <= TEXT_LIMIT:
            return False
        if item.faults == 0 and self._letters.rich(message) is not None:
            return False
        parts = split_text(message.text)
        if len(parts) > _MOST_PARTS:
            raise InvalidInput(f"the text is too long: it would be {len(parts)} messages")
        if len(parts) > 1:
            await self._outbox.split(item, parts)
        else:
            await self._outbox.split(item, split_text(in_plain(message)), last_is_plain=True)
        return True

    async def _written(self, item: OutboxItem, message: OutboundMessage) -> Body | SendResult:
        """What is to be requested; or what is known without a request.

        Raises:
            InvalidInput: It says nothing.
        """
        if message.template is not None and item.entry.kind == TEMPLATE:
            return self._letters.as_template(message, message.template)
        if not message.text.strip():
            raise InvalidInput("the text is empty")
        # An alarm is tried in any case: Meta knows best.
        if not _is_alarm(item) and not await self._windows.is_open(message.recipient, self._clock.now()):
            if message.template is not None:
                return self._letters.as_template(message, message.template)
            return WindowClosed("the 24-hour window is closed")
        if item.faults == 0 and (rich := self._letters.rich(message)) is not None:
            return rich
        return self._letters.as_text(await self._joined(item, message))

    async def _joined(self, item: OutboxItem, message: OutboundMessage) -> OutboundMessage:
        """With the words of what waits behind it, where single messages would be too many for Meta."""
        if _is_short(item, message) and self._traffic.pace.crowded(
            message.recipient, self._clock.monotonic()
        ):
            length, joined = units(message.text), []
            for other in await self._outbox.behind(item, _TOGETHER):
                words = _short_words(other)
                length += 2 + units(words or "")
                if words is None or length > TEXT_LIMIT:
                    break
                joined.append(other.id)
            if joined:
                await self._outbox.carry(item.id, joined)
        carried = [message_of(one.entry).text for one in await self._outbox.carried(item.id)]
        return message if not carried else replace(message, text="\n\n".join((message.text, *carried)))

    # --- sending ----------------------------------------------------------------------------------------

    async def _send(self, job: _Job) -> None:
        item = job.item
        try:
            if not isinstance(job.what, dict):
                await self._settling.refuse(item, job.what)
                return
            self._traffic.pace.note(item.entry.order_key, self._clock.monotonic())
            try:
                result = await self._graph.send(item.entry.order_key, job.what, item.id)
            except Exception:  # noqa: BLE001 - one row must not take the line down; counted, then set aside
                _LOG.exception("message_failed_inside", outbox_id=item.id)
                await self._settling.failed_inside(item)
                return
            await self._settling.settle(item, result)
        finally:
            self._in_flight.pop(item.id, None)

    # --- resolving --------------------------------------------------------------------------------------

    async def _resolve(self) -> None:
        """Queue again what Meta has certainly never had; give up what nobody waits for any more."""
        now = self._clock.monotonic()
        self._silence.look(now)
        # The horizon first, the rows second: the rows then know of every status from before the horizon.
        horizon = self._silence.horizon
        rows = [row for row in await self._outbox.uncertain() if row.id not in self._in_flight]
        now = self._clock.monotonic()
        self._uncertain_since = {row.id: self._uncertain_since.get(row.id, now) for row in rows}
        for row in rows:
            if self._uncertain_since[row.id] <= self._horizon_for(row, horizon, now):
                del self._uncertain_since[row.id]
                await self._settling.again(row, 0.0, "no status came")

    def _horizon_for(self, row: OutboxItem, horizon: float, now: float) -> float:
        """Monotonic time: a row that has been uncertain since before it is settled now, one way or the other.

        What nobody waits for any more must not hold up its person while the relay is away for days; a relay
        that is there has ``resolve_seconds`` to bring the status first. Alarms and codes do not wait for a
        relay that is away, the first few times: one too many is better than none, one a minute is not.
        """
        urgent = (_is_alarm(row) or row.entry.secret) and row.attempts < _URGENT_ATTEMPTS
        if self._settling.too_old(row) or (urgent and self._silence.is_gone(now)):
            return now - self._silence.resolve_seconds
        return horizon


def _is_alarm(item: OutboxItem) -> bool:
    return item.entry.priority is Priority.ALARM


def _short_words(item: OutboxItem) -> str | None:
    """What it says, if it may leave together with others; None if not, or if nobody understands it."""
    try:
        message = message_of(item.entry)
    except InvalidInput:
        return None
    return message.text if _is_short(item, message) else None


def _is_short(item: OutboxItem, message: OutboundMessage) -> bool:
    """Whether it may leave together with others: plain words, and nothing that is forgotten."""
    is_plain = message.choice is None and message.link is None and not message.asks_phone
    return (
        is_plain
        and item.entry.kind == MESSAGE
        and message.template is None
        and not message.secret
        and not _is_alarm(item)
        and units(message.text) <= _SHORT
    )
