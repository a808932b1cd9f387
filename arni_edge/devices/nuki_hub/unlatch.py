"""What became of one command through a nuki_hub, judged from what the hub says. Pure: no clock, no wire.

The hub asks its Nuki device by Bluetooth for every state, publishes most things on the change only, and
tries a command again by itself (three times by default). So a command may be carried out long after it was
given up here, and the evidence of every end that is not certain says so.
"""

from typing import Final, Literal

from arni_edge.devices.nuki.codec import MOVING
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.doors import DoorContact, LockState, Outcome

_LATE_SECONDS: Final = 180.0
"""Four tries with Bluetooth's own deadlines take about two minutes."""


class HubWatch:
    """Collects what is seen from the moment of the publish; the first sufficient evidence decides.

    Attributes:
        verdict: None while the command is pending.
        reacted: The hub or its device has said something that shows that it took notice.
    """

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self.reacted = False
        self._tries = 0
        self._result = ""
        self._moved = False
        self._completed = False

    def see_state(self, state: LockState, word: str) -> None:
        """A live state, and the hub's word for it."""
        if state is LockState.UNLATCHED:
            self._decide(Outcome.CONFIRMED, f"state={word}")
        elif state is LockState.MOTOR_BLOCKED:
            self._decide(Outcome.FAILED, f"state={word}")
        elif state in MOVING:
            self.reacted = self._moved = True
            self._conclude()

    def see_contact(self, before: DoorContact, after: DoorContact) -> None:
        """A live reading of the door sensor, and the live reading before it."""
        if before is DoorContact.CLOSED and after is DoorContact.OPEN:
            self._decide(Outcome.CONFIRMED, "door sensor closed->open")

    def see_completion(self, word: str) -> None:
        """How the device ended its last action. On its own a success does not prove that it was ours."""
        self.reacted = True
        if word == "success":
            self._completed = True
            self._conclude()
        elif word == "busy":
            self._decide(Outcome.BUSY, self._uncertain("completionStatus=busy"))
        else:
            self._decide(Outcome.FAILED, self._uncertain(f"completionStatus={word}"))

    def see_result(self, word: str) -> None:
        """Whether the hub got one try through to the device."""
        self.reacted = True
        self._result = word

    def see_retry(self, retry: int | Literal["failed"]) -> None:
        """How many tries have failed, or that the hub has given up."""
        if retry == "failed":
            result = f", commandResult={self._result}" if self._result else ""
            # The last try may have arrived although its answer did not.
            self._decide(Outcome.UNKNOWN, f"the hub gave up (retry=failed{result})")
        elif retry:
            self.reacted = True
            self._tries = retry

    def lose(self, evidence: str) -> None:
        """The connection to the hub is gone: the device may be acting, nobody can tell."""
        self._decide(Outcome.UNKNOWN, self._uncertain(evidence))

    def give_up(self) -> Verdict:
        """The deadline has passed."""
        evidence = self._uncertain("accepted, but not seen to open" if self.reacted else "no reaction")
        self._decide(Outcome.UNKNOWN, evidence)
        return self.verdict or Verdict(Outcome.UNKNOWN, evidence)

    def _conclude(self) -> None:
        if self._moved and self._completed:
            self._decide(Outcome.CONFIRMED, "seen opening, and completionStatus=success")

    def _uncertain(self, evidence: str) -> str:
        tried = f", {self._tries} tries failed" if self._tries else ""
        return f"{evidence}{tried}; the hub may try again by itself: a late opening is possible"

    def _decide(self, outcome: Outcome, evidence: str) -> None:
        self.reacted = True
        if self.verdict is None:
            self.verdict = Verdict(outcome, evidence)


class LateOpening:
    """Recognises an opening as ours that comes after its command was given up.

    The hub says nothing of who caused an action, so that an opening accuses nobody otherwise: it may be a
    ring with ring-to-open, the app or a keypad. All times are seconds of a monotonic clock.
    """

    def __init__(self) -> None:
        self._until = float("-inf")

    def conclude(self, verdict: Verdict, now: float) -> None:
        """A command ended."""
        may_come = verdict.outcome in {Outcome.UNKNOWN, Outcome.FAILED, Outcome.BUSY}
        self._until = now + _LATE_SECONDS if may_come else float("-inf")

    def blame(self, state: LockState, word: str, now: float) -> str | None:
        """Evidence of a late execution, or None."""
        if state is not LockState.UNLATCHED or now >= self._until:
            return None
        self._until = float("-inf")
        return f"late execution: state={word}"
