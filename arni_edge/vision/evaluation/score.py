"""What came out of a recording, beside what should have."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from arni_edge.vision.evaluation.truth import NOTHING_KNOWN, ClipTruth
from arni_edge.vision.scene.report import SceneReport


@dataclass
class ClipScore:
    """The score of one recording while it plays.

    Attributes:
        clip: Its name.
        truth: What is known of it.
        armed: Whether it plays after hours: then who is certainly there is an intruder.
        frames: Pictures so far.
        looks: Those that the detector looked at.
        labelled: Pictures whose count is known.
        exact: Those of them whose count was right.
        error: Sum of the differences on them.
        entries: Crossings inwards.
        exits: Crossings outwards.
        person_down: Pictures at which somebody was first said to be down.
        intrusion: Pictures at which an intruder was first certain.
        damaged: Parts that could not be decoded, and were left out.
    """

    clip: str
    truth: ClipTruth = NOTHING_KNOWN
    armed: bool = False
    frames: int = 0
    looks: int = 0
    labelled: int = 0
    exact: int = 0
    error: int = 0
    entries: int = 0
    exits: int = 0
    person_down: list[int] = field(default_factory=list)
    intrusion: list[int] = field(default_factory=list)
    damaged: int = 0
    _down: set[int] = field(default_factory=set)
    _intruders: set[int] = field(default_factory=set)
    _people: int | None = None

    def add(self, report: SceneReport | None, *, looked: bool) -> None:
        """Take what one picture has shown.

        Args:
            report: None where nothing new was said: what was said before still holds.
            looked: Whether the detector looked at it.
        """
        frame = self.frames
        self.frames += 1
        self.looks += looked
        if report is not None:
            self._take(report, frame)
        segment = self.truth.segment(frame)
        if segment is not None:
            self.labelled += 1
            self.exact += segment.right(self._people)
            self.error += abs((self._people or 0) - segment.count)

    def spoiled(self) -> None:
        """A part could not be decoded."""
        self.damaged += 1

    def _take(self, report: SceneReport, frame: int) -> None:
        self._people = report.people
        self.entries += sum(one.direction == "in" for one in report.crossings)
        self.exits += sum(one.direction == "out" for one in report.crossings)
        if new := {one.id for one in report.down} - self._down:
            self._down |= new
            self.person_down.extend([frame] * len(new))
        if self.armed and (new := {one.track for one in report.certain} - self._intruders):
            # One intrusion, however many people or tracks it has, until nobody is there any more.
            if not self._intruders:
                self.intrusion.append(frame)
            self._intruders |= new
        elif not report.people:
            self._intruders.clear()

    def as_dict(self) -> dict[str, Any]:
        """For a line of JSON."""
        return {
            "clip": self.clip,
            "frames": self.frames,
            "frames_labelled": self.labelled,
            "count_exact": _share(self.exact, self.labelled),
            "count_mean_error": _share(self.error, self.labelled),
            "entries": self.entries,
            "exits": self.exits,
            "person_down": self.person_down,
            "intrusion": self.intrusion,
            "looks": self.looks,
            "damaged": self.damaged,
            "expected": self.truth.expected(),
        }


def summary(scores: Sequence[ClipScore]) -> dict[str, Any]:
    """All recordings together."""
    labelled = sum(one.labelled for one in scores)
    return {
        "clips": len(scores),
        "frames": sum(one.frames for one in scores),
        "frames_labelled": labelled,
        "count_exact": _share(sum(one.exact for one in scores), labelled),
        "count_mean_error": _share(sum(one.error for one in scores), labelled),
        "entries": sum(one.entries for one in scores),
        "exits": sum(one.exits for one in scores),
        "person_down": sum(len(one.person_down) for one in scores),
        "intrusion": sum(len(one.intrusion) for one in scores),
        "looks": sum(one.looks for one in scores),
    }


def _share(part: float, whole: int) -> float | None:
    """None where nothing is labelled: no figure is not a perfect one."""
    return round(part / whole, 4) if whole else None
