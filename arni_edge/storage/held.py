"""What is held about one member, for their eyes: nothing about others, no digests of codes."""

# ruff: noqa: S608 - statements are put together from pieces of this package, values are always bound

from typing import Any, Final

from arni_edge.storage.database import Database, Row
from arni_edge.storage.personal import AT, MESSAGES, THEIR_ACTIONS, THEIR_CUSTOMER, Person, values_of

_SHOWN: Final = {
    "members": ("*", "member_id = :member"),
    "member_phones": ("phone", "member_id = :member"),
    "magicline_customers": (
        (
            "customer_id, number, first_name, last_name, phones, language, status, access_refused,"
            " restrictions, studio_id, read_at"
        ),
        "member_id = :member",
    ),
    "magicline_contracts": (
        (
            "contract_id, start_on, end_on, rate_name, rate_codes, status, cancelled, cancellation_on,"
            " last_cancellation_on, reversed, read_at"
        ),
        THEIR_CUSTOMER,
    ),
    "magicline_pauses": ("contract_id, start_on, end_on, unlimited, read_at", THEIR_CUSTOMER),
    "magicline_bookings": (
        (
            "kind, booking_id, status, slot_id, class_id, start_at, end_at, title, takes_place,"
            " participation, read_at"
        ),
        THEIR_CUSTOMER,
    ),
    "magicline_checkins": ("checkin_id, start_at, end_at, studio_id, read_at", THEIR_CUSTOMER),
    "inbound": (
        (
            "channel, conversation, phone, kind, text, payload, details, sent_at, received_at, intent,"
            " handled_at"
        ),
        MESSAGES["inbound"],
    ),
    "outbox": (
        "line, kind, recipient, text, template, state, delivery, created_at, updated_at",
        MESSAGES["outbox"],
    ),
    "conversations": ("channel, address, mode, disclosed_at", AT.format(address="address")),
    "addresses": ("channel, address, user_id, number, since, until", AT.format(address="address")),
    "identities": ("channel, address, bound_at", "member_id = :member"),
    "assurances": ("channel, address, level, until", "member_id = :member"),
    "door_audit": (
        "at, door, source, state, rule, outcome, via, seconds, ended_at",
        "member_id = :member",
    ),
    "entry_codes": ("door, created_at, expires_at, used_at", "member_id = :member"),
    "tailgating": ("at, door, entries, together, certainty", "member_id = :member"),
    "alarms": (
        "cause, source, raised_at, place, state, closed_at, outcome",
        f"alarm_id IN (SELECT alarm_id FROM alarm_reports WHERE {AT.format(address='address')})",
    ),
    "actions": (
        "tool, arguments, consequence, state, proposed_at, confirmed_at, ended_at, outcome, result",
        THEIR_ACTIONS,
    ),
    "tickets": (
        "kind, channel, text, state, created_at, ended_at",
        f"member_id = :member OR {AT.format(address='address')}",
    ),
    "drafts": ("channel, address, text, state, created_at, ended_at", AT.format(address="address")),
    "handoffs": ("channel, address, reason, state, asked_at, ended_at", AT.format(address="address")),
    "errands": ("channel, address, claimed, tool, arguments, expires_at", AT.format(address="address")),
    "identity_requests": ("channel, address, state, asked_at", "member_id = :member AND state = 'confirmed'"),
    "audit": (
        "at, act",
        "subject IN (SELECT pseudonym FROM audit_subjects WHERE member_id = :member)",
    ),
    "whispers": ("channel, text, at", AT.format(address="address")),
    "consents": (
        "channel, address, purpose, granted, text_version, at",
        f"member_id = :member OR {AT.format(address='address')}",
    ),
}


async def everything(database: Database, person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows about somebody by table, without what is about others and without digests of codes."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, (columns, where) in _SHOWN.items():
        rows: list[Row] = await database.read(
            f"SELECT {columns} FROM {table} WHERE {where}",
            values_of(person),
        )
        if rows:
            found[table] = [dict(row) for row in rows]
    return found
