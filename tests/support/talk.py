"""A talk with the whole front office: messages in, answers out, codes carried, staff pressing buttons."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arni_edge.domain.messages import InboundMessage
from arni_edge.domain.staff import Contact, Role
from support.house import MIA, House, open_house
from support.waiting import eventually

KIM = Contact("kim", "Kim", Role.STAFF, "+491700000001", 1001)
LEE = Contact("lee", "Lee", Role.OWNER, "+491700000002", 1002)


@dataclass
class Talk:
    """A running house that somebody writes to."""

    house: House

    async def say(self, text: str, phone: str = MIA.phone, **more: Any) -> str:
        """Write something, and return everything that is said to them until it was handled."""
        message = self.house.message(text, phone, **more)
        return await self.send(message)

    async def send(self, message: InboundMessage) -> str:
        """Hand in a message, and return what is said to its sender until it was handled."""
        before = await self.heard(message.conversation)
        await self.house.reception.receive([message])
        await self.handled()
        await self.house.office.executor.idle()
        heard = await self.heard(message.conversation)
        return "\n".join(heard[len(before) :])

    async def heard(self, address: str = MIA.phone) -> list[str]:
        """Everything that was said to somebody."""
        rows = await self.house.database.read(
            "SELECT text FROM outbox WHERE recipient = ? ORDER BY position", (address,)
        )
        return [row["text"] for row in rows]

    async def code(self) -> str:
        """The digits of the newest code that was brought by SMS; it is there, or about to be."""
        await eventually(lambda: self.house.office.codes._parcels.empty() and self.house.sms.sent)
        found = re.search(r"\d{6}", self.house.sms.sent[-1][1])
        assert found is not None
        return found[0]

    async def press(self, contact: Contact, label: str, key: str) -> str:
        """Press a button under what somebody of staff is shown."""
        rows = await self.house.database.read(
            "SELECT buttons FROM staff_posts WHERE contact = ? AND key LIKE ?"
            " ORDER BY created_at DESC, key DESC LIMIT 1",
            (contact.id, f"{key}/%"),
        )
        buttons = [one for row in json.loads(rows[0]["buttons"]) for one in row] if rows else []
        (act, argument) = next((one[1], one[2]) for one in buttons if one[0] == label)
        return await self.house.office.acts[act].do(contact, argument, "")

    async def post(self, contact: Contact, key: str) -> str:
        """What somebody of staff is shown; empty when nothing of the kind."""
        rows = await self.house.database.read(
            "SELECT text FROM staff_posts WHERE contact = ? AND key LIKE ?"
            " ORDER BY created_at DESC, key DESC",
            (contact.id, f"{key}/%"),
        )
        return str(rows[0]["text"]) if rows else ""

    async def actions(self) -> list[tuple[str, str]]:
        """Tool and state of every action, in order."""
        rows = await self.house.database.read("SELECT tool, state FROM actions ORDER BY action_id")
        return [(row["tool"], row["state"]) for row in rows]

    async def tickets(self) -> list[str]:
        """Kinds of all tickets that are open."""
        rows = await self.house.database.read("SELECT kind FROM tickets WHERE state = 'open' ORDER BY kind")
        return [row["kind"] for row in rows]

    async def handled(self) -> None:
        """Return once no message waits for its turn."""
        async with asyncio.timeout(20):
            while await self._waiting():  # noqa: ASYNC110 - the database is what is waited for
                await asyncio.sleep(0.005)

    async def _waiting(self) -> bool:
        return bool(await self.house.database.read("SELECT 1 FROM inbound WHERE state = 'received'"))


@asynccontextmanager
async def talking(path: Path, **more: Any) -> AsyncIterator[Talk]:
    """A house with Kim and Lee of staff, all of whose desks run."""
    async with open_house(path, **{"staff": (KIM, LEE), **more}) as house, at_work(house):
        yield Talk(house)


@asynccontextmanager
async def at_work(house: House) -> AsyncIterator[None]:
    """Everything of the front office runs."""
    office = house.office
    tasks = [
        asyncio.create_task(run(lambda: None))
        for run in (house.turns.run, office.codes.run, office.executor.run)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
