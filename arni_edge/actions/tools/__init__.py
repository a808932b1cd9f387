"""Every tool of the house. What the house has no hands for is not there at all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from arni_edge.actions.saga import Saga
from arni_edge.actions.tool import Tool
from arni_edge.actions.tools.base import Kit
from arni_edge.actions.tools.bookings import Book, Bookings, CancelBooking
from arni_edge.actions.tools.building import (
    ArmHouse,
    DisarmHouse,
    Guard,
    Switch,
    SwitchContactor,
    SwitchLights,
)
from arni_edge.actions.tools.contract import CancelContract, ChangeContract
from arni_edge.actions.tools.doors import HoldDoorOpen, HoldOpen, OpenForGuest, StaffEntrance
from arni_edge.actions.tools.member import BanMember, EraseMember, EraseMyself, Erasure, Export, ExportMember
from arni_edge.actions.tools.membership import ShowBookings, ShowMembership
from arni_edge.actions.tools.refund import Refund
from arni_edge.actions.tools.rescheduling import RescheduleBooking
from arni_edge.settings import Shelly

LIGHTS: Final = frozenset({"light", "path_light"})
CONTACTORS: Final = frozenset({"plug", "heating", "ventilation"})
"""Roles of devices behind which something starts or stops."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What tools work on. What is None, or empty, has no tool.

    Attributes:
        doors: Doors of the house.
        entrance: Where staff open from afar.
        holds: Locks that can be held open.
        guard: The guard after hours.
        lights: By id; see :func:`switchable`.
        contactors: By id.
        erasure: Erases a member.
        export: Gathers what is known of a member.
        bookings: Whoever keeps the bookings, with the saga that moves them.
    """

    doors: Collection[str] = ()
    entrance: StaffEntrance | None = None
    holds: HoldOpen | None = None
    guard: Guard | None = None
    lights: Mapping[str, Switch] = field(default_factory=dict)
    contactors: Mapping[str, Switch] = field(default_factory=dict)
    erasure: Erasure | None = None
    export: Export | None = None
    bookings: tuple[Bookings, Saga] | None = None


def switchable(
    shellies: Collection[Shelly], switches: Mapping[str, Switch], roles: Collection[str]
) -> dict[str, Switch]:
    """What of the settings has one of these roles and can be switched.

    Args:
        shellies: The settings' devices.
        switches: Drivers by id.
        roles: :data:`LIGHTS` or :data:`CONTACTORS`.
    """
    return {one.id: switches[one.id] for one in shellies if one.role in roles and one.id in switches}


def build_tools(kit: Kit, hands: Hands) -> dict[str, Tool[Any, Any]]:
    """All tools that this house has, by name.

    Args:
        kit: What tools work with.
        hands: What they work on.
    """
    tools: list[Tool[Any, Any]] = [
        CancelContract(kit),
        ChangeContract(kit),
        Refund(kit),
        BanMember(kit),
        ShowMembership(kit),
        ShowBookings(kit),
    ]
    if hands.erasure is not None:
        tools += [EraseMyself(kit, hands.erasure), EraseMember(kit, hands.erasure)]
    if hands.export is not None:
        tools.append(ExportMember(kit, hands.export))
    if hands.entrance is not None and hands.doors:
        tools.append(OpenForGuest(kit, hands.entrance, hands.doors))
    if hands.holds is not None and hands.holds.doors:
        tools.append(HoldDoorOpen(kit, hands.holds))
    if hands.guard is not None:
        tools += [DisarmHouse(kit, hands.guard), ArmHouse(kit, hands.guard)]
    if hands.contactors:
        tools.append(SwitchContactor(kit, hands.contactors))
    if hands.lights:
        tools.append(SwitchLights(kit, hands.lights))
    if hands.bookings is not None:
        bookings, saga = hands.bookings
        tools += [
            Book(kit, bookings),
            CancelBooking(kit, bookings),
            RescheduleBooking(kit, bookings, saga),
        ]
    return {tool.name: tool for tool in tools}
