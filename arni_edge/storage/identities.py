"""Who is behind an address: bindings, how sure we are for a while, codes, questions to staff.

No code is in here, only keyed digests; who may compute them is :mod:`arni_edge.access`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.people import Assurance
from arni_edge.storage.database import Database, Row, Transaction

# Long enough that a message that used a code, taken up again after a crash, is recognised.
_CODES_KEPT = timedelta(days=1)
_REQUESTS_KEPT = timedelta(days=1)

Address = tuple[Channel, str]
"""A channel and its identifier of the other side; personal."""

# --- bindings and assurances --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """That an address belongs to a member.

    Attributes:
        member_id: To whom.
        proof: Keyed digest of the numbers that it rests on.
        level: How sure it makes us.
        until: So long (aware); None for a binding, which has no end.
    """

    member_id: str
    proof: str
    level: Assurance
    until: datetime | None = None


async def claims(database: Database, address: Address) -> list[Claim]:
    """What is known of an address, the surest first."""
    rows = await database.read(
        "SELECT member_id, proof, level, until FROM assurances"
        " WHERE channel = :channel AND address = :address"
        " UNION ALL SELECT member_id, proof, :bound, NULL FROM identities"
        " WHERE channel = :channel AND address = :address ORDER BY 3 DESC",
        {"channel": address[0], "address": address[1], "bound": int(Assurance.CHANNEL)},
    )
    return [
        Claim(
            row["member_id"],
            row["proof"],
            Assurance(row["level"]),
            None if row["until"] is None else datetime.fromisoformat(row["until"]),
        )
        for row in rows
    ]


async def bind(
    tx: Transaction, address: Address, member_id: str, proof: str, *, by: str, now: datetime
) -> None:
    """Bind an address to a member, for good; one that was bound to somebody else changes hands."""
    await tx.execute(
        "INSERT INTO identities (channel, address, member_id, proof, bound_at, bound_by)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (channel, address) DO UPDATE SET"
        " member_id = excluded.member_id, proof = excluded.proof, bound_at = excluded.bound_at,"
        " bound_by = excluded.bound_by",
        (*address, member_id, proof, now.isoformat(), by),
    )


async def assure(tx: Transaction, address: Address, claim: Claim) -> None:
    """Be sure of an address for a while."""
    assert claim.until is not None
    await tx.execute(
        "INSERT INTO assurances (channel, address, member_id, proof, level, until) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (channel, address) DO UPDATE SET member_id = excluded.member_id,"
        " proof = excluded.proof, level = excluded.level, until = excluded.until",
        (*address, claim.member_id, claim.proof, int(claim.level), claim.until.isoformat()),
    )


async def forget_address(tx: Transaction, address: Address) -> None:
    """Nothing is known of this address any more, and nothing waits there."""
    for table in ("identities", "assurances", "identity_requests", "errands"):
        await tx.execute(
            f"DELETE FROM {table} WHERE channel = ? AND address = ?",  # noqa: S608 - ours
            address,
        )


async def forget_member(tx: Transaction, member_id: str) -> None:
    """No address is theirs any more, and no code of theirs is good."""
    for table in ("identities", "assurances", "identity_codes", "identity_requests"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = ?", (member_id,))  # noqa: S608 - ours


# --- codes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IdentityCode:
    """A code as it is kept.

    Attributes:
        code_id: For the audit.
        member_id: Whose it is; empty: nobody's, it only looks like one.
        conversation: A digest of the only conversation in which it may be returned.
        proof: Keyed digest of the numbers that it was made for.
        salt: Its own.
        digest: Of the code, keyed with the pepper of the box.
        expires_at: Good until then (aware).
        counted_as: Under which wrong tries are counted across conversations.
    """

    code_id: str
    member_id: str
    conversation: str
    proof: str
    salt: bytes
    digest: bytes
    expires_at: datetime
    counted_as: str


async def put_code(tx: Transaction, code: IdentityCode, now: datetime) -> None:
    """Keep a code; the one before it in this conversation is none any more."""
    await tx.execute(
        "DELETE FROM identity_codes WHERE (conversation = ? AND used_at IS NULL) OR expires_at < ?",
        (code.conversation, (now - _CODES_KEPT).isoformat()),
    )
    await tx.execute(
        "INSERT INTO identity_codes (code_id, member_id, conversation, proof, salt, digest, created_at,"
        " expires_at, counted_as) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            code.code_id,
            code.member_id,
            code.conversation,
            code.proof,
            code.salt,
            code.digest,
            now.isoformat(),
            code.expires_at.isoformat(),
            code.counted_as,
        ),
    )


async def live_codes(
    tx: Transaction, conversation: str, now: datetime, most_tries: int
) -> list[IdentityCode]:
    """Codes that may be returned in this conversation."""
    rows = await tx.fetch(
        "SELECT * FROM identity_codes WHERE conversation = ? AND used_at IS NULL AND expires_at > ?"
        " AND tries < ?",
        (conversation, now.isoformat(), most_tries),
    )
    return [_code(row) for row in rows]


async def code_used_by(tx: Transaction, conversation: str, message: str) -> IdentityCode | None:
    """The code that this message has used, or None."""
    rows = await tx.fetch(
        "SELECT * FROM identity_codes WHERE conversation = ? AND used_by = ?", (conversation, message)
    )
    return _code(rows[0]) if rows else None


async def use_code(tx: Transaction, code_id: str, message: str, now: datetime, most_tries: int) -> bool:
    """Use a code up, in one statement; False when it is none any more."""
    changed = await tx.execute(
        "UPDATE identity_codes SET used_at = :now, used_by = :message WHERE code_id = :code"
        " AND used_at IS NULL AND tries < :most AND expires_at > :now",
        {"now": now.isoformat(), "message": message, "code": code_id, "most": most_tries},
    )
    return changed == 1


async def count_wrong_try(tx: Transaction, conversation: str, now: datetime) -> None:
    """A wrong try counts against every live code that it was compared with."""
    await tx.execute(
        "UPDATE identity_codes SET tries = tries + 1"
        " WHERE conversation = ? AND used_at IS NULL AND expires_at > ?",
        (conversation, now.isoformat()),
    )


async def code_is_open(database: Database, conversation: str, now: datetime, most_tries: int) -> bool:
    """Whether a code is awaited in this conversation."""
    rows = await database.read(
        "SELECT 1 FROM identity_codes WHERE conversation = ? AND used_at IS NULL AND expires_at > ?"
        " AND tries < ? LIMIT 1",
        (conversation, now.isoformat(), most_tries),
    )
    return bool(rows)


async def failed_codes(database: Database, since: datetime) -> list[tuple[str, str]]:
    """Codes that were handed to a channel and did not arrive, each with the digest of its conversation.

    Only those that somebody asked for under their own name, that nobody has used, and whose end was not told.
    """
    rows = await database.read(
        "SELECT code_id, conversation FROM outbox JOIN identity_codes ON code_id = substr(key, 10)"
        " WHERE key >= 'identity/i-' AND key < 'identity/i.' AND secret AND outbox.updated_at > ?"
        " AND state IN ('failed', 'expired', 'quarantined', 'dropped') AND used_at IS NULL"
        " AND counted_as GLOB 'own/*'"
        " AND NOT EXISTS (SELECT 1 FROM outbox AS told WHERE told.key = outbox.key || '/not-sent')",
        (since.isoformat(),),
    )
    return [(row["code_id"], row["conversation"]) for row in rows]


def _code(row: Row) -> IdentityCode:
    return IdentityCode(
        row["code_id"],
        row["member_id"],
        row["conversation"],
        row["proof"],
        row["salt"],
        row["digest"],
        datetime.fromisoformat(row["expires_at"]),
        row["counted_as"],
    )


# --- a backup that was restored -----------------------------------------------------------------------------


async def void(tx: Transaction, now: datetime) -> None:
    """No code is awaited any more, nothing that was proven for a while holds, and no question is open."""
    await tx.execute("UPDATE identity_codes SET used_at = ? WHERE used_at IS NULL", (now.isoformat(),))
    await tx.execute("DELETE FROM assurances")
    await tx.execute("DELETE FROM errands")
    await tx.execute("DELETE FROM identity_requests WHERE state = 'open'")


# --- questions to staff -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IdentityRequest:
    """Staff are asked whether it is really them.

    Attributes:
        request_id: What the buttons carry.
        channel: Where they write.
        address: The channel's identifier of them; personal.
        phone: The number that the channel vouches for, or None; personal.
        member_id: Who they say they are; empty: nobody, it only looks like a request.
        proof: Keyed digest of the numbers that it was made for.
        language: In which they are told what became of it.
        expires_at: Nobody can decide after that (aware).
    """

    request_id: str
    channel: Channel
    address: str
    phone: str | None
    member_id: str
    proof: str
    language: Language
    expires_at: datetime


async def add_request(tx: Transaction, request: IdentityRequest, now: datetime) -> None:
    """Keep a question; the one before it in this conversation is withdrawn."""
    await tx.execute(
        "DELETE FROM identity_requests WHERE (channel = ? AND address = ? AND state = 'open')"
        " OR expires_at < ?",
        (request.channel, request.address, (now - _REQUESTS_KEPT).isoformat()),
    )
    await tx.execute(
        "INSERT INTO identity_requests (request_id, channel, address, phone, member_id, proof, language,"
        " state, asked_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
        (
            request.request_id,
            request.channel,
            request.address,
            request.phone,
            request.member_id,
            request.proof,
            request.language,
            now.isoformat(),
            request.expires_at.isoformat(),
        ),
    )


async def end_request(
    tx: Transaction, request_id: str, state: str, who: str, now: datetime
) -> IdentityRequest | None:
    """Decide about a question, in one statement; None when there is none that is open."""
    rows = await tx.fetch(
        "UPDATE identity_requests SET state = :state, ended_by = :who WHERE request_id = :id"
        " AND state = 'open' AND expires_at > :now AND member_id != '' RETURNING *",
        {"state": state, "who": who, "id": request_id, "now": now.isoformat()},
    )
    if not rows:
        return None
    row = rows[0]
    return IdentityRequest(
        row["request_id"],
        Channel(row["channel"]),
        row["address"],
        row["phone"],
        row["member_id"],
        row["proof"],
        Language(row["language"]),
        datetime.fromisoformat(row["expires_at"]),
    )
