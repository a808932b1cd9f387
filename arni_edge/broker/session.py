"""The standing session: connects for ever, hands messages out in order, publishes honestly."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import aiomqtt
import structlog

from arni_edge.broker.client import REFUSED, Connection, identifiers
from arni_edge.broker.model import BrokerAddress, Delivery, Handler, NotSent, Received, Will
from arni_edge.broker.subscriptions import Subscriptions
from arni_edge.broker.takeovers import Takeovers
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress

_LOG = structlog.get_logger(__name__)

_CONNECT_SECONDS: Final = 5.0
_BEAT_SECONDS: Final = 1.0
_NO_MATCHING_SUBSCRIBERS: Final = 0x10

SessionCallback = Callable[[int], Awaitable[None]]


class BrokerSession:
    """One client of the broker, for as long as the process lives.

    A message is acknowledged after its handler has returned; handlers run one after the other, in the order
    of the wire. Nothing is queued for later: what cannot be published now is refused now, and a new client
    object for every connection has no memory that could be replayed.
    """

    def __init__(
        self, address: BrokerAddress, *, client_id: str, clock: Clock, will: Will | None = None
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._clock = clock
        self._will = will
        self._subscriptions = Subscriptions()
        self._session_callbacks: list[SessionCallback] = []
        self._lost_callbacks: list[Callable[[], None]] = []
        self._connection: Connection | None = None
        self._takeovers = Takeovers()
        self._second_instance = False
        self._session = 0
        self._problem = "not connected yet"

    # --- who hears what -----------------------------------------------------------------------------------

    def subscribe(self, filters: Sequence[str], handler: Handler) -> None:
        """Before :meth:`run`: hand every message that matches to this handler, on every connection.

        Explicit topics, never a filter that matches a command topic: the broker's hint that nobody listens
        (0x10) would be lost. Otherwise filters of different handlers may overlap as they like: every handler
        gets every message once.

        Args:
            filters: MQTT topic filters; subscribed to at QoS 1.
            handler: Runs to its end before the message is acknowledged. If it raises, that is logged and the
                message acknowledged all the same.

        Raises:
            ValueError: One of them is no filter.
        """
        self._subscriptions.add(filters, handler)

    async def listen(self, filters: Sequence[str], handler: Handler) -> None:
        """The same while the session runs, for instance for a device that was adopted just now.

        Returns when the broker knows; what is retained then comes to this handler alone. Without a connection
        it holds from the next one on.

        Raises:
            ValueError: One of them is no filter.
        """
        self._subscriptions.add(filters, handler)
        if self._connection is not None:
            with contextlib.suppress(Unavailable, TimeoutError):  # then the next connection does it
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._subscribe_due(self._connection)

    async def forget(self, handler: Handler) -> None:
        """Take a handler off, with all its filters; it hears nothing from now on."""
        superfluous = self._subscriptions.remove(handler)
        if self._connection is not None:
            with contextlib.suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._connection.unsubscribe_from(superfluous)

    # --- wiring, before run() -----------------------------------------------------------------------------

    def on_session(self, callback: SessionCallback) -> None:
        """Call this with the session's number after each connect, before any of its messages is handled.

        Subscriptions stand already: what the callback asks for is answered.
        """
        self._session_callbacks.append(callback)

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Call this at the moment when the connection is gone."""
        self._lost_callbacks.append(callback)

    # --- how it is ----------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether there is a session now."""
        return self._connection is not None

    @property
    def session(self) -> int:
        """Number of the present session, or of the last one; 0 before the first."""
        return self._session

    @property
    def problem(self) -> str:
        """Why there is no session, in words for the owner; empty while there is one."""
        return "" if self.connected else self._problem

    @property
    def second_instance(self) -> bool:
        """Whether somebody else keeps using our client id: command nothing, tell somebody."""
        return self._takeovers.too_many(self._clock.monotonic())

    # --- publishing ---------------------------------------------------------------------------------------

    def rouse(self) -> None:
        """Somebody may publish in the next moment: have the broker's sign of life under way by then."""
        if self._connection is not None:
            self._connection.rouse()

    async def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_seconds: int | None = None,
        deadline: float = 5.0,
    ) -> Delivery:
        """Give a message to the broker, and say what became of it.

        The broker is asked for a sign of life first: only one that has just answered gets the message.

        Args:
            topic: Where to.
            payload: What.
            qos: 1 is the only one that reports ``NO_SUBSCRIBER`` and ``NOT_PERMITTED``.
            retain: For states; never for a command.
            expiry_seconds: The broker drops it when it could not deliver it for so long. Counts from the
                moment when the broker reads it, on the broker's wall clock.
            deadline: Seconds until the broker must have answered.

        Raises:
            NotSent: Not connected, or no sign of life before the deadline: it never left.
            Unavailable: Connection lost or deadline passed after it had left: its fate is unknown, but it is
                never sent later.
        """
        connection = self._connection
        if connection is None:
            raise _undelivered("there is no connection to the broker", sent=False)
        sent = False
        try:
            async with asyncio.timeout(deadline):
                await connection.sign_of_life()
                sent = True
                code = await connection.send(topic, payload, qos=qos, retain=retain, expiry=expiry_seconds)
        except TimeoutError:
            # The connection is gone with the deadline (see Connection._answer), so it cannot be sent later.
            raise _undelivered(f"the broker did not answer within {deadline:g} s", sent=sent) from None
        except Unavailable as error:
            raise _undelivered(str(error), sent=sent) from error
        return _delivery(code, topic)

    # --- running ------------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Keep a session open until cancelled.

        Args:
            progress: Called at least every five seconds or so unless a handler hangs; a broker that is away
                is no reason for silence.
        """
        backoff = Backoff(first=0.2, longest=5.0, stable=10.0)
        while True:
            progress()
            lasted = await self._run_once(progress)
            progress()
            await asyncio.sleep(backoff.next(lasted))

    async def _run_once(self, progress: Progress) -> float:
        """One connection from dialling to its end; returns for how many seconds it was a session."""
        connection = Connection(
            self._address, client_id=self._client_id, will=self._will, on_lost=self._on_connection_lost
        )
        began = None
        try:
            await self._open(connection)
            began = self._clock.monotonic()
            self._takeovers.connected(broker=connection.broker, now=began)
            await self._serve(connection, progress)
        except Unavailable as error:
            self._note_problem(str(error))
        finally:
            connection.close()
        self._takeovers.ended(
            thrown_out=began is not None and connection.thrown_out, broker=connection.broker
        )
        return 0.0 if began is None else self._clock.monotonic() - began

    async def _open(self, connection: Connection) -> None:
        self._subscriptions.forget_connection()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await connection.open()
                while await self._subscribe_due(connection):
                    continue  # somebody may have begun to listen meanwhile
        except TimeoutError:
            raise Unavailable(f"the broker at {self._address} does not answer") from None

    async def _subscribe_due(self, connection: Connection) -> bool:
        """Subscribe for everybody who hears nothing yet; returns whether there was anybody."""
        due = self._subscriptions.due()
        answers = await asyncio.gather(
            *(connection.subscribe_to([one.topic_filter], one.identifier) for one in due)
        )
        if refused := [one for answer in answers for one in answer]:
            _LOG.error("broker_refused_subscription", filters=refused)
        return bool(due)

    async def _serve(self, connection: Connection, progress: Progress) -> None:
        await self._begin(connection)
        while True:
            progress()
            self._watch_takeovers()
            message = await connection.receive(_BEAT_SECONDS)
            if message is not None:
                await self._handle(message, self._session)
                connection.acknowledge(message)

    async def _begin(self, connection: Connection) -> None:
        if not connection.alive:
            raise Unavailable(f"the connection to the broker was lost: {connection.reason}")
        self._connection = connection
        self._session += 1
        self._problem = ""
        _LOG.info("broker_connected", address=str(self._address), session=self._session)
        for callback in self._session_callbacks:
            try:
                await callback(self._session)
            except Exception:  # noqa: BLE001 - a named boundary: logged, and the others go on
                _LOG.exception("broker_session_callback_failed", session=self._session)

    async def _handle(self, message: aiomqtt.Message, session: int) -> None:
        received = Received(message.topic.value, bytes(message.payload), message.retain, session)
        for handler in self._subscriptions.handlers(
            received.topic, identifiers(message), retained=message.retain
        ):
            try:
                await handler(received)
            except Exception:  # noqa: BLE001 - a named boundary: logged, and the others go on
                # Poison is acknowledged too: unacknowledged, twenty of them would stop the flow.
                _LOG.exception("broker_message_not_handled", topic=received.topic, session=session)

    # --- losing -------------------------------------------------------------------------------------------

    def _on_connection_lost(self) -> None:
        if self._connection is None:
            return
        self._connection = None
        for callback in self._lost_callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - a named boundary: nobody may go on believing old states
                _LOG.exception("broker_lost_callback_failed", session=self._session)

    def _note_problem(self, problem: str) -> None:
        if problem != self._problem:
            _LOG.warning("broker_unavailable", address=str(self._address), reason=problem)
        self._problem = problem

    def _watch_takeovers(self) -> None:
        """Log the edge: a second instance has begun or ended to use our client id."""
        if self.second_instance != self._second_instance:
            self._second_instance = self.second_instance
            event = "second_instance_detected" if self._second_instance else "second_instance_gone"
            _LOG.error(event, client_id=self._client_id)


def _undelivered(why: str, *, sent: bool) -> Unavailable:
    if sent:
        return Unavailable(f"{why}; the fate of the message is unknown")
    return NotSent(f"{why}; nothing was sent")


def _delivery(code: int, topic: str) -> Delivery:
    if code >= REFUSED:
        _LOG.warning("publish_refused", topic=topic, code=f"0x{code:02x}")
        return Delivery.NOT_PERMITTED
    return Delivery.NO_SUBSCRIBER if code == _NO_MATCHING_SUBSCRIBERS else Delivery.ACCEPTED
