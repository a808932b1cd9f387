"""What a scenario showed, as JSON."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from arni_edge.simulator.phones import PhoneBook
from arni_edge.simulator.premises import Gym

_SAMPLE_SECONDS = 0.5


@dataclass(slots=True)
class Step:
    """One step of a scenario: what should happen and what did."""

    name: str
    expected: str
    observed: str = ""
    passed: bool = False
    seconds: float = 0.0


@dataclass(slots=True)
class OccupancySamples:
    """Published counts against the truth of the same moment, per zone; unknown is counted apart."""

    errors: list[int] = field(default_factory=list)
    unknown: int = 0

    async def watch(self, gym: Gym) -> None:
        """Compare twice a second until cancelled."""
        while True:
            status = await gym.status()
            truth = gym.world.truth().counts
            for zone, figure in (status["occupancy"]["zones"] if status else {}).items():
                if figure["count"] is None:
                    self.unknown += 1
                else:
                    self.errors.append(abs(figure["count"] - truth[zone]))
            await asyncio.sleep(_SAMPLE_SECONDS)

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        mean = sum(self.errors) / len(self.errors) if self.errors else None
        return {
            "mean_abs_error": None if mean is None else round(mean, 3),
            "samples": len(self.errors),
            "unknown": self.unknown,
        }


class Scenario:
    """Collects the steps of one scenario."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps: list[Step] = []
        self.occupancy = OccupancySamples()

    @asynccontextmanager
    async def step(self, name: str, expected: str) -> AsyncIterator[Step]:
        """One step; it has passed when its block says so. A missed deadline is a failure, not the end."""
        step = Step(name, expected)
        self.steps.append(step)
        started = time.monotonic()
        try:
            yield step
        except TimeoutError:
            step.passed = False
            step.observed = step.observed or "did not happen in time"
        finally:
            step.seconds = round(time.monotonic() - started, 2)

    @property
    def passed(self) -> bool:
        """Whether every step has passed."""
        return bool(self.steps) and all(step.passed for step in self.steps)

    def report(
        self, door_log: Sequence[dict[str, Any]], alarms: Sequence[dict[str, Any]], phones: PhoneBook
    ) -> dict[str, Any]:
        """The whole report."""
        return {
            "scenario": self.name,
            "passed": self.passed,
            "steps": [asdict(step) for step in self.steps],
            "occupancy": self.occupancy.as_dict(),
            "door": door_figures(door_log),
            "messages": message_figures(phones),
            "alarms": list(alarms),
        }


def door_figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Requests, openings and refusals; seconds from the command to its confirmation."""
    seconds = sorted(row["seconds"] for row in rows if row["outcome"] == "confirmed")
    return {
        "requests": len(rows),
        "opened": len(seconds),
        "refused": sum(row["state"] == "denied" for row in rows),
        "seconds_p50": percentile(seconds, 0.50),
        "seconds_p95": percentile(seconds, 0.95),
    }


def message_figures(phones: PhoneBook) -> dict[str, int]:
    """Every message of a person wants exactly one answer: none is lost, a second one is doubled."""
    answers = {
        sent: sum(received.context == sent for received in phone.inbox)
        for phone in phones
        for sent in phone.sent
    }
    return {
        "in": len(answers),
        "out": sum(len(phone.inbox) for phone in phones),
        "lost": sum(number == 0 for number in answers.values()),
        "doubled": sum(max(0, number - 1) for number in answers.values()),
    }


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that is not below the given share of all; None of nothing."""
    if not ordered:
        return None
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3)
