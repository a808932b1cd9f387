"""What can go wrong between the simulated Graph API and whoever asks it: planned, or by dice."""

import re
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from arni_edge.domain.errors import InvalidInput

_WORD = re.compile(
    r"(?:(?P<operation>[a-z*]+):)?(?P<fault>[a-z-]+)(?:=(?P<number>[0-9.]{1,9}))?(?:\*(?P<times>[0-9]{1,6}))?"
)
_GATEWAY = 502


class Operation(StrEnum):
    """What is asked of the Graph API."""

    MESSAGES = "messages"
    MARKS = "marks"
    UPLOAD = "upload"
    MEDIA = "media"
    DOWNLOAD = "download"
    DELETE = "delete"
    ANY = "*"


class Fault(StrEnum):
    """What becomes of one request."""

    CODE = "code"
    """Refused with an error code of Meta's."""
    HTML = "html"
    """A gateway gives up: 5xx with a body in HTML; nothing was done."""
    HTML_AFTER = "html-after"
    """The same, but it was done."""
    DROP_BEFORE = "drop-before"
    """The connection ends before anything was done."""
    DROP_AFTER = "drop-after"
    """The connection ends; it was done."""
    SLOW = "slow"
    """Done at once, answered late."""
    GARBLED = "garbled"
    """Done; the answer is 200 and no JSON."""
    LATE = "late"
    """Accepted with 200, and then reported as failed with a code; nobody gets it."""


BEFORE = frozenset({Fault.CODE, Fault.HTML, Fault.DROP_BEFORE})
"""Those with which nothing was done."""


@dataclass(slots=True)
class Plan:
    """A fault that waits for its requests.

    Attributes:
        fault: What.
        times: How often still; None: for ever.
        operation: Of which requests.
        code: Meta's, for ``CODE`` and ``LATE``.
        status: Of HTTP; None: what belongs to it.
        seconds: How long, for ``SLOW``.
        chance: How likely for each request.
        hit: How often it struck.
    """

    fault: Fault
    times: int | None = 1
    operation: Operation = Operation.MESSAGES
    code: int = 131000
    status: int | None = None
    seconds: float = 1.0
    chance: float = 1.0
    hit: int = 0

    @property
    def http_status(self) -> int:
        """Of a gateway that gives up."""
        return self.status or _GATEWAY


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
        if plan.times != 0:
            self.plans.append(plan)
        return plan

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.plans.clear()

    def next(self, operation: Operation) -> Plan | None:
        """What strikes this request."""
        for plan in self.plans:
            if plan.operation not in (Operation.ANY, operation):
                continue
            if plan.chance < 1.0 and self._dice.random() >= plan.chance:
                continue
            plan.hit += 1
            if plan.times is not None:
                plan.times -= 1
                if plan.times == 0:
                    self.plans.remove(plan)
            return plan
        return None


def plan_of(word: str) -> Plan:
    """A plan as it is written on the command line: ``[operation:]fault[=number][*times]``.

    The number is a code, a status of HTTP or seconds, as the fault needs it.

    Raises:
        InvalidInput: There is no such fault.
    """
    match = _WORD.fullmatch(word)
    if match is None or match["fault"] not in list(Fault):
        raise InvalidInput(f"there is no fault '{word}'; there is: {', '.join(Fault)}")
    if match["operation"] and match["operation"] not in list(Operation):
        raise InvalidInput(f"there is no '{match['operation']}'; there is: {', '.join(Operation)}")
    plan = Plan(
        Fault(match["fault"]),
        times=int(match["times"]) if match["times"] else None,
        operation=Operation(match["operation"] or Operation.MESSAGES),
    )
    if match["number"]:
        try:
            _give(plan, match["number"])
        except ValueError:
            raise InvalidInput(f"'{match['number']}' is no number for {plan.fault}") from None
    return plan


def _give(plan: Plan, number: str) -> None:
    if plan.fault in (Fault.CODE, Fault.LATE):
        plan.code = int(number)
    elif plan.fault is Fault.SLOW:
        plan.seconds = float(number)
    else:
        plan.status = int(number)
