"""Whether a device is there: silence limits, sleepers, goodbyes, relayed Bluetooth values."""

import pytest

from arni_edge.devices.availability import Presence, judge, relayed_is_fresh, silence_limit
from arni_edge.domain.devices import Availability
from arni_edge.domain.readings import Identity

RELAY = Identity("shelly", generation=2)


@pytest.mark.parametrize(
    ("identity", "generation", "minutes", "seconds"),
    [
        (RELAY, 2, None, 90),
        (Identity("shelly"), 1, None, 120),
        (Identity("shelly", model="SHMOS-01"), 1, None, 4320),
        (Identity("shelly", sleeps_seconds=7200), 3, None, 7200 * 1.2 + 300),
        (Identity("nuki"), None, None, 86400),
        (Identity("nuki", generation=None), None, 60.0, 3600),
        (RELAY, 2, 10.0, 600),
    ],
)
def test_every_family_has_its_own_patience(
    identity: Identity, generation: int | None, minutes: float | None, seconds: float
) -> None:
    assert silence_limit(identity, generation, minutes) == seconds


def _judge(presence: Presence, now: float, *, sleeper: bool = False, questioned: bool = True) -> Availability:
    return judge(presence, now, limit=90.0, sleeper=sleeper, questioned=questioned)


def test_without_a_session_nothing_is_known() -> None:
    assert _judge(Presence(since=None, heard=99.0), 100.0) is Availability.UNKNOWN


def test_what_is_not_heard_is_unknown_and_then_silent() -> None:
    assert _judge(Presence(since=0.0), 90.0) is Availability.UNKNOWN
    assert _judge(Presence(since=0.0), 90.1) is Availability.SILENT


def test_a_stranger_that_is_not_asked_is_not_called_silent() -> None:
    assert _judge(Presence(since=0.0), 1000.0, questioned=False) is Availability.UNKNOWN
    assert _judge(Presence(since=0.0, heard=1.0), 1000.0, questioned=False) is Availability.LIVE


def test_silence_ends_liveness_exactly_at_the_limit() -> None:
    presence = Presence(since=0.0)
    presence.hear(10.0, None)
    assert _judge(presence, 100.0) is Availability.LIVE
    assert _judge(presence, 100.1) is Availability.SILENT


def test_a_goodbye_is_believed_and_a_straggler_does_not_undo_it() -> None:
    presence = Presence(since=0.0)
    presence.hear(10.0, None)
    presence.hear(11.0, False)
    presence.hear(12.0, None)
    assert _judge(presence, 12.0) is Availability.OFFLINE
    presence.hear(13.0, True)
    assert _judge(presence, 13.0) is Availability.LIVE


def test_a_device_whose_birth_was_lost_is_back_when_it_goes_on_speaking() -> None:
    presence = Presence(since=0.0)
    presence.hear(11.0, False)
    presence.hear(16.1, None)
    assert _judge(presence, 16.1) is Availability.LIVE


def test_a_sleeper_that_said_goodbye_is_asleep_until_it_oversleeps() -> None:
    presence = Presence(since=0.0)
    presence.hear(10.0, True)
    assert _judge(presence, 10.0, sleeper=True) is Availability.LIVE
    presence.hear(11.0, False)
    assert _judge(presence, 11.0, sleeper=True) is Availability.ASLEEP
    assert _judge(presence, 101.0, sleeper=True) is Availability.SILENT


def test_a_sleeper_that_left_without_a_word_is_asleep_soon() -> None:
    presence = Presence(since=0.0)
    presence.hear(10.0, True)
    assert _judge(presence, 40.1, sleeper=True) is Availability.ASLEEP


@pytest.mark.parametrize(
    ("stamp", "fresh"),
    [(1_800_000_000, True), (1_799_913_599, False), (0, False), (1_060_000_000, False), (None, False)],
)
def test_a_relayed_value_is_as_fresh_as_its_gateway_heard_it(stamp: int | None, fresh: bool) -> None:
    values = {"bthomesensor:200.last_updated_ts": stamp, "bthomesensor:200.value": True}
    assert relayed_is_fresh(values, "bthomesensor:200", 1_800_000_000, None) is fresh
