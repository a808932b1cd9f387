"""What became of one command, judged from what the lock says. Pure: no clock, no wire.

The lock's topics differ in QoS, so an event may arrive after the states that it caused (measured with
Mosquitto 2.0.11). Nothing here depends on such an order: evidence is collected until it suffices.
"""

from arni_edge.devices.nuki.codec import MOVING, Action, LockActionEvent, Response, response_name
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.doors import DoorContact, LockState, Outcome

_COLLECT_SECONDS = 2.0
"""For so long after a command's end its own event may still come: QoS 2 is slower than the states' QoS 0."""

_LATE_SECONDS = 450.0
"""A hanging lock stays connected for 1.5 x its keepalive of 300 s; until then it may wake up and act."""

_GOALS = {
    Action.UNLATCH: (LockState.UNLATCHED, "state=5", "open"),
    Action.LOCK: (LockState.LOCKED, "state=1", "lock"),
}
"""The state that proves an action, as evidence, and the word for what was not seen."""


class CommandWatch:
    """Collects what is seen from the moment of the publish; the first sufficient evidence decides.

    Attributes:
        action: What was asked for: to unlatch or to lock.
        verdict: None while the command is pending.
        reacted: The lock has said something that shows that it took notice.
        own_event: Its ``lockActionEvent`` has been seen.
    """

    def __init__(self, action: Action = Action.UNLATCH) -> None:
        self.action = action
        self.verdict: Verdict | None = None
        self.reacted = False
        self.own_event = False
        self._foreign_action = False
        self._goal, self._proof, self._word = _GOALS[action]

    def see_state(self, state: LockState) -> None:
        """A live state."""
        if state is self._goal:
            self._decide(Outcome.CONFIRMED, self._proof)
        elif state is LockState.MOTOR_BLOCKED:
            self._decide(Outcome.FAILED, "state=254")
        elif state in MOVING:
            self.reacted = True

    def see_contact(self, before: DoorContact, after: DoorContact) -> None:
        """A live reading of the door sensor, and the live reading before it."""
        opened = before is DoorContact.CLOSED and after is DoorContact.OPEN
        if opened and self.action is Action.UNLATCH:
            self._decide(Outcome.CONFIRMED, "door sensor closed->open")

    def see_event(self, event: LockActionEvent) -> bool:
        """An action is about to be executed.

        Returns:
            Whether it is taken for ours.
        """
        if event.by_mqtt and event.action == self.action and not self.own_event:
            self.own_event = self.reacted = True
            return True
        self._foreign_action = True
        return False

    def see_response(self, code: int) -> None:
        """The lock's answer. It carries no request id: blame is ours only while nothing else runs."""
        self.reacted = True
        evidence = f"commandResponse={code} ({response_name(code)})"
        if code == Response.BUSY:
            # With our event seen, "busy" refuses some other command while ours runs.
            if not self.own_event:
                self._decide(Outcome.BUSY, evidence)
        elif code != Response.SUCCESS and not self._foreign_action:
            self._decide(Outcome.FAILED, evidence)

    def lose(self, evidence: str) -> None:
        """The connection to the lock is gone: it may be turning, nobody can tell."""
        self._decide(Outcome.UNKNOWN, evidence)

    def give_up(self) -> Verdict:
        """The deadline has passed."""
        evidence = f"accepted, but not seen to {self._word}" if self.reacted else "no reaction"
        self._decide(Outcome.UNKNOWN, evidence)
        return self.verdict or Verdict(Outcome.UNKNOWN, evidence)

    def _decide(self, outcome: Outcome, evidence: str) -> None:
        self.reacted = True
        if self.verdict is None:
            self.verdict = Verdict(outcome, evidence)


class Attribution:
    """Whose act was it? Decides between commands, from what the last one left open.

    All times are seconds of a monotonic clock.
    """

    def __init__(self) -> None:
        self._action = Action.UNLATCH
        self._event_due_until = 0.0
        self._late_until = 0.0

    def conclude(self, watch: CommandWatch, verdict: Verdict, now: float) -> None:
        """A command ended; its event or even its execution may still be to come."""
        self._action = watch.action
        if verdict.outcome in {Outcome.CONFIRMED, Outcome.FAILED} and not watch.own_event:
            self._event_due_until = now + _COLLECT_SECONDS
        if verdict.outcome is Outcome.UNKNOWN:
            self._late_until = now + _LATE_SECONDS

    def unaccounted(self, now: float) -> bool:
        """Whether a command of ours may still be carried out: nobody saw what became of it."""
        return now < self._late_until

    def blame_event(self, event: LockActionEvent, now: float) -> str | None:
        """Evidence of an act through the broker that nobody of ours asked for, or None."""
        if not event.by_mqtt:
            # Somebody at the lock: the state that follows is theirs, not a late execution of ours.
            self._late_until = 0.0
            return None
        if event.action == self._action and now < self._event_due_until:
            self._event_due_until = 0.0
            return None
        late = "late execution: " if event.action == self._action and self.unaccounted(now) else ""
        self._late_until = 0.0
        return f"{late}lockActionEvent {event.action},{event.trigger}"

    def blame_state(self, state: LockState, now: float) -> str | None:
        """Evidence of a late execution, or None.

        An open latch alone accuses nobody. After a command that was never accounted for, and without an event
        that names somebody else (it comes about a second before state 5), it is that command.
        """
        late = self._action is Action.UNLATCH and self.unaccounted(now)
        if state is not LockState.UNLATCHED or not late:
            return None
        self._late_until = 0.0
        self._event_due_until = now + _COLLECT_SECONDS
        return "late execution: state=5"
