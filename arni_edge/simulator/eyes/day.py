"""A day that was played: the truth, and what every camera made of every picture."""

from dataclasses import dataclass, field

from arni_edge.simulator.eyes.course import Diary
from arni_edge.simulator.truth import Crossing as TrueCrossing
from arni_edge.simulator.truth import Fall, Opening
from arni_edge.vision.messages import CameraState
from arni_edge.vision.scene.report import Crossing


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture of one camera: what is so, and what was made of it.

    Attributes:
        at: When, in seconds.
        truth: People by zone, by the exact boxes on the picture.
        counts: People by zone; None while the camera cannot see.
        confirmed: Those of them on whom an alarm may be staked, in all zones.
        crossings: Of its lines, new ones; who came over the picture's edge crossed none.
        down: So many are said to be down.
        certain: So many are said to be certainly in one of its zones: not who passes by outside.
        state: Why it cannot see; None when it can.
    """

    at: float
    truth: dict[str, int]
    counts: dict[str, int] | None
    confirmed: int
    crossings: tuple[Crossing, ...]
    down: int
    certain: int
    state: CameraState | None


@dataclass(slots=True)
class Day:
    """The truth of a day, and what cameras made of it.

    Attributes:
        diary: What was so.
        crossings: Who went through the door.
        openings: Of the latch.
        falls: Of people.
        moments: By camera, in order.
        looks: Pictures that a detector looked at, of all cameras.
    """

    diary: Diary
    crossings: list[TrueCrossing]
    openings: list[Opening]
    falls: list[Fall]
    moments: dict[str, list[Moment]] = field(default_factory=dict)
    looks: int = 0

    @property
    def in_order(self) -> list[tuple[str, Moment]]:
        """Of all cameras together, by time, each with its camera."""
        pairs = [(camera, moment) for camera, moments in self.moments.items() for moment in moments]
        return sorted(pairs, key=lambda pair: pair[1].at)

    @property
    def counted(self) -> list[Crossing]:
        """All crossings that were counted, by time."""
        return [crossing for _, moment in self.in_order for crossing in moment.crossings]

    @property
    def end(self) -> float:
        """When the last picture was taken."""
        return max(moments[-1].at for moments in self.moments.values() if moments)


def share(part: int, whole: int) -> float | None:
    """A part of the whole; None of nothing."""
    return round(part / whole, 4) if whole else None
