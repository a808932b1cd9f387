"""Which device is behind which prefix: learnt from what devices say, and hard to be talked out of.

What a device says on topics below its own prefix proves something (the broker lets nobody else write there).
What is said on shared topics (replies, ``shellies/announce``), and whatever is retained, is a hint only.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MOST_PREFIXES: Final = 4096

_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}")
_SOURCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Claim(Enum):
    """What became of "behind this prefix is the device with this MAC"."""

    BOUND = auto()
    """So it is."""
    CONTESTED = auto()
    """Another prefix has that MAC: this one keeps a key of its own. It was moved, or somebody pretends."""
    CONTRADICTION = auto()
    """Behind this prefix is another device, by its own words."""


@dataclass(slots=True, eq=False)
class Route:
    """One prefix.

    Attributes:
        prefix: Where the device's topics begin.
        mac: Twelve upper-case hex digits; None until known.
        source: The device's true id, as it signs its frames; lower case.
        proven: The device itself said so, live, below this prefix.
        first: Whether it speaks the dialect of generation 1; None until known.
        restarted: It has just connected: another device may have taken the place of the old one.
        introduced: What is known of it from the prefix alone has been reported.
    """

    prefix: str
    mac: str | None = None
    source: str | None = None
    proven: bool = False
    first: bool | None = None
    restarted: bool = False
    introduced: bool = False

    @property
    def key(self) -> str:
        """Key of the device: by its MAC, or by the prefix as long as that is not known."""
        return f"shelly:{self.mac or self.prefix}"


class Routes:
    """All prefixes; never more than :data:`MOST_PREFIXES`, and the proven ones are never pushed out."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._by_mac: dict[str, Route] = {}
        self._guests: OrderedDict[str, None] = OrderedDict()  # not proven; the next to go comes first

    def all(self) -> list[Route]:
        """Every prefix."""
        return list(self._routes.values())

    def find(self, prefix: str) -> Route | None:
        """A prefix that we know."""
        return self._routes.get(prefix)

    def of(self, mac: str) -> Route | None:
        """The prefix of a device."""
        return self._by_mac.get(mac)

    def meet(self, prefix: str) -> Route | None:
        """A prefix, new or not; None when there is no room for another one."""
        route = self._routes.get(prefix)
        if route is None:
            if len(self._routes) >= MOST_PREFIXES and not self._push_out():
                return None
            route = self._routes[prefix] = Route(prefix)
            self._guests[prefix] = None
        elif prefix in self._guests:
            self._guests.move_to_end(prefix)
        return route

    def claim(self, route: Route, mac: str, source: str | None, *, proven: bool) -> Claim:
        """Learn which device is behind a prefix.

        A device that is proven to be behind one prefix is never moved to another, whoever claims it: that
        takes :meth:`drop`. One that was only rumoured to be there goes where it says itself that it is.

        Args:
            route: The prefix.
            mac: Of the device.
            source: Its id, where it was said.
            proven: Said live below the prefix itself.
        """
        signed = source.lower() if source else None
        other = self._by_mac.get(mac)
        if other is not None and other is not route and (other.proven or not proven):
            return Claim.CONTESTED
        if route.mac not in {None, mac} and route.proven and not (proven and route.restarted):
            return Claim.CONTRADICTION
        if other is not None and other is not route:
            self._unbind(other)
        if route.mac != mac:
            self._unbind(route)
        route.mac, route.source = mac, signed or route.source
        route.restarted = False
        self._by_mac[mac] = route
        if proven and not route.proven:
            route.proven = True
            self._guests.pop(route.prefix, None)
        return Claim.BOUND

    def drop(self, route: Route) -> None:
        """Forget a prefix."""
        self._unbind(route)
        self._routes.pop(route.prefix, None)
        self._guests.pop(route.prefix, None)

    def _unbind(self, route: Route) -> None:
        if route.mac is not None and self._by_mac.get(route.mac) is route:
            del self._by_mac[route.mac]
        route.mac = route.source = None
        if route.proven:
            route.proven = False
            self._guests[route.prefix] = None

    def _push_out(self) -> bool:
        if not self._guests:
            return False
        self.drop(self._routes[next(iter(self._guests))])
        return True


def mac_of(source: object) -> str | None:
    """The MAC in a device id: twelve hex digits behind the last hyphen."""
    return mac(source.rpartition("-")[2]) if isinstance(source, str) and "-" in source else None


def mac(value: object) -> str | None:
    """Twelve hex digits, upper case, or None."""
    return value.upper() if isinstance(value, str) and _MAC.fullmatch(value) else None


def is_source(source: str) -> bool:
    """Whether a device may sign its frames like this."""
    return _SOURCE.fullmatch(source) is not None
