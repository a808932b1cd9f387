"""What was issued and what was used: tokens, one-time codes, codes of visits, and how often somebody tried.

No code and no token is in here, only digests; who may compute them is :mod:`arni_edge.access`.
"""

import json
from dataclasses import dataclass
from datetime import datetime, time

from arni_edge.domain.doors import Windows
from arni_edge.storage.database import Database, Row, Transaction

# --- tokens -----------------------------------------------------------------------------------------------


async def token_use(tx: Transaction, token_id: str) -> Row | None:
    """How a token was used (``request_id``, ``door``, ``state``, ``at``, ``ended_at``), or None."""
    rows = await tx.fetch(
        "SELECT used.request_id, used.door, audit.state, audit.at, audit.ended_at FROM entry_tokens AS used"
        " LEFT JOIN door_audit AS audit USING (request_id) WHERE token_id = ?",
        (token_id,),
    )
    return rows[0] if rows else None


async def use_token(tx: Transaction, token_id: str, request_id: str, door: str, expires_at: datetime) -> None:
    """Mark a token as used.

    Raises:
        sqlite3.IntegrityError: It was used before; then nothing of this transaction is kept.
    """
    await tx.execute(
        "INSERT INTO entry_tokens (token_id, request_id, door, expires_at) VALUES (?, ?, ?, ?)",
        (token_id, request_id, door, expires_at.isoformat()),
    )


# --- one-time codes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredCode:
    """A one-time code as it is kept.

    Attributes:
        code_id: For the audit.
        member_id: Whose it is.
        door: The only door it is for.
        conversation: A digest of the only conversation in which it may be returned; None: at the door.
        salt: Its own.
        digest: Of the code, keyed with the pepper of the box.
        expires_at: Good until then (aware).
        tries: Wrong tries that were compared with it.
        used: It has opened.
    """

    code_id: str
    member_id: str
    door: str
    conversation: str | None
    salt: bytes
    digest: bytes
    expires_at: datetime
    tries: int = 0
    used: bool = False


async def add_code(tx: Transaction, code: StoredCode, now: datetime) -> None:
    """Keep a code."""
    await tx.execute(
        "INSERT INTO entry_codes (code_id, member_id, door, conversation, salt, digest, created_at,"
        " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            code.code_id,
            code.member_id,
            code.door,
            code.conversation,
            code.salt,
            code.digest,
            now.isoformat(),
            code.expires_at.isoformat(),
        ),
    )


async def codes_for(tx: Transaction, door: str, conversation: str | None) -> list[StoredCode]:
    """Every code that could be meant here: live, used and lately expired ones."""
    rows = await tx.fetch(
        "SELECT * FROM entry_codes WHERE door = ? AND conversation IS ?", (door, conversation)
    )
    return [
        StoredCode(
            row["code_id"],
            row["member_id"],
            row["door"],
            row["conversation"],
            row["salt"],
            row["digest"],
            datetime.fromisoformat(row["expires_at"]),
            row["tries"],
            row["used_at"] is not None,
        )
        for row in rows
    ]


async def count_wrong_try(tx: Transaction, door: str, conversation: str | None, now: datetime) -> None:
    """A wrong try counts against every live code that it was compared with."""
    await tx.execute(
        "UPDATE entry_codes SET tries = tries + 1"
        " WHERE door = ? AND conversation IS ? AND used_at IS NULL AND expires_at > ?",
        (door, conversation, now.isoformat()),
    )


async def use_code(tx: Transaction, code_id: str, now: datetime) -> None:
    """Mark a code as used."""
    await tx.execute("UPDATE entry_codes SET used_at = ? WHERE code_id = ?", (now.isoformat(), code_id))


