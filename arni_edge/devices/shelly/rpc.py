"""Questions to Shelly devices and their answers, over one reply topic that all of them share."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from arni_edge.broker import BrokerSession, Delivery, NotSent, Received
from arni_edge.devices.shelly import frames
from arni_edge.devices.shelly.frames import Reply
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress

_log = structlog.get_logger(__name__)

_EXPIRY_SECONDS = 5
"""The broker drops a command that it could not hand over by then."""

_PROGRESS_SECONDS = 5.0

_LINE_SECONDS = 5.0
"""A command that had to wait longer for the answers to others would open for somebody who has left."""

_ID_BITS = 40
"""Of a request's id; they stay exact in JSON."""

Question = Callable[[], Awaitable[bool]]
"""Asks a device something and keeps the answer; False if it should be asked again because none came."""


@dataclass(frozen=True, slots=True)
class Call:
    """What became of a request.

    Attributes:
        delivery: What the broker said.
        reply: The device's answer, or None. None does not mean that nothing was executed.
    """

    delivery: Delivery
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class _Pending:
    """A request on its way, and who was asked."""

    prefix: str
    answer: asyncio.Future[Reply | None]


class ShellyRpc:
    """The shared reply topic, the ids, and the order of questions.

    A device answers one frame at a time, so that at most one request per device is on its way.
    """

    def __init__(self, broker: BrokerSession, reply_topic: str) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            broker: Carries requests and replies.
            reply_topic: Its base, for instance ``arni/site1/edge``; devices answer on ``…/rpc``. Used by this
                daemon alone, so that nobody else consumes or confuses replies.
        """
        self._broker = broker
        self._reply_topic = reply_topic
        self._pending: dict[int, _Pending] = {}
        self._sources: dict[str, str] = {}
        # One that nobody holds or waits for is gone by itself: strangers come and go.
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._asking: dict[str, Question] = {}
        self._unanswered: dict[str, Question] = {}
        self._asked = asyncio.Event()
        broker.subscribe([f"{reply_topic}/rpc"], self._on_reply)
        broker.on_lost(self._on_lost)

    def know(self, prefix: str, source: str) -> None:
        """From now on answers for this prefix count only in this name.

        Args:
            prefix: Of a device of the settings.
            source: What the device calls itself where nobody else may speak for it.
        """
        self._sources[prefix] = source

    async def call(self, prefix: str, method: str, params: Mapping[str, object], *, deadline: float) -> Call:
        """Ask a device and wait for its answer.

        Args:
            prefix: The device's topic prefix.
            method: For instance ``Switch.Set``.
            params: Its arguments.
            deadline: Seconds to wait for the answer, counted from the broker's receipt.

        Raises:
            NotSent: The device was busy with other questions for too long; nothing was sent.
            Unavailable: The request could not be given to the broker, or its fate is unknown.
        """
        line = self._lines.setdefault(prefix, asyncio.Lock())
        try:
            async with asyncio.timeout(_LINE_SECONDS):
                await line.acquire()
        except TimeoutError:
            raise NotSent("the device still owes the answers to other questions; nothing was sent") from None
        try:
            # Every device may write to our reply topic: none shall guess what another one was asked. Nor may
            # a late reply to an earlier request, or an earlier run, complete a new one.
            frame_id = secrets.randbits(_ID_BITS)
            reply: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
            self._pending[frame_id] = _Pending(prefix, reply)
            try:
                delivery = await self._send(prefix, frame_id, method, params)
                if delivery is not Delivery.ACCEPTED:
                    return Call(delivery, None)
                async with asyncio.timeout(deadline):
                    answer = await reply
            except TimeoutError:
                return Call(Delivery.ACCEPTED, None)
            finally:
                del self._pending[frame_id]
        finally:
            line.release()
        if answer is None:
            raise Unavailable("the broker connection was lost before the answer")
        return Call(delivery, answer)

    async def _send(self, prefix: str, frame_id: int, method: str, params: Mapping[str, object]) -> Delivery:
        frame = frames.encode_request(frame_id, self._reply_topic, method, params)
        return await self._broker.publish(
            f"{prefix}/rpc", frame, qos=1, retain=False, expiry_seconds=_EXPIRY_SECONDS
        )

    def ask_later(self, subject: str, question: Question) -> None:
        """Have :meth:`run` put a question soon, in place of one about the same subject that still waits."""
        self._asking[subject] = question
        self._asked.set()

    async def run(self, progress: Progress) -> None:
        """Put the waiting questions, one device after the other; for ever, until cancelled.

        After a broker restart dozens of devices come back in the same second; a queue spreads the questions.

        Args:
            progress: Called at least every few seconds.
        """
        while True:
            progress()
            try:
                async with asyncio.timeout(_PROGRESS_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                self._asking = self._unanswered | self._asking
                self._unanswered = {}
            self._asked.clear()
            while self._asking:
                subject = next(iter(self._asking))
                question = self._asking.pop(subject)
                try:
                    answered = await question()
                except Exception:  # noqa: BLE001 - a named boundary: the others have questions, too
                    _log.exception("shelly_question_failed", subject=subject)
                    answered = True
                if not answered:
                    self._unanswered[subject] = question
                progress()

    async def _on_reply(self, message: Received) -> None:
        reply = None if message.retained else frames.parse_reply(message.payload)
        pending = self._pending.get(reply.frame_id) if reply and isinstance(reply.frame_id, int) else None
        if reply is None or pending is None or pending.answer.done():
            _log.debug("shelly_reply_ignored", frame_id=reply.frame_id if reply else None)
            return
        if reply.source != self._sources.get(pending.prefix, reply.source):
            _log.warning("shelly_reply_in_another_name", prefix=pending.prefix)
            return
        pending.answer.set_result(reply)

    def _on_lost(self) -> None:
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_result(None)
