"""One connection to the broker, used once and thrown away.

aiomqtt 2 hides three things that doors depend on: it acknowledges a message before our code has seen it, it
throws the reason code of a PUBACK away, and a client that is entered for a second connection sends what the
first one could not. This module is the only one that touches what is private in aiomqtt and paho;
``tests/protocol/test_broker_hooks.py`` fails when an upgrade takes a hook away.
"""
# ruff: noqa: ARG002 - the signatures of the hooks are paho's

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import aiomqtt
import structlog
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from arni_edge.broker.answers import Answers, Codes
from arni_edge.broker.dial import dial, peer_process
from arni_edge.broker.model import BrokerAddress, Will
from arni_edge.domain.errors import Unavailable

_LOG = structlog.get_logger(__name__)

REFUSED: Final = 0x80  # this reason code and above (MQTT 5.0, 2.4)
_SESSION_TAKEN_OVER: Final = 0x8E
_CLOSED_WITHOUT_A_WORD: Final = 0x80  # paho's translation of the end of the stream
_DISCONNECT_WITH_WILL: Final = 0x04

# The broker gives us up after 1.5 times this, we give it up after twice this; sign_of_life() asks earlier.
_KEEPALIVE_SECONDS: Final = 10
# So many messages at QoS 1 may be on their way to us unacknowledged: our back-pressure.
_RECEIVE_MAXIMUM: Final = 20
# QoS 0 has no back-pressure: above this it is dropped. A gym sends tens of messages per second.
_INBOX_ROOM: Final = 1000
_OUTBOX_ROOM: Final = 200
# Nobody subscribes to it, so asking to be unsubscribed from it changes nothing.
_NOWHERE: Final = "arni/nowhere"

_FRESH_SECONDS: Final = 0.25
"""A broker that was alive so short a time ago counts as alive: it may stop at any moment anyway."""


