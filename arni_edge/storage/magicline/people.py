"""Customers of the mirror, and who of them is which member of the house."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from arni_edge.domain.text import fold
from arni_edge.storage import erased
from arni_edge.storage.database import Database, Row, Transaction
from arni_edge.storage.magicline.rows import Values, put, put_all

PREFIX: Final = "ml-"
"""Before Magicline's number in the id of a member. Ids of the owner's own may look like anything else; and an
id that is no mere number can be looked for when somebody is erased."""


def ids_of(customer_id: int, number: str) -> tuple[str, ...]:
    """Under which ids a customer may have been a member here before."""
    return tuple(one for one in (f"{PREFIX}{customer_id}", number) if one)


async def member_of(
    tx: Transaction, customer_id: int, number: str, name: str, phones: Sequence[str]
) -> str | None:
    """The id that a customer has as a member here; None when they were erased and stay so.

    A member whom the owner has put on file is the same person if the name is the same, and a number of
    theirs or the id in the owner's books is: then the customer is known under that id from now on, with the
    groups, proofs and visits that stand under it. Whoever only shares a number is somebody else.
    """
    rows = await tx.fetch("SELECT member_id FROM magicline_customers WHERE customer_id = ?", (customer_id,))
    if rows:
        return str(rows[0]["member_id"])
    if await erased.was_erased(tx, ids_of(customer_id, number)):
        return None
    by_hand = await tx.fetch(
        "SELECT member_id, name FROM members WHERE kept_by = 'hand'"
        " AND (member_id = :number OR phone IN (SELECT value FROM json_each(:phones)))"
        " AND member_id NOT IN (SELECT member_id FROM magicline_customers)",
        {"number": number, "phones": json.dumps(list(phones))},
    )
    same = [str(row["member_id"]) for row in by_hand if fold(str(row["name"])) == fold(name)]
    return same[0] if len(same) == 1 else f"{PREFIX}{customer_id}"


async def put_customer(tx: Transaction, values: Values) -> None:
    """Store a customer."""
    await put(tx, "magicline_customers", ("customer_id",), values)


async def put_pauses(tx: Transaction, customer_id: int, rows: Iterable[Values]) -> None:
    """Store all pauses of a customer."""
    await tx.execute("DELETE FROM magicline_pauses WHERE customer_id = ?", (customer_id,))
    for values in rows:
        await put(tx, "magicline_pauses", ("id",), values)


async def put_contracts(
    tx: Transaction, customer_id: int, rows: Iterable[Values], asked_at: datetime
) -> None:
    """Store all contracts of a customer, as of the moment in which they were asked for."""
    # A contract goes with its own customer, should it ever be handed on.
    await put_all(
        tx,
        "magicline_contracts",
        ("contract_id",),
        rows,
        only="customer_id = :customer",
        customer=customer_id,
    )
    await tx.execute(
        "UPDATE magicline_customers SET contracts_read_at = ? WHERE customer_id = ?",
        (asked_at.isoformat(), customer_id),
    )


async def put_account(tx: Transaction, customer_id: int, asked_at: datetime, *, dunned: bool) -> None:
    """Store whether a customer is dunned, as of the moment in which it was asked for."""
    await tx.execute(
        "UPDATE magicline_customers SET dunned = ?, account_read_at = ? WHERE customer_id = ?",
        (dunned, asked_at.isoformat(), customer_id),
    )


async def resting(database: Database, customer_id: int, today: str) -> list[int]:
    """Numbers of a customer's contracts that rest on a day (``YYYY-MM-DD``), or will."""
    rows = await database.read(
        "SELECT DISTINCT contract_id FROM magicline_pauses WHERE customer_id = ? AND contract_id IS NOT NULL"
        " AND (unlimited OR end_on IS NULL OR end_on >= ?)",
        (customer_id, today),
    )
    return [int(row["contract_id"]) for row in rows]


async def detailed(tx: Transaction, customer_id: int, pass_id: int) -> None:
    """A pass has read everything about a customer."""
    await tx.execute(
        "UPDATE magicline_customers SET detailed_in = ? WHERE customer_id = ?", (pass_id, customer_id)
    )


async def customer(tx: Transaction, customer_id: int) -> Row | None:
    """A customer's row, or None."""
    rows = await tx.fetch("SELECT * FROM magicline_customers WHERE customer_id = ?", (customer_id,))
    return rows[0] if rows else None


async def contracts(tx: Transaction, customer_id: int) -> list[Row]:
    """A customer's contracts, in the order of their numbers."""
    return await tx.fetch(
        "SELECT * FROM magicline_contracts WHERE customer_id = ? ORDER BY contract_id", (customer_id,)
    )


async def pauses(tx: Transaction, customer_id: int) -> list[Row]:
    """A customer's pauses."""
    return await tx.fetch("SELECT * FROM magicline_pauses WHERE customer_id = ? ORDER BY id", (customer_id,))


async def remove(tx: Transaction, customer_id: int) -> str | None:
    """A customer is no more, and what was mirrored of them goes; returns the member's id."""
    rows = await tx.fetch(
        "DELETE FROM magicline_customers WHERE customer_id = ? RETURNING member_id", (customer_id,)
    )
    return str(rows[0]["member_id"]) if rows else None


