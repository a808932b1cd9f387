"""The box's own secrets for credentials: keys that sign QR tokens, and the pepper of codes.

They live in a file of their own (``<state>/entry-keys.json``, mode 0600), made on the box. Not in the
database: that is copied into backups and read by whoever looks into a problem, and a copy of it must not be
able to open a door. Not a credential of systemd either: nobody has to invent them, and the daemon itself
rotates them.
"""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from arni_edge import files
from arni_edge.domain.errors import ConfigurationError, Unavailable

_KEY_BYTES = 32
_KID_BYTES = 3


@dataclass(frozen=True, slots=True)
class EntryKey:
    """One key that signs tokens.

    Attributes:
        kid: Its name in tokens.
        secret: 32 bytes.
        created: Since when it signs (aware).
        retired_after: From then on it verifies nothing (aware); None for the key that signs now.
    """

    kid: str
    secret: bytes
    created: datetime
    retired_after: datetime | None = None


class EntryKeys:
    """The keys of the box. The file is read once and written when a key is made."""

    def __init__(self, file: Path, keys: tuple[EntryKey, ...], pepper: bytes) -> None:
        self._file = file
        self._keys = keys
        self.pepper = pepper

    @classmethod
    def keep(cls, file: Path, now: datetime) -> "EntryKeys":
        """Read the file; the first time, make it.

        Raises:
            ConfigurationError: The file is there and cannot be used. It is not overwritten: phones sign with
                what is in it.
            Unavailable: It cannot be written.
        """
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            fresh = cls(file, (_new_key(now, taken=()),), secrets.token_bytes(_KEY_BYTES))
            fresh._write()
            return fresh
        except (OSError, ValueError) as error:
            raise _unusable(file, type(error).__name__) from None
        try:
            kept = json.loads(text)
            keys = tuple(_key(raw) for raw in kept["keys"])
            pepper = _bytes(kept["pepper"])
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise _unusable(file, type(error).__name__) from None
        if sum(key.retired_after is None for key in keys) != 1:
            raise _unusable(file, "there must be exactly one key that is not retired")
        return cls(file, keys, pepper)

    @property
    def signing(self) -> EntryKey:
        """The key that signs now."""
        return next(key for key in self._keys if key.retired_after is None)

    def secret_of(self, kid: str, now: datetime) -> bytes | None:
        """The secret of a key that still verifies, or None."""
        for key in self._keys:
            if key.kid == kid and (key.retired_after is None or now < key.retired_after):
                return key.secret
        return None

    def rotate(self, now: datetime, overlap: timedelta) -> EntryKey:
        """Sign with a new key from now on; the present one verifies for as long as the overlap.

        Keys that verify nothing any more are removed.

        Args:
            now: The present (aware).
            overlap: Zero when the present key is in wrong hands; otherwise as long as a phone may be away.

        Raises:
            Unavailable: The file cannot be written; then nothing has changed.
        """
        retired = replace(self.signing, retired_after=now + overlap)
        others = tuple(key for key in self._keys if key.retired_after is not None and now < key.retired_after)
        fresh = _new_key(now, taken=tuple(key.kid for key in self._keys))
        before = self._keys
        # One that is in wrong hands is gone, not over: a clock that is set back must not bring it back.
        self._keys = (fresh, *((retired,) if overlap > timedelta(0) else ()), *others)
        try:
            self._write()
        except Unavailable:
            self._keys = before
            raise
        return fresh

    def _write(self) -> None:
        keys = [
            {
                "kid": key.kid,
                "secret": base64.b64encode(key.secret).decode(),
                "created": key.created.isoformat(),
                "retired_after": key.retired_after.isoformat() if key.retired_after else None,
            }
            for key in self._keys
        ]
        kept = {"keys": keys, "pepper": base64.b64encode(self.pepper).decode()}
        try:
            files.make_folder(self._file.parent, mode=0o700)
            files.replace(self._file, f"{json.dumps(kept, indent=2)}\n".encode())
        except OSError as error:
            raise Unavailable(f"{self._file}: cannot be written: {error.strerror}") from error


def _new_key(now: datetime, *, taken: tuple[str, ...]) -> EntryKey:
    kid = secrets.token_hex(_KID_BYTES)
    while kid in taken:
        kid = secrets.token_hex(_KID_BYTES)
    return EntryKey(kid, secrets.token_bytes(_KEY_BYTES), now)


def _key(raw: Any) -> EntryKey:
    retired = raw["retired_after"]
    return EntryKey(
        str(raw["kid"]),
        _bytes(raw["secret"]),
        _moment(raw["created"]),
        None if retired is None else _moment(retired),
    )


def _bytes(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != _KEY_BYTES:
        raise ValueError("a secret has 32 bytes")
    return raw


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError("a time needs its zone")
    return moment


def _unusable(file: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{file}: cannot be used ({why}); restore it from a backup, or remove it: then a new one is made, "
        "and every QR code and every code of a visit that was given out is worthless"
    )
