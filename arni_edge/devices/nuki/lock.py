"""A Nuki Smart Lock at a door, driven over the local broker (Nuki MQTT API 1.5)."""

import asyncio

import structlog

from arni_edge.broker import BrokerSession, Received
from arni_edge.bus import Bus
from arni_edge.devices.courier import NOBODY_LISTENS, Courier
from arni_edge.devices.lock_view import LockView
from arni_edge.devices.nuki import codec, words
from arni_edge.devices.nuki.codec import Action, LockActionEvent, Subject
from arni_edge.devices.nuki.unlatch import Attribution, CommandWatch
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, LockState, Outcome, UnlatchResult
from arni_edge.domain.events import DeviceSignalled, LockUsed
from arni_edge.settings import NukiLock

_log = structlog.get_logger(__name__)

DROPS_ON_COMMAND = "drops_on_command"
"""Signalled when the lock left the broker right after a command (seen with a 3.0 Pro)."""

_DROP_SECONDS = 5.0

_ANOTHER_COMMAND = Verdict(Outcome.BUSY, "another command is in flight")


class NukiLockDriver(LockView):
    """One lock. Its state is what it said live in the current broker session, otherwise *unknown*.

    Commands are never retained and never queued. An opening is never sent twice; it overtakes a lock command
    that has not been sent yet, never the other way round.

    Attributes:
        last_known: Latest values, retained ones included; for display only.
        jammed: A blocked motor was seen. Stays until a command was confirmed or a person has looked: the lock
            itself takes the state back after about ten seconds although nothing was repaired.
        device: Its name in events: ``lock/<door>``.
    """

    def __init__(self, door_id: str, lock: NukiLock, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            door_id: The door that it is on.
            lock: From the settings.
            broker: Carries commands and messages.
            bus: Told of :class:`LockChanged`, availability, :class:`UnrequestedOpening`, and of what is
                done at the lock itself.
            clock: For event times and durations.
        """
        super().__init__(door_id, bus, clock)
        self._lock = lock
        self._broker = broker
        self._spelling = codec.spellings(lock.nuki_id)[0]
        self._turn = asyncio.Lock()
        self._opening = False
        self._state_at = self._session_at = float("-inf")
        self._attribution = Attribution()
        self._courier = Courier[CommandWatch](lock, broker, clock, self._attribution.conclude)
        broker.subscribe(codec.subscriptions(lock.nuki_id), self._on_message)
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def unsafe(self) -> str | None:
        """None: nothing that can be set at this lock holds a door open, and from inside it turns by hand."""
        return None

    async def unlatch(self) -> UnlatchResult:
        """Open the door once, and say what became of it.

        Takes ``goal_seconds`` of the settings at the longest, and up to ``reaction_seconds`` more each for
        the broker to come back, for the lock to come back with it and for a turning motor; a lock command
        that has been sent ends first. Never repeated by itself; when cancelled, its fate is unknown.
        """
        started = self._clock.monotonic()
        if self._opening:
            return UnlatchResult(_ANOTHER_COMMAND.outcome, _ANOTHER_COMMAND.evidence, 0.0)
        self._opening = True
        self._courier.wake()  # a lock command that still waits gives way
        try:
            async with self._turn:
                return self._result(await self._perform(Action.UNLATCH), started)
        finally:
            self._opening = False

    async def lock(self, *, by_person: bool = False) -> UnlatchResult:
        """Put the bolt out, and say what became of it.

        Not while the door sensor says *open* or *unknown*: the bolt would meet the frame. After *unknown* it
        is tried once more if the sensor says *closed*.

        Args:
            by_person: Somebody sees the door; then the sensor is not asked.
        """
        started = self._clock.monotonic()
        if self._opening or self._turn.locked():
            return UnlatchResult(_ANOTHER_COMMAND.outcome, _ANOTHER_COMMAND.evidence, 0.0)
        async with self._turn:
            verdict = await self._perform(Action.LOCK, by_person=by_person)
            if verdict.outcome is Outcome.UNKNOWN and self.contact is DoorContact.CLOSED:
                _log.warning("lock_tried_again", door=self._door, evidence=verdict.evidence)
                verdict = await self._perform(Action.LOCK)
            return self._result(verdict, started)

    # --- one command ------------------------------------------------------------------------------------

    def _result(self, verdict: Verdict, started: float) -> UnlatchResult:
        return UnlatchResult(verdict.outcome, verdict.evidence, self._clock.monotonic() - started)

    async def _perform(self, action: Action, *, by_person: bool = False) -> Verdict:
        patience = self._lock.reaction_seconds

        def overtaken() -> bool:
            return action is Action.LOCK and self._opening

        # Right after a start of ours the wish may be here before the broker is.
        await self._courier.until(lambda: self._broker.connected or overtaken(), patience)
        # A running motion may end, but not for ever: its last state may have been lost on the way.
        if not await self._courier.until(lambda: self.state not in codec.MOVING or overtaken(), patience):
            _log.info("lock_still_moving", door=self._door, state=self.state)
        if overtaken():
            return Verdict(Outcome.BUSY, "overtaken by an opening")
        if verdict := self._foregone(action, by_person=by_person):
            return verdict
        verdict = await self._deliver(action)
        # It certainly reached nobody, so that sending it to a lock that has come back is no repetition.
        if verdict == NOBODY_LISTENS and await self._comes_back():
            verdict = await self._deliver(action)
        if verdict.outcome is Outcome.CONFIRMED:
            self.jammed = False
        return verdict

    def _foregone(self, action: Action, *, by_person: bool) -> Verdict | None:
        """The end of a command that needs not, or must not, be sent."""
        if self._liveness.offline:
            return Verdict(Outcome.OFFLINE, "connected=false")
        if self.state is LockState.UNCALIBRATED:
            return Verdict(Outcome.FAILED, "state=0 (not calibrated)")
        if action is Action.LOCK:
            if self.state is LockState.LOCKED and self._state_at > self._courier.sent_at:
                return Verdict(Outcome.CONFIRMED, "state=1 already")
            if self.contact is not DoorContact.CLOSED and not by_person:
                return Verdict(Outcome.NOT_PERMITTED, f"door sensor says {self.contact}")
        return None

    async def _deliver(self, action: Action) -> Verdict:
        """Send a command to the lock, under its id as it spells it, and wait for the verdict."""
        topic = codec.command_topic(self._spelling)
        return await self._courier.deliver(topic, str(int(action)), CommandWatch(action))

    async def _comes_back(self) -> bool:
        """After a power cut the lock may be back a moment later than we are.

        Returns:
            Whether it was away when this was called, and is heard before the session is ``reaction_seconds``
            old. A lock that is there and does not listen ("Allow locking" is off) does not come back.
        """
        if self.live:
            return False
        age = self._clock.monotonic() - self._session_at
        await self._courier.until(
            lambda: self.live or self._liveness.offline, self._lock.reaction_seconds - age
        )
        return self.live

    # --- what the lock says -----------------------------------------------------------------------------

    async def _on_session(self, _session: int) -> None:
        self._session_at = self._clock.monotonic()
        self._lose("a new broker session began")

    def _on_lost(self) -> None:
        self._lose("broker connection lost")

    def _lose(self, reason: str) -> None:
        self._liveness.forget(reason)
        self._courier.lose(reason)

    async def _on_message(self, message: Received) -> None:
        address = codec.split_topic(message.topic)
        if address is None:
            return
        spelling, subject = address
        if message.retained:
            self._note_history(subject, message.payload)
            return
        self._spelling = spelling
        if subject is Subject.CONNECTED:
            self._on_connected(message.payload)
        else:
            self._hear()
            self._on_live(subject, message.payload)
        self._announce()
        self._courier.wake()

    def _note_history(self, subject: Subject, payload: bytes) -> None:
        if subject is Subject.STATE:
            self._remember(state=codec.parse_state(payload))
        elif subject is Subject.CONTACT:
            self._remember(contact=codec.parse_contact(payload))

    def _on_live(self, subject: Subject, payload: bytes) -> None:
        self._note_history(subject, payload)
        if subject is Subject.STATE:
            self._on_state(codec.parse_state(payload))
        elif subject is Subject.CONTACT:
            self._on_contact(codec.parse_contact(payload))
        elif subject is Subject.EVENT:
            self._on_event(codec.parse_event(payload))
        elif subject is Subject.RESPONSE:
            self._on_response(codec.parse_number(payload))

    def _on_connected(self, payload: bytes) -> None:
        connected = codec.parse_bool(payload)
        if connected:
            self._come_online()
        elif connected is False:
            if self._drops_on_command():
                self._signal(Subject.CONNECTED, DROPS_ON_COMMAND)
            # Also seen for an instant when the lock takes its own old connection over: a new session of the
            # lock, in which nothing of the old one is pending.
            self._courier.lose("connected=false")
            self._liveness.go_offline("connected=false")

    def _drops_on_command(self) -> bool:
        """Whether a lock that leaves now does so right after a command, without having done it."""
        now, watch = self._clock.monotonic(), self._courier.watch
        just_now = now - self._courier.sent_at <= _DROP_SECONDS
        pending = watch is not None and watch.verdict is None
        return just_now and (pending or self._attribution.unaccounted(now))

    def _on_state(self, state: LockState) -> None:
        self._see_state(state)
        self._state_at = self._clock.monotonic()
        if self._courier.watch is not None:
            self._courier.watch.see_state(state)
        elif evidence := self._attribution.blame_state(state, self._clock.monotonic()):
            self._report_unrequested(evidence)

    def _on_contact(self, contact: DoorContact) -> None:
        before, self._contact = self._contact, contact
        if self._courier.watch is not None:
            self._courier.watch.see_contact(before, contact)

    def _on_event(self, event: LockActionEvent | None) -> None:
        if event is None or (self._courier.watch is not None and self._courier.watch.see_event(event)):
            return
        if evidence := self._attribution.blame_event(event, self._clock.monotonic()):
            self._report_unrequested(evidence)
        if not event.by_mqtt:
            self._tell_use(event)

    def _on_response(self, code: int | None) -> None:
        if code is not None and self._courier.watch is not None:
            self._courier.watch.see_response(code)

    # --- telling the house ------------------------------------------------------------------------------

    def _signal(self, entity: Subject, name: str) -> None:
        self._bus.publish(DeviceSignalled(at=self._clock.now(), device=self.device, entity=entity, name=name))

    def _tell_use(self, event: LockActionEvent) -> None:
        said = words.action_data(event, opener=False)
        self._bus.publish(
            LockUsed(
                at=self._clock.now(),
                door=self._door,
                action=str(said["action"]),
                source=str(said["source"] or ""),
                auth_id=event.auth,
                code_id=event.code,
            )
        )
