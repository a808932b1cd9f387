"""What can be wrong at a door, judged from what lock, contact and people do. Pure: time is passed in.

Only live knowledge is fed to it: history (retained messages) and a device that has left are *unknown*, and
unknown begins nothing and ends nothing.

Nobody is accused of leaving. From inside everybody opens by hand, and no lock tells of that: a door whose
bolt is in, or which has only a strike, opens from inside without any sign. So *forced* is said only where the
lock itself says that the bolt is out and nothing explains the opening. A lock case that draws the bolt with
the handle or a panic bar (EN 179, EN 1125) does so without the motor's knowledge: there somebody who leaves
while the bolt is out is called forced too, and somebody should look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from arni_edge.domain.doors import DoorContact, Incident, LockState
from arni_edge.domain.readings import Value

_GRACE_SECONDS: Final = 3.0
"""States travel at QoS 0, events at QoS 2: the reason for an opening may be told after the opening."""

_EXPLAINS_SECONDS: Final = 15.0
"""For so long after somebody used the lock the door may be pushed open, also if it locks itself at once."""

_SILENT_SECONDS: Final = 24 * 3600.0
"""A lock says something every day: whoever uses it, and its batteries."""

_LOW_PERCENT: Final = 20
_RECOVERED_PERCENT: Final = 25
"""A battery that was low creeps back a little; only a changed one comes this far."""

_CRITICAL: Final = ("batteryCritical", "keypadBatteryCritical", "doorsensorBatteryCritical")
_PERCENT: Final = "batteryChargeState"

_GOALS: Final[Mapping[LockState, LockState]] = {
    LockState.LOCKING: LockState.LOCKED,
    LockState.UNLOCKING: LockState.UNLOCKED,
    LockState.UNLATCHING: LockState.UNLATCHED,
}
"""A motor that gets where it was going turns freely. After a jam the state only goes back to what it was."""

NEVER: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class Change:
    """Something began, or is over.

    Attributes:
        incident: What.
        over: Whether it is over.
        evidence: What was seen.
    """

    incident: Incident
    over: bool
    evidence: str


class DoorWatch:
    """One door. Methods return what began or is over by what they were told; times are monotonic seconds.

    That something lasts is said once, and its end once; that it does not is also said when it is first known,
    so that what began in an earlier life of the daemon ends. What happens, rather than lasts, is not over by
    itself; nor is a jam without proof, nor tampering: those wait for a person.
    """

    def __init__(self, *, propped_seconds: float, unlocked_seconds: float) -> None:
        """Nothing is known yet.

        Args:
            propped_seconds: So long may the door stand open.
            unlocked_seconds: So long may it be closed with the bolt in; 0: for ever.
        """
        self._propped_seconds = propped_seconds
        self._unlocked_seconds = unlocked_seconds
        self._state = LockState.UNKNOWN
        self._contact = DoorContact.UNKNOWN
        self._goal: LockState | None = None
        self._batteries: dict[str, Value] = {}
        self._opened_at: float | None = None
        self._unbolted_at: float | None = None
        self._explained_at = NEVER
        self._suspected_at: float | None = None
        self._lasting: dict[Incident, bool] = {}

    # --- what it is told ----------------------------------------------------------------------------------

    def lock(self, state: LockState, now: float) -> list[Change]:
        """The lock says this live; *unknown* when it is away. The same state again says nothing new."""
        if state is self._state:
            return []
        before, self._state = self._state, state
        changes: list[Change] = []
        if state is LockState.MOTOR_BLOCKED:
            changes.append(Change(Incident.JAMMED, False, "state=254"))
        elif state is LockState.UNCALIBRATED:
            changes.append(Change(Incident.UNCALIBRATED, False, "state=0"))
        elif state is self._goal:
            changes += self._turns_freely(f"{before} -> {state}")
        if state not in {LockState.UNKNOWN, LockState.LOCKED}:
            self.explained(now)
        self._goal = _GOALS.get(state)
        changes += self._note_bolt(now)
        return changes

    def contact(self, contact: DoorContact, now: float) -> list[Change]:
        """The door's contact says this live; *unknown* when it is away."""
        if contact is self._contact:
            return []
        before, self._contact = self._contact, contact
        changes: list[Change] = []
        if contact is DoorContact.TAMPERED:
            changes.append(Change(Incident.TAMPERED, False, "doorsensorState=240"))
        elif contact is DoorContact.OPEN:
            # Unknown in between does not make it shut: it stands open since we first saw that.
            self._opened_at = now if self._opened_at is None else self._opened_at
            if before is DoorContact.CLOSED:
                self._suspect(now)
        elif contact is DoorContact.CLOSED:
            self._opened_at = None
            changes += self._lasts(Incident.PROPPED, False, "contact closed")
        changes += self._note_bolt(now)
        return changes

    def explained(self, now: float) -> None:
        """The lock was used as it should be: a command of ours, a code, a fob, the button, a turned knob."""
        self._explained_at = max(self._explained_at, now)

    def confirmed(self, evidence: str) -> list[Change]:
        """A command of ours came to its proof: the motor turns."""
        return self._turns_freely(evidence)

    def battery(self, entity: str, value: Value) -> list[Change]:
        """A live reading of the lock that may be about a battery."""
        if entity not in {*_CRITICAL, _PERCENT}:
            return []
        self._batteries[entity] = value
        low = self._low()
        return (
            [] if low is None else self._lasts(Incident.BATTERY_LOW, bool(low), low or "batteries are good")
        )

    def tick(self, now: float, *, silent_seconds: float | None, unsafe: str | None) -> list[Change]:
        """Time has passed; call it every second or so.

        Args:
            now: Monotonic seconds.
            silent_seconds: Since the lock was last heard; None for one that need not speak, or that has said
                goodbye.
            unsafe: Why its strike must not be used; empty when it may, None when nothing is known, or when it
                is no strike.
        """
        changes: list[Change] = []
        if self._contact is DoorContact.OPEN and self._opened_at is not None:
            open_seconds = now - self._opened_at
            if open_seconds > self._propped_seconds:
                changes += self._lasts(Incident.PROPPED, True, f"open for {open_seconds:.0f} s")
        changes += self._judge_suspicion(now)
        changes += self._judge_bolt(now)
        if silent_seconds is not None:
            silent = silent_seconds > _SILENT_SECONDS
            evidence = f"nothing heard for {silent_seconds / 3600:.0f} h" if silent else "heard"
            changes += self._lasts(Incident.SILENT, silent, evidence)
        if unsafe is not None:
            changes += self._lasts(Incident.UNSAFE, bool(unsafe), unsafe or "verified")
        return changes

    # --- judging ------------------------------------------------------------------------------------------

    def _suspect(self, now: float) -> None:
        """The door has just been opened."""
        if self._state is LockState.LOCKED and now - self._explained_at > _EXPLAINS_SECONDS:
            self._suspected_at = now

    def _judge_suspicion(self, now: float) -> list[Change]:
        if self._suspected_at is None:
            return []
        if self._explained_at >= self._suspected_at - _EXPLAINS_SECONDS:
            self._suspected_at = None
        elif now - self._suspected_at >= _GRACE_SECONDS:
            self._suspected_at = None
            return [Change(Incident.FORCED, False, "opened while the bolt was out, and nobody asked for it")]
        return []

    def _note_bolt(self, now: float) -> list[Change]:
        """Since when the bolt has been in behind a door that nobody holds open."""
        if self._state is LockState.LOCKED:
            self._unbolted_at = None
            return self._lasts(Incident.LEFT_UNLOCKED, False, "locked") if self._unlocked_seconds else []
        if self._contact is DoorContact.OPEN:
            self._unbolted_at = None
        elif self._unbolted_at is None and self._state is not LockState.UNKNOWN:
            self._unbolted_at = now
        return []

    def _judge_bolt(self, now: float) -> list[Change]:
        known = self._state is not LockState.UNKNOWN
        if not self._unlocked_seconds or self._unbolted_at is None or not known:
            return []
        seconds = now - self._unbolted_at
        if seconds <= self._unlocked_seconds:
            return []
        return self._lasts(Incident.LEFT_UNLOCKED, True, f"{self._state} for {seconds / 60:.0f} min")

    def _turns_freely(self, evidence: str) -> list[Change]:
        return [Change(Incident.JAMMED, True, evidence), Change(Incident.UNCALIBRATED, True, evidence)]

    def _low(self) -> str | None:
        """Which battery is low; empty text if none is, None if nothing is known."""
        says = [(entity, self._batteries.get(entity)) for entity in _CRITICAL]
        for entity, value in says:
            if value is True:
                return f"{entity}=true"
        percent = self._batteries.get(_PERCENT)
        number = percent if isinstance(percent, int | float) and not isinstance(percent, bool) else None
        limit = _RECOVERED_PERCENT if self._lasting.get(Incident.BATTERY_LOW) else _LOW_PERCENT
        if number is not None and number <= limit:
            return f"{_PERCENT}={number:g} %"
        if number is None and not any(value is False for _, value in says):
            return None
        return ""

    def _lasts(self, incident: Incident, lasting: bool, evidence: str) -> list[Change]:
        if self._lasting.get(incident) is lasting:
            return []
        self._lasting[incident] = lasting
        return [Change(incident, not lasting, evidence)]
