"""Everything that a device may say, as topic filters. None matches a command topic.

A subscription that matched one would take away the broker's "nobody listens", by which an absent device is
noticed at once.
"""

from collections.abc import Iterable

from arni_edge.broker.accounts import AclRule
from arni_edge.broker.filters import minimal
from arni_edge.devices import rights
from arni_edge.devices.shelly import topics
from arni_edge.settings import HubLock, NukiLock, Settings

_ANY_LOCK = NukiLock(nuki_id="0")
_ANY_HUB = "nukihub"

_PRIVATE = ("authorizationName", "log", "shortLog", "rollingLog", "lastRollingLog", "lastLockAction", "json")
"""A hub also says who used the door, by name. That is not wanted here."""

_PRIVATE_ENDS = tuple(f"/{name}" for name in _PRIVATE)


def book_filters(settings: Settings) -> list[str]:
    """What the device book listens to: every device of the settings, and whoever else may be there.

    A device says what its account may write, so that the two cannot differ.
    """
    locks = {topic.rpartition("/")[2] for topic in _said(rights.nuki_rights(_ANY_LOCK))}
    hubs = {_ANY_HUB, *(door.lock.prefix for door in settings.doors if isinstance(door.lock, HubLock))}
    return minimal(
        [
            *topics.subscriptions(),
            *(f"nuki/+/{name}" for name in locks),
            *(
                topic
                for hub in sorted(hubs)
                for topic in _said(rights.hub_rights(hub))
                if not topic.endswith(_PRIVATE_ENDS)
            ),
            *(
                topic
                for shelly in settings.shellies
                for topic in topics.subscriptions_for(shelly.prefix, generation=shelly.generation)
            ),
        ]
    )


def _said(rules: Iterable[AclRule]) -> list[str]:
    return [rule.topic for rule in rules if rule.access == "write"]
