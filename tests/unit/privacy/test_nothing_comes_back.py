"""After an erasure nothing comes back by itself; and no table is forgotten when one is forgotten."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from support.clock import ManualClock
from support.database import open_database
from support.member_data import BSUID, DIGITS, KIM, PLANTED, WAMID, fill
from support.waiting import eventually_is

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.privacy.erasure import ErasureDesk
from arni_edge.storage import Database, inbox
from arni_edge.storage.audit import AuditLog

_TRACES = (
    f"{KIM.name}, +49 (151) 1234-9876, {KIM.phone}, 015112349876, {KIM.member_id}, {BSUID}, {WAMID},"
    f" x{KIM.name.upper()}"
)
# What holds no text that somebody could stand in, and why.
_HOLDS_NOBODY = {
    "audit": "pseudonyms; a chain that is changed shows it",
    "audit_ends": "hashes",
    "audit_subjects": "ids of members, of which hers goes",
    "erasures": "counts, and who ordered it",
    "erasing": "whom an erasure is about: goes with its last commit",
    "occupancy_hours": "places of the configuration",
}


def desk_of(database: Database, folder: Path, clock: ManualClock) -> ErasureDesk:
    return ErasureDesk(database, clock, Catalogue.load(), AuditLog(b"k" * 32), folders=[folder])


def left(folder: Path) -> set[str]:
    """What stands in a file, found without the code that is tested."""
    content = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    named = (*PLANTED, KIM.name.upper(), "+49 (151) 1234-9876")
    return {one for one in named if any(one.encode(code) in content for code in ("utf-8", "utf-16-le"))}


# --- every table ------------------------------------------------------------------------------------------


def columns_of(base: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
    tables = base.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return {
        name: [(row[1], row[2]) for row in base.execute(f'PRAGMA table_info("{name}")')] for (name,) in tables
    }


def a_row(base: sqlite3.Connection, table: str, columns: list[tuple[str, str]]) -> Iterator[object]:
    """A row with traces in every text that is free to hold them."""
    (sql,) = base.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    keys = {row[3] for row in base.execute(f'PRAGMA foreign_key_list("{table}")')}
    for number, (column, kind) in enumerate(columns):
        if kind != "TEXT":
            yield {"INTEGER": 1, "REAL": 1.0, "BLOB": b"1"}[kind]
        elif column in keys:
            yield "elsewhere"
        elif said := re.search(rf"\b{column} TEXT[^,]*CHECK \({column} IN \('(\w+)'", sql):
            yield said[1]
        elif re.search(rf"\b{column} TEXT[^,]*json_valid", sql):
            yield json.dumps({"text": f"{number} {_TRACES}"}, ensure_ascii=False)
        else:
            yield f"{number} {_TRACES}"


async def test_what_stands_in_any_text_of_any_table_goes(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        await fill(database, ManualClock().now())
        with sqlite3.connect(tmp_path / "arni.db") as base:
            tables = columns_of(base)
            assert len(tables) > 50
            for table, columns in tables.items():
                # Another kind of column, or a key that is the row, would be read by no search.
                assert {kind for _, kind in columns} <= {"TEXT", "INTEGER", "REAL", "BLOB"}, table
                blobs = {name for name, kind in columns if kind == "BLOB"}
                assert blobs <= {"salt", "digest"}, table
                if table in {*_HOLDS_NOBODY, "members"}:
                    continue
                base.execute(f'DELETE FROM "{table}"')
                marks = ", ".join("?" * len(columns))
                base.execute(f'INSERT INTO "{table}" VALUES ({marks})', list(a_row(base, table, columns)))
        base.close()
        proof = await desk_of(database, tmp_path, ManualClock()).erase(KIM.member_id, "console:nora")
        assert proof.where == ()
        assert proof.state == "proven"
        assert left(tmp_path) == set()


# --- what comes late --------------------------------------------------------------------------------------


async def test_a_message_that_is_delivered_again_does_not_come_back(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        await fill(database, clock.now())
        await desk_of(database, tmp_path, clock).erase(KIM.member_id, "console:nora")
        again = InboundMessage(Channel.WHATSAPP, WAMID, DIGITS, "Ich bin Kimberly", clock.now(), KIM.phone)
        assert not await database.write(lambda tx: inbox.add(tx, again, clock.now()))
        assert left(tmp_path) == set()
        # Whoever writes again is there again.
        new = InboundMessage(Channel.WHATSAPP, "wamid.new", DIGITS, "Hallo", clock.now(), KIM.phone)
        assert await database.write(lambda tx: inbox.add(tx, new, clock.now()))


async def test_a_turn_that_has_begun_comes_to_its_end_first(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        await fill(database, clock.now())
        await database.write(
            lambda tx: tx.execute(
                "UPDATE inbound SET state = 'received', attempts = 1 WHERE message_id = ?", (WAMID,)
            )
        )
        erasing = asyncio.create_task(desk_of(database, tmp_path, clock).erase(KIM.member_id, "console:nora"))
        commits = database.commits
        await eventually_is(lambda: _rows(database, "erasing"), lambda number: number == 1)
        await asyncio.wait({erasing}, timeout=0.5)
        assert not erasing.done()
        assert await _rows(database, "inbound") == 5
        assert database.commits > commits
        await database.write(lambda tx: tx.execute("UPDATE inbound SET state = 'handled'"))
        assert (await erasing).state == "proven"


async def _rows(database: Database, table: str) -> int:
    return int((await database.read(f"SELECT count(*) AS number FROM {table}"))[0]["number"])


async def test_whoever_reads_the_log_only_puts_the_proof_off(tmp_path: Path) -> None:
    """A copy that is being made keeps the log from being emptied: it is emptied, and searched, afterwards."""
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        await fill(database, clock.now())
        desk = desk_of(database, tmp_path, clock)
        await database._writer.visit(database._writer.connection.execute, "PRAGMA busy_timeout = 50")
        reader = sqlite3.connect(tmp_path / "arni.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM members").fetchall()
        running = asyncio.create_task(desk.run(lambda: None))
        try:
            erasure_id = await desk.order(KIM.member_id, "console:nora")
            clock.advance(120)
            await eventually_is(lambda: _rows(database, "members"), lambda number: number == 1)
            await asyncio.sleep(0.3)
            proof = await desk.proof(erasure_id)
            assert proof is not None
            assert proof.state == "begun"
            reader.close()
            clock.advance(60)
            proofs = await eventually_is(desk.proofs, lambda proofs: proofs[0].state != "begun")
            assert (proofs[0].state, proofs[0].searched["identifiers"] > 0) == ("proven", True)
            assert left(tmp_path) == set()
        finally:
            reader.close()
            running.cancel()
            await asyncio.wait({running})