class Connection(aiomqtt.Client):
    """A client object for exactly one connection.

    It is not used as a context manager: aiomqtt connects in a thread that cannot be cancelled and may come
    back later with a second connection under our name, and it says goodbye by sending what still waits.

    Attributes:
        alive: Whether there is a connection.
        reason: Why there is none any more.
        thrown_out: The broker hung up, without a word or because our session was taken over.
        broker: Process id of the broker, known only for a Unix socket.
    """

    def __init__(
        self, address: BrokerAddress, *, client_id: str, will: Will | None, on_lost: Callable[[], None]
    ) -> None:
        """Nothing is sent before :meth:`open`.

        Args:
            address: Where and as whom.
            client_id: Ours, fixed and unique: a second connection with it ends the first.
            will: Published by the broker when this connection ends.
            on_lost: Called once, at the moment when the connection is gone.
        """
        super().__init__(
            str(address.socket or address.host),
            username=address.username,
            password=address.password.get_secret_value() if address.password else None,
            logger=_quiet_logger(),
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            keepalive=_KEEPALIVE_SECONDS,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain) if will else None,
            max_queued_outgoing_messages=_OUTBOX_ROOM,
            properties=_properties(PacketTypes.CONNECT, ReceiveMaximum=_RECEIVE_MAXIMUM),
        )
        self._address = address
        self._on_lost = on_lost
        self._client.manual_ack_set(True)
        self._answers = Answers()
        self._roused: asyncio.Future[Codes] | None = None
        self._roused_at = 0.0
        # None marks the end. _on_message keeps the bound, because only it knows what may be dropped.
        self._inbox: asyncio.Queue[aiomqtt.Message | None] = asyncio.Queue()
        self._dropping = False
        self._disconnected.add_done_callback(self._on_broken)
        self.alive = False
        self.reason = ""
        self.thrown_out = False
        self.broker: int | None = None

    # --- life ---------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and log in. The caller sets the time limit.

        Raises:
            Unavailable: Nobody listens there, or the login was refused.
        """
        try:
            connected_socket = await dial(self._address)
        except OSError as error:
            raise Unavailable(f"no broker at {self._address}: {error.strerror or error}") from error
        # With a connected socket in hand nothing in paho blocks, so it needs no thread.
        self._client._create_socket = lambda: connected_socket  # type: ignore[method-assign]  # noqa: SLF001
        self.broker = peer_process(connected_socket)
        self.alive = True
        self._client_connect()
        try:
            await self._connected
        except MqttConnectError as error:
            raise Unavailable(f"the broker at {self._address} refused the login: {error}") from error
        except aiomqtt.MqttError as error:
            raise Unavailable(f"the broker at {self._address} hung up: {error}") from error
        finally:
            if not self._client.is_connected():
                self.abort("not connected")

    def close(self) -> None:
        """Say goodbye and hang up at once; what has not left yet stays unsent.

        The broker publishes the will, as after every other end: "offline" is true on a clean stop too.
        """
        if self.alive and self._client.is_connected():
            self._client._out_packet.clear()  # noqa: SLF001
            self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, identifier=_DISCONNECT_WITH_WILL))
            with contextlib.suppress(OSError):
                self._client.loop_write()
        self.abort("closed by us")

    def abort(self, reason: str) -> None:
        """Hang up without a word. What has not left yet is never sent."""
        self._client._out_packet.clear()  # noqa: SLF001
        self._lose(reason)
        # Not now: aiomqtt may have asked the loop to read from this socket, which must find it still open.
        self._loop.call_soon(self._client._sock_close)  # noqa: SLF001

    def _lose(self, reason: str) -> None:
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(reason))
            self._connected.exception()  # looked at: perhaps nobody waits for it any more
        if not self.alive:
            return
        self.alive = False
        self.reason = reason
        self._answers.give_up()
        self._inbox.put_nowait(None)
        self._on_lost()

    # --- what we send -------------------------------------------------------------------------------------

    async def subscribe_to(self, filters: Sequence[str], identifier: int | None = None) -> list[str]:
        """Subscribe at QoS 1: QoS 2 adds a handshake and no benefit.

        Args:
            filters: MQTT topic filters.
            identifier: Comes back with every message that the broker sends because of this subscription; see
                :func:`identifiers`.

        Returns:
            The filters that the broker refused. Mosquitto grants forbidden ones and withholds the messages.

        Raises:
            Unavailable: The connection was lost.
        """
        if not filters:
            return []
        properties = (
            _properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=identifier) if identifier else None
        )
        wishes = [(one, 1) for one in filters]
        codes = await self._answer(*self._client.subscribe(wishes, properties=properties))
        return [one for one, code in zip(filters, codes, strict=True) if code >= REFUSED]

    async def unsubscribe_from(self, filters: Sequence[str]) -> None:
        """Undo :meth:`subscribe_to`.

        Raises:
            Unavailable: The connection was lost.
        """
        if filters:
            await self._answer(*self._client.unsubscribe(list(filters)))

    def rouse(self) -> None:
        """Ask the question of :meth:`sign_of_life` now, for whoever needs the answer in the next moment."""
        if not self.alive or self._is_roused():
            return
        result, mid = self._client.unsubscribe(_NOWHERE)
        if result is MQTTErrorCode.MQTT_ERR_SUCCESS and mid is not None:
            self._roused_at, self._roused = self._loop.time(), self._answers.ahead(mid)

    def _is_roused(self) -> bool:
        return self._roused is not None and self._loop.time() - self._roused_at < _FRESH_SECONDS

    async def sign_of_life(self) -> None:
        """Wait until the broker has answered a question that changes nothing.

        What is sent to a frozen broker waits in its socket and is delivered when it wakes up, however late.
        An answer to a question of :meth:`rouse` from a moment ago will do.

        Raises:
            Unavailable: The connection was lost.
        """
        if self._roused is not None and self._is_roused():
            await self._await(asyncio.shield(self._roused))
        else:
            await self.unsubscribe_from([_NOWHERE])

    async def send(
        self, topic: str, payload: str | bytes, *, qos: int, retain: bool, expiry: int | None
    ) -> int:
        """Publish, and wait for the broker's receipt (at QoS 0: until it is written).

        Returns:
            The reason code of the PUBACK.

        Raises:
            Unavailable: The connection was lost; whether the broker has the message is unknown.
        """
        properties = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry) if expiry else None
        sent = self._client.publish(topic, payload, qos, retain, properties)
        codes = await self._answer(sent.rc, sent.mid)
        return codes[0]

    async def _answer(self, result: MQTTErrorCode, mid: int | None) -> Codes:
        if result is not MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None or not self.alive:
            raise Unavailable(f"the broker takes nothing now: {self.reason or result.name}")
        return await self._await(self._answers.of(mid))

    async def _await(self, answer: Awaitable[Codes]) -> Codes:
        try:
            codes = await answer
        except asyncio.CancelledError:
            # Whoever leaves without an answer takes the connection along: the packet may still wait in
            # paho or in the socket, and a command must never be sent after its sender was told "failed".
            self.abort("the broker did not answer in time")
            raise
        if not codes:
            raise Unavailable(f"the connection to the broker was lost: {self.reason}")
        return codes

    # --- what we receive ----------------------------------------------------------------------------------

    async def receive(self, seconds: float) -> aiomqtt.Message | None:
        """The next message in order, or None when none came within ``seconds``.

        Raises:
            Unavailable: The connection is gone; messages that it left unread are not handed out.
        """
        message = None
        if self.alive:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    message = await self._inbox.get()
        if not self.alive:
            raise Unavailable(f"the connection to the broker was lost: {self.reason}")
        return message

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that this message has been dealt with."""
        if self.alive:
            self._client.ack(message.mid, message.qos)

    # --- hooks --------------------------------------------------------------------------------------------

    def _on_message(self, client: PahoClient, userdata: Any, message: MQTTMessage) -> None:
        full = message.qos == 0 and self._inbox.qsize() >= _INBOX_ROOM
        if full and not self._dropping:
            _LOG.warning("broker_inbox_full", room=_INBOX_ROOM)
        if message.qos == 0:
            self._dropping = full
        if not full:
            self._inbox.put_nowait(aiomqtt.Message._from_paho_message(message))  # noqa: SLF001

    def _on_publish(
        self, client: PahoClient, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self._answers.settle(mid, (reason_code.value,))

    def _on_subscribe(
        self, client: PahoClient, userdata: Any, mid: int, reason_codes: list[ReasonCode], *_: Any
    ) -> None:
        self._answers.settle(mid, tuple(code.value for code in reason_codes))

    def _on_unsubscribe(
        self, client: PahoClient, userdata: Any, mid: int, reason_codes: list[ReasonCode], *_: Any
    ) -> None:
        self._answers.settle(mid, (0,))

    def _on_disconnect(
        self,
        client: PahoClient,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        # paho closes the socket first and tells the reason afterwards.
        if flags.is_disconnect_packet_from_server:
            self.reason = str(reason_code).lower()
        self.thrown_out = reason_code.value in {_SESSION_TAKEN_OVER, _CLOSED_WITHOUT_A_WORD}
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_socket_register_write(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        # aiomqtt leaves this for the next round of the loop; by then the socket may be closed and its number
        # may belong to another one.
        self._loop.add_writer(sock.fileno(), client.loop_write)

    def _on_socket_close(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        super()._on_socket_close(client, userdata, sock)
        self._lose("the connection was closed")

    def _on_broken(self, broken: asyncio.Future[None]) -> None:
        """An end was noticed, perhaps by an error while reading, after which the socket is still open."""
        if not broken.cancelled() and broken.exception() is not None:
            self.abort(str(broken.exception()))


def identifiers(message: aiomqtt.Message) -> list[int]:
    """For which of our subscriptions the broker sent this copy."""
    found: list[int] = getattr(message.properties, "SubscriptionIdentifier", [])
    return found


def _properties(packet: int, **values: int) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def _quiet_logger() -> logging.Logger:
    """To paho every lost connection is an error; the session says it once, in words."""
    logger = logging.getLogger(f"{__name__}.paho")
    logger.setLevel(logging.CRITICAL)
    return logger
