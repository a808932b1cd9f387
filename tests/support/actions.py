"""The one-way door on a real database, with tools of every kind whose effects stand in a file."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from arni_edge.actions.action import CONSOLE, STAFF, Action
from arni_edge.actions.executor import Executor
from arni_edge.actions.saga import SAGA_SECONDS, Saga, Step
from arni_edge.actions.tool import Actor, ActorKind, Form, Tool
from arni_edge.bus import Bus
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, Language, OutboundMessage
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact, Role
from arni_edge.storage import Database, Transaction, outbox, tickets
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.storage.tickets import Ticket
from support.clock import ManualClock
from support.database import open_database

KIM = Contact("kim", "Kim", Role.STAFF, "+491700000001", 1001)
LEE = Contact("lee", "Lee", Role.OWNER, "+491700000002", 1002)
VIC = Contact("vic", "Vic", Role.VIEWER, "+491700000003", 1003)
PEOPLE = {one.id: one for one in (KIM, LEE, VIC)}

MIA_CHAT = "whatsapp:+4915123456789"
BEN_CHAT = "whatsapp:+4915198765432"


def member(
    member_id: str = "M-1", conversation: str = MIA_CHAT, assurance: Assurance = Assurance.CODE
) -> Actor:
    return Actor(ActorKind.MEMBER, member_id, conversation, assurance)


def staff(contact: Contact = KIM, conversation: str = STAFF) -> Actor:
    return Actor(ActorKind.STAFF, contact.id, conversation, Assurance.STAFF, contact.role, contact.language)


MIA = member()
BEN = member("M-2", BEN_CHAT)
STRANGER = member("", "whatsapp:+4915111111111", Assurance.ANONYMOUS)
ROOT = Actor(ActorKind.STAFF, "root", CONSOLE, Assurance.STAFF, Role.OWNER)
SYSTEM = Actor(ActorKind.SYSTEM, "model", STAFF, Assurance.STAFF)


class Effects:
    """What really happened, over all lives; each line is one effect."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "effects"
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None

    def have(self, what: str, key: str) -> None:
        """Have an effect, in the way of something outside that keeps no account of keys."""
        self.before(what)
        with self._file.open("a") as lines:
            lines.write(f"{what} {key}\n")
        self.after(what)

    def had(self, what: str = "") -> list[str]:
        """All effects, or those that begin so."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [line for line in lines if line.startswith(what)]


class About(Form):
    """Whom, and something."""

    member_id: str
    note: str = ""


class Did(Form):
    what: str


class Recorded(Tool[About, Did]):
    """A tool whose effect is a line in a file."""

    arguments = About
    result = Did

    def __init__(self, effects: Effects) -> None:
        self.effects = effects
        self.trouble: Exception | None = None
        self.cannot: Exception | None = None

    def subject(self, arguments: About) -> str | None:
        return arguments.member_id

    async def consequence(self, arguments: About, language: Language) -> str:
        if self.cannot is not None:
            raise self.cannot
        return f"{language}: {self.name} {arguments.note}"

    async def run(self, arguments: About, actor: Actor, action_id: str) -> Did:
        del actor
        if self.trouble is not None:
            raise self.trouble
        self.effects.have(self.name, action_id)
        return Did(what=arguments.note)


class Look(Recorded):
    name: ClassVar[str] = "look"
    description: ClassVar[str] = "Look."
    risk: ClassVar[Risk] = Risk.READ
    assurance: ClassVar[Assurance] = Assurance.CHANNEL


class Book(Recorded):
    name: ClassVar[str] = "book"
    description: ClassVar[str] = "Book."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    repeatable: ClassVar[bool] = True


class Ring(Recorded):
    name: ClassVar[str] = "ring"
    description: ClassVar[str] = "Ring, which is heard each time."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL


class Cancel(Recorded):
    name: ClassVar[str] = "cancel"
    description: ClassVar[str] = "Cancel a contract."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CODE
    word: ClassVar[str] = "cancel_contract"


class Change(Recorded):
    name: ClassVar[str] = "change"
    description: ClassVar[str] = "Change a contract."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    repeatable: ClassVar[bool] = True


class Refund(Recorded):
    name: ClassVar[str] = "refund"
    description: ClassVar[str] = "Give money back."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF


class Ban(Recorded):
    name: ClassVar[str] = "ban"
    description: ClassVar[str] = "Ban somebody."
    risk: ClassVar[Risk] = Risk.GRAVE
    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF


class Leave(Recorded):
    """Grave, and a member asks for it: somebody of staff has to agree."""

    name: ClassVar[str] = "leave"
    description: ClassVar[str] = "Leave for ever."
    risk: ClassVar[Risk] = Risk.GRAVE
    assurance: ClassVar[Assurance] = Assurance.CODE


class Move(Tool[About, Did]):
    """A saga of three steps; ``note`` names the steps that fail, and how."""

    name: ClassVar[str] = "move"
    description: ClassVar[str] = "Move a booking."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    repeatable: ClassVar[bool] = True
    seconds: ClassVar[float] = SAGA_SECONDS
    arguments = About
    result = Did

    def __init__(self, effects: Effects, saga: Saga, trouble: Mapping[str, Exception]) -> None:
        self.effects = effects
        self._saga = saga
        self._trouble = trouble

    async def consequence(self, arguments: About, language: Language) -> str:
        del arguments, language
        return "moved"

    async def run(self, arguments: About, actor: Actor, action_id: str) -> Did:
        del arguments, actor
        steps = [self._step(name, repeatable=name != "pay") for name in ("take", "pay", "free")]
        results = await self._saga.run(action_id, steps)
        return Did(what=" ".join(results))

    def _step(self, name: str, *, repeatable: bool) -> Step:
        async def do(so_far: Mapping[str, Any], key: str) -> str:
            if name in self._trouble:
                raise self._trouble[name]
            self.effects.have(f"do:{name}", key)
            return name

        async def undo(result: Any, key: str) -> None:
            if f"undo:{name}" in self._trouble:
                raise self._trouble[f"undo:{name}"]
            self.effects.have(f"undo:{name}", key)

        return Step(name, do, undo, repeatable=repeatable)


KINDS: tuple[type[Recorded], ...] = (Look, Book, Ring, Cancel, Change, Refund, Ban, Leave)


class Told:
    """Outcomes go into the real outbox."""

    async def tell(self, tx: Transaction, action: Action, sentence: str, now: datetime) -> None:
        channel, _, address = action.conversation.partition(":")
        key = f"action/{action.action_id}/{action.state}"
        assert await outbox.add(tx, OutboundMessage(key, Channel(channel), address, sentence), now)


class Desk:
    """Tickets go into the real table."""

    async def open(self, tx: Transaction, action: Action, kind: str, text: str, now: datetime) -> None:
        ticket = Ticket(f"{action.action_id}/{kind}", f"action.{kind}", text, action.member_id)
        assert await tickets.add(tx, ticket, now)


@dataclass
class Heralded:
    """What people of staff were told beside the board: kept in the commit, and called out after it."""

    stored: list[tuple[str, str]] = field(default_factory=list)
    called: list[tuple[str, str]] = field(default_factory=list)

    async def store(self, tx: Transaction, contact: Contact, key: str, text: str, now: datetime) -> None:
        del tx, key, now
        self.stored.append((contact.id, text))

    async def call(self, contact: Contact, key: str, text: str) -> None:
        del key
        self.called.append((contact.id, text))


@dataclass
class Door:
    """The one-way door of a life."""

    database: Database
    clock: ManualClock
    bus: Bus
    effects: Effects
    executor: Executor
    tools: dict[str, Recorded]
    folder: Path
    audit: AuditLog
    heralded: Heralded
    trouble: dict[str, Exception] = field(default_factory=dict)

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.read(sql, values)]

    async def told(self) -> list[str]:
        return [row["text"] for row in await self.rows("SELECT text FROM outbox ORDER BY position")]

    async def state(self, action_id: str) -> str:
        rows = await self.rows("SELECT state FROM actions WHERE action_id = ?", action_id)
        return str(rows[0]["state"])

    async def acts(self) -> list[str]:
        """What the audit says, in order."""
        return [row["act"] for row in await self.rows("SELECT act FROM audit ORDER BY number")]


def build(
    database: Database, folder: Path, clock: ManualClock, people: Mapping[str, Contact] = PEOPLE
) -> Door:
    """A one-way door on an open database."""
    bus, effects, audit = Bus(), Effects(folder), AuditLog(keep_key(folder / "audit-key"))
    tools = {kind.name: kind(effects) for kind in KINDS}
    trouble: dict[str, Exception] = {}
    heralded = Heralded()
    move = Move(effects, Saga(database, clock, first_wait=0.001), trouble)
    executor = Executor(
        database,
        bus,
        clock,
        Catalogue.load(),
        audit=audit,
        tools=[*tools.values(), move],
        people=people,
        outcomes=Told(),
        tickets=Desk(),
        herald=heralded,
        language=Language.GERMAN,
    )
    return Door(database, clock, bus, effects, executor, tools, folder, audit, heralded, trouble)


@asynccontextmanager
async def open_door(folder: Path, clock: ManualClock | None = None) -> AsyncIterator[Door]:
    """A life of the one-way door in a folder."""
    async with open_database(folder / "arni.db") as database:
        door = build(database, folder, clock or ManualClock())
        yield door
        await door.executor.idle()
