"""A box that speaks WhatsApp: all real from the relay to the inbox and from the outbox to the Graph API.

Nobody takes the messages further: the pipeline ends where they are stored.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from arni_edge.channels.whatsapp import (
    SOURCE,
    GraphApi,
    WhatsAppChannel,
    WhatsAppIntake,
    WhatsAppSender,
    open_client,
)
from arni_edge.conversation import Pipeline, Reception, Turns
from arni_edge.conversation.stages.deduplicate import Deduplicate
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, Language, OutboundMessage, Priority
from arni_edge.relay import Handler, RelayClient, RelayDesk, RelayEvent, RelayPull
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.storage import Database, outbox
from arni_edge.storage.outbox import Outbox


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
    """The database of the box. Survives its senders, pulls and desks."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SystemClock()
        self.outbox = Outbox(database, self.clock)
        self.seen: list[int] = []

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
        age: timedelta = timedelta(0),
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
        await self.database.write(lambda tx: outbox.add(tx, message, self.clock.now() - age))


@asynccontextmanager
async def a_store(path: Path) -> AsyncIterator[Store]:
    """A fresh database with its writer running."""
    database = await Database.open(path / "arni.db")
    try:
        async with running(database.run(no_progress)):
            yield Store(database)
    finally:
        await database.close()


def reception(store: Store) -> Reception:
    """The real reception with the one stage that stores."""
    pipeline = Pipeline(reception=(Deduplicate(store.database, store.clock),), turn=())
    turns = Turns(store.database, store.clock, Catalogue.load(), pipeline, Language.GERMAN)
    return Reception(pipeline, turns, Language.GERMAN)


class NotingDesk(RelayDesk):
    """Notes what it has done with, over all lives of a store."""

    def __init__(self, store: Store, handlers: Mapping[str, Handler]) -> None:
        super().__init__(store.database, handlers)
        self._seen = store.seen

    async def consume(self, event: RelayEvent) -> None:
        await super().consume(event)
        self._seen.append(event.sequence)


class Box:
    """One life of the box's process on a store; a second box on the same store is the next life."""

    def __init__(
        self,
        cloud: SimulatedCloud,
        store: Store,
        *,
        wait_seconds: float = 0.2,
        resolve_seconds: float = 1.0,
        port: Outbox | None = None,
    ) -> None:
        whatsapp = cloud.whatsapp_settings(resolve_seconds=resolve_seconds)
        self.health: list[tuple[str, State, str]] = []
        self.http = open_client()
        self.relay = RelayClient(cloud.relay_settings(wait_seconds=wait_seconds), store.clock)
        self.graph = GraphApi(whatsapp, self.http)
        intake = WhatsAppIntake(store.database, store.clock, reception(store))
        self.desk = NotingDesk(store, {SOURCE: WhatsAppChannel(whatsapp, intake).consume})
        self.pull = RelayPull(
            self.relay,
            self.desk,
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


class StopsAt(Outbox):
    """An outbox that stops for ever at one of its steps, as a process does that is killed there."""

    def __init__(self, database: Database, clock: Clock, step: str, *, after: bool) -> None:
        super().__init__(database, clock)
        self.stopped = asyncio.Event()
        method = getattr(self, step)

        async def stop(*arguments: Any) -> None:
            if after:
                await method(*arguments)
            self.stopped.set()
            await asyncio.Event().wait()

        setattr(self, step, stop)
