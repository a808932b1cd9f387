"""The boxes of the gyms: enrolment by a code that works once, keys by epoch, revocation."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.relay.server.store import Store, Transaction
from arni_edge.relay.server.times import to_ms

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that is read as something else
_READ_AS = str.maketrans("OILU", "011V", "- ")
_CODE_LENGTH = 20
"""Characters of 5 bits: 100 bits."""

_STANDING = """SELECT gym.log, gym.epoch, gym.oldest, gym.newest, gym.revoked, gym.read_to, box_key.public_key
FROM gym JOIN box_key ON box_key.gym = gym.id WHERE gym.id = :gym AND box_key.epoch = :epoch"""
_POSITIONS = "SELECT id, log, epoch, revoked, newest FROM gym WHERE id IN ({marks})"
_CODE = """SELECT enrolment.gym, enrolment.expires_at, enrolment.epoch, box_key.public_key,
    gym.epoch AS present, gym.revoked
FROM enrolment JOIN gym ON gym.id = enrolment.gym
LEFT JOIN box_key ON box_key.gym = enrolment.gym AND box_key.epoch = enrolment.epoch
WHERE enrolment.hash = :hash"""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Position:
    """What, when it changes, a waiting box must hear of."""

    log: str
    epoch: int
    revoked: bool
    newest: int


@dataclass(frozen=True, slots=True)
class Box:
    """A box that once enrolled, and how its gym stands now.

    Attributes:
        public_key: Of the box that is meant.
        oldest: The first number of the log that is kept; ``newest + 1`` when there is none.
        position: The rest.
        read: The highest cursor with which a box of the gym has asked.
    """

    public_key: bytes
    oldest: int
    position: Position
    read: int


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a box is told that has enrolled."""

    box: str
    epoch: int


async def new_code(store: Store, gym: str, *, now: datetime, good_for: timedelta) -> str:
    """Make the code with which a box of this gym enrols once; earlier ones are worth nothing from now on.

    Raises:
        InvalidInput: There is no such gym.
        Unavailable: The database does not answer.
    """
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))

    async def unit(tx: Transaction) -> bool:
        if not await tx.fetch("SELECT id FROM gym WHERE id = :gym", {"gym": gym}):
            return False
        await tx.execute("DELETE FROM enrolment WHERE gym = :gym", {"gym": gym})
        await tx.execute(
            "INSERT INTO enrolment (hash, gym, expires_at) VALUES (:hash, :gym, :expires_at)",
            {"hash": _code_hash(code), "gym": gym, "expires_at": to_ms(now + good_for)},
        )
        return True

    if not await store.write(unit):
        raise InvalidInput(f"there is no gym '{gym}'; see: arni-relay box list")
    return "-".join(code[start : start + 5] for start in range(0, _CODE_LENGTH, 5))


async def enroll(store: Store, code: str, public_key: bytes, *, now: datetime) -> Enrolled:
    """Let a box in place of the one before it.

    The same box may ask again with the same code: the answer may have been lost.

    Raises:
        Refused: The code is unknown, used by another box, or too old.
        Unavailable: The database does not answer.
    """

    async def unit(tx: Transaction) -> Enrolled:
        return await _enroll(tx, _code_hash(code), public_key, to_ms(now))

    enrolled = await store.write(unit)
    store.announce(enrolled.box)
    return enrolled


async def _enroll(tx: Transaction, code: bytes, public_key: bytes, now: int) -> Enrolled:
    rows = await tx.fetch(_CODE, {"hash": code})
    if not rows or rows[0]["expires_at"] < now:
        raise Refused("this code is unknown or too old; get a new one with: arni-relay box code GYM")
    gym, epoch = rows[0]["gym"], rows[0]["epoch"]
    if epoch is not None:
        still = rows[0]["present"] == epoch and not rows[0]["revoked"]
        if still and bytes(rows[0]["public_key"]) == public_key:
            return Enrolled(gym, int(epoch))
        raise Refused("this code was used; get a new one with: arni-relay box code GYM")
    (row,) = await tx.fetch(
        "UPDATE gym SET epoch = epoch + 1, revoked = 0 WHERE id = :gym RETURNING epoch", {"gym": gym}
    )
    epoch = int(row["epoch"])
    # Two at the same time: the second has waited for the row of the gym and finds the code used.
    used = await tx.execute(
        "UPDATE enrolment SET epoch = :epoch WHERE hash = :hash AND epoch IS NULL",
        {"epoch": epoch, "hash": code},
    )
    if not used:
        raise Refused("this code was used; get a new one with: arni-relay box code GYM")
    await tx.execute(
        "INSERT INTO box_key (gym, epoch, public_key, enrolled_at) VALUES (:gym, :epoch, :key, :now)",
        {"gym": gym, "epoch": epoch, "key": public_key, "now": now},
    )
    return Enrolled(gym, epoch)


async def revoke(store: Store, gym: str) -> None:
    """Shut the box of a gym out, at once; a code that was not used yet is worth nothing either.

    Raises:
        InvalidInput: There is no such gym.
        Unavailable: The database does not answer.
    """

    async def unit(tx: Transaction) -> int:
        changed = await tx.execute("UPDATE gym SET revoked = 1 WHERE id = :gym", {"gym": gym})
        await tx.execute("DELETE FROM enrolment WHERE gym = :gym", {"gym": gym})
        return changed

    if not await store.write(unit):
        raise InvalidInput(f"there is no gym '{gym}'; see: arni-relay box list")
    store.announce(gym)


async def box_of(store: Store, gym: str, epoch: int) -> Box | None:
    """The box of an epoch, and how its gym stands now; None: there never was one.

    Raises:
        Unavailable: The database does not answer.
    """
    rows = await store.read(_STANDING, {"gym": gym, "epoch": epoch})
    if not rows:
        return None
    row = rows[0]
    position = Position(row["log"], int(row["epoch"]), bool(row["revoked"]), int(row["newest"]))
    return Box(bytes(row["public_key"]), int(row["oldest"]), position, int(row["read_to"]))


async def positions(store: Store, gyms: list[str]) -> dict[str, Position]:
    """How gyms stand now; who is missing has been removed.

    Raises:
        Unavailable: The database does not answer.
    """
    found: dict[str, Position] = {}
    for start in range(0, len(gyms), _CHUNK):
        names = {f"g{place}": gym for place, gym in enumerate(gyms[start : start + _CHUNK])}
        sql = _POSITIONS.format(marks=", ".join(f":{name}" for name in names))
        for row in await store.read(sql, names):
            found[row["id"]] = Position(
                row["log"], int(row["epoch"]), bool(row["revoked"]), int(row["newest"])
            )
    return found


def _code_hash(code: str) -> bytes:
    """However it was typed: in small letters, without dashes, with O for 0."""
    return hashlib.sha256(code.upper().translate(_READ_AS).encode("utf-8", "surrogatepass")).digest()
