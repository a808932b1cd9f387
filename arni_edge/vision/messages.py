"""What the vision worker says on the broker: numbers and words of ours, never a picture.

The worker could as well run on another machine: nothing here is taken on trust.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from arni_edge.domain.errors import InvalidInput
from arni_edge.settings.base import Identifier

HEARTBEAT_SECONDS = 2.0
"""So often the worker repeats what it knows; a figure that is not repeated is stale."""

MOST_PEOPLE = 10_000
"""No camera of ours sees more; a larger count is not from our worker."""

MOST_CROSSINGS = 100_000_000
"""Of one line in one life of the worker."""

_LONGEST_PAYLOAD = 4096
_REASON_LENGTH = 200

Count = Annotated[int, Field(ge=0, le=MOST_PEOPLE)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("before the first or behind the last moment that there is in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""One that can be written down in UTC, too."""


class CameraState(StrEnum):
    """How a camera is doing. Only ``OK`` gives counts."""

    CONNECTING = "connecting"
    """There is no picture yet: being connected, or it cannot be reached."""
    OK = "ok"
    STALLED = "stalled"
    """It was there and sends nothing any more."""
    FROZEN = "frozen"
    """It sends the same picture over and over."""
    DARK = "dark"
    """Nothing can be seen in its picture: the light is off and it has no night sight."""
    COVERED = "covered"
    """Something is before the lens, or it is out of focus: the picture has no detail."""
    REFUSED = "refused"
    """It does not let us in: user or password is wrong."""
    CORRUPT = "corrupt"
    """It sends, but nothing that can be decoded."""
    OFF = "off"
    """By its hours in the settings it does not watch now."""


class _Payload(BaseModel):
    """Strict about what it reads, deaf to what it does not know (a newer worker may say more)."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read a payload from the wire.

        Raises:
            InvalidInput: It is not one of ours. The payload itself is not repeated.
        """
        if len(payload) > _LONGEST_PAYLOAD:
            raise InvalidInput(f"{len(payload)} bytes are too long for a message of the vision worker")
        try:
            return cls.model_validate_json(payload)
        except ValidationError as error:
            fields = sorted({".".join(str(part) for part in one["loc"]) or "json" for one in error.errors()})
            raise InvalidInput(f"not a message of the vision worker: {', '.join(fields)[:100]}") from None


class ZoneMessage(_Payload):
    """People in a zone; ``count`` is None, with a reason, while the worker cannot see.

    Attributes:
        confirmed: Those of them who were seen often enough, and not only while the light changed, to stake an
            alarm on.
        dwell_seconds: How long those in the zone have been there, on average; None with nobody there.
        crowded: More people than the zone's limit, for as long as the settings say.
    """

    zone: Identifier
    camera: Identifier
    count: Count | None
    confirmed: Count = 0
    dwell_seconds: Seconds | None = None
    crowded: bool = False
    reason: str = Field(default="", max_length=_REASON_LENGTH)
    at: Moment
    sequence: int = Field(ge=0)


class LineMessage(_Payload):
    """Everybody who crossed a line since this life of the worker began.

    Totals instead of single events: whoever missed a message sees with the next one what is missing.

    Attributes:
        epoch: Names this life of the worker; with another one the totals begin anew.
        entries: So many went in.
        exits: So many went out.
        direction: Of the crossing that this message is about; None in a mere repetition.
        together: The most people who were at the line at once around that crossing, 0 in a repetition.
        at: When that crossing was seen, or when this was repeated.
    """

    line: Identifier
    camera: Identifier
    epoch: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    entries: int = Field(ge=0, le=MOST_CROSSINGS)
    exits: int = Field(ge=0, le=MOST_CROSSINGS)
    direction: Literal["in", "out"] | None = None
    together: Count = 0
    at: Moment
    sequence: int = Field(ge=0)


class CameraMessage(_Payload):
    """How a camera is doing, and why.

    Attributes:
        age_seconds: Since its last good picture came; None before the first.
        pictures_per_second: That come from it, over the last seconds.
        looks_per_second: That the detector looked at, over the last seconds.
        people: In the whole picture, zones or not; None while it cannot see.
    """

    camera: Identifier
    state: CameraState
    reason: str = Field(default="", max_length=_REASON_LENGTH)
    age_seconds: Seconds | None = None
    pictures_per_second: Seconds | None = None
    looks_per_second: Seconds | None = None
    people: Count | None = None
    at: Moment


class DownMessage(_Payload):
    """Whether somebody seems to lie on the floor, or has vanished where they stood: a candidate for an alarm.

    Attributes:
        down: So many people, 0 when it is over.
        zone: Where, if it is in a zone.
        evidence: ``lying`` (seen), ``vanished`` (gone in the middle of the room, and something lies there).
        seconds: For how long.
    """

    camera: Identifier
    down: Count
    zone: Identifier | None = None
    evidence: Literal["lying", "vanished", ""] = ""
    seconds: Seconds = 0.0
    at: Moment


def parse_online(payload: bytes) -> bool:
    """Read the payload of the online topic.

    Raises:
        InvalidInput: It is neither ``true`` nor ``false``.
    """
    if payload not in (b"true", b"false"):
        raise InvalidInput("not a message of the vision worker: online is 'true' or 'false'")
    return payload == b"true"
