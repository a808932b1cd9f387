"""How often somebody may try: pure rules over tallies in the database, so that no restart resets them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from arni_edge.storage.credentials import Tally


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in a window, then a rest.

    Attributes:
        most: The last one that is still allowed.
        window: In which they are counted, from the first of them.
        rest: For how long nothing of the kind is allowed after ``most`` were reached.
    """

    most: int
    window: timedelta
    rest: timedelta


# A code of a visit has eight digits and may live for months: ten wrong tries in twenty minutes make 720 a
# day, so whoever types day and night finds one of ten such codes within a month with a probability of 0.2 %.
WRONG_AT_DOOR = Limit(10, timedelta(minutes=10), timedelta(minutes=10))
WRONG_IN_CONVERSATION = Limit(5, timedelta(minutes=10), timedelta(minutes=15))
WRONG_FOR_MEMBER = Limit(10, timedelta(hours=1), timedelta(hours=1))
ISSUED_TO_MEMBER = Limit(5, timedelta(hours=1), timedelta(hours=1))
ISSUED_IN_CONVERSATION = Limit(5, timedelta(hours=1), timedelta(hours=1))
ISSUED_FOR_DOOR = Limit(60, timedelta(hours=1), timedelta(minutes=10))


_LONGEST_REST = max(
    limit.rest
    for limit in (
        WRONG_AT_DOOR,
        WRONG_IN_CONVERSATION,
        WRONG_FOR_MEMBER,
        ISSUED_TO_MEMBER,
        ISSUED_IN_CONVERSATION,
        ISSUED_FOR_DOOR,
    )
)


def resting(tally: Tally | None, now: datetime) -> bool:
    """Whether nothing of the kind is allowed now.

    A rest that would last longer than any does was begun by a clock that was wrong: it is over.
    """
    if tally is None or tally.rests_until is None:
        return False
    return timedelta(0) < tally.rests_until - now <= _LONGEST_REST


def counted(tally: Tally | None, now: datetime, limit: Limit) -> Tally:
    """The tally after one more; what happens during a rest does not make it longer."""
    if tally is not None and resting(tally, now):
        return tally
    if tally is None or tally.rests_until is not None or now - tally.began_at >= limit.window:
        tally = Tally(0, now)
    number = tally.number + 1
    return Tally(number, tally.began_at, now + limit.rest if number >= limit.most else None)
