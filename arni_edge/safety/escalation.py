"""Who is called when nobody answers. Pure: a number in, a step out.

Step 0: everybody on call is told at once, by everything that writes. Then, as long as nobody has
acknowledged: the first on call is called (telephone too), the next, and so on; then all other staff at once;
then again from the beginning. Each time round the pause doubles, to a limit: it never ends by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from arni_edge.domain.staff import Contact

_LONGEST_PAUSE: Final = timedelta(minutes=15)
_ROUNDS_TOLD: Final = 3
_CLOCK_SLACK: Final = timedelta(seconds=10)
"""A clock that is only corrected a little calls nobody early."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the escalation.

    Attributes:
        number: Counts from 0.
        contacts: Who is called now.
        pause: How long to wait for an acknowledgement before the next step.
        round: How often everybody was called before.
        begins_round: Nobody of all those called has answered: the reporter is told so.
    """

    number: int
    contacts: tuple[Contact, ...]
    pause: timedelta
    round: int
    begins_round: bool


def step_of(
    number: int, on_call: Sequence[Contact], others: Sequence[Contact], acknowledge: timedelta
) -> Step:
    """What a step does.

    Args:
        number: Which, 0 being the first call.
        on_call: Who is on call, in their order.
        others: Staff beyond that.
        acknowledge: How long to wait the first time round.
    """
    if number == 0:
        # Nobody on call, but somebody works here: better to be told than not.
        return Step(0, tuple(on_call or others), acknowledge, 0, begins_round=False)
    groups: list[tuple[Contact, ...]] = [(one,) for one in on_call]
    groups += [tuple(others)] if others else []
    groups = groups or [()]
    rounds, place = divmod(number - 1, len(groups))
    pause = min(acknowledge * 2 ** min(rounds, 10), max(_LONGEST_PAUSE, acknowledge))
    return Step(number, groups[place], pause, rounds, begins_round=place == 0)


def is_due(next_step_at: datetime | None, now: datetime, pause: timedelta) -> bool:
    """Whether the next step is to be taken; also after a clock that had been ahead was set back.

    Args:
        next_step_at: When it is due (aware); None: nobody need be called.
        now: The moment (aware).
        pause: Of the step before it: no clock that goes right makes anybody wait longer.
    """
    if next_step_at is None:
        return False
    return now >= next_step_at or next_step_at - now > pause + _CLOCK_SLACK


def worth_telling(step: Step) -> bool:
    """Whether the reporter hears that nobody has answered: once each time round, not for ever."""
    return step.begins_round and step.round < _ROUNDS_TOLD