async def everybody(database: Database, after: int, limit: int) -> list[int]:
    """Some customers by their number, beginning behind one."""
    rows = await database.read(
        "SELECT customer_id FROM magicline_customers WHERE customer_id > ? ORDER BY customer_id LIMIT ?",
        (after, limit),
    )
    return [int(row["customer_id"]) for row in rows]


async def known(database: Database, customer_id: int) -> bool:
    """Whether somebody is in the mirror."""
    return bool(
        await database.read("SELECT 1 FROM magicline_customers WHERE customer_id = ?", (customer_id,))
    )


async def next_undetailed(database: Database, pass_id: int, but: Sequence[int]) -> int | None:
    """The next customer about whom a pass has still to read everything, but for some; no prospects."""
    rows = await database.read(
        "SELECT min(customer_id) AS id FROM magicline_customers WHERE detailed_in != :pass"
        " AND seen_in = :pass AND status != 'PROSPECT'"
        " AND customer_id NOT IN (SELECT value FROM json_each(:but))",
        {"pass": pass_id, "but": json.dumps(list(but))},
    )
    return None if rows[0]["id"] is None else int(rows[0]["id"])


async def count_missing(tx: Transaction, pass_id: int) -> tuple[int, int]:
    """How many a pass has not seen, and how many there are."""
    (row,) = await tx.fetch(
        "SELECT coalesce(sum(seen_in != ?), 0) AS missing, count(*) AS number FROM magicline_customers",
        (pass_id,),
    )
    return int(row["missing"]), int(row["number"])


async def note_missing(tx: Transaction, pass_id: int, times: int) -> None:
    """Count for everybody in how many passes in a row they were missing; to be done once in a pass.

    Args:
        tx: The transaction.
        pass_id: Of the pass.
        times: For how many passes it counts.
    """
    await tx.execute(
        "UPDATE magicline_customers SET missed = CASE WHEN seen_in = ? THEN 0 ELSE missed + ? END",
        (pass_id, times),
    )


async def next_missing(database: Database, pass_id: int, passes: int, after: int) -> int | None:
    """The next customer whom so many passes have not seen."""
    rows = await database.read(
        "SELECT min(customer_id) AS id FROM magicline_customers"
        " WHERE seen_in != ? AND missed >= ? AND customer_id > ?",
        (pass_id, passes, after),
    )
    return None if rows[0]["id"] is None else int(rows[0]["id"])


async def with_business_today(database: Database, day: str, since: str) -> list[int]:
    """Customers who have a booking today, or were at a door or checked in lately.

    Args:
        database: Has them.
        day: Of the studio, ``YYYY-MM-DD``.
        since: A moment, for doors and check-ins.
    """
    rows = await database.read(
        "SELECT customer_id FROM magicline_bookings LEFT JOIN magicline_slots USING (slot_id)"
        " WHERE coalesce(magicline_slots.day, substr(magicline_bookings.start_at, 1, 10)) = :day"
        " AND status != 'CANCELED'"
        " UNION SELECT customer_id FROM magicline_checkins WHERE end_at IS NULL AND read_at >= :since"
        " UNION SELECT customer_id FROM magicline_customers JOIN door_audit USING (member_id)"
        " WHERE door_audit.at >= :since AND door_audit.outcome = 'confirmed' ORDER BY customer_id",
        {"day": day, "since": since},
    )
    return [int(row["customer_id"]) for row in rows]


async def shared_numbers(database: Database) -> int:
    """How many members whom the owner keeps have a number that a member of Magicline's has, too."""
    (row,) = await database.read(
        "SELECT count(*) AS number FROM members AS own WHERE own.kept_by = 'hand' AND own.phone != ''"
        " AND EXISTS (SELECT 1 FROM members AS other WHERE other.kept_by = 'sync' AND other.gone_at IS NULL"
        " AND (other.phone = own.phone OR EXISTS (SELECT 1 FROM member_phones"
        " WHERE member_phones.member_id = other.member_id AND member_phones.phone = own.phone)))"
    )
    return int(row["number"])


async def customer_of(database: Database, member_id: str) -> int | None:
    """Magicline's number of a member; None when they are none of Magicline's."""
    rows = await database.read(
        "SELECT customer_id FROM magicline_customers WHERE member_id = ?", (member_id,)
    )
    return int(rows[0]["customer_id"]) if rows else None


async def language_of(tx: Transaction, member_id: str) -> str | None:
    """ISO 639-1 of the language that a member has at Magicline, or None."""
    rows = await tx.fetch("SELECT language FROM magicline_customers WHERE member_id = ?", (member_id,))
    return rows[0]["language"] if rows else None


async def counts(database: Database) -> dict[str, int]:
    """How many rows each part of the mirror has."""
    tables = {
        "members": "magicline_customers",
        "accounts": "magicline_customers WHERE account_read_at IS NOT NULL",
        "pauses": "magicline_pauses",
        "bookings": "magicline_bookings",
        "checkins": "magicline_checkins",
        "classes": "magicline_classes",
        "slots": "magicline_slots",
        "appointments": "magicline_appointments",
        "employees": "magicline_employees",
        "studio": "magicline_studio",
    }
    listed = ", ".join(f"(SELECT count(*) FROM {table}) AS {part}" for part, table in tables.items())  # noqa: S608
    (row,) = await database.read(f"SELECT {listed}")
    return {part: int(row[part]) for part in tables}
