"""Lives of a house on one database, each in a process of its own that SIGKILL ends at a chosen commit."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from arni_edge.channels.whatsapp import SOURCE, WhatsAppIntake
from arni_edge.domain.doors import UnlatchResult
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.relay import RelayDesk, RelayEvent
from arni_edge.safety import Alarm, find_emergency
from arni_edge.storage import Database
from support.clock import ManualClock
from support.house import FakeAct, FakeLock, House, open_house
from support.nursery import Death, die_at, nurse
from support.whatsapp import no_progress, running

Script = Sequence[tuple[str, str]]
"""Events of the relay, each with one message: its phone and text. The same pair again is delivered again."""

Note = Callable[[str, str], None]
"""Notes a kind of event, and one line about it: ``unlatched``, ``lit`` or ``taken`` (of the relay's log)."""


def noted(folder: Path, what: str) -> list[str]:
    """What was noted of a kind, over all lives."""
    file = folder / what
    return file.read_text().splitlines() if file.exists() else []


# --- inside the nursery -----------------------------------------------------------------------------------


async def _live(folder: Path, script: list[list[str]], death: Death | None) -> None:
    def note(what: str, line: str) -> None:
        with (folder / what).open("a") as notes:
            notes.write(f"{line}\n")

    await handle(folder, [(phone, text) for phone, text in script], note, death=death)


async def handle(
    folder: Path,
    script: Script,
    note: Note,
    *,
    death: Death | None = None,
    beside: Callable[[House], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """One life on the database in a folder, until everything is handled.

    Args:
        folder: Keeps the database.
        script: What the relay has.
        note: Notes what was done in the real world, and what is acknowledged.
        death: When to die.
        beside: Runs meanwhile.
    """
    lock, act = _NotingLock(), _NotingAct()
    async with open_house(folder, lock=lock, act=act) as house:
        lock.note_by(note, house.database)
        act.note = note
        die_at(house.database, death)
        await house.entry.abandon()
        await house.alarms.resume()
        async with running(house.turns.run(no_progress), *([beside(house)] if beside else [])):
            await _take_in(house, script, note)
            while await house.database.read("SELECT 1 FROM inbound WHERE state = 'received'"):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await house.alarms.drain()


async def _take_in(house: House, script: Script, note: Note) -> None:
    """Read the relay from the cursor on, as the box does."""
    intake = WhatsAppIntake(house.database, house.clock, house.reception)
    identities = list(dict.fromkeys(script))  # the same for whoever knows only the beginning

    async def take(event: RelayEvent) -> None:
        said = script[event.sequence - 1]
        await intake.receive([_message(said, identities.index(said))], [], event.sequence)

    desk = RelayDesk(house.database, {SOURCE: take})
    for sequence in range((await desk.position()).sequence + 1, len(script) + 1):
        await desk.consume(RelayEvent(sequence, SOURCE, house.clock.now(), b"", None), "log")
        note("taken", str(sequence))


def _message(said: tuple[str, str], number: int) -> InboundMessage:
    phone, text = said
    return InboundMessage(Channel.WHATSAPP, f"w{number}", phone, text, ManualClock().now(), phone)


class _NotingLock(FakeLock):
    """Notes on the disk which commanded requests were on file when it opened: at least the one it obeys."""

    def note_by(self, note: Note, database: Database) -> None:
        self._note, self._database = note, database

    async def unlatch(self) -> UnlatchResult:
        rows = await self._database.read("SELECT request_id FROM door_audit WHERE state = 'commanded'")
        self._note("unlatched", " ".join(row["request_id"] for row in rows))
        return await super().unlatch()


class _NotingAct(FakeAct):
    note: Note

    async def act(self, alarm: Alarm) -> str:
        self.note("lit", self.name)
        return await super().act(alarm)


if __name__ == "__main__":
    nurse(_live, lambda: find_emergency(""))  # its grammar is read once, for all lives
