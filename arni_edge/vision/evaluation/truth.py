"""What is so in a recording, as people have labelled it: ``truth.json``.

Frames count from 0, ``from`` and ``to`` are both meant; ``tol`` is the deviation that is accepted where
people are half hidden. A frame in no segment is a transition and is not scored.
"""

from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arni_edge.domain.errors import InvalidInput

_Frame = Annotated[int, Field(ge=0)]


class _Labelled(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Segment(_Labelled):
    """So many people are visible anywhere in the picture, from one frame to another."""

    first: _Frame = Field(alias="from")
    last: _Frame = Field(alias="to")
    count: int = Field(ge=0)
    tol: int = Field(default=0, ge=0)

    def right(self, count: int | None) -> bool:
        """Whether a count is the truth, or near enough; unknown never is."""
        return count is not None and abs(count - self.count) <= self.tol


class _Totals(_Labelled):
    entries: int | None = None
    exits: int | None = None


class _Alert(_Labelled):
    expected: int = Field(ge=0)
    not_before_frame: _Frame = 0


class _Alerts(_Labelled):
    person_down: _Alert | None = None
    intrusion: _Alert | None = None


class ClipTruth(_Labelled):
    """One recording.

    Attributes:
        file: Its name, as the truth has it; may have folders before it.
        counts: Segments whose count is known.
        totals: Entries and exits over the whole recording, where they are known.
        alerts: What should be raised, where that is known.
    """

    file: str = Field(min_length=1)
    counts: tuple[Segment, ...] = ()
    totals: _Totals = _Totals()
    alerts: _Alerts = _Alerts()

    def segment(self, frame: int) -> Segment | None:
        """The segment of a frame; None when it is not labelled."""
        return next((one for one in self.counts if one.first <= frame <= one.last), None)

    def expected(self) -> dict[str, Any]:
        """What should come out, as far as it is labelled; goes beside what came out."""
        down, intrusion = self.alerts.person_down, self.alerts.intrusion
        return {
            name: value
            for name, value in (
                ("entries", self.totals.entries),
                ("exits", self.totals.exits),
                ("person_down", down.expected if down else None),
                ("person_down_not_before", down.not_before_frame if down else None),
                ("intrusion", intrusion.expected if intrusion else None),
            )
            if value is not None
        }


class _Truth(_Labelled):
    clips: tuple[ClipTruth, ...]


NOTHING_KNOWN = ClipTruth(file="?")
"""Of a recording that nobody has labelled."""


class Truth:
    """The labels of many recordings."""

    def __init__(self, clips: tuple[ClipTruth, ...] = ()) -> None:
        self._clips = clips

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Read a ``truth.json``.

        Raises:
            InvalidInput: It cannot be read, or is not one; says where it is wrong.
        """
        try:
            return cls(_Truth.model_validate(orjson.loads(path.read_bytes())).clips)
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"{path} is not JSON: {error}") from None
        except ValidationError as error:
            wrong = error.errors()[0]
            where = ".".join(str(part) for part in wrong["loc"]) or "the top"
            raise InvalidInput(f"{path}: {where}: {wrong['msg']}") from None

    def of(self, clip: Path) -> ClipTruth:
        """What is known of a recording, by its name; a name with its folder is the better match."""
        near = f"{clip.parent.name}/{clip.name}"
        for name in (near, clip.name):
            for one in self._clips:
                if one.file == name:
                    return one
        return next((one for one in self._clips if Path(one.file).name == clip.name), NOTHING_KNOWN)
