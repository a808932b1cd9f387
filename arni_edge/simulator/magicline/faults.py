"""What can go wrong between the simulated Magicline and whoever asks it: planned, or by dice."""

import re
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from arni_edge.domain.errors import InvalidInput

ANY = "*"
_WORD = re.compile(r"(?:(?P<operation>[A-Za-z]+):)?(?P<fault>[a-z0-9-]+)(?:\*(?P<times>[0-9]{1,6}))?")


class Fault(StrEnum):
    """What becomes of one request."""

    UNAVAILABLE = "unavailable"
    """503 with a body in HTML; nothing was done."""
    UNAVAILABLE_AFTER = "unavailable-after"
    """The same, but it was done."""
    CRASH = "crash"
    """500; nothing was done."""
    CRASH_AFTER = "crash-after"
    """500, but it was done."""
    BARE = "bare"
    """400 with nothing but ``errorMessage``; nothing was done."""
    CONFLICT = "conflict"
    """409; nothing was done."""
    LOCKED = "locked"
    """429, for this endpoint until the next minute is over."""
    DROP_BEFORE = "drop-before"
    """The connection ends before the request was understood."""
    DROP_AFTER = "drop-after"
    """The connection ends; it was done."""
    SLOW = "slow"
    """Done at once, answered late."""
    HANG = "hang"
    """Done at once, never answered."""
    GARBLED = "garbled"
    """Done; the answer is no JSON."""
    CUT_SHORT = "cut-short"
    """Done; the connection ends in the middle of the answer."""


BEFORE = frozenset(
    {Fault.UNAVAILABLE, Fault.CRASH, Fault.BARE, Fault.CONFLICT, Fault.LOCKED, Fault.DROP_BEFORE}
)
"""Those with which nothing was done."""


@dataclass(slots=True)
class Plan:
    """A fault that waits for its requests.

    Attributes:
        fault: What.
        operation: Of which; :data:`ANY`: of all.
        times: How often still; None: for ever.
        after: How many requests pass before it begins.
        seconds: How long, for ``SLOW``.
        chance: How likely for each request.
        hit: How often it struck.
    """

    fault: Fault
    operation: str = ANY
    times: int | None = 1
    after: int = 0
    seconds: float = 1.0
    chance: float = 1.0
    hit: int = 0


class Faults:
    """All that is planned, in order: the first plan that fits a request strikes."""

    def __init__(self, dice: Random) -> None:
        """Nothing goes wrong.

        Args:
            dice: Decides where a plan leaves it to chance.
        """
        self._dice = dice
        self.plans: list[Plan] = []

    def add(self, plan: Plan) -> Plan:
        """Plan one more."""
        self.plans.append(plan)
        return plan

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.plans.clear()

    def next(self, operation: str) -> Plan | None:
        """What strikes this request."""
        for plan in self.plans:
            if plan.operation not in (ANY, operation) or plan.times == 0:
                continue
            if plan.after:
                plan.after -= 1
                continue
            if plan.chance < 1.0 and self._dice.random() >= plan.chance:
                continue
            if plan.times is not None:
                plan.times -= 1
            plan.hit += 1
            return plan
        return None


def plan_of(word: str) -> Plan:
    """A plan as it is written on the command line: ``[operationId:]fault[*times]``.

    Raises:
        InvalidInput: There is no such fault.
    """
    match = _WORD.fullmatch(word)
    try:
        fault = Fault(match["fault"] if match else "")
    except ValueError:
        raise InvalidInput(f"there is no fault '{word}'; there is: {', '.join(Fault)}") from None
    assert match is not None
    times = int(match["times"]) if match["times"] else None
    return Plan(fault, match["operation"] or ANY, times=times)
