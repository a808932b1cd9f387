"""What is known, and the messages that say it: numbers and words of ours, never a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from arni_edge.vision.messages import MOST_PEOPLE, CameraMessage, DownMessage, LineMessage, ZoneMessage
from arni_edge.vision.scene.report import Crossing, Down, ZoneView
from arni_edge.vision.worker.reader import Status


@dataclass(frozen=True, slots=True)
class Figure:
    """What is known of a zone.

    Attributes:
        zone: Its id.
        camera: The camera that sees it.
        view: People and what they do there, or None when unknown.
        reason: Why it is unknown; empty when known.
        seen_at: When the picture came that it was counted on, on the monotonic clock.
        at: The same moment on the wall clock.
    """

    zone: str
    camera: str
    view: ZoneView | None
    reason: str
    seen_at: float
    at: datetime

    @property
    def told_by(self) -> tuple[object, ...]:
        """What must be told at once when it is another."""
        view = self.view
        return (self.reason,) if view is None else (view.count, view.confirmed, view.crowded)


@dataclass(frozen=True, slots=True)
class CameraFigures:
    """How much comes from a camera; as in :class:`~arni_edge.vision.messages.CameraMessage`."""

    age_seconds: float | None = None
    pictures_per_second: float | None = None
    looks_per_second: float | None = None
    people: int | None = None


@dataclass(slots=True)
class Totals:
    """Who crossed a line in this life of the worker."""

    camera: str
    entries: int = 0
    exits: int = 0


def zone_word(figure: Figure, sequence: int, *, stale: bool) -> str:
    """What is known of a zone; a stale figure is not repeated as if it were true."""
    view = None if stale else figure.view
    if view is None:
        reason = "no picture was looked at" if figure.view is not None else figure.reason
        message = ZoneMessage(
            zone=figure.zone, camera=figure.camera, count=None, reason=reason, at=figure.at, sequence=sequence
        )
    else:
        message = ZoneMessage(
            zone=figure.zone,
            camera=figure.camera,
            count=min(view.count, MOST_PEOPLE),
            confirmed=min(view.confirmed, MOST_PEOPLE),
            dwell_seconds=_tenths(view.dwell_seconds),
            crowded=view.crowded,
            at=figure.at,
            sequence=sequence,
        )
    return message.model_dump_json()


def line_word(
    line: str, totals: Totals, epoch: str, sequence: int, at: datetime, crossing: Crossing | None = None
) -> str:
    """The totals of a line, with the crossing that was just seen, or without one."""
    return LineMessage(
        line=line,
        camera=totals.camera,
        epoch=epoch,
        entries=totals.entries,
        exits=totals.exits,
        direction=None if crossing is None else crossing.direction,
        together=0 if crossing is None else min(crossing.together, MOST_PEOPLE),
        at=at,
        sequence=sequence,
    ).model_dump_json()


def camera_word(camera: str, status: Status, figures: CameraFigures, at: datetime) -> str:
    """How a camera is doing."""
    people = figures.people
    return CameraMessage(
        camera=camera,
        state=status.state,
        reason=status.reason,
        age_seconds=_tenths(figures.age_seconds),
        pictures_per_second=_tenths(figures.pictures_per_second),
        looks_per_second=_tenths(figures.looks_per_second),
        people=None if people is None else min(people, MOST_PEOPLE),
        at=at,
    ).model_dump_json()


def down_word(camera: str, down: Sequence[Down], now: float, at: datetime) -> str:
    """Who is down before a camera; nobody: it is over."""
    first = min(down, key=lambda one: one.since, default=None)
    return DownMessage(
        camera=camera,
        down=min(len(down), MOST_PEOPLE),
        zone=None if first is None else first.zone,
        evidence="" if first is None else first.evidence,
        seconds=0.0 if first is None else round(max(0.0, now - first.since), 1),
        at=at,
    ).model_dump_json()


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(max(0.0, value), 1)
