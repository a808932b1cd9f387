"""A box that speaks Telegram: all real from the board of posts to the wire, with a few acts of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from arni_edge.channels.telegram import TelegramLine
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.domain.errors import Refused
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language, Priority
from arni_edge.domain.staff import Button, Contact, Role, Said, StaffAct, StaffCommand, StaffPost
from arni_edge.settings import Telegram
from arni_edge.storage import Database, staff_posts
from arni_edge.storage.audit import AuditLog
from support.whatsapp import no_progress

KIM = 700000101
LEE = 700000102
"""Bound by a code; the settings name no number."""

VIC = 700000103
STRANGER = 700000199
GROUP = -500000011
PEOPLE = {
    "kim": Contact("kim", "Kim", Role.OWNER, telegram=KIM),
    "lee": Contact("lee", "Lee", Role.STAFF, language=Language.ENGLISH),
    "vic": Contact("vic", "Vic", Role.VIEWER, telegram=VIC),
}
TEXT = Catalogue.load().text
ACKNOWLEDGE = ((Button("Ich kümmere mich", "alarm.acknowledge", "7"),),)


async def _refuse(who: Contact, argument: str, text: str) -> str:
    raise Refused("Das geht gerade nicht.")


async def _fail(who: Contact, argument: str, text: str) -> str:
    raise ZeroDivisionError


@dataclass
class Acts:
    """What was done, by whom, with which argument and text."""

    done: list[tuple[str, str, str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def by_name(self) -> dict[str, StaffAct]:
        return {
            "alarm.acknowledge": StaffAct(Role.VIEWER, self._note("alarm.acknowledge")),
            "alarm.close": StaffAct(Role.STAFF, self._note("alarm.close"), "telegram.help.cancel"),
            "door.open": StaffAct(Role.STAFF, self._slowly),
            "bad": StaffAct(Role.VIEWER, _refuse),
            "bug": StaffAct(Role.VIEWER, _fail),
        }

    def commands(self) -> dict[str, StaffCommand]:
        return {
            "status": StaffCommand(Role.VIEWER, self._status, "telegram.help.help"),
            "door": StaffCommand(Role.STAFF, self._door, "telegram.help.cancel"),
        }

    def _note(self, name: str) -> Callable[[Contact, str, str], Awaitable[str]]:
        async def do(who: Contact, argument: str, text: str) -> str:
            self.done.append((name, who.id, argument, text))
            return f"{who.name}: {name}"

        return do

    async def _slowly(self, who: Contact, argument: str, text: str) -> str:
        await self.gate.wait()
        self.done.append(("door.open", who.id, argument, text))
        return "Die Tür ist offen."

    async def _status(self, who: Contact, arguments: str) -> Said:
        self.done.append(("/status", who.id, arguments, who.role.name))
        return Said(f"Alles gut. {arguments}".strip(), ACKNOWLEDGE)

    async def _door(self, who: Contact, arguments: str) -> Said:
        self.done.append(("/door", who.id, arguments, ""))
        return Said("auf")


class Bot:
    """One life of the box at Telegram. Use as ``async with Bot(...) as bot``."""

    def __init__(
        self, settings: Telegram, database: Database, *, clock: Clock | None = None, acts: Acts | None = None
    ) -> None:
        self.clock = clock or SystemClock()
        self.database = database
        self.acts = acts or Acts()
        self.health: list[tuple[State, str]] = []
        self.line = TelegramLine(
            settings,
            database,
            self.clock,
            Catalogue.load(),
            AuditLog(b"k" * 32),
            people=PEOPLE,
            language=Language.GERMAN,
            health=self._report,
            longest_backoff=0.05,
        )
        self._tasks: list[asyncio.Future[None]] = []

    def _report(self, state: State, reason: str) -> None:
        self.health.append((state, reason))

    async def __aenter__(self) -> Self:
        children = self.line.children(self.acts.by_name(), self.acts.commands())
        self._tasks = [asyncio.ensure_future(one.run(no_progress)) for one in children]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.line.aclose()
        for error in ended:
            assert isinstance(error, asyncio.CancelledError), repr(error)

    @property
    def well(self) -> bool:
        return bool(self.health) and self.health[-1][0] is State.OK

    async def post(self, contact: str, key: str, text: str, **more: object) -> None:
        """Put a post onto the board; ``alarm=True`` for an alarm."""
        priority = Priority.ALARM if more.pop("alarm", False) else Priority.CHAT
        post = StaffPost(key, text, priority=priority, **more)  # type: ignore[arg-type]
        now = self.clock.now()
        await self.database.write(lambda tx: staff_posts.put(tx, contact, post, now))

    async def states(self) -> dict[str, str]:
        """State of every post by contact and key."""
        rows = await self.database.read("SELECT contact, key, state FROM staff_posts")
        return {f"{row['contact']} {row['key']}": row["state"] for row in rows}

    async def open_updates(self) -> int:
        rows = await self.database.read("SELECT 1 FROM telegram_updates WHERE payload IS NOT NULL")
        return len(rows)