# --- visits -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    """A code for somebody who is no member: a delivery, a cleaner, a trade.

    Attributes:
        visit_id: For the audit, and to revoke it.
        label: What the owner calls it.
        doors: Doors it opens.
        windows: When, in the studio's time.
        valid_from: Not before (aware).
        valid_until: Not from then on (aware).
        max_uses: How often it opens, or None.
        salt: Its own.
        digest: Of the code, keyed with the pepper of the box.
        uses: How often it has opened.
        revoked: It was withdrawn.
    """

    visit_id: str
    label: str
    doors: tuple[str, ...]
    windows: Windows
    valid_from: datetime
    valid_until: datetime
    max_uses: int | None
    salt: bytes
    digest: bytes
    uses: int = 0
    revoked: bool = False


async def add_visit(tx: Transaction, visit: Visit, now: datetime) -> None:
    """Keep a visit."""
    windows = {
        str(day): [[start.isoformat(), end.isoformat()] for start, end in spans]
        for day, spans in visit.windows.items()
    }
    await tx.execute(
        "INSERT INTO visits (visit_id, label, doors, windows, valid_from, valid_until, max_uses, salt,"
        " digest, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            visit.visit_id,
            visit.label,
            json.dumps(visit.doors),
            json.dumps(windows),
            visit.valid_from.isoformat(),
            visit.valid_until.isoformat(),
            visit.max_uses,
            visit.salt,
            visit.digest,
            now.isoformat(),
        ),
    )


_ALL_VISITS = "SELECT * FROM visits ORDER BY created_at, visit_id"


async def visits(tx: Transaction) -> list[Visit]:
    """All visits, oldest first; a gym has a handful."""
    return [_visit(row) for row in await tx.fetch(_ALL_VISITS)]


async def list_visits(database: Database) -> list[Visit]:
    """The same, as committed."""
    return [_visit(row) for row in await database.read(_ALL_VISITS)]


async def count_visit(tx: Transaction, visit_id: str) -> None:
    """It has opened once more."""
    await tx.execute("UPDATE visits SET uses = uses + 1 WHERE visit_id = ?", (visit_id,))


async def revoke_visit(tx: Transaction, visit_id: str, now: datetime) -> bool:
    """Withdraw it; returns False when there is none with this id that was not withdrawn before."""
    changed = await tx.execute(
        "UPDATE visits SET revoked_at = ? WHERE visit_id = ? AND revoked_at IS NULL",
        (now.isoformat(), visit_id),
    )
    return changed == 1


def _visit(row: Row) -> Visit:
    return Visit(
        row["visit_id"],
        row["label"],
        tuple(json.loads(row["doors"])),
        {
            int(day): [(time.fromisoformat(start), time.fromisoformat(end)) for start, end in spans]
            for day, spans in json.loads(row["windows"]).items()
        },
        datetime.fromisoformat(row["valid_from"]),
        datetime.fromisoformat(row["valid_until"]),
        row["max_uses"],
        row["salt"],
        row["digest"],
        row["uses"],
        row["revoked_at"] is not None,
    )


# --- a backup that was restored -----------------------------------------------------------------------------


async def void(tx: Transaction, now: datetime) -> None:
    """Nothing that is good once, or so often, is good any more: nobody knows how often it was used since."""
    await tx.execute("UPDATE entry_codes SET used_at = ? WHERE used_at IS NULL", (now.isoformat(),))
    await tx.execute("UPDATE visits SET uses = max_uses WHERE max_uses IS NOT NULL AND uses < max_uses")


async def restored_at(tx: Transaction) -> datetime | None:
    """When this database was last found to be a backup: tokens from before then may have been used."""
    (row,) = await tx.fetch("SELECT max(at) AS at FROM relay_rereads WHERE restored")
    return None if row["at"] is None else datetime.fromisoformat(row["at"])


# --- tallies ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened lately.

    Attributes:
        number: How often, since ``began_at``.
        began_at: The first of them (aware).
        rests_until: Nothing of the kind until then (aware), or None.
    """

    number: int
    began_at: datetime
    rests_until: datetime | None = None


async def tally(tx: Transaction, subject: str) -> Tally | None:
    """The tally of a subject such as ``wrong/door/front``."""
    rows = await tx.fetch("SELECT * FROM entry_tallies WHERE subject = ?", (subject,))
    if not rows:
        return None
    rests = rows[0]["rests_until"]
    return Tally(
        rows[0]["number"],
        datetime.fromisoformat(rows[0]["began_at"]),
        None if rests is None else datetime.fromisoformat(rests),
    )


async def put_tally(tx: Transaction, subject: str, tally: Tally) -> None:
    """Store the tally of a subject."""
    await tx.execute(
        "INSERT INTO entry_tallies (subject, number, began_at, rests_until) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (subject) DO UPDATE SET number = excluded.number, began_at = excluded.began_at,"
        " rests_until = excluded.rests_until",
        (
            subject,
            tally.number,
            tally.began_at.isoformat(),
            tally.rests_until.isoformat() if tally.rests_until else None,
        ),
    )
