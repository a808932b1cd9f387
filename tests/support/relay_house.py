"""A house at a real relay: from the webhook to the phone all of it runs, in lives on one folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arni_edge.channels.whatsapp import (
    SOURCE,
    GraphApi,
    HeardWindows,
    Letters,
    WhatsAppChannel,
    WhatsAppIntake,
    WhatsAppSender,
    open_client,
)
from arni_edge.daemon.relay import after_restore
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, Language
from arni_edge.relay import Papers, RelayClient, RelayDesk, RelayPull
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.storage.outbox_messages import MessageOutbox
from support.clock import ManualClock
from support.house import open_house
from support.talk import KIM, LEE, Talk, at_work
from support.whatsapp import no_progress, running


@dataclass
class RelayTalk(Talk):
    """One life.

    Attributes:
        pull: The line from the relay.
    """

    pull: RelayPull

    async def read(self) -> int:
        """How far it has read."""
        rows = await self.house.database.read("SELECT sequence FROM relay_cursor")
        return int(rows[0]["sequence"]) if rows else 0


@asynccontextmanager
async def a_life(
    folder: Path, cloud: SimulatedCloud, clock: ManualClock, **more: Any
) -> AsyncIterator[RelayTalk]:
    """A life on the database in a folder, with Kim and Lee of staff; enrolled if it never was."""
    papers = Papers(folder / "relay")
    if not papers.version:
        await cloud.relay.enroll(papers)
    async with open_house(folder, clock=clock, **{"staff": (KIM, LEE), **more}) as house:
        http = open_client()
        client = RelayClient(cloud.relay_settings(wait_seconds=0.5), clock, papers)
        whatsapp = cloud.whatsapp_settings(resolve_seconds=0.5)
        channel = WhatsAppChannel(whatsapp, WhatsAppIntake(house.database, clock, house.reception))
        desk = RelayDesk(
            house.database,
            {SOURCE: channel.consume},
            urgent={SOURCE: channel.heed},
            on_reread=[after_restore],
        )
        pull = RelayPull(client, desk, clock=clock, health=lambda *_: None, longest_backoff=0.2)
        sender = WhatsAppSender(
            GraphApi(whatsapp, http),
            MessageOutbox(house.database, clock, Channel.WHATSAPP),
            pull,
            clock=clock,
            resolve_seconds=0.5,
            letters=Letters(Catalogue.load(), Language.GERMAN),
            windows=HeardWindows(house.database),
            health=lambda *_: None,
        )
        try:
            async with at_work(house), running(pull.run(no_progress), sender.run(no_progress)):
                yield RelayTalk(house, pull)
        finally:
            await client.aclose()
            await http.aclose()
