"""From the totals that the worker repeats to crossings: none is lost with a message, none counted twice."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import structlog

from arni_edge.domain.headcount import LineTotals
from arni_edge.vision.messages import MOST_PEOPLE, LineMessage

_LOG = structlog.get_logger(__name__)

# So many lives of the worker are remembered as over; a word of one of them comes late and counts nothing.
_PAST_LIVES = 8
# One message normally brings one crossing, a lost one before it two; more at once come from an outage, and
# nobody knows when they happened.
_MOST_LIVE = 8

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody went through just now.

    Attributes:
        direction: Where to.
        together: The most people at the line at once; 0 when the message that told was lost.
    """

    direction: Direction
    together: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What one message of a line has added.

    Attributes:
        entries: So many more went in.
        exits: So many more went out.
        live: Those of them that happened just now, and may be acted upon.
        continuous: Nothing can be missing between this message and what was known before.
    """

    entries: int
    exits: int
    live: tuple[Passage, ...]
    continuous: bool


class LineLedger:
    """Keeps the newest totals of every line."""

    def __init__(self) -> None:
        self._totals: dict[str, LineTotals] = {}
        self._past: dict[str, deque[str]] = {}

    @property
    def totals(self) -> tuple[LineTotals, ...]:
        """What is counted already, to be stored together with the count that it is in."""
        return tuple(self._totals.values())

    def restore(self, totals: Iterable[LineTotals]) -> None:
        """Go on from what was stored."""
        self._totals.update({one.line: one for one in totals})

    def take(self, message: LineMessage, *, retained: bool, unbroken: bool) -> Counted | None:
        """Compare a message with what was known.

        Args:
            message: Of the line.
            retained: It is history: its totals count, nothing in it happened just now.
            unbroken: The line was heard so lately that what is new happened just now.

        Returns:
            What is new; None when the message is older than what is known.
        """
        before = self._totals.get(message.line)
        if before is None:
            # How long that worker has been counting is not known: only what it is itself about is new.
            own = None if retained else message.direction
            entries, exits = int(own == "in"), int(own == "out")
        elif message.epoch == before.epoch:
            entries, exits = message.entries - before.entries, message.exits - before.exits
        elif message.epoch in self._past.get(message.line, ()) or (retained and message.at <= before.at):
            return None
        else:  # a new life: its totals began at 0 after the old one had ended
            entries, exits = message.entries, message.exits
        if entries < 0 or exits < 0:
            return None
        self._keep(message, before)
        if entries + exits > MOST_PEOPLE:
            _LOG.warning("line_totals_implausible", line=message.line, entries=entries, exits=exits)
            return Counted(0, 0, (), continuous=False)
        live = () if retained else tuple(_live(message, entries, exits, unbroken=unbroken))
        return Counted(entries, exits, live, continuous=before is not None and before.epoch == message.epoch)

    def _keep(self, message: LineMessage, before: LineTotals | None) -> None:
        if before is not None and before.epoch != message.epoch:
            self._past.setdefault(message.line, deque(maxlen=_PAST_LIVES)).append(before.epoch)
        self._totals[message.line] = LineTotals(
            message.line, message.epoch, message.entries, message.exits, message.at
        )


def _live(message: LineMessage, entries: int, exits: int, *, unbroken: bool) -> Iterable[Passage]:
    """What happened just now: the crossing that the message is about, and those whose message was lost."""
    left: dict[Direction, int] = {"in": entries, "out": exits}
    own = message.direction if message.direction is not None and left[message.direction] else None
    if own is not None:
        left[own] -= 1
    if unbroken and entries + exits <= _MOST_LIVE:
        for direction, number in left.items():
            yield from [Passage(direction, 0)] * number
    if own is not None:
        yield Passage(own, message.together)
