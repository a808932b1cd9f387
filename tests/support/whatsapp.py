"""A box that speaks WhatsApp: all real from the relay to the inbox and from the outbox to the Graph API.

Nobody takes the messages further: the pipeline ends where they are stored.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from arni_edge.channels.whatsapp import (
    SOURCE,
    GraphApi,
    Letters,
    Notices,
    WhatsAppChannel,
    WhatsAppIntake,
    WhatsAppSender,
    Windows,
    open_client,
)
from arni_edge.conversation import Pipeline, Reception, Turns
from arni_edge.conversation.stages.deduplicate import Deduplicate
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import (
    Channel,
    Choice,
    Language,
    OutboundMessage,
    Priority,
    Template,
)
from arni_edge.relay import Handler, Papers, RelayClient, RelayDesk, RelayEvent, RelayPull
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.storage import Database, Transaction, outbox
from arni_edge.storage.outbox_messages import MessageOutbox
from support.database import put_empty

ANNA = "+4915223433333"
"""Her phone is the fixture ``anna``."""


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

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.papers = Papers(folder / "relay")
        self.clock = SystemClock()
        self.outbox = MessageOutbox(database, self.clock, Channel.WHATSAPP)
        self.seen: list[int] = []

    async def texts(self) -> list[str]:
        rows = await self.database.read("SELECT text FROM inbound ORDER BY id")
        return [row["text"] for row in rows]

    async def states(self) -> dict[str, str]:
        """State of every row of the outbox by its key."""
        rows = await self.database.read("SELECT key, state FROM outbox ORDER BY position")
        return {row["key"]: row["state"] for row in rows}

    async def is_over(self, key: str) -> None:
        """Nobody waits for a message any more: a day has passed."""
        yesterday = (self.clock.now() - timedelta(days=1)).isoformat()
        await self.database.write(
            lambda tx: tx.execute("UPDATE outbox SET expires_at = ? WHERE key = ?", (yesterday, key))
        )

    async def queue(
        self,
        key: str,
        recipient: str,
        text: str = "Hallo!",
        *,
        reply_to: str | None = None,
        priority: Priority = Priority.CHAT,
        template: Template | None = None,
        choice: Choice | None = None,
        secret: bool = False,
        life: timedelta | None = None,
    ) -> None:
        message = OutboundMessage(
            key=key,
            channel=Channel.WHATSAPP,
            recipient=recipient,
            text=text,
            priority=priority,
            template=template,
            reply_to=reply_to,
            choice=choice,
            secret=secret,
            expires_at=None if life is None else self.clock.now() + life,
        )
        await self.database.write(lambda tx: outbox.add(tx, message, self.clock.now()))


@asynccontextmanager
async def a_store(path: Path) -> AsyncIterator[Store]:
    """A fresh database with its writer running."""
    put_empty(path / "arni.db")
    database = await Database.open(path / "arni.db")
    try:
        async with running(database.run(no_progress)):
            yield Store(database, path)
    finally:
        await database.close()


def reception(store: Store) -> Reception:
    """The real reception with the one stage that stores."""
    pipeline = Pipeline(reception=(Deduplicate(store.database, store.clock),), turn=())
    turns = Turns(store.database, store.clock, Catalogue.load(), pipeline, Language.GERMAN)
    return Reception(pipeline, turns, Language.GERMAN)


class NotingDesk(RelayDesk):
    """Notes what it has done with, over all lives of a store."""

    def __init__(self, store: Store, handlers: Mapping[str, Handler], **more: Any) -> None:
        super().__init__(store.database, handlers, **more)
        self._seen = store.seen

    async def consume(self, event: RelayEvent, log: str) -> None:
        await super().consume(event, log)
        self._seen.append(event.sequence)


class AlwaysOpen:
    """Whoever is written to wrote lately: for what is not about the window."""

    async def is_open(self, recipient: str, now: datetime) -> bool:
        del recipient, now
        return True


class Box:
    """One life of the box's process on a store; a second box on the same store is the next life."""

    def __init__(
        self,
        cloud: SimulatedCloud,
        store: Store,
        *,
        wait_seconds: float = 0.2,
        resolve_seconds: float = 1.0,
        port: MessageOutbox | None = None,
        windows: Windows | None = None,
        notices: Notices | None = None,
    ) -> None:
        whatsapp = cloud.whatsapp_settings(resolve_seconds=resolve_seconds)
        self.health: list[tuple[str, State, str]] = []
        self.http = open_client()
        self.relay = RelayClient(cloud.relay_settings(wait_seconds=wait_seconds), store.clock, store.papers)
        self._cloud, self._papers = cloud, store.papers
        self.graph = GraphApi(whatsapp, self.http)
        intake = WhatsAppIntake(store.database, store.clock, reception(store))
        channel = WhatsAppChannel(whatsapp, intake)
        self.lost: list[datetime] = []

        async def lose(_: Transaction, at: datetime) -> None:
            self.lost.append(at)

        self.desk = NotingDesk(
            store, {SOURCE: channel.consume}, urgent={SOURCE: channel.heed}, on_loss=[lose]
        )
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
            letters=Letters(Catalogue.load(), Language.GERMAN),
            windows=windows or AlwaysOpen(),
            notices=notices,
            health=lambda state, reason: self.health.append(("whatsapp", state, reason)),
        )

    async def __aenter__(self) -> Self:
        if not self._papers.version:
            await self._cloud.relay.enroll(self._papers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.relay.aclose()
        await self.http.aclose()

    def pulling(self) -> Coroutine[Any, Any, None]:
        return self.pull.run(no_progress)

    def sending(self) -> Coroutine[Any, Any, None]:
        return self.sender.run(no_progress)


class StopsAt(MessageOutbox):
    """An outbox that stops for ever at one of its steps, as a process does that is killed there."""

    def __init__(self, database: Database, clock: Clock, step: str, *, after: bool) -> None:
        super().__init__(database, clock, Channel.WHATSAPP)
        self.stopped = asyncio.Event()
        method = getattr(self, step)

        async def stop(*arguments: Any) -> None:
            if after:
                await method(*arguments)
            self.stopped.set()
            await asyncio.Event().wait()

        setattr(self, step, stop)
