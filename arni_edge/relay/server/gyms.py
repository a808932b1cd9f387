"""The gyms that a relay serves: their webhook paths, and what proves a sender. Secrets of ours are hashed."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from arni_edge.domain.errors import InvalidInput
from arni_edge.relay.server.store import Store, Transaction

_ADD = """INSERT INTO gym (id, path_hash, verify_hash, app_secret, magicline_hash, log)
VALUES (:id, :path_hash, :verify_hash, :app_secret, :magicline_hash, :log) ON CONFLICT (id) DO NOTHING"""
_DOOR = "SELECT id, verify_hash, app_secret, magicline_hash FROM gym WHERE path_hash = :path_hash"
_LIST = """SELECT gym.id, gym.epoch, gym.revoked, gym.oldest, gym.newest, box_key.enrolled_at,
    gym.magicline_hash IS NOT NULL AS magicline, gym.app_secret IS NOT NULL AS own_app
FROM gym LEFT JOIN box_key ON box_key.gym = gym.id AND box_key.epoch = gym.epoch ORDER BY gym.id"""


@dataclass(frozen=True, slots=True)
class Passes:
    """What is told once, when a gym gets its path: the relay itself keeps only hashes.

    Attributes:
        path: The unguessable part of its webhook addresses, 192 bits.
        verify_token: What Meta shows when the callback is registered.
    """

    path: str
    verify_token: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What proves senders to one gym.

    Attributes:
        app_secret: Of its own Meta app; None: the shared one.
        magicline_key: The studio's webhook key; None: there is no Magicline.
    """

    app_secret: str | None = None
    magicline_key: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """Where a gym's webhooks come in. That of a path which nobody has looks the same, and leads nowhere.

    Attributes:
        gym: Whose it is; None: nobody's.
    """

    gym: str | None
    verify_hash: bytes
    app_secret: str | None
    magicline_hash: bytes | None

    def knows_verify_token(self, given: str) -> bool:
        """Whether this is the gym's verify token."""
        return hmac.compare_digest(digest(given), self.verify_hash)

    def knows_magicline_key(self, given: str) -> bool:
        """Whether this is the studio's webhook key."""
        known = self.magicline_hash
        return hmac.compare_digest(digest(given), known or _NOBODY.verify_hash) and known is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """One gym, for the operator."""

    gym: str
    epoch: int
    revoked: bool
    oldest: int
    newest: int
    enrolled_at: int | None
    magicline: bool
    own_app: bool


def digest(secret: str) -> bytes:
    """SHA-256. These secrets are long and random, or another service's keys: guessing need not be slow."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


_NOBODY = Door(None, secrets.token_bytes(32), secrets.token_urlsafe(24), secrets.token_bytes(32))


async def add(store: Store, gym: str, known: Secrets) -> Passes:
    """Take a gym on.

    Raises:
        InvalidInput: There is one of this name.
        Unavailable: The database does not answer.
    """
    passes = _new_passes()

    async def unit(tx: Transaction) -> int:
        return await tx.execute(
            _ADD,
            {
                "id": gym,
                "path_hash": digest(passes.path),
                "verify_hash": digest(passes.verify_token),
                "app_secret": known.app_secret,
                "magicline_hash": digest(known.magicline_key) if known.magicline_key else None,
                "log": _new_log(),
            },
        )

    if not await store.write(unit):
        raise InvalidInput(f"there is a gym '{gym}' already")
    return passes


async def set_secrets(store: Store, gym: str, known: Secrets) -> None:
    """Change what proves senders; what is None stays as it is.

    Raises:
        InvalidInput: There is no such gym.
    """
    values: dict[str, object] = {}
    if known.app_secret is not None:
        values["app_secret"] = known.app_secret
    if known.magicline_key is not None:
        values["magicline_hash"] = digest(known.magicline_key)
    await _change(store, gym, values)


async def rotate_path(store: Store, gym: str) -> Passes:
    """Give a gym another path and verify token; the old ones are worth nothing at once.

    Raises:
        InvalidInput: There is no such gym.
    """
    passes = _new_passes()
    await _change(store, gym, {"path_hash": digest(passes.path), "verify_hash": digest(passes.verify_token)})
    return passes


async def renew_log(store: Store, gym: str) -> None:
    """Say that this log is not the one that the box has read: after a restored backup it is not.

    Raises:
        InvalidInput: There is no such gym.
    """
    await _change(store, gym, {"log": _new_log(), "read_to": 0})


async def remove(store: Store, gym: str) -> None:
    """Forget a gym with all its events.

    Raises:
        InvalidInput: There is no such gym.
    """

    async def unit(tx: Transaction) -> int:
        return await tx.execute("DELETE FROM gym WHERE id = :id", {"id": gym})

    if not await store.write(unit, deadline=300.0):
        raise _unknown(gym)
    store.announce(gym)
    await store.scrub()


async def door_at(store: Store, path: str) -> Door:
    """Who is behind a path. The search is by a hash: how far a guess is right does not show in its time.

    Raises:
        Unavailable: The database does not answer.
    """
    rows = await store.read(_DOOR, {"path_hash": digest(path)})
    if not rows:
        return _NOBODY
    row = rows[0]
    key = row["magicline_hash"]
    return Door(row["id"], bytes(row["verify_hash"]), row["app_secret"], None if key is None else bytes(key))


async def standings(store: Store) -> Sequence[Standing]:
    """All gyms, by name."""
    return [
        Standing(
            row["id"],
            int(row["epoch"]),
            bool(row["revoked"]),
            int(row["oldest"]),
            int(row["newest"]),
            row["enrolled_at"],
            bool(row["magicline"]),
            bool(row["own_app"]),
        )
        for row in await store.read(_LIST, {})
    ]


async def _change(store: Store, gym: str, values: dict[str, object]) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values) or "id = id"

    async def unit(tx: Transaction) -> int:
        return await tx.execute(f"UPDATE gym SET {sets} WHERE id = :id", {"id": gym} | values)  # noqa: S608

    if not await store.write(unit):
        raise _unknown(gym)
    store.announce(gym)


def _new_passes() -> Passes:
    return Passes(secrets.token_urlsafe(24), secrets.token_urlsafe(24))


def _new_log() -> str:
    return secrets.token_hex(8)


def _unknown(gym: str) -> InvalidInput:
    return InvalidInput(f"there is no gym '{gym}'; see: arni-relay box list")
