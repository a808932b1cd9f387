"""Rules of the doors."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from arni_edge.settings.base import Hours, Identifier, Section, Spans

Policy = Literal["deny", "ask_staff", "allow"]
"""What is done where the owner may choose."""


class Plan(Section):
    """What a contract's plan allows; without hours or doors of its own, what the gym allows."""

    id: Identifier
    hours: Hours | None = None
    doors: list[Identifier] | None = None


class Holiday(Section):
    """A day with hours of its own; no hours: closed."""

    day: date
    name: str = ""
    hours: Spans = Field(default_factory=list)


class Tailgating(Section):
    """When more people came in than were let in, and who is told."""

    window_seconds: float = Field(default=15.0, ge=3, le=120)
    times: int = Field(default=3, ge=1, le=100)
    days: int = Field(default=30, ge=1, le=365)


class Access(Section):
    """Rules of the door."""

    mirror_max_age_hours: float = Field(default=72.0, gt=0, le=8760)
    stale_policy: Policy = "deny"
    arrears_policy: Policy = "ask_staff"
    full_policy: Policy = "deny"
    unknown_plan_policy: Policy = "allow"
    anti_passback_minutes: float = Field(default=0.0, ge=0, le=1440)
    qr_seconds: int = Field(default=30, ge=10, le=300)
    clock_skew_seconds: int = Field(default=30, ge=0, le=120)
    door_events_days: int = Field(default=30, ge=1, le=365)
    plans: list[Plan] = Field(default_factory=list)
    holidays: list[Holiday] = Field(default_factory=list)
    tailgating: Tailgating | None = None

    @model_validator(mode="after")
    def _each_is_named_once(self) -> Self:
        days, plans = [str(one.day) for one in self.holidays], [one.id for one in self.plans]
        for what, names in (("holidays", days), ("plans", plans)):
            doubled = sorted({one for one in names if names.count(one) > 1})
            if doubled:
                raise ValueError(f"{what}: {doubled[0]} stands there twice; which of them is meant?")
        return self
