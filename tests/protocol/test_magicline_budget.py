"""A nightly pass never costs a minute of lock-out, and nobody who books waits behind it.

``ARNI_NIGHT_MEMBERS=3000`` has it with as many members as a large gym has, at Magicline's own limits.
"""

import os
from pathlib import Path

from support.magicline_night import a_night

_MEMBERS = int(os.environ.get("ARNI_NIGHT_MEMBERS", "60"))


async def test_a_night_with_bookings_is_never_locked_out_and_nobody_waits_behind_it(tmp_path: Path) -> None:
    # Magicline's 1000 and our 600 a minute are for 3000; for fewer, as much less. Only sleeps take time.
    limit, per_minute = _MEMBERS // 3, _MEMBERS // 5
    night = await a_night(
        tmp_path, members=_MEMBERS, limit=limit, per_minute=per_minute, bookings=_MEMBERS // 30
    )
    print(night)
    assert night.refused == {}
    assert night.booked == _MEMBERS // 30
    assert night.waited.get("booking", 0.0) == 0.0
    assert night.waited["pass"] > 5 * 60
    assert night.lives > 2, "the box was switched off in between"
    assert night.right
    # A fifth of what we may ask is kept free for people, the rest is one customer each.
    quickest = _MEMBERS / (per_minute * 0.8)
    assert quickest <= night.minutes <= 2 * quickest
