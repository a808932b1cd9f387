"""A chat with the gym and the desk of its staff, on a real database. The answers are given by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from arni_edge.bus import Bus
from arni_edge.conversation.ghost_mode import GhostMode, build_ghost_mode
from arni_edge.conversation.pipeline import Pipeline
from arni_edge.conversation.stages.consent import Consent
from arni_edge.conversation.stages.deduplicate import Deduplicate
from arni_edge.conversation.stages.deliver import Deliver
from arni_edge.conversation.stages.mode import Mode
from arni_edge.conversation.stages.route import Route
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.masking import mask_for_staff
from arni_edge.domain.messages import Channel, InboundMessage, Language
from arni_edge.domain.people import Member
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety.rota import Roster
from arni_edge.safety.staff_line import StaffLine
from arni_edge.settings import Site
from arni_edge.settings.staff import Ghost
from arni_edge.storage import Database, members
from arni_edge.storage.audit import AuditLog
from support.clock import ManualClock
from support.database import open_database

MIA = Member("m1", "Mia Muster", "+4915123456110")
KIM = Contact("kim", "Kim", Role.STAFF, telegram=1)
ALEX = Contact("alex", "Alex", Role.OWNER, telegram=2)
VIEWER = Contact("vic", "Vic", Role.VIEWER, telegram=3)
PEOPLE = {one.id: one for one in (KIM, ALEX, VIEWER)}


@dataclass
class Answering:
    """Stands where the agents stand; what it does is what the test wants to be done."""

    text: str = "Das kläre ich für dich."
    asked: list[Turn] = field(default_factory=list)
    heard: bool = False
    name: str = "answer"

    async def __call__(self, turn: Turn) -> Step:
        self.asked.append(turn)
        turn.answer = self.text
        turn.whisper_heard = self.heard
        return Step.ANSWERED


@dataclass
class Desk:
    """Everything of one life; a second one on the same file is a restart."""

    database: Database
    clock: ManualClock
    bus: Bus
    mode: GhostMode
    pipeline: Pipeline
    answering: Answering

    async def write(self, text: str, phone: str = MIA.phone) -> InboundMessage:
        """A member writes, and the message walks through all stages."""
        message = await self.receive(text, phone)
        await self.handle(message)
        return message

    async def receive(self, text: str, phone: str = MIA.phone) -> InboundMessage:
        """A member writes; nobody has handled it yet."""
        rows = await self.database.read("SELECT count(*) AS n FROM inbound")
        message = InboundMessage(Channel.WHATSAPP, f"w{rows[0]['n']}", phone, text, self.clock.now(), phone)
        await Pipeline.walk(self.pipeline.reception, Turn(message, Language.GERMAN))
        return message

    async def take_back(self, message_id: str, phone: str = MIA.phone) -> None:
        """A member takes a message back."""
        revoked = InboundMessage(
            Channel.WHATSAPP,
            f"revoke-{message_id}",
            phone,
            "",
            self.clock.now(),
            phone,
            "revoke",
            refers_to=message_id,
        )
        await Pipeline.walk(self.pipeline.reception, Turn(revoked, Language.GERMAN))
        await self.handle(revoked)

    async def handle(self, message: InboundMessage) -> None:
        """The turn of a message."""
        await Pipeline.walk(self.pipeline.turn, Turn(message, Language.GERMAN))

    async def said(self, phone: str = MIA.phone) -> list[str]:
        """What was said to somebody, in order."""
        rows = await self.database.read(
            "SELECT text FROM outbox WHERE recipient = ? ORDER BY position", (phone,)
        )
        return [row["text"] for row in rows]

    async def handle_of(self, who: Contact = KIM) -> str:
        """The handle of the newest chat."""
        return (await self.mode.desk.chats(who))[0].handle

    async def post(self, contact: str, key: str) -> str:
        """What somebody of staff is shown, buttons behind it; empty: nothing."""
        rows = await self.database.read(
            "SELECT text, buttons FROM staff_posts WHERE contact = ? AND key = ?", (contact, key)
        )
        return f"{rows[0]['text']}\n{rows[0]['buttons']}" if rows else ""

    async def posts(self, prefix: str) -> dict[tuple[str, str], str]:
        """All posts whose key begins so, by person and key."""
        rows = await self.database.read("SELECT contact, key, text FROM staff_posts ORDER BY contact, key")
        return {(row["contact"], row["key"]): row["text"] for row in rows if row["key"].startswith(prefix)}

    async def drafts(self) -> list[tuple[str, str]]:
        """Id and state of every draft."""
        rows = await self.database.read("SELECT draft_id, state FROM drafts ORDER BY draft_id")
        return [(row["draft_id"], row["state"]) for row in rows]

    async def audit(self) -> list[tuple[str, str]]:
        """Who did what, in order."""
        rows = await self.database.read("SELECT actor, act FROM audit ORDER BY number")
        return [(row["actor"], row["act"]) for row in rows]


@asynccontextmanager
async def open_desk(
    path: Path, *, clock: ManualClock | None = None, on_call: tuple[Contact, ...] = (KIM,)
) -> AsyncIterator[Desk]:
    """Build a life on the file in this folder."""
    clock, bus, catalogue = clock or ManualClock(), Bus(), Catalogue.load()
    site = Site(id="demo", name="Demo", capacity=10)
    async with open_database(path / "arni.db") as database:
        line = StaffLine(
            Roster(on_call, (), dict(PEOPLE), site.zone),
            template="",
            telegram=lambda contact: contact.telegram is not None,
        )
        mode = build_ghost_mode(
            database,
            bus,
            clock,
            catalogue,
            site=site,
            people=PEOPLE,
            rules=Ghost(),
            audit=AuditLog(b"k" * 32),
            line=line,
            mask=mask_for_staff,
        )
        answering = Answering()
        pipeline = Pipeline(
            reception=(Deduplicate(database, clock),),
            turn=(
                Consent(database),
                Mode(database, clock, catalogue, mode.desk),
                Route(),
                answering,
                Deliver(database, clock, catalogue, site, mode),
            ),
        )
        await database.write(lambda tx: members.put_by_hand(tx, [MIA], clock.now()))
        yield Desk(database, clock, bus, mode, pipeline, answering)
