"""Who is called when nobody answers. Pure: a number in, a step out.

Step 0: everybody on call is told at once, by everything that writes. Then, as long as nobody has
acknowledged: the first on call is called (telephone too), the next, and so on; then all other staff at once;
then again from the beginning. Each time round the pause doubles, to a limit: it never ends by itself. Of an
alarm that nobody can take, because nothing can be stored, they hear ever more rarely, in the end once a day.

Whoever has acknowledged is reminded until the alarm is closed: after 15 minutes, after 30, then with all who
are on call after 1, 2, 4, 8, 16 hours, and daily.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from arni_edge.domain.staff import Contact

LONGEST_PAUSE: Final = timedelta(minutes=15)
RAREST: Final = timedelta(days=1)
_ROUNDS_TOLD: Final = 3
_FIRST_REMINDER: Final = timedelta(minutes=15)
_REMINDERS_ALONE: Final = 2
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
    number: int,
    on_call: Sequence[Contact],
    others: Sequence[Contact],
    acknowledge: timedelta,
    longest: timedelta = LONGEST_PAUSE,
) -> Step:
    """What a step does.

    Args:
        number: Which, 0 being the first call.
        on_call: Who is on call, in their order.
        others: Staff beyond that.
        acknowledge: How long to wait the first time round.
        longest: How long at most, however often everybody was called.
    """
    if number == 0:
        # Nobody on call, but somebody works here: better to be told than not.
        return Step(0, tuple(on_call or others), acknowledge, 0, begins_round=False)
    groups: list[tuple[Contact, ...]] = [(one,) for one in on_call]
    groups += [tuple(others)] if others else []
    groups = groups or [()]
    rounds, place = divmod(number - 1, len(groups))
    pause = min(acknowledge * 2 ** min(rounds, 12), max(longest, acknowledge))
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


def remind_after(number: int) -> timedelta:
    """How long after the one before (or after they took it) somebody is reminded that an alarm is not closed.

    Args:
        number: Of the reminder, 1 being the first.
    """
    doubled: int = 2 ** min(max(number - 2, 0), 10)
    return min(_FIRST_REMINDER * doubled, RAREST)


def reminds_all(number: int) -> bool:
    """Whether everybody on call is reminded, too: whoever has the alarm has not moved for an hour."""
    return number > _REMINDERS_ALONE


def worth_telling(step: Step) -> bool:
    """Whether the reporter hears that nobody has answered: once each time round, not for ever."""
    return step.begins_round and step.round < _ROUNDS_TOLD
