"""What all sections of the settings share."""

import re
from datetime import time
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""Ids become topic levels and file names: lower-case letters, digits, ``-`` and ``_``."""


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values do not change at run time."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Section):
    """A span of one day on the studio's wall clock; ``until`` may be 24:00."""

    start: time
    until: time

    @model_validator(mode="after")
    def _within_one_day(self) -> Self:
        if self.start.tzinfo is not None or self.until.tzinfo is not None:
            raise ValueError("times of a day name no time zone: they are meant in the studio's")
        if self.until <= self.start:
            raise ValueError("a span ends after it begins; split a night into two days at 24:00")
        return self


_MOST_SPANS = 48
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = re.compile(rf" *(?P<start>{_CLOCK}) *- *(?P<until>{_CLOCK}|24:00) *", re.ASCII)

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _parse_span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text[:40]}' must look like 06:00-23:00, without a time zone")
    start = time.fromisoformat(match["start"])
    until = time.max if match["until"] == "24:00" else time.fromisoformat(match["until"])
    if until <= start:
        raise ValueError(f"'{text}' ends before it begins; split a night into two days at 24:00")
    return Span(start=start, until=until)


def _parse_spans(value: object) -> object:
    if isinstance(value, list) and len(value) > _MOST_SPANS:
        raise ValueError(f"a day has at most {_MOST_SPANS} spans")
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


def http_address(value: str) -> str:
    """An address of a service: encrypted, or on this machine.

    Raises:
        ValueError: It is neither.
    """
    parts = urlsplit(value)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ValueError("must be an https:// address (http:// only on this machine)")
    return value.rstrip("/")
