"""A box that speaks WhatsApp: the real relay pull, channel, sender and database, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from arni_edge.channels.whatsapp import (
    DeliveryStatus,
    GraphApi,
    OutboxItem,
    OutboxPort,
    WhatsAppChannel,
    WhatsAppSender,
    open_client,
)
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.health import State
from arni_edge.domain.messages import Channel, InboundMessage, Language, OutboundMessage, Priority
from arni_edge.relay import RelayClient, RelayPull
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.storage import Database, inbox, outbox

STREAM = "relay"


def no_progress() -> None:
    """Nobody watches."""


@asynccontextmanager
async def running(*parts: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Keep parts running; one that fails fails the test, and all are cancelled at the end."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


class Store:
    """The database of the box, as the relay's cursor and as the intake. Survives its senders and pulls."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SystemClock()
        self.outbox = outbox.Outbox(database, self.clock)
        self.seen: list[int] = []

    async def cursor(self) -> int:
        return await inbox.cursor(self.database, STREAM)

    async def receive(
        self, messages: Sequence[InboundMessage], statuses: Sequence[DeliveryStatus], cursor: int
    ) -> None:
        now = self.clock.now()

        async def store(tx: Any) -> None:
            for message in messages:
                await inbox.add(tx, message, now)
            for status in statuses:
                if status.tracking_id:
                    await outbox.note_delivery(tx, status.tracking_id, status.state, status.message_id, now)
            await inbox.move_cursor(tx, STREAM, cursor)

        await self.database.write(store)
        self.seen.append(cursor)

    async def texts(self) -> list[str]:
        rows = await self.database.read("SELECT text FROM inbound ORDER BY id")
        return [row["text"] for row in rows]

    async def states(self) -> dict[str, str]:
        """State of every row of the outbox by its key."""
        rows = await self.database.read("SELECT key, state FROM outbox ORDER BY position")
        return {row["key"]: row["state"] for row in rows}

    async def queue(
        self,
        key: str,
        recipient: str,
        text: str = "Hallo!",
        *,
        reply_to: str | None = None,
        priority: Priority = Priority.CHAT,
        template: str | None = None,
    ) -> None:
        message = OutboundMessage(
            key=key,
            channel=Channel.WHATSAPP,
            recipient=recipient,
            text=text,
            priority=priority,
            template=template,
            reply_to=reply_to,
        )
        await self.database.write(lambda tx: outbox.add(tx, message, self.clock.now()))


@asynccontextmanager
async def a_store(path: Path) -> AsyncIterator[Store]:
    """A fresh database with its writer running."""
    database = await Database.open(path / "arni.db")
    try:
        async with running(database.run(no_progress)):
            yield Store(database)
    finally:
        await database.close()


class Box:
    """One life of the box's process on a store; a second box on the same store is the next life."""

    def __init__(
        self,
        cloud: SimulatedCloud,
        store: Store,
        *,
        wait_seconds: float = 0.2,
        resolve_seconds: float = 1.0,
        port: OutboxPort | None = None,
    ) -> None:
        whatsapp = cloud.whatsapp_settings(resolve_seconds=resolve_seconds)
        self.health: list[tuple[str, State, str]] = []
        self.http = open_client()
        self.relay = RelayClient(cloud.relay_settings(wait_seconds=wait_seconds), store.clock)
        self.graph = GraphApi(whatsapp, self.http)
        self.pull = RelayPull(
            self.relay,
            store,
            WhatsAppChannel(whatsapp, store).consume,
            clock=store.clock,
            health=lambda state, reason: self.health.append(("relay", state, reason)),
            longest_backoff=0.2,
        )
        self.sender = WhatsAppSender(
            self.graph,
            port or store.outbox,
            self.pull,
            clock=store.clock,
            resolve_seconds=resolve_seconds,
            language=Language.GERMAN,
            health=lambda state, reason: self.health.append(("whatsapp", state, reason)),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.relay.aclose()
        await self.http.aclose()

    def pulling(self) -> Coroutine[Any, Any, None]:
        return self.pull.run(no_progress)

    def sending(self) -> Coroutine[Any, Any, None]:
        return self.sender.run(no_progress)


class StopsAt:
    """An outbox that stops for ever at one of its steps, as a process does that is killed there."""

    def __init__(self, port: OutboxPort, step: str, *, after: bool) -> None:
        self._port = port
        self._step = step
        self._after = after
        self.stopped = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name != self._step:
            return method

        async def stop(*arguments: Any) -> Any:
            if self._after:
                await method(*arguments)
            self.stopped.set()
            await asyncio.Event().wait()

        return stop


def ids(items: Sequence[OutboxItem]) -> list[str]:
    """Keys of outbox items."""
    return [item.message.key for item in items]
