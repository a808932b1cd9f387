"""Passwords of the managed broker: made once, kept for as long as the devices know them."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from pydantic import SecretStr

from arni_edge import files
from arni_edge.domain.errors import ConfigurationError


def keep_passwords(file: Path, usernames: Iterable[str]) -> dict[str, SecretStr]:
    """The password of every account; one that is seen for the first time gets one.

    Accounts that are gone from the settings keep theirs: a device that comes back still knows it.

    Args:
        file: ``accounts.json`` (mode 0600): an object of username to password. Its directory is made 0700.
        usernames: Accounts that are needed now.

    Raises:
        ConfigurationError: The file is there and cannot be used; it is not overwritten, because the devices
            know the passwords in it.
    """
    usernames = list(usernames)
    files.make_folder(file.parent, mode=0o700)
    known = _read(file)
    missing = [username for username in usernames if username not in known]
    if missing:
        known |= {username: secrets.token_urlsafe(18) for username in missing}
        files.replace(file, f"{json.dumps(known, indent=2)}\n".encode())
    return {username: SecretStr(known[username]) for username in usernames}


def _read(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{file}: cannot be read ({type(error).__name__}); restore it from a backup, or remove it and "
            "give every device its new password"
        ) from None
    if not isinstance(known, dict) or not all(isinstance(password, str) for password in known.values()):
        raise ConfigurationError(f"{file}: must be an object of account names and passwords")
    return known
