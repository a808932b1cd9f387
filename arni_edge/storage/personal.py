"""Everything that the database holds about one member: found, and forgotten."""

# ruff: noqa: S608 - statements are put together from pieces of this file, values are always bound

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from arni_edge.domain.messages import message_key
from arni_edge.domain.text import fold
from arni_edge.storage import erased, inbox, relay_traces
from arni_edge.storage.database import Database, Transaction
from arni_edge.storage.magicline import people

GONE: Final = "[gelöscht]"
"""Stands where something about somebody stood in a row that has to stay."""

_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, in every way in which the house knows them. Never logged, never shown.

    Attributes:
        member_id: Their id.
        name: Their name.
        phone: E.164; None when another member has the same number: then it says of nobody who they are.
        addresses: Channel and address of every conversation of theirs.
        message_ids: What the channels call their messages and ours to them.
        things: Ids that stand for them elsewhere: handles, drafts, wishes for a person, actions, tickets.
        shared_name: Another member has the same name.
        shared_phone: Another member has the same number.
    """

    member_id: str
    name: str
    phone: str | None
    addresses: tuple[tuple[str, str], ...]
    message_ids: tuple[str, ...]
    things: tuple[str, ...]
    shared_name: bool = False
    shared_phone: bool = False

    def to_json(self) -> str:
        """As it is kept while somebody is being erased."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Person":
        """As it was kept."""
        values = json.loads(text)
        lists = {name: tuple(values[name]) for name in ("message_ids", "things")}
        return cls(**{**values, **lists, "addresses": tuple((one, two) for one, two in values["addresses"])})

    def joined(self, other: "Person") -> "Person":
        """The same person, as known at two moments."""
        return Person(
            self.member_id,
            self.name,
            self.phone,
            tuple(dict.fromkeys((*self.addresses, *other.addresses))),
            tuple(dict.fromkeys((*self.message_ids, *other.message_ids))),
            tuple(dict.fromkeys((*self.things, *other.things))),
            self.shared_name,
            self.shared_phone,
        )


# --- finding ----------------------------------------------------------------------------------------------


async def find(database: Database, member_id: str) -> Person | None:
    """Who a member is, or None when nobody with this id is on file."""
    rows = await database.read("SELECT name, phone FROM members WHERE member_id = ?", (member_id,))
    if not rows:
        return None
    name, phone = str(rows[0]["name"]), str(rows[0]["phone"])
    others = await database.read("SELECT name FROM members WHERE member_id != ?", (member_id,))
    numbers, shared = await _numbers(database, member_id)
    shared_phone = phone in shared
    own = phone if phone in numbers else None
    addresses = await _addresses(database, member_id, numbers)
    pairs = json.dumps(addresses)
    messages = await database.read(
        f"SELECT message_id AS id FROM inbound WHERE {AT.format(address='conversation')} OR phone = :phone"
        f" UNION SELECT provider_id FROM outbox WHERE {_TO_THEM}"
        f" UNION SELECT reply_to FROM outbox WHERE {_TO_THEM}",
        {"pairs": pairs, "phone": own},
    )
    things = await database.read(
        f"SELECT handle AS id FROM conversations WHERE {AT.format(address='address')}"
        f" UNION SELECT draft_id FROM drafts WHERE {AT.format(address='address')}"
        f" UNION SELECT handoff_id FROM handoffs WHERE {AT.format(address='address')}"
        f" UNION SELECT ticket_id FROM tickets WHERE member_id = :member OR {AT.format(address='address')}"
        f" UNION SELECT request_id FROM identity_requests WHERE {_CONFIRMED}"
        f" UNION SELECT action_id FROM actions WHERE {THEIR_ACTIONS}",
        {"pairs": pairs, "member": member_id},
    )
    return Person(
        member_id,
        name,
        own,
        addresses,
        tuple(str(row["id"]) for row in messages if row["id"]),
        tuple(str(row["id"]) for row in things if row["id"]),
        shared_name=any(fold(other["name"]) == fold(name) for other in others),
        shared_phone=shared_phone,
    )


