"""One message on its way through the stages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final, Protocol

from arni_edge.access.identity import Correspondent
from arni_edge.domain.messages import InboundMessage, Language
from arni_edge.domain.people import Assurance, Member
from arni_edge.storage import Transaction
from arni_edge.swarm.errands import Person
from arni_edge.swarm.router import Intent

_SPOKEN: Final = frozenset({"text", "interactive", "button"})
"""Kinds whose words are meant for the gym; an edited message was answered when it was new."""
WANT_NO_ANSWER: Final = frozenset({"reaction", "edit", "revoke", "system"})
"""Kinds for which nobody waits for a word."""


class Step(Enum):
    """What a stage decides."""

    ON = auto()
    """The message goes on to the next stage."""
    ANSWERED = auto()
    """There is an answer (or nothing to say): on to delivery, past everything in between."""
    END = auto()
    """Somebody else has taken care of it: no further stage sees it."""


@dataclass(slots=True)
class Turn:
    """What is known about one message so far; each stage adds its part.

    Attributes:
        message: What came in.
        language: In which language to answer.
        trace: Names of the stages that have seen it, in order.
        member: Who it is, or None for a stranger.
        assurance: How sure we are.
        disclose: Whether this person has to be told first that an AI is speaking.
        taken: Whether a person had the chat already when it came to this message.
        intent: What it is about.
        answer: What will be said; None: nothing.
        asks_phone: Whether the person is offered a button that sends their own number.
        notes: What else is stored in the same commit as the answer.
        whisper: What staff want the assistant to know for this answer, or None. The member never sees it.
        whisper_heard: Whether whoever made the answer could use it: only a model can.
    """

    message: InboundMessage
    language: Language
    trace: list[str] = field(default_factory=list)
    member: Member | None = None
    assurance: Assurance = Assurance.ANONYMOUS
    disclose: bool = False
    taken: bool = False
    intent: Intent | None = None
    answer: str | None = None
    asks_phone: bool = False
    notes: list[Callable[[Transaction], Awaitable[None]]] = field(default_factory=list)
    whisper: str | None = None
    whisper_heard: bool = False

    @property
    def is_spoken(self) -> bool:
        """Whether somebody says something to the gym by it."""
        media = self.message.media
        heard = media is not None and media.voice and bool(self.message.text)
        return heard or self.message.kind in _SPOKEN

    @property
    def wants_answer(self) -> bool:
        """Whether anybody waits for a word about it, and is still there to read it."""
        return self.message.kind not in WANT_NO_ANSWER

    def hear(self, words: str, language: Language) -> None:
        """It was a voice note, and this was said."""
        self.message = replace(self.message, text=words)
        self.language = language

    @property
    def person(self) -> Person:
        """Who writes, as far as it is known by now."""
        who = Correspondent.of(self.message, self.language)
        return Person(who, self.member, self.assurance, self.message.key)


class Stage(Protocol):
    """One stage. Small; does one thing to the turn."""

    @property
    def name(self) -> str:
        """Its name in the trace."""
        ...

    async def __call__(self, turn: Turn) -> Step:
        """Do its part and say how the message goes on."""
        ...
