"""Who may say what on the managed broker.

Devices authenticate nobody: whoever may write a command topic owns the lock. So only the daemon may, every
device has an account of its own, and its topics are listed one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import SecretStr

from arni_edge.settings import Settings

DAEMON: Final = "arni-edge"
VISION: Final = "arni-vision"

# Nuki MQTT API 1.5: everything that a lock publishes, and the three topics that make it act.
_NUKI_SAYS: Final = (
    "connected",
    "state",
    "mode",
    "doorsensorState",
    "batteryCritical",
    "batteryChargeState",
    "batteryCharging",
    "keypadBatteryCritical",
    "doorsensorBatteryCritical",
    "serverConnected",
    "timestamp",
    "ringactionTimestamp",
    "deviceType",
    "name",
    "firmware",
    "commandResponse",
    "lockActionEvent",
)
_NUKI_OBEYS: Final = ("lockAction", "lock", "unlock")

_SHELLY_SAYS: Final = ("online", "announce", "events/rpc", "status/#", "error/#", "debug/log")
_SHELLY_OBEYS: Final = ("rpc", "command", "command/#")


@dataclass(frozen=True, slots=True)
class AclRule:
    """One right of one account.

    Attributes:
        access: What may be done.
        topic: MQTT topic filter.
    """

    access: Literal["read", "write", "readwrite"]
    topic: str


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the broker; what no rule allows is refused."""

    username: str
    password: SecretStr
    acl: tuple[AclRule, ...]


def reply_topic(site_id: str) -> str:
    """``src`` of our requests to Shelly devices: they answer on ``<src>/rpc``."""
    return f"arni/{site_id}/edge"


def nuki_username(door_id: str) -> str:
    """Account of the lock of a door."""
    return f"nuki-{door_id}"


def shelly_username(shelly_id: str) -> str:
    """Account of a Shelly device."""
    return f"shelly-{shelly_id}"


def rights(settings: Settings) -> dict[str, tuple[AclRule, ...]]:
    """The rights of every account that this house needs, by username."""
    return {
        DAEMON: daemon_rights(settings),
        VISION: vision_rights(settings.site.id),
        **{nuki_username(door.id): nuki_rights(door.lock.nuki_id) for door in settings.doors},
        **{
            shelly_username(shelly.id): shelly_rights(shelly.prefix, settings.site.id)
            for shelly in settings.shellies
        },
    }


def accounts(settings: Settings, passwords: Mapping[str, SecretStr]) -> list[Account]:
    """Every account that this house needs, with its password."""
    return [Account(username, passwords[username], acl) for username, acl in rights(settings).items()]


def daemon_rights(settings: Settings) -> tuple[AclRule, ...]:
    """The daemon commands; it may also look at command topics, to find a retained command."""
    prefixes = [shelly.prefix for shelly in settings.shellies]
    return (
        AclRule("readwrite", "arni/#"),
        AclRule("read", "nuki/#"),
        AclRule("write", "nuki/+/lockAction"),
        *(AclRule("read", f"{prefix}/#") for prefix in prefixes),
        *(AclRule("write", f"{prefix}/{topic}") for prefix in prefixes for topic in _SHELLY_OBEYS),
    )


def nuki_rights(nuki_id: str) -> tuple[AclRule, ...]:
    """A lock speaks for itself only, and cannot command itself."""
    return tuple(
        AclRule(access, f"nuki/{spelling}/{topic}")
        for spelling in _spellings(nuki_id)
        for access, topics in _NUKI_TOPICS.items()
        for topic in topics
    )


def shelly_rights(prefix: str, site_id: str) -> tuple[AclRule, ...]:
    """A Shelly speaks for itself, answers the daemon, and cannot command itself."""
    return (
        *(AclRule("write", f"{prefix}/{topic}") for topic in _SHELLY_SAYS),
        AclRule("write", f"{reply_topic(site_id)}/rpc"),
        *(AclRule("read", f"{prefix}/{topic}") for topic in _SHELLY_OBEYS),
        AclRule("read", "shellies/command"),
    )


def vision_rights(site_id: str) -> tuple[AclRule, ...]:
    """The vision worker reports what it sees and hears nothing."""
    return (AclRule("write", f"arni/{site_id}/vision/#"),)


_NUKI_TOPICS: Final[Mapping[Literal["read", "write"], tuple[str, ...]]] = {
    "write": _NUKI_SAYS,
    "read": _NUKI_OBEYS,
}


def _spellings(nuki_id: str) -> list[str]:
    """How a lock may spell its id: upper case, with or without leading zeros."""
    digits = nuki_id.upper().lstrip("0") or "0"
    return sorted({digits, digits.zfill(8), nuki_id.upper()})