async def _numbers(database: Database, member_id: str) -> tuple[list[str], set[str]]:
    """All numbers of somebody that are theirs alone, and those that others have, too."""
    rows = await database.read(
        "SELECT phone, member_id = :member AS own FROM (SELECT phone, member_id FROM members"
        " UNION ALL SELECT phone, member_id FROM member_phones) WHERE phone != ''",
        {"member": member_id},
    )
    others = {str(row["phone"]) for row in rows if not row["own"]}
    own = dict.fromkeys(str(row["phone"]) for row in rows if row["own"])
    return [phone for phone in own if phone not in others], others.intersection(own)


# Placeholders: :pairs is a JSON list of channel and address.
_PAIRS: Final = "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:pairs))"
AT: Final = "(channel, {address}) IN " + _PAIRS
_TO_THEM: Final = "(line, order_key) IN " + _PAIRS
THEIR_CUSTOMER: Final = (
    "customer_id IN (SELECT customer_id FROM magicline_customers WHERE member_id = :member)"
)
_CONFIRMED: Final = "member_id = :member AND state = 'confirmed'"
THEIR_ACTIONS: Final = (
    "member_id = :member OR conversation IN (SELECT json_extract(value, '$[0]') || ':' ||"
    " json_extract(value, '$[1]') FROM json_each(:pairs))"
)


