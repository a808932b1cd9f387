"""What every simulated MQTT device has: a connection with a life of its own, and ways to break it."""

import asyncio
import contextlib
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiomqtt
import structlog
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.enums import MQTTErrorCode

from arni_edge.broker import BrokerAddress, Will
from arni_edge.broker.dial import dial
from arni_edge.domain.backoff import Backoff

_log = structlog.get_logger(__name__)

_CONNECT_SECONDS = 10.0
_HELD_WHILE_FROZEN = 64
_OUTGOING = 100


class Outgoing(NamedTuple):
    """One message of the device."""

    topic: str
    payload: str
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """How a device presents itself to the broker.

    Attributes:
        client_id: A second connection under it takes the first over.
        keepalive: Seconds; the broker notices a silent death after 1.5 times this.
        will: Published by the broker when the connection ends without a goodbye; None: nothing is.
        reconnect: Shortest and longest pause in seconds before the next attempt to connect.
    """

    client_id: str
    keepalive: int
    will: Will | None
    reconnect: tuple[float, float] = (0.5, 10.0)


class _Line(aiomqtt.Client):
    """One connection (MQTT 3.1.1, clean session), used once. Never says goodbye: devices lose power."""

    def __init__(self, address: BrokerAddress, identity: Identity) -> None:
        password = address.password.get_secret_value() if address.password else None
        will = identity.will
        super().__init__(
            address.host,
            address.port,
            username=address.username,
            password=password,
            identifier=identity.client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            keepalive=identity.keepalive,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain) if will else None,
            max_queued_outgoing_messages=_OUTGOING,
        )
        # A frozen device learns of the end only later, or never: then asyncio need not complain about it.
        self._disconnected.add_done_callback(lambda end: end.cancelled() or end.exception())
        self._address = address
        self._frozen = False

    async def open(self) -> None:
        """Connect, without the thread of aiomqtt's own way, which would connect even after a cancellation.

        Raises:
            OSError: Nobody listens.
            aiomqtt.MqttError: The broker does not want us.
        """
        connected = await dial(self._address)
        self._client._create_socket = lambda: connected  # type: ignore[method-assign]  # noqa: SLF001
        self._client_connect()
        await self._connected

    def send(self, message: Outgoing) -> None:
        """Write a message at once, without waiting for handshakes: real topics overtake each other, too."""
        self._client.publish(*message)

    def freeze(self) -> None:
        """Read nothing and send no pings, but keep the TCP connection."""
        self._frozen = True
        if sock := self._client.socket():
            self._loop.remove_reader(sock)

    def thaw(self) -> None:
        """Go on where :meth:`freeze` stopped, with everything that has waited in the socket."""
        self._frozen = False
        if sock := self._client.socket():
            self._loop.add_reader(sock, self._client.loop_read)

    def die(self) -> None:
        """Fall silent for ever; the broker is not told, because the socket stays open."""
        self.freeze()
        if self._misc_task is not None:
            self._misc_task.cancel()

    def cut(self) -> None:
        """Hang up without a goodbye: the broker publishes the will."""
        self.die()
        if not self._connected.done():
            self._connected.cancel()
        # Not now: aiomqtt may have asked the loop to watch this socket, which must find it still open.
        self._loop.call_soon(self._client._sock_close)  # noqa: SLF001

    async def _misc_loop(self) -> None:
        while self._frozen or self._client.loop_misc() is MQTTErrorCode.MQTT_ERR_SUCCESS:
            await asyncio.sleep(0.2)  # keepalives of a second or two must be kept in tests

    def _on_socket_register_write(self, client: PahoClient, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        # aiomqtt leaves this for the next round of the loop; by then the socket may be closed.
        self._loop.add_writer(sock.fileno(), client.loop_write)


class MqttDevice(ABC):
    """A device that connects by itself, for ever, and can be broken like a real one.

    Attributes:
        frozen: It hangs: reads nothing, sends nothing, keeps its connection.
    """

    def __init__(self, address: BrokerAddress, identity: Identity, *, seed: int = 0) -> None:
        """Nothing happens before :meth:`run`.

        Args:
            address: Of the broker, as the device knows it.
            identity: As whom it connects.
            seed: For everything random about the device.
        """
        self.dice = random.Random(seed)
        self.frozen = False
        self._address = address
        self._identity = identity
        self._line: _Line | None = None
        self._connection: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._powered = asyncio.Event()
        self._powered.set()
        self._unpowered = asyncio.Event()
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._held: deque[Outgoing] = deque(maxlen=_HELD_WHILE_FROZEN)
        self._corpses: list[_Line] = []
        shortest, longest = identity.reconnect
        self._backoff = Backoff(first=shortest, longest=longest)

    # --- what a kind of device adds ---------------------------------------------------------------------

    @abstractmethod
    def topics(self) -> Sequence[tuple[str, int]]:
        """Topic filters to subscribe to, with QoS."""

    @abstractmethod
    def on_connected(self) -> None:
        """Say everything that this device says after each connect."""

    @abstractmethod
    def on_message(self, topic: str, payload: bytes) -> None:
        """Act on a message. No device looks at the retain flag."""

    def on_power_lost(self) -> None:  # noqa: B027 - most devices have nothing to do
        """The electricity is gone."""

    # --- life -------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the device itself believes that it is connected."""
        return self._line is not None

    @property
    def powered(self) -> bool:
        """Whether it has electricity."""
        return self._powered.is_set()

    async def run(self) -> None:
        """Live until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                while True:
                    await self._powered.wait()
                    self._connection = self._tasks.create_task(self._connect())
                    await asyncio.wait([self._connection])
                    await self._pause()
        finally:
            self._tasks = None
            for corpse in self._corpses:
                corpse.cut()
            self._corpses.clear()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Start something that lives no longer than the device; None when the device does not run."""
        if self._tasks is None:
            work.close()
            return None
        return self._tasks.create_task(work)

    def send(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        """Publish, if there is a connection; a device without one forgets."""
        message = Outgoing(topic, payload, qos, retain)
        if self._line is not None:
            if self.frozen:
                self._held.append(message)
            else:
                self._line.send(message)

    async def _connect(self) -> None:
        line = _Line(self._address, self._identity)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await line.open()
                await line.subscribe(list(self.topics()))
            self._line = line
            self._backoff.forget()
            self.on_connected()
            async for message in line.messages:
                await self._thawed.wait()
                self.on_message(message.topic.value, bytes(message.payload))
        except (OSError, TimeoutError, aiomqtt.MqttError) as error:
            _log.debug("simulated_device_disconnected", client=self._identity.client_id, reason=str(error))
        finally:
            self._line = None
            self._held.clear()
            if line not in self._corpses:
                line.cut()

    async def _pause(self) -> None:
        """Wait before the next attempt: longer each time, and never in step with other devices."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next()):
                await self._unpowered.wait()

    # --- breaking it ------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Hang: nothing is read, nothing sent; the broker notices after 1.5 times the keepalive."""
        self.frozen = True
        self._thawed.clear()
        if self._line is not None:
            self._line.freeze()

    def thaw(self) -> None:
        """Wake up and do everything that has waited meanwhile, however old."""
        self.frozen = False
        self._thawed.set()
        if self._line is not None:
            while self._held:
                self._line.send(self._held.popleft())
            self._line.thaw()

    def power_off(self) -> None:
        """Die in silence: the broker believes in the connection until the keepalive has run out."""
        self._powered.clear()
        self._unpowered.set()
        if self._line is not None:
            self._line.die()
            self._corpses.append(self._line)
        self.drop_connection()
        self.on_power_lost()

    def power_on(self) -> None:
        """Come back. If the broker still believes in the old connection, this one takes it over."""
        self.thaw()
        self._unpowered.clear()
        self._powered.set()

    def drop_connection(self) -> None:
        """Lose the TCP connection: the broker publishes the will, and the device reconnects by itself."""
        if self._connection is not None:
            self._connection.cancel()
