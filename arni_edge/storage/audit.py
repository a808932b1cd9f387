"""Who did what, in a chain: a changed, removed or moved row shows.

Each row's hash is keyed (HMAC-SHA-256) and covers the row and the hash before it; where the chain begins and
ends is signed. The key is a file beside the database, so that somebody who can write the database alone
cannot make a chain that holds.
"""

import hashlib
import hmac
import itertools
import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from arni_edge import files
from arni_edge.domain.errors import ConfigurationError
from arni_edge.storage.database import Transaction

_KEY_BYTES: Final = 32
BEFORE_THE_FIRST: Final = "0" * 64
"""Stands for the hash before the first row that ever was."""
_MOST_AT_ONCE: Final = 2000


def keep_key(path: Path) -> bytes:
    """The key of the chain; made on the first day, readable by the service's user only.

    Args:
        path: Its file, for instance ``<state>/audit-key``.

    Raises:
        ConfigurationError: The file holds something else, or cannot be used.
    """
    try:
        return read_key(path)
    except FileNotFoundError:
        return _make_key(path)


def read_key(path: Path) -> bytes:
    """The key of a chain.

    Raises:
        FileNotFoundError: There is none.
        ConfigurationError: The file holds something else, or cannot be read.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(
            f"{path}: is not the key of the audit log; restore it from the backup. A new one would not "
            "fit what is written already"
        )
    return key


def _make_key(path: Path) -> bytes:
    """Make a key; the file is whole or not there, whatever crashes.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    try:
        files.replace(path, f"{key.hex()}\n".encode())
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    return key


class AuditLog:
    """Writes the chain, always in the transaction of what it tells of."""

    def __init__(self, key: bytes) -> None:
        """Nothing is read before the first row.

        Args:
            key: Of the chain.
        """
        self._key = key

    async def note(
        self,
        tx: Transaction,
        now: datetime,
        *,
        actor: str,
        act: str,
        member_id: str | None = None,
        **detail: Any,
    ) -> None:
        """Add a row.

        Args:
            tx: Of whatever is told of: both are there, or neither.
            now: The moment.
            actor: Who: ``staff:<id>``, ``member`` (with ``member_id``), ``system``, ``console:<login>``.
            act: What, for instance ``action.confirmed``.
            member_id: Whom it concerns; stands there under a pseudonym that is forgotten with them.
            detail: Ids, states, numbers. Never a name, a number of a phone, or what somebody wrote.
        """
        subject = "" if member_id is None else await self._pseudonym(tx, member_id)
        last = await tx.fetch("SELECT number, hash FROM audit_ends WHERE which = 'last'")
        number, before = (last[0]["number"] + 1, last[0]["hash"]) if last else (1, BEFORE_THE_FIRST)
        text = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
        row = (number, now.isoformat(), actor, act, subject, text)
        value = self.hash_of(before, row)
        await tx.execute(
            "INSERT INTO audit (number, at, actor, act, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, value),
        )
        if not last:
            await self._put_end(tx, "first", number, BEFORE_THE_FIRST)
        await self._put_end(tx, "last", number, value)

    async def prune(self, tx: Transaction, now: datetime, before: datetime) -> int:
        """Remove the oldest rows, and sign where the chain begins now; that it was done is a row as well.

        At most 2000 rows at once, as everybody waits behind it: call it again until it returns 0.

        Args:
            tx: The transaction.
            now: The moment.
            before: What was written before it goes, up to the first row that was not.

        Returns:
            How many rows were removed.
        """
        old = await tx.fetch(
            "SELECT number, hash, at < :before AS is_old FROM audit ORDER BY number LIMIT :most",
            {"before": before.isoformat(), "most": _MOST_AT_ONCE},
        )
        gone = list(itertools.takewhile(lambda row: row["is_old"], old))
        if not gone:
            return 0
        through = gone[-1]["number"]
        await tx.execute("DELETE FROM audit WHERE number <= ?", (through,))
        await self._put_end(tx, "first", through + 1, gone[-1]["hash"])
        await self.note(tx, now, actor="system", act="audit.pruned", removed=len(gone), through=through)
        return len(gone)

    async def forget(self, tx: Transaction, member_id: str) -> None:
        """Forget who stands behind a pseudonym; the rows stay, and the chain holds."""
        await tx.execute("DELETE FROM audit_subjects WHERE member_id = ?", (member_id,))

    def hash_of(self, before: str, row: tuple[int, str, str, str, str, str]) -> str:
        """The hash of a row: number, at, actor, act, subject, detail."""
        text = json.dumps([before, *row], ensure_ascii=False, separators=(",", ":"))
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def mac_of(self, which: str, number: int, value: str) -> str:
        """The signature of an end of the chain."""
        return hmac.new(self._key, f"{which}|{number}|{value}".encode(), hashlib.sha256).hexdigest()

    async def _put_end(self, tx: Transaction, which: str, number: int, value: str) -> None:
        await tx.execute(
            "INSERT INTO audit_ends (which, number, hash, mac) VALUES (?, ?, ?, ?) ON CONFLICT (which)"
            " DO UPDATE SET number = excluded.number, hash = excluded.hash, mac = excluded.mac",
            (which, number, value, self.mac_of(which, number, value)),
        )

    async def _pseudonym(self, tx: Transaction, member_id: str) -> str:
        await tx.execute(
            "INSERT INTO audit_subjects (member_id, pseudonym) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (member_id, f"m-{secrets.token_hex(8)}"),
        )
        rows = await tx.fetch("SELECT pseudonym FROM audit_subjects WHERE member_id = ?", (member_id,))
        return str(rows[0]["pseudonym"])
