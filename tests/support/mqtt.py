"""The other side of the broker: a device, and our own session kept running."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self

import aiomqtt

from arni_edge.broker import BrokerAddress, BrokerSession
from support.waiting import eventually


class Device:
    """Speaks MQTT as devices do (3.1.1, clean session) with plain aiomqtt, and keeps what it gets.

    Attributes:
        got: Topic and payload of every message, in order.
        raw: The messages themselves.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *filters: str,
        client_id: str | None = None,
        protocol: aiomqtt.ProtocolVersion = aiomqtt.ProtocolVersion.V311,
        clean: bool = True,
    ) -> None:
        v5 = protocol is aiomqtt.ProtocolVersion.V5
        self._filters = filters
        self._client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.username,
            password=address.password.get_secret_value() if address.password else None,
            identifier=client_id,
            protocol=protocol,
            clean_session=None if v5 else clean,
        )
        self._reading: asyncio.Task[None] | None = None
        self.raw: list[aiomqtt.Message] = []

    @property
    def got(self) -> list[tuple[str, str]]:
        return [(message.topic.value, bytes(message.payload).decode()) for message in self.raw]

    async def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> None:
        await self._client.publish(topic, payload, qos, retain)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        for one in self._filters:
            await self._client.subscribe(one, qos=1)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.wait({self._reading})
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.__aexit__(kind, error, trace)

    async def _read(self) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in self._client.messages:
                self.raw.append(message)


@contextlib.asynccontextmanager
async def running(
    run: Callable[[Callable[[], None]], Awaitable[None]],
) -> AsyncIterator[asyncio.Future[None]]:
    """Run ``run(progress)`` beside the block; what it raises is raised at the end."""
    task = asyncio.ensure_future(run(lambda: None))
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.done(), "it did not stop when cancelled"
    if not task.cancelled():
        task.result()


@contextlib.asynccontextmanager
async def connected(session: BrokerSession) -> AsyncIterator[BrokerSession]:
    """Keep a session running and connected at the beginning of the block."""
    async with running(session.run):
        await eventually(lambda: session.connected, otherwise=session.problem)
        yield session
