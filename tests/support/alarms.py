"""An alarm desk on a real database, with people, and what stands for the other ends of its sinks."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact
from arni_edge.safety import AlarmDesk, AlarmWords, Call, Display, LocalAct, Roster, Sink, StaffLine
from arni_edge.safety.sinks import TelegramSink, WhatsAppSink
from arni_edge.settings import Settings
from arni_edge.storage import Database, Transaction
from arni_edge.storage.audit import AuditLog

KEY = b"k" * 32


def gym(on_call: Sequence[object], staff: Sequence[dict[str, Any]] = (), **alarms: object) -> Settings:
    """The settings of a gym with these people."""
    return Settings.model_validate(
        {
            "site": {"id": "demo", "name": "Demo", "capacity": 10},
            "staff": list(staff),
            "alarms": {"on_call": list(on_call), **alarms},
        }
    )


def alarm_desk(
    database: Database,
    bus: Bus,
    clock: Clock,
    *,
    on_call: Sequence[object] = (),
    staff: Sequence[dict[str, Any]] = (),
    acts: Sequence[LocalAct] = (),
    more: Sequence[Sink] = (),
    direct: Sequence[Sink] = (),
    displays: Sequence[Display] = (),
    groups: Sequence[Contact] = (),
    settings: Settings | None = None,
    template: str = "alarm",
    health: Callable[[State, str], None] = lambda _, __: None,
) -> AlarmDesk:
    """The desk as the house makes it: WhatsApp for who has a phone, Telegram for who has that."""
    settings = settings or gym(on_call, staff)
    roster = Roster.of(settings)
    words = AlarmWords(Catalogue.load(), settings.site, people=roster.everybody)
    line = StaffLine(roster, template=template, telegram=lambda one: one.telegram is not None)
    sinks: list[Sink] = [
        TelegramSink(database, clock, line, words),
        WhatsAppSink(database, clock, line),
        *more,
    ]
    return AlarmDesk(
        database,
        bus,
        clock,
        words,
        line,
        AuditLog(KEY),
        acts=acts,
        sinks=sinks,
        displays=displays,
        groups=groups,
        direct=direct,
        acknowledge_seconds=settings.alarms.acknowledge_seconds,
        health=health,
    )


class Telephone:
    """A sink that keeps whom it called; it may be out of order, hang, or have a bug."""

    def __init__(self, name: str = "phone", *, trouble: str = "") -> None:
        self.name = name
        self.from_step = int(name == "phone")
        self.trouble = trouble
        self.called: list[tuple[str, int]] = []
        self.tries = 0

    def reaches(self, contact: Contact) -> bool:
        return contact.phone is not None

    async def store(self, _: Transaction, __: Call) -> None:
        if self.trouble == "bug":
            raise RuntimeError("bug")

    async def deliver(self, call: Call) -> str:
        self.tries += 1
        if self.trouble == "hangs":
            await asyncio.Event().wait()
        if self.trouble == "bug":
            raise RuntimeError("bug")
        if self.trouble:
            raise Unavailable(self.trouble)
        self.called.append((call.contact.id, call.step))
        return "accepted"


async def meta_accepts(database: Database, recipients: Iterable[str] | None = None) -> None:
    """Do what the sender does when Meta takes the templates that wait (of some people, or of all)."""

    async def unit(tx: Transaction) -> None:
        rows = await tx.fetch("SELECT tracking_id, recipient FROM outbox WHERE state = 'queued'")
        for row in rows:
            if recipients is None or row["recipient"] in set(recipients):
                await tx.execute(
                    "UPDATE outbox SET state = 'sent' WHERE tracking_id = ?", (row["tracking_id"],)
                )

    await database.write(unit)


async def telegram_shows(database: Database) -> None:
    """Do what the poster does when Telegram takes the posts that wait."""
    await database.write(
        lambda tx: tx.execute(
            "UPDATE staff_posts SET state = 'shown', shown_revision = revision, shown_utterance = utterance"
            " WHERE state = 'queued'"
        )
    )
