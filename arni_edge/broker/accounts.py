"""Accounts of the managed broker, and what the words of their rights mean.

Devices authenticate nobody: whoever may write a command topic owns the lock. So every device has an account
of its own, and its topics are listed one by one. *Which* topics is known to those who know the devices; the
house hands the whole mapping in (``daemon/rights.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import SecretStr

DAEMON: Final = "arni-edge"
VISION: Final = "arni-vision"
NEWCOMER: Final = "arni-newcomer"
"""For devices that are not adopted yet, when the owner lets such speak (``broker.newcomers``)."""


@dataclass(frozen=True, slots=True)
class AclRule:
    """One right of one account; what no rule allows is refused.

    Attributes:
        access: What may be done. ``deny`` takes both back and beats every other rule, wherever it stands.
        topic: MQTT topic filter.
    """

    access: Literal["read", "write", "readwrite", "deny"]
    topic: str


Rights = Mapping[str, tuple[AclRule, ...]]
"""The rules of every account, by username."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the broker."""

    username: str
    password: SecretStr
    acl: tuple[AclRule, ...]


def accounts(rights: Rights, passwords: Mapping[str, SecretStr]) -> tuple[Account, ...]:
    """Every account that these rights need, with its password."""
    return tuple(Account(username, passwords[username], acl) for username, acl in rights.items())
