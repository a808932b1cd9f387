"""Which device a topic belongs to, and what is said there: both dialects. Pure.

The root alone never decides: a device of generation 2 may have the prefix ``shellies/plus1pm`` or ``a/b/c``,
and one of generation 1 an id of the owner's own making, with slashes in it.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from arni_edge.devices.shelly import gen1_topics

ROOT: Final = "shellies/"
"""Everything of generation 1 is below this."""

LONGEST_PREFIX: Final = 300
_LONGEST_TOPIC: Final = 512

NOTHING_IN_IT: Final = "nothing in it that we read"
"""Why a message of a device is ignored that has the right form, and says nothing."""

_SECOND: Final = re.compile(
    r"(?P<prefix>.+?)/(?:(?P<events>events/rpc)|(?P<log>debug/log)|(?P<rpc>rpc)"
    r"|status/(?P<status>[A-Za-z][A-Za-z0-9_]*(?::[0-9]+)?)|error/(?P<error>[A-Za-z][A-Za-z0-9_]*(?::[0-9]+)?)"
    r"|(?P<command>command/[A-Za-z][A-Za-z0-9_]*(?::[0-9]+)?))"
)
"""What only devices of generation 2 and newer say or obey."""

_BOTH: Final = re.compile(r"(?P<prefix>.+)/(?P<leaf>online|announce|command)")

_OF_A_PART: Final = re.compile(r"shellies/.+/[a-z]+/[0-9]{1,2}/command/[a-z_]+", re.ASCII)
"""A command to a part of a device of generation 1 (``roller/0/command/pos``); the newer ones have none."""

_NOT_OURS: Final = ("nuki/", "homeassistant/", "$")
_OURS: Final = "arni/"
"""What the house itself says; devices only answer there."""


class Said(Enum):
    """What a topic is for."""

    EVENTS = auto()
    STATUS = auto()
    ERROR = auto()
    LOG = auto()
    ONLINE = auto()
    ANNOUNCE = auto()
    RPC = auto()
    """Requests to this prefix, or replies to the asker of this name."""
    COMMAND = auto()
    FIRST = auto()
    """A topic that only generation 1 has."""


@dataclass(frozen=True, slots=True)
class Place:
    """A topic, taken apart.

    Attributes:
        said: What it is for.
        prefix: Of the device; ``shellies`` for the topics that all devices share.
        leaf: The component of ``STATUS`` and ``ERROR``; below the prefix otherwise.
    """

    said: Said
    prefix: str
    leaf: str = ""

    @property
    def shared(self) -> bool:
        """Whether all devices use this topic."""
        return self.prefix == "shellies"


def take_apart(topic: str) -> Place | None:
    """Find the device's prefix in a topic; None for one that is no Shelly's."""
    if len(topic) > _LONGEST_TOPIC or not topic.isprintable() or topic.startswith(_NOT_OURS):
        return None
    place = (
        (_first(topic) if _OF_A_PART.fullmatch(topic) else _second(topic))
        or (_first(topic) if topic.startswith(ROOT) else None)
        or _both(topic)
    )
    if place is None or not is_prefix(place.prefix):
        return None
    if topic.startswith(_OURS) and place.said is not Said.RPC:
        return None
    return place


def is_prefix(prefix: str) -> bool:
    """Whether a device may have this prefix, by the vendor's rules; it must be printable, too."""
    return (
        0 < len(prefix) <= LONGEST_PREFIX
        and prefix.isprintable()
        and not prefix.startswith("$")
        and not any(sign in prefix for sign in "#+%?")
    )


def subscriptions() -> list[str]:
    """Filters to discover devices of both dialects with prefixes of up to three levels.

    None matches a command topic of a device, unless somebody gave it a prefix that ends in ``/status`` or
    ``/events``. Longer prefixes: :func:`subscriptions_for`.
    """
    second = [
        f"{depth}/{leaf}"
        for depth in ("+", "+/+", "+/+/+")
        for leaf in ("online", "announce", "events/rpc", "status/+", "error/+")
    ]
    taken = {"shellies/+/online", "shellies/+/announce", "shellies/announce"}
    return second + [one for one in gen1_topics.subscriptions() if one not in taken]


def subscriptions_for(prefix: str, *, generation: int | None = None) -> list[str]:
    """Filters for one device of which the prefix is known; none matches a command topic.

    Args:
        prefix: Its topic prefix, of any depth.
        generation: 1 to 4; None where it is not known.
    """
    second = [f"{prefix}/{leaf}" for leaf in ("online", "announce", "events/rpc", "status/+", "error/+")]
    first = gen1_topics.subscriptions(prefix) if prefix.startswith(ROOT) else []
    if generation == 1:
        return first
    if generation is not None or not first:
        return second
    return second + [one for one in first if one not in second]


def _second(topic: str) -> Place | None:
    match = _SECOND.fullmatch(topic)
    if match is None:
        return None
    prefix = match["prefix"]
    if match["events"]:
        return Place(Said.EVENTS, prefix)
    if match["log"]:
        return Place(Said.LOG, prefix)
    if match["rpc"]:
        return Place(Said.RPC, prefix, "rpc")
    if match["command"]:
        return Place(Said.COMMAND, prefix, match["command"])
    if match["status"]:
        return Place(Said.STATUS, prefix, match["status"])
    return Place(Said.ERROR, prefix, match["error"])


def _first(topic: str) -> Place | None:
    """The shortest id below which there is a leaf that we know; otherwise the first level is the id."""
    levels = topic.split("/")
    if len(levels) < 3:
        return None
    for end in range(2, len(levels)):
        prefix, leaf = "/".join(levels[:end]), "/".join(levels[end:])
        if leaf in {"online", "announce", "command"}:
            return None
        if gen1_topics.is_command(leaf) and (end == 2 or _is_leaf(_commanded(leaf))):
            if any(_is_leaf(_commanded("/".join(levels[later:]))) for later in range(end + 1, len(levels))):
                continue
            return Place(Said.COMMAND, prefix, leaf)
        if _is_leaf(leaf):
            return Place(Said.FIRST, prefix, leaf)
    return Place(Said.FIRST, "/".join(levels[:2]), "/".join(levels[2:]))


def _commanded(leaf: str) -> str:
    """What a command topic commands: ``relay/0`` for ``relay/0/command``."""
    return leaf.partition("/command")[0].removesuffix("/set")


def _is_leaf(leaf: str) -> bool:
    pattern, _ = gen1_topics.split(leaf)
    return pattern in gen1_topics.VALUES or pattern in gen1_topics.OTHERS


def _both(topic: str) -> Place | None:
    match = _BOTH.fullmatch(topic)
    if match is None:
        return None
    said = {"online": Said.ONLINE, "announce": Said.ANNOUNCE, "command": Said.COMMAND}[match["leaf"]]
    return Place(said, match["prefix"], match["leaf"])
