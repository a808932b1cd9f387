"""The picture of a lock at a door, made of what was said of it live."""

from dataclasses import dataclass, replace

import structlog

from arni_edge.bus import Bus
from arni_edge.devices.liveness import Liveness
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.events import LockChanged, UnrequestedOpening

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What the lock said last, retained values included: for showing, never for acting."""

    state: LockState = LockState.UNKNOWN
    contact: DoorContact = DoorContact.UNKNOWN


class LockView:
    """What is known of a lock: what was said live in the current broker session, otherwise *unknown*.

    The drivers build on it: they know the wire, it knows the picture.

    Attributes:
        last_known: Latest values, retained ones included; for display only.
        jammed: A blocked motor was seen. Stays until a command was confirmed or a person has looked.
        device: Its name in events: ``lock/<door>``.
    """

    def __init__(self, door_id: str, bus: Bus, clock: Clock) -> None:
        """Nothing is known yet.

        Args:
            door_id: The door that it is on.
            bus: Told of :class:`LockChanged`, availability and :class:`UnrequestedOpening`.
            clock: For event times and durations.
        """
        self.device = f"lock/{door_id}"
        self._door = door_id
        self._bus = bus
        self._clock = clock
        self._liveness = Liveness(self.device, bus, clock, self._forget_picture)
        self._state = LockState.UNKNOWN
        self._contact = DoorContact.UNKNOWN
        self._announced = LastKnown()
        self.last_known = LastKnown()
        self.jammed = False
        self._heard_at = clock.monotonic()

    @property
    def live(self) -> bool:
        """Whether the lock, or the hub before it, was heard in this broker session and has not left since."""
        return self._liveness.live

    @property
    def state(self) -> LockState:
        """What was said live of the lock in this broker session."""
        return self._state if self.live else LockState.UNKNOWN

    @property
    def contact(self) -> DoorContact:
        """What the door sensor said live in this broker session."""
        return self._contact if self.live else DoorContact.UNKNOWN

    @property
    def silent_seconds(self) -> float | None:
        """Since it was last heard live, or since we listen; None after its goodbye."""
        return None if self._liveness.offline else self._clock.monotonic() - self._heard_at

    def forget_jam(self) -> None:
        """A person has looked at the motor."""
        self.jammed = False

    # --- for the driver ---------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Something came live."""
        self._liveness.hear()
        self._heard_at = self._clock.monotonic()

    def _come_online(self) -> None:
        """It says live that it is there."""
        self._liveness.come_online()
        self._heard_at = self._clock.monotonic()

    def _remember(self, *, state: LockState | None = None, contact: DoorContact | None = None) -> None:
        """Take a value over for display, a retained one too."""
        if state is not None:
            self.last_known = replace(self.last_known, state=state)
        if contact is not None:
            self.last_known = replace(self.last_known, contact=contact)

    def _see_state(self, state: LockState) -> None:
        """A live state."""
        self._state = state
        if state is LockState.MOTOR_BLOCKED and not self.jammed:
            self.jammed = True
            _log.error("lock_jammed", door=self._door)

    def _forget_picture(self) -> None:
        self._state, self._contact = LockState.UNKNOWN, DoorContact.UNKNOWN
        self._announce()

    def _report_unrequested(self, evidence: str) -> None:
        _log.warning("unrequested_opening", door=self._door, evidence=evidence)
        self._bus.publish(UnrequestedOpening(at=self._clock.now(), door=self._door, evidence=evidence))

    def _announce(self) -> None:
        """Publish a change of the live picture. A flicker of the connection is none."""
        now = LastKnown(self._state, self._contact)
        if now != self._announced:
            self._announced = now
            self._bus.publish(
                LockChanged(at=self._clock.now(), door=self._door, state=now.state, contact=now.contact)
            )
