"""A house that has every tool there is, each of whose effects is only noted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from arni_edge.actions.saga import Saga
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools import Hands
from arni_edge.domain.bookings import Session
from arni_edge.domain.errors import Refused
from arni_edge.domain.staff import Contact, Role
from support.house import MIA, open_house
from support.talk import KIM, LEE, Talk, at_work

MAX = Contact("max", "Max", Role.OWNER, "+491700000003", 1003)
VIC = Contact("vic", "Vic", Role.VIEWER, "+491700000004", 1004)
STAFF = (KIM, LEE, MAX, VIC)

# What the tools of the house are asked for, by the names that their forms use.
_ARGUMENTS: dict[str, Any] = {
    "member_id": MIA.member_id,
    "door": "front",
    "device": "thing",
    "booking_id": "b1",
    "slot_id": "s1",
    "cents": 100,
    "minutes": 5,
    "on": True,
}


class NoHands:
    """Whatever tools work on: it may be asked, and it must not be touched."""

    doors = ("front",)

    async def booked(self, *_: Any) -> Session:
        return Session("Yoga", datetime.fromisoformat("2026-11-20T18:00:00+00:00"))

    async def offered(self, *_: Any) -> Session:
        return Session("Boxen", datetime.fromisoformat("2026-11-21T18:00:00+00:00"))

    async def _touched(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("an effect was had")

    open_by_staff = hold = set_guard = switch = erase = export = book = withdraw = cancel = _touched


@dataclass
class EveryTool:
    """The house, its tools, and which effects were reached.

    Attributes:
        reached: The tool's name and the action's id, each time that an effect was about to be had.
    """

    talk: Talk
    tools: dict[str, Tool[Any, Any]]
    reached: list[tuple[str, str]] = field(default_factory=list)

    def arguments(self, tool: Tool[Any, Any]) -> dict[str, Any]:
        """What fits a tool's form."""
        return {name: _ARGUMENTS.get(name, "ein Grund") for name in tool.arguments.model_fields}


@asynccontextmanager
async def every_tool(folder: Path) -> AsyncIterator[EveryTool]:
    """A running house with hands for everything."""
    hand = NoHands()
    hands = Hands(
        doors=("front",),
        entrance=hand,
        holds=hand,
        guard=hand,
        lights={"thing": hand},
        contactors={"thing": hand},
        erasure=hand,
        export=hand,
    )
    async with open_house(folder, staff=STAFF, hands=hands) as bare:
        bookings = (hand, Saga(bare.database, bare.clock))
    hands = Hands(**{**{name: getattr(hands, name) for name in Hands.__slots__}, "bookings": bookings})
    async with open_house(folder, staff=STAFF, hands=hands) as house, at_work(house):
        every = EveryTool(Talk(house), house.office.executor._tools)
        for tool in every.tools.values():
            _note(every, tool)
        yield every


def _note(every: EveryTool, tool: Tool[Any, Any]) -> None:
    """Have a tool note that its effect was reached, instead of having it."""

    async def run(arguments: Form, actor: Actor, action_id: str) -> Form:
        del arguments, actor
        every.reached.append((tool.name, action_id))
        raise Refused("only noted")

    tool.run = run  # type: ignore[method-assign]
