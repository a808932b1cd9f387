"""Words of the tailgating rule. Times in seconds of a clock that never jumps."""

from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How sure a suspicion is."""

    POSSIBLE = "possible"
    """One entry, but two people were seen together at the line."""
    LIKELY = "likely"
    """More entries than were let in."""
    SURE = "sure"
    """More entries than were let in, and more than one person was seen at the line at once."""

    @property
    def weight(self) -> float:
        """What it counts towards the recurrence of a member: a possible one half, all others one."""
        return 0.5 if self is Certainty.POSSIBLE else 1.0


@dataclass(frozen=True, slots=True)
class Opening:
    """The door was opened for somebody. Times in seconds of a clock that never jumps.

    Attributes:
        request_id: Of the entry.
        began: When the lock was commanded.
        ended: When it was open, as far as is known.
        member: Who was let in, by id; None when nobody known was.
        judged: False for whoever may bring others: staff, a visit, somebody who opened at the lock itself.
    """

    request_id: str
    began: float
    ended: float
    member: str | None = None
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody went through a camera line of the door.

    Attributes:
        line: Which; a door may have several, and each of them sees everybody.
        inwards: In or out.
        together: The most people who were at the line at once around then; 0 when that is not known.
        at: When it was seen.
    """

    line: str
    inwards: bool
    together: int
    at: float


@dataclass(frozen=True, slots=True)
class Suspicion:
    """More people went in than were let in.

    Attributes:
        request_id: Of the opening that they probably used.
        member: Who was let in by it; None when nobody known was, or when it may have been somebody else.
        entries: So many went in on that one opening.
        together: So many were at the line at once.
        certainty: How sure that is.
    """

    request_id: str
    member: str | None
    entries: int
    together: int
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Window:
    """In which entries belong to an opening."""

    opening: Opening
    begin: float
    end: float
