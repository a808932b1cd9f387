"""The judgement, mind and pipeline of a house on a real database, without any wire."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Protocol

from arni_edge.access import EntryDesk, Rules
from arni_edge.actions.saga import Saga
from arni_edge.actions.tools import Hands
from arni_edge.actions.tools.bookings import Bookings
from arni_edge.bus import Bus
from arni_edge.conversation import Pipeline, Reception, Turns
from arni_edge.conversation.front_office import FrontOffice, build_front_office
from arni_edge.conversation.ghost_mode import GhostMode, build_ghost_mode
from arni_edge.conversation.pipeline import build_pipeline
from arni_edge.conversation.stages.listen import Recordings, Speech
from arni_edge.domain.doors import Outcome, UnlatchResult
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.masking import mask_for_staff
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.domain.people import Member
from arni_edge.domain.staff import Contact
from arni_edge.safety import Alarm, AlarmDesk, Cause, Roster, StaffLine
from arni_edge.settings import Counting, Hours, Site
from arni_edge.settings.staff import Ghost
from arni_edge.storage import Database, members
from arni_edge.storage.audit import AuditLog
from arni_edge.swarm.agents import Contracts, Ops, Persona, Vision, swarm
from support.alarms import KEY, alarm_desk
from support.clock import ManualClock
from support.database import open_database
from support.entry import entry_desk, rules_for

MIA = Member("m1", "Mia Muster", "+4915123456789")
STRANGER = "+4915999999999"


@dataclass
class FakeLock:
    """Stands at the port of the entry desk; the real lock is tested on the wire."""

    outcome: Outcome = Outcome.CONFIRMED
    opened: int = 0

    async def unlatch(self) -> UnlatchResult:
        self.opened += 1
        return UnlatchResult(self.outcome, "state=5", 0.5)


@dataclass
class FakeAct:
    """A local act that may fail a few times first."""

    name: str = "light/floor"
    failures: int = 0
    done: int = 0
    causes: frozenset[Cause] = frozenset(Cause)

    async def act(self, alarm: Alarm) -> str:
        del alarm
        if self.failures:
            self.failures -= 1
            raise Unavailable("not there yet")
        self.done += 1
        return "output=true"


@dataclass
class FakeEyes:
    """What the vision room says."""

    occupancy: Occupancy = UNKNOWN_OCCUPANCY

    def total(self) -> Occupancy:
        return self.occupancy


@dataclass
class FakeSms:
    """Stands where the owner's service stands; what it was handed is what a phone would show."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False
    refuses: bool = False

    async def send(self, phone: str, text: str, key: str) -> str:
        if self.broken:
            raise Unavailable("HTTP 503")
        if self.refuses:
            raise Refused("HTTP 400")
        self.sent.append((phone, text))
        return key


class Ears(Recordings, Speech, Protocol):
    """Stands at both ports of whoever listens to voice notes."""


@dataclass
class House:
    database: Database
    clock: ManualClock
    lock: FakeLock
    act: FakeAct
    eyes: FakeEyes
    alarms: AlarmDesk
    entry: EntryDesk
    pipeline: Pipeline
    turns: Turns
    reception: Reception
    office: FrontOffice
    ghost: GhostMode
    sms: FakeSms
    numbers: list[int] = field(default_factory=lambda: [0])

    def message(
        self, text: str, phone: str = MIA.phone, *, kind: str = "text", address: str = "", payload: str = ""
    ) -> InboundMessage:
        """A new message from a phone; or, with an ``address``, from an account that hides its number."""
        self.numbers[0] += 1
        return InboundMessage(
            Channel.WHATSAPP,
            f"w{self.numbers[0]}",
            address or phone,
            text,
            self.clock.now(),
            None if address else phone,
            kind,
            payload or None,
        )

    async def answers(self) -> list[str]:
        """What was said so far, in order."""
        return [row["text"] for row in await self.database.read("SELECT text FROM outbox ORDER BY position")]

    async def trace(self, message: InboundMessage) -> list[str]:
        """The stages that have seen a message."""
        rows = await self.database.read(
            "SELECT trace FROM inbound WHERE message_id = ?", (message.message_id,)
        )
        return str(rows[0]["trace"]).split() if rows else []


@asynccontextmanager
async def open_house(
    path: Path,
    *,
    on_call: int = 1,
    lock: FakeLock | None = None,
    act: FakeAct | None = None,
    rules: Rules | None = None,
    staff: Sequence[Contact] = (),
    hands: Hands | None = None,
    guests: bool = False,
    bookings: Callable[[Database, ManualClock], tuple[Bookings, Saga]] | None = None,
    with_sms: bool = True,
    ears: Ears | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[House]:
    """Build the rooms above the ground; Mia is on file, nobody else."""
    clock, bus, catalogue = clock or ManualClock(), Bus(), Catalogue.load()
    site = Site(id="demo", name="Demo", capacity=10)
    lock, act, eyes = lock or FakeLock(), act or FakeAct(), FakeEyes()
    people = [{"name": f"p{n}", "phone": f"+49155500000{n}"} for n in range(on_call)]
    async with open_database(path / "arni.db") as database:
        alarms = alarm_desk(database, bus, clock, on_call=people, acts=[act])
        windows = {day: [(time(6), time(23))] for day in range(7)}
        rules = rules or rules_for("front", windows=windows)
        entry = entry_desk(database, bus, clock, rules=rules, locks={"front": lock})
        hours = Hours.model_validate({"wednesday": ["06:00-23:00"]})
        known_staff = {one.id: one for one in staff}
        audit, sms = AuditLog(KEY), FakeSms()
        line = StaffLine(
            Roster((), (), known_staff, site.zone), template="", telegram=lambda one: one.telegram is not None
        )
        office = build_front_office(
            database,
            bus,
            clock,
            catalogue,
            site=site,
            people=known_staff,
            audit=audit,
            pepper=b"p" * 32,
            hands=hands
            or Hands(
                ("front",),
                entry if guests else None,
                bookings=None if bookings is None else bookings(database, clock),
            ),
            sms=sms if with_sms else None,
            line=line,
        )
        ghost = build_ghost_mode(
            database,
            bus,
            clock,
            catalogue,
            site=site,
            people=known_staff,
            rules=Ghost(),
            audit=audit,
            line=line,
            mask=mask_for_staff,
        )
        agents = swarm(
            Vision(catalogue, eyes, site, clock, Counting()),
            Ops(catalogue, clock, site, hours),
            Persona(catalogue, site),
            Contracts(catalogue, office.errands),
            ghost.handoffs,
        )
        pipeline = build_pipeline(
            database,
            clock,
            catalogue,
            site=site,
            alarms=alarms,
            entry=entry,
            agents=agents,
            known=office.known,
            approvals=office.executor,
            ghost=ghost,
            recordings=ears,
            speech=ears,
        )
        turns = Turns(database, clock, catalogue, pipeline, site.language)
        reception = Reception(pipeline, turns, site.language)
        await database.write(lambda tx: members.put_by_hand(tx, [MIA], clock.now()))
        try:
            yield House(
                database,
                clock,
                lock,
                act,
                eyes,
                alarms,
                entry,
                pipeline,
                turns,
                reception,
                office,
                ghost,
                sms,
            )
        finally:
            await alarms.aclose()
