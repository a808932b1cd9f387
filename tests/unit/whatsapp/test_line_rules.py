"""Rules of the line to Meta without a wire: how quickly one person is written to, and what silence proves."""

from dataclasses import dataclass

from arni_edge.channels.whatsapp.pace import Pace
from arni_edge.channels.whatsapp.silence import NEVER, Silence


def test_chat_leaves_room_for_alarms_to_the_same_person() -> None:
    """Meta lets 45 messages borrow from the future; some of them are kept."""
    pace, sent = Pace(), 0
    while "anna" not in pace.waiting(100.0):
        pace.note("anna", 100.0)
        sent += 1
    assert 15 <= sent <= 25
    for _ in range(20):  # alarms
        pace.note("anna", 100.0)
    assert sent + 20 <= 45
    assert pace.waiting(100.0) == {"anna"}


def test_one_message_in_six_seconds_can_go_on_for_ever() -> None:
    pace = Pace()
    for number in range(600):
        now = 100.0 + 6.0 * number
        assert not pace.waiting(now)
        assert not pace.crowded("anna", now)
        pace.note("anna", now)


def test_what_meta_refused_is_waited_for_and_then_forgotten() -> None:
    pace = Pace()
    pace.exhausted("anna", 100.0)
    assert pace.waiting(100.0) == {"anna"}
    assert pace.crowded("anna", 107.0)
    assert not pace.waiting(107.0)
    assert not pace.waiting(1000.0)
    assert not pace._paid_back_at


@dataclass
class _Relay:
    """How the line to the relay is, as the pull says it."""

    caught_up_at: float | None = None
    caught_up_since: float | None = None
    away_since: float | None = None

    def back(self, at: float) -> None:
        self.caught_up_at = self.caught_up_since = at
        self.away_since = None


def _silence() -> tuple[_Relay, Silence]:
    relay = _Relay(away_since=0.0)
    return relay, Silence(relay, resolve_seconds=30.0)


def test_silence_proves_nothing_before_it_has_lasted() -> None:
    relay, silence = _silence()
    silence.look(1.0)
    assert silence.horizon == NEVER
    relay.back(1.0)
    relay.caught_up_at = 30.0
    silence.look(30.0)
    assert silence.horizon == NEVER
    relay.caught_up_at = 31.0
    silence.look(31.0)
    assert silence.horizon == 1.0


def test_after_an_outage_silence_must_last_as_long_as_that() -> None:
    """Meta's pauses between repetitions grow with the outage; then all is as before."""
    relay, silence = _silence()
    for now in range(601):
        silence.look(float(now))
    relay.back(600.0)
    relay.caught_up_at = 1100.0
    silence.look(1100.0)
    assert silence.horizon == NEVER
    # A flicker does not make the outage forgotten.
    relay.caught_up_at = relay.caught_up_since = None
    relay.away_since = 1100.0
    silence.look(1101.0)
    relay.back(1101.0)
    relay.caught_up_at = 1700.0
    silence.look(1700.0)
    assert silence.horizon == NEVER
    relay.caught_up_at = 1702.0
    silence.look(1702.0)
    silence.look(1703.0)
    assert silence.horizon == 1672.0


def test_a_relay_that_is_gone_for_good_is_not_waited_for_by_alarms() -> None:
    relay, silence = _silence()
    assert not silence.is_gone(29.0)
    assert silence.is_gone(30.0)
    relay.back(31.0)
    assert not silence.is_gone(1000.0)
