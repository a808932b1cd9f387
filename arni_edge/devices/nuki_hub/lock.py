"""A Nuki Opener, or a lock without MQTT of its own, driven through a nuki_hub over the local broker."""

import asyncio
from typing import Final

import structlog

from arni_edge.broker import BrokerSession, Delivery, NotSent, Received
from arni_edge.bus import Bus
from arni_edge.devices.liveness import Liveness
from arni_edge.devices.nuki.codec import MOVING
from arni_edge.devices.nuki.lock import LastKnown
from arni_edge.devices.nuki.unlatch import Verdict
from arni_edge.devices.nuki_hub import codec
from arni_edge.devices.nuki_hub.unlatch import HubWatch, LateOpening
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, LockState, Outcome, UnlatchResult
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import LockChanged, UnrequestedOpening
from arni_edge.settings import HubLock

_log = structlog.get_logger(__name__)

_EXPIRY_SECONDS: Final = 5
"""What was not handed over by then would open for somebody who has left."""


class NukiHubDriver:
    """One lock or opener behind a hub. Its state is what the hub said live in the current broker session.

    Commands are never retained, never queued and never sent twice by us. The hub tries by itself again; that
    cannot be switched off from here, and an opening that comes late is reported.

    Live is the *hub*: whether its device is in reach of Bluetooth shows only when it is asked to act. The hub
    answers ``ack`` on the topic of the command, and nobody of ours subscribes to that: so a hub that is away
    is noticed at once (no matching subscribers), but never that only its device is.

    Attributes:
        last_known: Latest values, retained ones included; for display only.
        jammed: A blocked motor was seen. Stays until a command was confirmed or a person has looked.
        device: Its name in events: ``lock/<door>``.
    """

    def __init__(self, door_id: str, lock: HubLock, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            door_id: The door that it is on.
            lock: From the settings.
            broker: Carries commands and messages.
            bus: Told of :class:`LockChanged`, availability and :class:`UnrequestedOpening`.
            clock: For event times and durations.
        """
        self.device = f"lock/{door_id}"
        self._door = door_id
        self._lock = lock
        self._broker = broker
        self._bus = bus
        self._clock = clock
        self._liveness = Liveness(self.device, bus, clock, self._forget_picture)
        self._state = LockState.UNKNOWN
        self._contact = DoorContact.UNKNOWN
        self._announced = LastKnown()
        self.last_known = LastKnown()
        self.jammed = False
        self._heard_at = clock.monotonic()
        self._hub_connected_at = float("-inf")
        self._in_flight = False
        self._watch: HubWatch | None = None
        self._late = LateOpening()
        self._news = asyncio.Event()
        broker.subscribe(codec.subscriptions(lock.prefix, lock.target), self._on_message)
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def live(self) -> bool:
        """Whether the hub was heard in this broker session and has not left since."""
        return self._liveness.live

    @property
    def state(self) -> LockState:
        """What the hub said live of the device in this broker session."""
        return self._state if self.live else LockState.UNKNOWN

    @property
    def contact(self) -> DoorContact:
        """What the door sensor said live in this broker session."""
        return self._contact if self.live else DoorContact.UNKNOWN

    @property
    def silent_seconds(self) -> float | None:
        """Since the hub was last heard live, or since we listen; None after its goodbye."""
        return None if self._liveness.offline else self._clock.monotonic() - self._heard_at

    @property
    def unsafe(self) -> str | None:
        """Nothing that we know of makes it unsafe: the Opener itself times the strike."""
        return None

    def forget_jam(self) -> None:
        """A person has looked at the motor."""
        self.jammed = False

    async def unlatch(self) -> UnlatchResult:
        """Open the door once, and say what became of it.

        Takes ``goal_seconds`` of the settings at the longest, and up to ``reaction_seconds`` more if the
        motor turned when it was called. Never repeated by us; when cancelled, its fate is unknown.
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
            return self._foregone() or await self._command()
        finally:
            self._in_flight = False

    async def _standstill(self) -> None:
        """Let a running motion end, but not for ever: its last state may have been lost on the way."""
        try:
            async with asyncio.timeout(self._lock.reaction_seconds):
                while self.state in MOVING:
                    await self._next_message()
        except TimeoutError:
            _log.info("lock_still_moving", door=self._door, state=self.state)

    def _foregone(self) -> Verdict | None:
        """The end of a command that must not be sent."""
        if self._liveness.offline:
            return Verdict(Outcome.OFFLINE, f"{codec.PRESENCE}=offline")
        if self._clock.monotonic() - self._hub_connected_at < codec.DEAF_SECONDS:
            seconds = f"{codec.DEAF_SECONDS:g} s"
            return Verdict(Outcome.OFFLINE, f"the hub throws commands away for {seconds} after it connected")
        if self.state is LockState.UNCALIBRATED:
            return Verdict(Outcome.FAILED, "state=uncalibrated")
        return None

    async def _command(self) -> Verdict:
        watch = self._watch = HubWatch()
        verdict = Verdict(Outcome.UNKNOWN, "cancelled")
        try:
            verdict = await self._send() or await self._verdict(watch)
            if verdict.outcome is Outcome.UNKNOWN and watch.verdict is not None:
                verdict = watch.verdict  # the hub may have been quicker than the broker's receipt
        finally:
            self._watch = None
            self._late.conclude(verdict, self._clock.monotonic())
        if verdict.outcome is Outcome.CONFIRMED:
            self.jammed = False
        return verdict

    async def _send(self) -> Verdict | None:
        """Publish the command.

        Returns:
            The verdict if it is already clear, None if the hub has to answer.
        """
        try:
            delivery = await self._broker.publish(
                codec.command_topic(self._lock.prefix, self._lock.target),
                codec.UNLATCH[self._lock.target],
                qos=1,
                retain=False,
                expiry_seconds=_EXPIRY_SECONDS,
                deadline=self._lock.reaction_seconds,
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

    async def _verdict(self, watch: HubWatch) -> Verdict:
        lock, published = self._lock, self._clock.monotonic()
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

    # --- what the hub says ------------------------------------------------------------------------------

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
        name = message.topic[len(self._lock.prefix) + 1 :]
        subject = name.removeprefix(f"{self._lock.target}/")
        if message.retained:
            self._note_history(subject, message.payload)
            return
        if name == codec.PRESENCE:
            self._on_presence(message.payload)
        else:
            self._liveness.hear()
            self._heard_at = self._clock.monotonic()
            self._on_live(subject, message.payload)
        self._announce()
        self._news.set()

    def _note_history(self, subject: str, payload: bytes) -> None:
        if subject == "state":
            state = codec.lock_state(codec.parse_state(payload), self._lock.target)
            self.last_known = LastKnown(state, self.last_known.contact)
        elif subject == "doorSensorState":
            contact = codec.door_contact(codec.parse_contact(payload))
            self.last_known = LastKnown(self.last_known.state, contact)

    def _on_live(self, subject: str, payload: bytes) -> None:
        self._note_history(subject, payload)
        if subject == "state":
            self._on_state(codec.parse_state(payload))
        elif subject == "doorSensorState":
            self._on_contact(codec.door_contact(codec.parse_contact(payload)))
        elif self._watch is not None:
            self._on_answer(self._watch, subject, payload)

    def _on_presence(self, payload: bytes) -> None:
        present = codec.parse_presence(payload)
        if present:
            self._liveness.come_online()
            self._heard_at = self._hub_connected_at = self._clock.monotonic()
        elif present is False:
            # Also seen for an instant when the hub takes its own old connection over: it has started anew,
            # and nothing of before is pending.
            if self._watch is not None:
                self._watch.lose(f"{codec.PRESENCE}=offline")
            self._liveness.go_offline(f"{codec.PRESENCE}=offline")

    def _on_state(self, word: str | None) -> None:
        state = self._state = codec.lock_state(word, self._lock.target)
        if state is LockState.MOTOR_BLOCKED and not self.jammed:
            self.jammed = True
            _log.error("lock_jammed", door=self._door)
        if self._watch is not None:
            self._watch.see_state(state, word or "")
        elif evidence := self._late.blame(state, word or "", self._clock.monotonic()):
            _log.warning("unrequested_opening", door=self._door, evidence=evidence)
            self._bus.publish(UnrequestedOpening(at=self._clock.now(), door=self._door, evidence=evidence))

    def _on_contact(self, contact: DoorContact) -> None:
        before, self._contact = self._contact, contact
        if self._watch is not None:
            self._watch.see_contact(before, contact)

    def _on_answer(self, watch: HubWatch, subject: str, payload: bytes) -> None:
        if subject == "completionStatus":
            if (completion := codec.parse_completion(payload)) is not None:
                watch.see_completion(completion)
        elif subject == "commandResult":
            if (result := codec.parse_result(payload)) is not None:
                watch.see_result(result)
        elif subject == "retry" and (retry := codec.parse_retry(payload)) is not None:
            watch.see_retry(retry)

    # --- telling the house ------------------------------------------------------------------------------

    def _announce(self) -> None:
        """Publish a change of the live picture. A flicker of the connection is none."""
        now = LastKnown(self._state, self._contact)
        if now != self._announced:
            self._announced = now
            self._bus.publish(
                LockChanged(at=self._clock.now(), door=self._door, state=now.state, contact=now.contact)
            )