async def _addresses(
    database: Database, member_id: str, numbers: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    rows = await database.read(
        "SELECT channel, address FROM identities WHERE member_id = :member"
        " UNION SELECT channel, address FROM assurances WHERE member_id = :member"
        " UNION SELECT channel, address FROM consents WHERE member_id = :member"
        f" UNION SELECT channel, address FROM identity_requests WHERE {_CONFIRMED}"
        " UNION SELECT channel, conversation FROM inbound"
        " WHERE phone IN (SELECT value FROM json_each(:phones))"
        " UNION SELECT channel, address FROM addresses"
        " WHERE number IN (SELECT value FROM json_each(:phones)) AND until IS NULL",
        {"member": member_id, "phones": json.dumps(list(numbers))},
    )
    taken = await database.read("SELECT channel, address FROM identities WHERE member_id != ?", (member_id,))
    found = [(str(row["channel"]), str(row["address"])) for row in rows]
    for number in numbers:  # as WhatsApp writes it, and as we do
        found += [("whatsapp", number), ("whatsapp", number.removeprefix("+"))]
    others = {(str(row["channel"]), str(row["address"])) for row in taken}
    return tuple(sorted(set(found) - others))


async def open_alarms(tx: Transaction, person: Person) -> int:
    """How many alarms that they reported are not closed."""
    (row,) = await tx.fetch(
        "SELECT count(*) AS number FROM alarms WHERE state != 'closed' AND alarm_id IN"
        f" (SELECT alarm_id FROM alarm_reports WHERE {AT.format(address='address')})",
        {"pairs": json.dumps(person.addresses)},
    )
    return int(row["number"])


async def under_way(database: Database, person: Person, *, waiting: bool) -> int:
    """How many messages to them are just leaving, and how many of theirs are just being answered.

    Args:
        database: Has them.
        person: Whose.
        waiting: Count also what waits for its turn to leave.
    """
    states = "('sending', 'queued', 'retry', 'parked')" if waiting else "('sending')"
    (row,) = await database.read(
        f"SELECT (SELECT count(*) FROM outbox WHERE state IN {states} AND {MESSAGES['outbox']})"
        " + (SELECT count(*) FROM inbound WHERE state = 'received' AND attempts > 0"
        f" AND ({MESSAGES['inbound']})) AS number",
        values_of(person),
    )
    return int(row["number"])


# --- forgetting -------------------------------------------------------------------------------------------

_DELETED: Final = {
    "drafts": AT.format(address="address"),
    "whispers": AT.format(address="address"),
    "handoffs": AT.format(address="address"),
    "tickets": f"member_id = :member OR {AT.format(address='address')}",
    "errands": AT.format(address="address"),
    "identity_requests": f"member_id = :member OR {AT.format(address='address')}",
    "identity_codes": "member_id = :member",
    "addresses": f"{AT.format(address='address')} OR {AT.format(address='number')}",
    "identities": f"member_id = :member OR {AT.format(address='address')}",
    "assurances": f"member_id = :member OR {AT.format(address='address')}",
    "entry_codes": "member_id = :member",
    "entry_tallies": "substr(subject, -length('/member/' || :member)) = '/member/' || :member",
    "consents": f"member_id = :member OR {AT.format(address='address')}",
    "ghost_readers": "handle IN (SELECT value FROM json_each(:things))",
    **dict.fromkeys(
        ("magicline_bookings", "magicline_checkins", "magicline_contracts", "magicline_pauses"),
        THEIR_CUSTOMER,
    ),
    "magicline_customers": "member_id = :member",
    "conversations": AT.format(address="address"),
}
_REDACTED: Final = {
    "door_audit": ("member_id = NULL, credential_id = NULL", "member_id = :member"),
    "tailgating": ("member_id = NULL", "member_id = :member"),
    "errands": ("claimed = NULL", "claimed = :member"),
    "alarm_reports": (
        "channel = NULL, address = NULL, language = NULL",
        AT.format(address="address"),
    ),
    "confirmations": (
        "who = 'member'",
        f"who NOT LIKE 'staff:%' AND action_id IN (SELECT action_id FROM actions WHERE {THEIR_ACTIONS})",
    ),
    "saga_steps": (
        "result = ''",
        f"action_id IN (SELECT action_id FROM actions WHERE {THEIR_ACTIONS})",
    ),
    # What runs just now comes to its own end; what has not begun never will.
    "actions": (
        (
            "state = CASE WHEN state IN ('proposed', 'confirmed') THEN 'denied' ELSE state END,"
            " ended_at = coalesce(ended_at, CASE WHEN state IN ('proposed', 'confirmed') THEN :now END),"
            " arguments = '{}', digest = '', conversation = '', consequence = '{}', result = '', key = NULL,"
            " member_id = NULL, proposed_by = CASE WHEN proposer_kind = 'member' THEN '' ELSE proposed_by END"
        ),
        THEIR_ACTIONS,
    ),
}
MESSAGES: Final = {
    "inbound": f"{AT.format(address='conversation')} OR phone = :phone",
    "outbox": f"({_TO_THEM} OR member_id = :member)",
}


async def some_messages(database: Database, person: Person, table: str) -> list[int]:
    """Ids of some of their messages, oldest first: few enough to be deleted in one go."""
    rows = await database.read(
        f"SELECT id FROM {table} WHERE {MESSAGES[table]} ORDER BY id LIMIT {_BATCH}",
        values_of(person),
    )
    return [int(row["id"]) for row in rows]


_CALLED: Final = {"inbound": "channel, message_id", "outbox": "line, provider_id"}
"""What the channels call messages."""


async def delete_messages(tx: Transaction, table: str, ids: Sequence[int], now: datetime) -> dict[str, int]:
    """Delete messages, and have the relay erase the events that speak of them. What came in comes in no more.

    Returns:
        How many rows of which table; and how many events of the relay, as ``relay_erasures``.
    """
    these = "WHERE id IN (SELECT value FROM json_each(?))"
    rows = await tx.fetch(f"SELECT {_CALLED[table]} FROM {table} {these}", (json.dumps(list(ids)),))
    keys = [message_key(channel, called) for channel, called in rows if called]
    counts = {"relay_erasures": await relay_traces.erase(tx, keys)}
    if table == "inbound":
        counts[table] = await inbox.forget(tx, ids, now)
    else:
        counts[table] = await tx.execute(f"DELETE FROM {table} {these}", (json.dumps(list(ids)),))
    return counts


async def forget(tx: Transaction, person: Person, now: datetime) -> dict[str, int]:
    """Remove everything about somebody but the row that says who they are; returns rows by table."""
    values = {**values_of(person), "now": now.isoformat()}
    counts: dict[str, int] = {}

    def add(table: str, number: int) -> None:
        counts[table] = counts.get(table, 0) + number

    # Before the mirror forgets which customer it was: whoever still lists them does not bring them back.
    customers = await tx.fetch(
        "SELECT customer_id FROM magicline_customers WHERE member_id = ?", (person.member_id,)
    )
    ids = (f"{people.PREFIX}{row['customer_id']}" for row in customers)
    await erased.note(tx, (person.member_id, *ids), now)
    add("alarms", await _forget_alarms(tx, values))
    for table, (change, where) in _REDACTED.items():
        add(table, await tx.execute(f"UPDATE {table} SET {change} WHERE {where}", values))
    for table, where in MESSAGES.items():
        rows = await tx.fetch(f"SELECT id FROM {table} WHERE {where}", values)
        for name, number in (await delete_messages(tx, table, [row["id"] for row in rows], now)).items():
            add(name, number)
    for table, where in _DELETED.items():
        add(table, await tx.execute(f"DELETE FROM {table} WHERE {where}", values))
    add("staff_posts", await _take_posts_back(tx, values))
    return {table: number for table, number in counts.items() if number}


async def _forget_alarms(tx: Transaction, values: dict[str, Any]) -> int:
    """The alarm stays, with its times: who reported it goes, and what was noted about it in words."""
    theirs = f"SELECT alarm_id FROM alarm_reports WHERE {AT.format(address='address')}"
    return await tx.execute(
        "UPDATE alarms SET reporter_channel = NULL, reporter = NULL,"
        f" note = CASE WHEN note IS NULL THEN NULL ELSE '{GONE}' END WHERE alarm_id IN ({theirs})",
        values,
    )


async def _take_posts_back(tx: Transaction, values: dict[str, Any]) -> int:
    """What staff are shown of them: what was shown is changed there, too; what was not, goes."""
    # One of the parts of a key: a handle of four letters may stand within another id by chance.
    about = (
        "EXISTS (SELECT 1 FROM json_each(:things) WHERE"
        " instr('/' || replace(replace({column}, ':', '/'), '.', '/') || '/', '/' || value || '/') > 0)"
    )
    posts = about.format(column="staff_posts.key")
    key = "(contact, key) IN (SELECT contact, key FROM staff_posts WHERE " + posts + ")"
    await tx.execute(f"DELETE FROM staff_buttons WHERE {key}", values)
    await tx.execute(
        f"DELETE FROM staff_questions WHERE {key} OR {about.format(column='argument')}",
        values,
    )
    number = await tx.execute(
        f"DELETE FROM staff_posts WHERE message_id IS NULL AND {posts}",
        values,
    )
    return number + await tx.execute(
        f"UPDATE staff_posts SET text = '{GONE}', buttons = '[]', revision = revision + 1,"
        " state = 'queued', attempts = 0, not_before = NULL, reason = NULL, updated_at = :now"
        f" WHERE message_id IS NOT NULL AND text != '{GONE}' AND {posts}",
        values,
    )


async def delete_member(tx: Transaction, member_id: str) -> int:
    """Remove the row that says who they are: the last of all; further numbers go with it."""
    return await tx.execute("DELETE FROM members WHERE member_id = ?", (member_id,))


def values_of(person: Person) -> dict[str, Any]:
    """What the conditions above are bound to."""
    return {
        "member": person.member_id,
        "phone": person.phone,
        "pairs": json.dumps(person.addresses),
        "things": json.dumps(person.things),
    }
