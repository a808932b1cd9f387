"""Doors: opening for somebody who is no member, and holding one open."""

from collections.abc import Collection
from typing import Annotated, ClassVar, Final, Protocol

from pydantic import Field

from arni_edge.access import Entry
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import Kit, Sentence
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Role
from arni_edge.settings.base import Identifier

LONGEST_HOLD: Final = 60
"""Minutes: longer than that somebody stands beside it."""

_NOTHING_SENT: Final = frozenset({Outcome.OFFLINE, Outcome.NOT_PERMITTED, Outcome.BUSY})


class StaffEntrance(Protocol):
    """Where staff open from afar; the policy and its own audit are behind it."""

    async def open_by_staff(self, door: str, *, staff: str, reason: str, request_id: str) -> Entry:
        """Open once, and say what became of it; the same request never opens twice."""
        ...


class HoldOpen(Protocol):
    """Locks that can be held open for a while, and let go by themselves."""

    @property
    def doors(self) -> Collection[str]:
        """Which can."""
        ...

    async def hold(self, door: str, seconds: float, request_id: str) -> None:
        """Hold it open; the lock's own timer ends it.

        Raises:
            Unavailable: Nothing was sent. Anything else that is raised: nobody knows.
        """
        ...


class GuestArguments(Form):
    """Which door, and for whom."""

    door: Identifier
    reason: Sentence


class Opened(Form):
    """What the door did.

    Attributes:
        outcome: As the door controller says it.
    """

    outcome: Outcome


class OpenForGuest(Tool[GuestArguments, Opened]):
    """Opens for somebody who is no member."""

    name: ClassVar[str] = "door.open_for_guest"
    description: ClassVar[str] = "Open a door once for somebody who is no member."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF
    word: ClassVar[str] = "open"
    seconds: ClassVar[float] = 125.0
    """The slowest door that the settings allow takes 120 s."""
    arguments = GuestArguments
    result = Opened

    def __init__(self, kit: Kit, entrance: StaffEntrance, doors: Collection[str]) -> None:
        self._kit = kit
        self._entrance = entrance
        self._doors = doors

    async def consequence(self, arguments: GuestArguments, language: Language) -> str:
        """Which door opens.

        Raises:
            Refused: There is no such door.
        """
        if arguments.door not in self._doors:
            raise Refused(self._kit.text("tool.door.none", language))
        return self._kit.text("tool.door.guest", language, door=arguments.door, reason=arguments.reason)

    async def run(self, arguments: GuestArguments, actor: Actor, action_id: str) -> Opened:
        """Open it.

        Raises:
            Refused: The policy said no.
            Unavailable: Nothing was sent to the lock.
        """
        entry = await self._entrance.open_by_staff(
            arguments.door, staff=actor.id, reason=arguments.reason[:300], request_id=f"action:{action_id}"
        )
        if entry.denied is not None or entry.asked is not None:
            raise Refused(self._kit.text("tool.door.denied", actor.language))
        outcome = entry.outcome or Outcome.UNKNOWN
        if outcome in _NOTHING_SENT:
            raise Unavailable(self._kit.text("tool.door.not_now", actor.language))
        return Opened(outcome=outcome)

    def told(self, result: Opened, language: Language) -> str | None:
        """Only evidence says that it is open."""
        key = "open" if result.outcome is Outcome.CONFIRMED else "unseen"
        return self._kit.text(f"tool.door.told.{key}", language)


class HoldArguments(Form):
    """Which door, for how long, why."""

    door: Identifier
    minutes: Annotated[int, Field(ge=1, le=LONGEST_HOLD, strict=True)]
    reason: Sentence


class Held(Form):
    """It is held open.

    Attributes:
        minutes: For so long.
    """

    minutes: int


class HoldDoorOpen(Tool[HoldArguments, Held]):
    """Holds a door open for a while: everybody can come in."""

    name: ClassVar[str] = "door.hold_open"
    description: ClassVar[str] = "Hold a door open for some minutes; the lock ends it by itself."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF
    word: ClassVar[str] = "open"
    arguments = HoldArguments
    result = Held

    def __init__(self, kit: Kit, holds: HoldOpen) -> None:
        self._kit = kit
        self._holds = holds

    async def consequence(self, arguments: HoldArguments, language: Language) -> str:
        """Which door anybody can walk through, and for how long.

        Raises:
            Refused: The lock of this door cannot do it.
        """
        if arguments.door not in self._holds.doors:
            raise Refused(self._kit.text("tool.door.cannot_hold", language))
        return self._kit.text("tool.door.hold", language, door=arguments.door, minutes=arguments.minutes)

    async def run(self, arguments: HoldArguments, actor: Actor, action_id: str) -> Held:
        """Hold it open.

        Raises:
            Unavailable: Nothing was sent.
        """
        del actor
        await self._holds.hold(arguments.door, arguments.minutes * 60.0, f"action:{action_id}")
        return Held(minutes=arguments.minutes)
