"""The words between those who see and those who tell: what one look at a picture has shown.

Times are seconds of a clock that never jumps: live when the picture came, in a recording its place in it.
Places are shares of the picture's width and height.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from arni_edge.vision.scene.geometry import Box

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Track:
    """One person over time. An id is never given twice in one life of the worker.

    Attributes:
        id: Theirs for as long as they are followed.
        box: Where they are, or were last seen.
        began_at: When they were first seen.
        seen_at: When they were last seen.
        hits: So often they were seen.
        score: The detector's confidence, smoothed, 0..1.
        confirmed: Seen often enough to be counted.
    """

    id: int
    box: Box
    began_at: float
    seen_at: float
    hits: int
    score: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody went through a line, or with no lines over the picture's edge.

    Attributes:
        line: Its id; empty for the picture's edge.
        direction: Where to.
        at: When.
        track: Who.
        together: The most people who were at the line at once around that moment.
    """

    line: str
    direction: Direction
    at: float
    track: int
    together: int


@dataclass(frozen=True, slots=True)
class ZoneView:
    """What is so in one zone.

    Attributes:
        count: People.
        confirmed: Those on whom an alarm may be staked.
        dwell_seconds: How long they have been there, on average; None with nobody there.
        crowded: More than its limit for long enough.
    """

    count: int
    confirmed: int = 0
    dwell_seconds: float | None = None
    crowded: bool = False


@dataclass(frozen=True, slots=True)
class CloserLook:
    """A wish to look at a part of the picture once more, enlarged and turned: lying people are easily missed.

    Attributes:
        id: To name it in the answer.
        box: The part.
    """

    id: int
    box: Box


@dataclass(frozen=True, slots=True)
class Closer:
    """What a closer look has shown.

    Attributes:
        id: Of the wish.
        person: The best box of a person in any view, in shares of the whole picture; None with nobody.
        changed: The share of the part that is not as it was before anybody was there, 0..1; None when it is
            not known how it was.
        still: Nothing has moved in the part (where something was found: there) for about a second.
        thing: The largest thing in the part that was not there before, its score the share of its box that it
            fills; None with none, or when it is not known how it was.
        aspect: Width by height of the whole picture in pixels: shares alone do not tell who lies.
        lies: The person lies: is longer across the picture, or along a diagonal, than high.
    """

    id: int
    person: Box | None
    changed: float | None
    still: bool
    thing: Box | None = None
    aspect: float = 16 / 9
    lies: bool = False


@dataclass(frozen=True, slots=True)
class Down:
    """Somebody who seems to be down, for long enough to be told.

    Attributes:
        id: Of this event.
        box: Where.
        since: Since when they have been lying or gone.
        evidence: ``lying`` (seen) or ``vanished`` (gone in the middle of the room, something lies there).
        zone: Where, if in a zone.
    """

    id: int
    box: Box
    since: float
    evidence: Literal["lying", "vanished"]
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Intruder:
    """Somebody who is certainly there: several confirmations over a second or more, in steady light.

    Attributes:
        track: Who.
        since: When they were first seen.
        zone: Where, if in a zone.
    """

    track: int
    since: float
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class SceneReport:
    """Everything that one look has shown.

    Attributes:
        at: Of the picture.
        people: In the whole picture now, zones or not: tracks that exist, not boxes of one picture.
        tracks: The confirmed ones that are there now.
        zones: By id; every zone of the order, 0 included.
        crossings: Since the report before.
        down: Who is down now.
        certain: Who is certainly there now (the ground for an alarm after hours).
        closer: What should be looked at once more, before the next picture.
    """

    at: float
    people: int
    tracks: tuple[Track, ...] = ()
    zones: Mapping[str, ZoneView] = field(default_factory=dict)
    crossings: tuple[Crossing, ...] = ()
    down: tuple[Down, ...] = ()
    certain: tuple[Intruder, ...] = ()
    closer: tuple[CloserLook, ...] = ()
