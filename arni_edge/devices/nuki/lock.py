"""A Nuki Smart Lock at a door, driven over the local broker (Nuki MQTT API 1.5)."""

import asyncio
from dataclasses import dataclass

import structlog

from arni_edge.broker import BrokerSession, Delivery, NotSent, Received
from arni_edge.bus import Bus
from arni_edge.devices.liveness import Liveness
from arni_edge.devices.nuki import codec
from arni_edge.devices.nuki.codec import Action, LockActionEvent, Subject
from arni_edge.devices.nuki.unlatch import Attribution, UnlatchWatch, Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, LockState, Outcome, UnlatchResult
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import LockChanged, UnrequestedOpening
from arni_edge.settings import Door

_log = structlog.get_logger(__name__)

_EXPIRY_SECONDS = 5
"""The vendor asks for at most 10; what was not handed over by then would open for somebody who has left."""


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What the lock said last, retained values included: for showing, never for acting."""

    state: LockState = LockState.UNKNOWN
    contact: DoorContact = DoorContact.UNKNOWN


class NukiLockDriver:
    """One lock. Its state is what it said live in the current broker session, otherwise *unknown*.

    Commands are never retained, never queued, never sent twice.

    Attributes:
        last_known: Latest values, retained ones included; for display only.
        jammed: A blocked motor was seen. Stays until an opening was confirmed: the lock itself takes the
            state back after about ten seconds although nothing was repaired.
    """

    def __init__(self, door: Door, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            door: The door and its lock, from the settings.
            broker: Carries commands and messages.
            bus: Told of :class:`LockChanged`, availability and :class:`UnrequestedOpening`.
            clock: For event times and durations.
        """
        self._door = door
        self._broker = broker
        self._bus = bus
        self._clock = clock
        self._liveness = Liveness(f"lock/{door.id}", bus, clock, self._forget_picture)
        self._spelling = codec.spellings(door.lock.nuki_id)[0]
        self._state = LockState.UNKNOWN
        self._contact = DoorContact.UNKNOWN
        self._announced = LastKnown()
        self.last_known = LastKnown()
        self.jammed = False
        self._in_flight = False
        self._watch: UnlatchWatch | None = None
        self._news = asyncio.Event()
        self._attribution = Attribution()
        broker.subscribe(codec.subscriptions(door.lock.nuki_id), self._on_message)
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def live(self) -> bool:
        """Whether the lock was heard in this broker session and has not left since."""
        return self._liveness.live

    @property
    def state(self) -> LockState:
        """What the lock said live in this broker session."""
        return self._state if self.live else LockState.UNKNOWN

    @property
    def contact(self) -> DoorContact:
        """What the door sensor said live in this broker session."""
        return self._contact if self.live else DoorContact.UNKNOWN

    async def unlatch(self) -> UnlatchResult:
        """Open the door once, and say what became of it.

        Ends after the settings' ``goal_seconds`` at the latest, and ``reaction_seconds`` later if the motor
        turned when it was called. Never repeated by itself; when cancelled, its fate is unknown.
        """
        started = self._clock.monotonic()
        verdict = await self._unlatch()
        return UnlatchResult(verdict.outcome, verdict.evidence, self._clock.monotonic() - started)

    # --- one command ------------------------------------------------------------------------------------

    async def _unlatch(self) -> Verdict:
        if self._in_flight:
            return Verdict(Outcome.BUSY, "another command is in flight")
        self._in_flight = True
        try:
            await self._standstill()
            if self._liveness.offline:
                return Verdict(Outcome.OFFLINE, "connected=false")
            return await self._command()
        finally:
            self._in_flight = False

    async def _standstill(self) -> None:
        """Let a running motion end, but not for ever: its last state may have been lost on the way."""
        try:
            async with asyncio.timeout(self._door.lock.reaction_seconds):
                while self.state in codec.MOVING:
                    await self._next_message()
        except TimeoutError:
            _log.info("lock_still_moving", door=self._door.id, state=self.state)

    async def _command(self) -> Verdict:
        watch = self._watch = UnlatchWatch()
        verdict = Verdict(Outcome.UNKNOWN, "cancelled")
        try:
            verdict = await self._send() or await self._verdict(watch)
            if verdict.outcome is Outcome.UNKNOWN and watch.verdict is not None:
                verdict = watch.verdict  # the lock may have been quicker than the broker's receipt
        finally:
            self._watch = None
            self._attribution.conclude(watch, verdict, self._clock.monotonic())
        if verdict.outcome is Outcome.CONFIRMED:
            self.jammed = False
        return verdict

    async def _send(self) -> Verdict | None:
        """Publish the command.

        Returns:
            The verdict if it is already clear, None if the lock has to answer.
        """
        if self._broker.second_instance:
            return Verdict(Outcome.NOT_PERMITTED, "another instance uses our client id")
        try:
            delivery = await self._broker.publish(
                codec.command_topic(self._spelling),
                str(int(Action.UNLATCH)),
                qos=1,
                retain=False,
                expiry_seconds=_EXPIRY_SECONDS,
                deadline=self._door.lock.reaction_seconds,
            )
        except NotSent as error:
            return Verdict(Outcome.OFFLINE, str(error))
        except Unavailable as error:
            return Verdict(Outcome.UNKNOWN, str(error))
        if delivery is Delivery.NO_SUBSCRIBER:
            return Verdict(Outcome.OFFLINE, "no matching subscribers")
        if delivery is Delivery.NOT_PERMITTED:
            return Verdict(Outcome.NOT_PERMITTED, "refused by the broker")
        return None

    async def _verdict(self, watch: UnlatchWatch) -> Verdict:
        lock, published = self._door.lock, self._clock.monotonic()
        while watch.verdict is None:
            patience = lock.goal_seconds if watch.reacted else lock.reaction_seconds
            try:
                async with asyncio.timeout(published + patience - self._clock.monotonic()):
                    await self._next_message()
            except TimeoutError:
                return watch.give_up()
        return watch.verdict

    async def _next_message(self) -> None:
        self._news.clear()
        await self._news.wait()

    # --- what the lock says -----------------------------------------------------------------------------

    async def _on_session(self, _session: int) -> None:
        self._lose("a new broker session began")

    def _on_lost(self) -> None:
        self._lose("broker connection lost")

    def _lose(self, reason: str) -> None:
        if self._watch is not None:
            self._watch.lose(reason)
        self._liveness.forget(reason)
        self._news.set()

    def _forget_picture(self) -> None:
        self._state, self._contact = LockState.UNKNOWN, DoorContact.UNKNOWN
        self._announce()

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
            self._liveness.hear()
            self._on_live(subject, message.payload)
        self._announce()
        self._news.set()

    def _note_history(self, subject: Subject, payload: bytes) -> None:
        if subject is Subject.STATE:
            self.last_known = LastKnown(codec.parse_state(payload), self.last_known.contact)
        elif subject is Subject.CONTACT:
            self.last_known = LastKnown(self.last_known.state, codec.parse_contact(payload))

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
            self._liveness.come_online()
        elif connected is False:
            # Also seen for an instant when the lock takes its own old connection over: a new session of the
            # lock, in which nothing of the old one is pending.
            if self._watch is not None:
                self._watch.lose("connected=false")
            self._liveness.go_offline("connected=false")

    def _on_state(self, state: LockState) -> None:
        self._state = state
        if state is LockState.MOTOR_BLOCKED and not self.jammed:
            self.jammed = True
            _log.error("lock_jammed", door=self._door.id)
        if self._watch is not None:
            self._watch.see_state(state)
        elif evidence := self._attribution.blame_state(state, self._clock.monotonic()):
            self._report_unrequested(evidence)

    def _on_contact(self, contact: DoorContact) -> None:
        before, self._contact = self._contact, contact
        if self._watch is not None:
            self._watch.see_contact(before, contact)

    def _on_event(self, event: LockActionEvent | None) -> None:
        if event is None or (self._watch is not None and self._watch.see_event(event)):
            return
        if evidence := self._attribution.blame_event(event, self._clock.monotonic()):
            self._report_unrequested(evidence)

    def _on_response(self, code: int | None) -> None:
        if code is not None and self._watch is not None:
            self._watch.see_response(code)

    # --- telling the house ------------------------------------------------------------------------------

    def _report_unrequested(self, evidence: str) -> None:
        _log.warning("unrequested_opening", door=self._door.id, evidence=evidence)
        self._bus.publish(UnrequestedOpening(at=self._clock.now(), door=self._door.id, evidence=evidence))

    def _announce(self) -> None:
        """Publish a change of the live picture. A flicker of the connection is none."""
        picture = LastKnown(self._state, self._contact)
        if picture != self._announced:
            self._announced = picture
            self._bus.publish(
                LockChanged(
                    at=self._clock.now(), door=self._door.id, state=picture.state, contact=picture.contact
                )
            )
