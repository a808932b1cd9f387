"""The building: the guard after hours, contactors, lights."""

from collections.abc import Mapping
from typing import ClassVar, Final, Protocol

from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import Kit
from arni_edge.devices import SwitchResult
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Role
from arni_edge.settings.base import Identifier

_NOTHING_SENT: Final = frozenset({Outcome.OFFLINE, Outcome.NOT_PERMITTED, Outcome.BUSY})


class Guard(Protocol):
    """The house's guard after hours."""

    async def set_guard(self, armed: bool) -> None:
        """Put the house on guard, or off it, until the opening hours change next.

        Raises:
            Refused: The house has no guard.
        """
        ...


class Switch(Protocol):
    """A relay or a light."""

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch it and wait for the effect; never repeated by itself."""
        ...


class NoArguments(Form):
    """Nothing is to be said about it."""


class SwitchArguments(Form):
    """What, and how it should be."""

    device: Identifier
    on: bool


class GuardSet(Form):
    """How the guard is now."""

    armed: bool


class Switched(Form):
    """How it is now, and what was seen.

    Attributes:
        on: None: it was commanded, and nobody saw the effect.
        evidence: What was seen on the wire.
    """

    on: bool | None
    evidence: str


class _GuardTool(Tool[NoArguments, GuardSet]):
    """Puts the house on guard, or off it."""

    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF
    repeatable: ClassVar[bool] = True
    arguments = NoArguments
    result = GuardSet
    armed: ClassVar[bool]
    """How the house is then."""

    def __init__(self, kit: Kit, guard: Guard) -> None:
        self._kit = kit
        self._guard = guard

    async def consequence(self, arguments: NoArguments, language: Language) -> str:
        """What is told from then on, or not any more."""
        del arguments
        return self._kit.text("tool.guard.arm" if self.armed else "tool.guard.disarm", language)

    async def run(self, arguments: NoArguments, actor: Actor, action_id: str) -> GuardSet:
        """Set the guard.

        Raises:
            Refused: The house has no guard.
        """
        del arguments, actor, action_id
        await self._guard.set_guard(self.armed)
        return GuardSet(armed=self.armed)


class DisarmHouse(_GuardTool):
    """Takes the house off guard: nobody is told of an intruder."""

    name: ClassVar[str] = "house.disarm"
    description: ClassVar[str] = "Take the house off guard: movement after hours is not told to anybody."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    word: ClassVar[str] = "disarm"
    armed: ClassVar[bool] = False


class ArmHouse(_GuardTool):
    """Puts the house on guard."""

    name: ClassVar[str] = "house.arm"
    description: ClassVar[str] = "Put the house on guard: who moves inside is an intruder."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    armed: ClassVar[bool] = True


class _SwitchTool(Tool[SwitchArguments, Switched]):
    """Switches something that the settings know by an id."""

    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF
    arguments = SwitchArguments
    result = Switched

    def __init__(self, kit: Kit, switches: Mapping[str, Switch]) -> None:
        self._kit = kit
        self._switches = switches

    async def consequence(self, arguments: SwitchArguments, language: Language) -> str:
        """What is on or off then.

        Raises:
            Refused: The settings know no such device for this.
        """
        if arguments.device not in self._switches:
            raise Refused(self._kit.text("tool.switch.none", language))
        key = "on" if arguments.on else "off"
        return self._kit.text(f"tool.switch.{key}", language, device=arguments.device)

    async def run(self, arguments: SwitchArguments, actor: Actor, action_id: str) -> Switched:
        """Switch it.

        Raises:
            Refused: The settings know no such device for this.
            Unavailable: Nothing was sent.
        """
        del action_id
        switch = self._switches.get(arguments.device)
        if switch is None:
            raise Refused(self._kit.text("tool.switch.none", actor.language))
        result = await switch.switch(arguments.on)
        if result.outcome in _NOTHING_SENT:
            raise Unavailable(self._kit.text("tool.switch.not_now", actor.language))
        seen = arguments.on if result.outcome is Outcome.CONFIRMED else None
        return Switched(on=seen, evidence=result.evidence)

    def told(self, result: Switched, language: Language) -> str | None:
        """Only evidence says that it is so."""
        return self._kit.text("tool.switch.unseen", language) if result.on is None else None


class SwitchContactor(_SwitchTool):
    """Switches a contactor: whatever hangs behind it starts or stops, whoever stands beside it."""

    name: ClassVar[str] = "contactor.switch"
    description: ClassVar[str] = "Switch a contactor (plug, heating, ventilation) of the settings."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    word: ClassVar[str] = "switch"


class SwitchLights(_SwitchTool):
    """Switches a light."""

    name: ClassVar[str] = "lights.switch"
    description: ClassVar[str] = "Switch a light of the settings on or off."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    repeatable: ClassVar[bool] = True
