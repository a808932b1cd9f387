"""The mirror of members: what a decision needs to know, and databases from before there were credentials."""

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.database import open_database

from arni_edge.domain.people import Member, MemberState
from arni_edge.storage import Database, door_audit, members
from arni_edge.storage.migrate import APPLICATION_ID, migrations

_NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
_MIA = Member(
    "m1",
    "Mia Muster",
    "+4915123456789",
    MemberState.ACTIVE,
    date(2026, 1, 1),
    date(2026, 12, 31),
    "morning",
    ("women", "staff"),
    arrears=True,
    paused_from=date(2026, 8, 1),
    paused_until=date(2026, 8, 31),
)


async def _put(database: Database, member: Member) -> None:
    await database.write(lambda tx: members.put_by_hand(tx, [member], _NOW))


async def _standing(database: Database, member_id: str | None, door: str = "front") -> members.Standing:
    return await database.write(lambda tx: members.standing(tx, member_id, door))


async def test_a_member_is_kept_with_everything(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        for member in (_MIA, replace(_MIA, plan=None, groups=(), arrears=False, paused_from=None)):
            await _put(database, member)
            assert await members.everybody(database) == [member]
            assert await members.by_phone(database, _MIA.phone) == member
            expected = members.Standing(member, members.Mirror(True, _NOW), None)
            assert await _standing(database, "m1") == expected


async def test_of_nobody_only_the_age_of_the_mirror_is_known(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        assert await _standing(database, "m1") == members.Standing(None, None, None)
        await _put(database, _MIA)
        for somebody in ("m2", None):
            expected = members.Standing(None, members.Mirror(True, _NOW), None)
            assert await _standing(database, somebody) == expected


@pytest.mark.parametrize(
    ("state", "outcome", "counts"),
    [
        ("ended", "confirmed", True),
        ("commanded", None, True),
        ("ended", "failed", False),
        ("denied", None, False),
    ],
)
async def test_an_entry_counts_when_the_door_opened_or_is_about_to(
    tmp_path: Path, state: str, outcome: str | None, counts: bool
) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        await _put(database, _MIA)
        await database.write(
            lambda tx: tx.execute(
                "INSERT INTO door_audit (request_id, door, source, member_id, at, state, rule, outcome)"
                " VALUES ('r', 'front', 'test', 'm1', ?, ?, 'x', ?)",
                (_NOW.isoformat(), state, outcome),
            )
        )
        assert (await _standing(database, "m1")).last_entry == (_NOW if counts else None)
        assert (await _standing(database, "m1", "back")).last_entry is None


async def test_a_database_of_the_first_version_keeps_everything(tmp_path: Path) -> None:
    file = tmp_path / "arni.db"
    old = sqlite3.connect(file)
    old.executescript(
        f"{dict(migrations())[1]}\nPRAGMA application_id={APPLICATION_ID}; PRAGMA user_version=1;"
    )
    old.execute(
        "INSERT INTO members VALUES ('m1', 'Mia Muster', '+4915123456789', 'active', NULL, '2026-12-31')"
    )
    old.execute("INSERT INTO mirror VALUES ('members', 'hand', '2026-11-01T00:00:00+00:00')")
    old.execute(
        "INSERT INTO door_audit VALUES (7, 'r7', 'front', 'whatsapp', 'm1', '2026-11-01T00:00:00+00:00',"
        " 'ended', 'member_in_hours', 'confirmed', 'state=5', 1.5, '2026-11-01T00:00:02+00:00')"
    )
    old.execute(
        "INSERT INTO door_audit (request_id, door, source, at, state, rule)"
        " VALUES ('r8', 'front', 'whatsapp', '2026-11-01T00:00:00+00:00', 'commanded', 'member_in_hours')"
    )
    old.commit()
    old.close()
    async with open_database(file) as database:
        (mia,) = await members.everybody(database)
        assert mia == Member("m1", "Mia Muster", "+4915123456789", valid_until=date(2026, 12, 31))
        (abandoned,) = await database.write(lambda tx: door_audit.abandon(tx, _NOW))
        assert (abandoned["request_id"], abandoned["door"]) == ("r8", "front")
        row = await door_audit.find(database, "r7")
        assert row is not None
        assert (row["id"], row["outcome"], row["evidence"], row["seconds"]) == (
            7,
            "confirmed",
            "state=5",
            1.5,
        )
        assert (row["via"], row["credential_id"], row["staff"], row["reason"]) == (None, None, None, None)
        with pytest.raises(sqlite3.IntegrityError):
            await database.write(
                lambda tx: tx.execute(
                    "INSERT INTO door_audit (request_id, door, source, at, state, rule)"
                    " VALUES ('r7', 'front', 'x', 'x', 'denied', 'x')"
                )
            )
