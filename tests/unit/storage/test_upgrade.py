"""A database of an older version is brought up to date, with everything that was in it."""

import contextlib
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.database import open_database

from arni_edge.domain.errors import ConfigurationError
from arni_edge.domain.headcount import HeadcountMemory, LineTotals
from arni_edge.domain.messages import Channel, OutboundMessage, Priority, Template
from arni_edge.storage import Transaction, incidents, outbox, tailgating
from arni_edge.storage.migrate import APPLICATION_ID, migrate, migrations
from arni_edge.storage.occupancy import HeadcountStore
from arni_edge.storage.outbound import message_of
from arni_edge.storage.outbox_messages import MessageOutbox
from arni_edge.storage.tailgating import Noted

NEWEST = migrations()[-1][0]
BEFORE_THE_EYES = 4
_BEFORE_SETTLED = 17
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

_SAID = (
    "INSERT INTO outbox (key, channel, recipient, text, priority, position, template, reply_to, tracking_id,"
    " state, attempts, not_before, provider_id, delivery, reason, created_at, updated_at) VALUES"
    f" ('a', 'whatsapp', '+491', 'Es \"brennt\"', 0, 1, 'alarm', NULL, 't1', 'retry', 3, '{AT}', NULL, NULL,"
    f" 'busy', '{AT}', '{AT}'),"
    f" ('b', 'whatsapp', '+491', 'Grüße 👍', 1, 2.5, NULL, 'w0', 't2', 'sent', 1, NULL, 'w1', 'read', NULL,"
    f" '{AT}', '{AT}')"
)
BEFORE_THE_LINES = 16


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


async def test_alarms_of_before_are_settled_and_those_that_somebody_has_are_looked_after(
    tmp_path: Path,
) -> None:
    _box_of(tmp_path / "arni.db", _BEFORE_SETTLED)
    withdrawn = "not needed any more: acknowledged"
    sinks = (
        ("over", "light/floor", "trying", ""),
        ("over", "sms/kim", "failed", withdrawn),
        ("over", "sms/lee", "failed", "HTTP 401"),
        ("had", "sms/kim", "failed", withdrawn),
        ("had", "siren/hall", "trying", ""),
    )
    with contextlib.closing(sqlite3.connect(tmp_path / "arni.db")) as old:
        for name, state in (("over", "closed"), ("had", "acknowledged")):
            old.execute(
                "INSERT INTO alarms (alarm_id, source_key, cause, source, raised_at, state, acknowledged_at)"
                " VALUES (?, ?, 'help', 'button', ?, ?, ?)",
                (name, name, AT, state, AT),
            )
        for row in sinks:
            old.execute(
                f"INSERT INTO alarm_sinks (alarm_id, sink, state, detail, at) VALUES (?, ?, ?, ?, '{AT}')",
                row,
            )
        old.commit()
    async with open_database(tmp_path / "arni.db") as database:
        rows = await database.read("SELECT alarm_id, sink, state FROM alarm_sinks ORDER BY 1, 2")
        assert [tuple(row) for row in rows] == [
            ("had", "siren/hall", "trying"),
            ("had", "sms/kim", "not_needed"),
            ("over", "light/floor", "not_needed"),
            ("over", "sms/kim", "not_needed"),
            ("over", "sms/lee", "failed"),
        ]
        rows = await database.read("SELECT alarm_id, next_step_at FROM alarms ORDER BY 1")
        assert [tuple(row) for row in rows] == [("had", AT), ("over", None)]


async def test_what_waited_to_be_said_before_the_lines_is_said_after_it(tmp_path: Path) -> None:
    _box_of(tmp_path / "arni.db", BEFORE_THE_LINES)
    with contextlib.closing(sqlite3.connect(tmp_path / "arni.db")) as old:
        old.execute(_SAID)
        old.commit()
    async with open_database(tmp_path / "arni.db") as database:
        box = MessageOutbox(database, ManualClock(), "whatsapp")
        item = await box.next_due(NOW)
        assert item is not None
        assert message_of(item.entry) == OutboundMessage(
            "a",
            Channel.WHATSAPP,
            "+491",
            'Es "brennt"',
            Priority.ALARM,
            Template("alarm"),
            expires_at=NOW + timedelta(days=1),
        )
        assert (item.id, item.attempts, item.entry.kind) == ("t1", 3, "template")
        (sent,) = await database.read("SELECT * FROM outbox WHERE key = 'b'")
        kept = ("text", "reply_to", "recipient", "state", "provider_id", "delivery", "position", "kind")
        then = ("Grüße 👍", "w0", "+491", "sent", "w1", "read", 2.5, "message")
        assert tuple(sent[name] for name in kept) == then
        # The key is taken as before: nothing is said twice.
        again = replace(message_of(item.entry), priority=Priority.CHAT)
        assert not await database.write(lambda tx: outbox.add(tx, again, NOW))


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
