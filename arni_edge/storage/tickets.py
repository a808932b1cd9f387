"""What a person has to do by hand: a declared cancellation, an approved refund, a stuck compensation."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Ticket:
    """One thing to do.

    Attributes:
        ticket_id: Whoever makes it chooses the id, so that making it again after a crash does nothing.
        kind: For instance ``contract.cancel``.
        text: What is to be done; may be personal.
        member_id: Whom it concerns, or None.
        channel: Where they wrote, or None.
        address: The channel's address of them, or None; personal.
    """

    ticket_id: str
    kind: str
    text: str
    member_id: str | None = None
    channel: str | None = None
    address: str | None = None


async def add(tx: Transaction, ticket: Ticket, now: datetime) -> bool:
    """Keep a ticket; returns False when there is one with this id already."""
    changed = await tx.execute(
        "INSERT INTO tickets (ticket_id, kind, member_id, channel, address, text, state, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'open', ?) ON CONFLICT DO NOTHING",
        (
            ticket.ticket_id,
            ticket.kind,
            ticket.member_id,
            ticket.channel,
            ticket.address,
            ticket.text,
            now.isoformat(),
        ),
    )
    return changed == 1


async def end(tx: Transaction, ticket_id: str, who: str, now: datetime) -> Row | None:
    """Mark a ticket as done; returns it, or None when there is none with this id that is open."""
    rows = await tx.fetch(
        "UPDATE tickets SET state = 'done', ended_at = ?, ended_by = ? WHERE ticket_id = ? AND state = 'open'"
        " RETURNING *",
        (now.isoformat(), who, ticket_id),
    )
    return rows[0] if rows else None


async def waiting(database: Database) -> list[Row]:
    """All open tickets, oldest first."""
    return await database.read("SELECT * FROM tickets WHERE state = 'open' ORDER BY created_at, ticket_id")
