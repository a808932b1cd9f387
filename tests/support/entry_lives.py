"""A life of an entry desk in a process of its own: one QR is shown, and SIGKILL may end it at a commit."""

from pathlib import Path

from arni_edge.access import EntryKeys
from arni_edge.bus import Bus
from arni_edge.domain.doors import Outcome, UnlatchResult
from arni_edge.storage import Database
from support.clock import ManualClock
from support.database import open_database
from support.entry import entry_desk
from support.nursery import Death, die_at, nurse


def openings(folder: Path) -> list[str]:
    """How often the door opened, over all lives; each with the state of the audit at that moment."""
    file = folder / "opened"
    return file.read_text().splitlines() if file.exists() else []


class _NotingLock:
    def __init__(self, folder: Path, database: Database) -> None:
        self._file = folder / "opened"
        self._database = database

    async def unlatch(self) -> UnlatchResult:
        rows = await self._database.read("SELECT state FROM door_audit")
        with self._file.open("a") as notes:
            notes.write(",".join(row["state"] for row in rows) + "\n")
        return UnlatchResult(Outcome.CONFIRMED, "state=5", 0.1)


async def _live(folder: Path, text: str, death: Death | None) -> None:
    clock = ManualClock()
    keys = EntryKeys.keep(folder / "entry-keys.json", clock.now())
    async with open_database(folder / "arni.db") as database:
        lock = _NotingLock(folder, database)
        desk = entry_desk(database, Bus(), clock, locks={"front": lock}, keys=keys)
        die_at(database, death)
        await desk.abandon()
        await desk.present("front", text, source="reader")


if __name__ == "__main__":
    nurse(_live)
