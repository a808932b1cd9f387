"""A database of an older version is brought up to date, with everything that was in it."""

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.database import open_database

from arni_edge.domain.errors import ConfigurationError
from arni_edge.domain.headcount import HeadcountMemory, LineTotals
from arni_edge.storage import Transaction, incidents, tailgating
from arni_edge.storage.migrate import APPLICATION_ID, migrate, migrations
from arni_edge.storage.occupancy import HeadcountStore
from arni_edge.storage.tailgating import Noted

NEWEST = migrations()[-1][0]
BEFORE_THE_EYES = 4
NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
AT = NOW.isoformat()

_BEGUN = "kind, name, incident, evidence, at, last_at"
# What a box of before had, as its own code wrote it: version and statement.
_ROWS = (
    (1, "INSERT INTO relay_cursor (stream, sequence) VALUES ('whatsapp', 41)"),
    (
        2,
        f"INSERT INTO incidents ({_BEGUN}, times) VALUES ('door', 'front', 'jammed', 'x', '{AT}', '{AT}', 3)",
    ),
    (
        2,
        f"""INSERT INTO incidents ({_BEGUN}, ended_at, ended_by, end_evidence)
        VALUES ('device', 'flood', 'leak', 'x', '{AT}', '{AT}', '{AT}', 'kim', 'dry')""",
    ),
)


def _box_of(path: Path, version: int) -> None:
    """A database as that version left it."""
    sql = "\n".join(text for number, text in migrations() if number <= version)
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(
            f"BEGIN;\n{sql}\nCOMMIT; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={version};"
        )
        for since, statement in _ROWS:
            if since <= version:
                old.execute(statement)
        old.commit()


def _everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with contextlib.closing(sqlite3.connect(path)) as raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: raw.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for (name,) in names}


@pytest.mark.parametrize("version", range(1, NEWEST))
async def test_an_older_database_keeps_all_its_rows(tmp_path: Path, version: int) -> None:
    path = tmp_path / "arni.db"
    _box_of(path, version)
    before = _everything(path)
    async with open_database(path):
        pass
    after = _everything(path)
    assert all(after[table] == rows for table, rows in before.items())
    assert any(before.values())


async def test_a_box_of_before_the_eyes_can_keep_all_that_they_see(tmp_path: Path) -> None:
    _box_of(tmp_path / "arni.db", BEFORE_THE_EYES)
    async with open_database(tmp_path / "arni.db") as database:
        store = HeadcountStore(database, ManualClock())
        assert await store.load() is None
        memory, totals = HeadcountMemory(inside=4, zeroed_for=NOW), LineTotals("door", "life", 5, 1, NOW)
        await store.save(memory, [totals])
        kept = await store.load()
        assert kept is not None
        assert (kept[0], kept[2]) == (memory, (totals,))

        async def rest(tx: Transaction) -> float:
            await incidents.begin(tx, "camera", "zone/floor", "crowded", "count=9", NOW)
            return await tailgating.note(tx, Noted("qr:1", "front", "m1", 2, 2, "sure", 1.0), NOW, NOW)

        assert await database.write(rest) == 1.0
        names = [(row["kind"], row["name"]) for row in await incidents.still_open(database)]
        assert names == [("door", "front"), ("camera", "zone/floor")]


def test_an_upgrade_that_breaks_off_anywhere_loses_nothing_and_is_done_at_a_later_start(
    tmp_path: Path,
) -> None:
    path = tmp_path / "arni.db"
    _box_of(path, BEFORE_THE_EYES)
    before, broken = _everything(path), 0
    for instructions in range(100, 100_000, 100):
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as dying:
            dying.set_progress_handler(lambda: 1, instructions)
            with contextlib.suppress(sqlite3.OperationalError, ConfigurationError):
                migrate(dying, path)
                break
        broken += 1
        after = _everything(path)
        assert all(after[table] == rows for table, rows in before.items())
        assert "incidents_before" not in after
    assert broken >= 3
    with contextlib.closing(sqlite3.connect(path)) as done:
        assert done.execute("PRAGMA user_version").fetchone() == (NEWEST,)
