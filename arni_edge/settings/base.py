"""What all sections of the settings share."""

from datetime import time
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""Ids become topic levels and file names: lower-case letters, digits, ``-`` and ``_``."""


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values do not change at run time."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Section):
    """A span of one day; ``until`` may be 24:00."""

    start: time
    until: time


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _parse_span(text: str) -> Span:
    try:
        start, until = text.split("-")
        end = time.max if until.strip() == "24:00" else time.fromisoformat(until.strip())
        span = Span(start=time.fromisoformat(start.strip()), until=end)
    except ValueError as error:
        raise ValueError(f"'{text}' must look like 06:00-23:00") from error
    if span.until <= span.start:
        raise ValueError(f"'{text}' ends before it begins; split a night into two days at 24:00")
    return span


def _parse_spans(value: object) -> object:
    if isinstance(value, list):
        return [_parse_span(item) if isinstance(item, str) else item for item in value]
    raise ValueError('must be a list such as ["06:00-12:00", "14:00-23:00"]')


Spans = Annotated[list[Span], BeforeValidator(_parse_spans)]
"""Spans of one day, written as ``["06:00-12:00", "14:00-23:00"]``."""


class Hours(Section):
    """When members may come in, per weekday, in the studio's time zone."""

    monday: Spans = Field(default_factory=list)
    tuesday: Spans = Field(default_factory=list)
    wednesday: Spans = Field(default_factory=list)
    thursday: Spans = Field(default_factory=list)
    friday: Spans = Field(default_factory=list)
    saturday: Spans = Field(default_factory=list)
    sunday: Spans = Field(default_factory=list)

    def of(self, weekday: int) -> list[Span]:
        """Spans of a weekday, 0 = Monday."""
        spans: list[Span] = getattr(self, DAYS[weekday])
        return spans
