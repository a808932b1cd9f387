"""What a dead box has on its disk, and what may become of that in its next life."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NEVER_SENT = frozenset({"offline", "not_permitted", "busy"})
"""Outcomes of a door command that never reached the lock, or that the lock refused."""

Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Remains:
    """The database as it is found; rows by their identity.

    Attributes:
        integrity: What SQLite says of the file: ``ok``.
        cursor: How far the relay has been read.
        inbound: Messages by Meta's id.
        outbox: What was said, by key.
        door: Requests to come in, by id.
        alarms: By the key of the message that raised them.
        reports: Every report of an emergency, by the key of its message; several may belong to one alarm.
        sinks: What was done for alarms, by alarm and sink.
    """

    integrity: str
    cursor: int
    inbound: Rows
    outbox: Rows
    door: Rows
    alarms: Rows
    reports: Rows
    sinks: Rows

    @property
    def commands(self) -> list[dict[str, Any]]:
        """The requests for which the lock may have opened, oldest first."""
        return sorted(
            (
                row
                for row in self.door.values()
                if row["state"] != "denied" and row["outcome"] not in _NEVER_SENT
            ),
            key=lambda row: str(row["at"]),
        )


def examine(state: Path) -> Remains:
    """Look at a copy: opening the real files would repair them, and that is the daemon's business."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("arni.db", "arni.db-wal"):
            if (state / name).exists():
                shutil.copy(state / name, folder)
        with closing(sqlite3.connect(Path(folder) / "arni.db")) as database:
            database.row_factory = sqlite3.Row
            return _read(database)


def contradictions(before: Remains, after: Remains) -> list[str]:
    """What of an earlier life was lost, undone or done again: empty when all is well."""
    found = []
    if after.integrity != "ok":
        found.append(f"the database is damaged: {after.integrity}")
    if after.cursor < before.cursor:
        found.append(f"the relay's cursor went back from {before.cursor} to {after.cursor}")
    for name in ("inbound", "outbox", "door", "alarms", "reports", "sinks"):
        rows: Rows = getattr(after, name)
        earlier: Rows = getattr(before, name)
        found += [f"{name} {key} is lost" for key in earlier.keys() - rows.keys()]
        found += [
            f"{name} {key} became {rows[key]['state']} after {row['state']}"
            for key, row in earlier.items()
            if key in rows and "state" in row and not _may_become(name, str(row["state"]), rows[key])
        ]
    return found


def _may_become(table: str, state: str, row: dict[str, Any]) -> bool:
    if table == "door" and state == "commanded":
        # The life that could have confirmed it is over.
        return row["state"] == "commanded" or (row["state"], row["outcome"]) == ("ended", "unknown")
    if table == "sinks" and "/" in row["sink"] and row["step"]:
        return True  # nobody had acknowledged: the same person was called again
    final = {"handled", "sent", "failed", "denied", "ended", "done"}
    return state not in final or row["state"] == state


def _read(database: sqlite3.Connection) -> Remains:
    def table(sql: str) -> Rows:
        return {str(row["key"]): dict(row) for row in database.execute(sql)}

    cursor = database.execute("SELECT sequence FROM relay_cursor").fetchone()
    return Remains(
        integrity=database.execute("PRAGMA integrity_check").fetchone()[0],
        cursor=cursor[0] if cursor else 0,
        inbound=table("SELECT message_id AS key, * FROM inbound"),
        outbox=table("SELECT key, * FROM outbox"),
        door=table("SELECT request_id AS key, * FROM door_audit"),
        alarms=table("SELECT source_key AS key, * FROM alarms"),
        reports=table("SELECT source_key AS key, * FROM alarm_reports"),
        sinks=table("SELECT alarm_id || ' ' || sink AS key, * FROM alarm_sinks"),
    )
