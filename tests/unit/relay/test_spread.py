"""Five thousand boxes whose relay has stopped come back one after the other."""

import random
from bisect import bisect_left

from arni_edge.relay.pull import apart
from arni_edge.relay.server.answers import spread
from arni_edge.settings.relay_server import Limits

_BOXES = 5000


def _most_within(arrivals: list[float], seconds: float) -> int:
    """How many come at most in so long a time, wherever it begins."""
    return max(bisect_left(arrivals, at + seconds) - place for place, at in enumerate(arrivals))


def test_they_come_evenly_over_the_whole_time() -> None:
    random.seed(6)
    within = Limits().reconnect_seconds
    arrivals = sorted(apart(float(spread(within)["Retry-After"])) for _ in range(_BOXES))
    assert (within, arrivals[0] >= 1.0, arrivals[-1] <= within + 1.0) == (30, True, True)
    # 167 a second in the mean. Whole seconds alone would bring as many in the same millisecond.
    assert _most_within(arrivals, 1.0) <= 230
    assert _most_within(arrivals, 0.1) <= 40


def test_who_was_told_nothing_does_not_wait() -> None:
    assert apart(0.0) == 0.0
