"""What a tool is, and who asks for it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Role


class ActorKind(StrEnum):
    """Who asks."""

    MEMBER = "member"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for an act, and how sure we are.

    Attributes:
        kind: Which kind.
        id: Member id, id of staff from the settings, or the name of a part of the house. Empty: a stranger.
        conversation: Where: ``<channel>:<address>`` of a member, ``staff`` for staff on any channel,
            ``console`` for the command on the box. A confirmation must come from where it was proposed.
        assurance: How sure we are that it is them.
        role: Of staff; None for everybody else.
        language: In which they are answered.
    """

    kind: ActorKind
    id: str
    conversation: str
    assurance: Assurance
    role: Role | None = None
    language: Language = Language.GERMAN

    @property
    def name(self) -> str:
        """For the audit: ``member`` (whose id is a pseudonym there), ``staff:kim``, ``system:rota``."""
        return "member" if self.kind is ActorKind.MEMBER else f"{self.kind}:{self.id}"


class Form(BaseModel):
    """Base of what goes into a tool and comes out: closed, unchangeable, with a JSON schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ArgumentsT = TypeVar("ArgumentsT", bound=Form)
ResultT = TypeVar("ResultT", bound=Form)


class Described(Protocol):
    """A tool as everybody but the executor sees it: there is no way from here to its effect."""

    name: ClassVar[str]
    description: ClassVar[str]
    risk: ClassVar[Risk]
    assurance: ClassVar[Assurance]
    role: ClassVar[Role | None]

    def schema(self) -> dict[str, Any]:
        """Name, description and JSON schemas, as a tool server lists them."""
        ...


class Tool(ABC, Generic[ArgumentsT, ResultT]):
    """One thing that can be done. :meth:`run` is called by the executor and by nobody else.

    Attributes:
        name: For instance ``contract.cancel``.
        description: What it does, for people and models (English).
        risk: What must come before it.
        assurance: How sure we must be of who asks.
        role: The least role of staff who may ask for it or confirm it; None: a member may, for themselves.
        repeatable: Whether running it again after a crash does no harm. One that is not is never run again:
            its outcome is then unknown, and staff are told. A tool that works through a
            :class:`~arni_edge.actions.saga.Saga` is.
        word: Which strict word confirms it: a key below ``action.word`` in the catalogues.
        seconds: So long may its effect take; after that its outcome is unknown.
        patience: So many seconds does whoever asks for it wait; then it goes on, and how it ended is told in
            the conversation. None: they wait until it has ended. Only of what nobody has to confirm.
        arguments: What goes in.
        result: What comes out.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    risk: ClassVar[Risk]
    assurance: ClassVar[Assurance]
    role: ClassVar[Role | None] = None
    repeatable: ClassVar[bool] = False
    word: ClassVar[str] = "confirm"
    seconds: ClassVar[float] = 30.0
    patience: ClassVar[float | None] = None
    arguments: type[ArgumentsT]
    result: type[ResultT]

    def subject(self, arguments: ArgumentsT) -> str | None:
        """The member whom it concerns, or None. A member may ask for nobody but themselves."""
        del arguments
        return None

    @abstractmethod
    async def consequence(self, arguments: ArgumentsT, language: Language) -> str:
        """What will be so afterwards, concretely and for the person who confirms.

        Raises:
            Refused: It cannot be done to this subject now; the sentence says why.
        """

    @abstractmethod
    async def run(self, arguments: ArgumentsT, actor: Actor, action_id: str) -> ResultT:
        """Have the effect.

        Args:
            arguments: Checked.
            actor: Who asked.
            action_id: Idempotency key of the effect.

        Raises:
            Refused: It cannot be done; nothing was done.
            Unavailable: It could not be done now; nothing was done.
        """

    def told(self, result: ResultT, language: Language) -> str | None:
        """What the person is told afterwards; None: that what was announced is so now."""
        del result, language
        return None

    def schema(self) -> dict[str, Any]:
        """Name, description and JSON schemas, as a tool server lists them."""
        return {
            "name": self.name,
            "description": self.description,
            "inputSchema": self.arguments.model_json_schema(),
            "outputSchema": self.result.model_json_schema(),
        }
