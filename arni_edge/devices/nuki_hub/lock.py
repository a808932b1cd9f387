"""A Nuki Opener, or a lock without MQTT of its own, driven through a nuki_hub over the local broker."""

import structlog

from arni_edge.broker import BrokerSession, Received
from arni_edge.bus import Bus
from arni_edge.devices.courier import Courier
from arni_edge.devices.lock_view import LockView
from arni_edge.devices.nuki.codec import MOVING
from arni_edge.devices.nuki_hub import codec
from arni_edge.devices.nuki_hub.unlatch import HubWatch, LateOpening
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, LockState, Outcome, UnlatchResult
from arni_edge.settings import HubLock

_log = structlog.get_logger(__name__)


class NukiHubDriver(LockView):
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
        super().__init__(door_id, bus, clock)
        self._lock = lock
        self._hub_connected_at = float("-inf")
        self._in_flight = False
        self._late = LateOpening()
        self._courier = Courier[HubWatch](lock, broker, clock, self._conclude)
        broker.subscribe(codec.subscriptions(lock.prefix, lock.target), self._on_message)
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def unsafe(self) -> str | None:
        """Nothing that we know of makes it unsafe: the Opener itself times the strike."""
        return None

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
            # A running motion may end, but not for ever: its last state may have been lost on the way.
            if not await self._courier.until(lambda: self.state not in MOVING, self._lock.reaction_seconds):
                _log.info("lock_still_moving", door=self._door, state=self.state)
            return self._foregone() or await self._command()
        finally:
            self._in_flight = False

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
        target = self._lock.target
        topic = codec.command_topic(self._lock.prefix, target)
        verdict = await self._courier.deliver(topic, codec.UNLATCH[target], HubWatch())
        if verdict.outcome is Outcome.CONFIRMED:
            self.jammed = False
        return verdict

    def _conclude(self, _watch: HubWatch, verdict: Verdict, now: float) -> None:
        self._late.conclude(verdict, now)

    # --- what the hub says ------------------------------------------------------------------------------

    async def _on_session(self, _session: int) -> None:
        self._lose("a new broker session began")

    def _on_lost(self) -> None:
        self._lose("broker connection lost")

    def _lose(self, reason: str) -> None:
        self._liveness.forget(reason)
        self._courier.lose(reason)

    async def _on_message(self, message: Received) -> None:
        name = message.topic[len(self._lock.prefix) + 1 :]
        subject = name.removeprefix(f"{self._lock.target}/")
        if message.retained:
            self._note_history(subject, message.payload)
            return
        if name == codec.PRESENCE:
            self._on_presence(message.payload)
        else:
            self._hear()
            self._on_live(subject, message.payload)
        self._announce()
        self._courier.wake()

    def _note_history(self, subject: str, payload: bytes) -> None:
        if subject == "state":
            self._remember(state=codec.lock_state(codec.parse_state(payload), self._lock.target))
        elif subject == "doorSensorState":
            self._remember(contact=codec.door_contact(codec.parse_contact(payload)))

    def _on_live(self, subject: str, payload: bytes) -> None:
        self._note_history(subject, payload)
        if subject == "state":
            self._on_state(codec.parse_state(payload))
        elif subject == "doorSensorState":
            self._on_contact(codec.door_contact(codec.parse_contact(payload)))
        elif self._courier.watch is not None:
            self._on_answer(self._courier.watch, subject, payload)

    def _on_presence(self, payload: bytes) -> None:
        present = codec.parse_presence(payload)
        if present:
            self._come_online()
            self._hub_connected_at = self._clock.monotonic()
        elif present is False:
            # Also seen for an instant when the hub takes its own old connection over: it has started anew,
            # and nothing of before is pending.
            self._courier.lose(f"{codec.PRESENCE}=offline")
            self._liveness.go_offline(f"{codec.PRESENCE}=offline")

    def _on_state(self, word: str | None) -> None:
        state = codec.lock_state(word, self._lock.target)
        self._see_state(state)
        if self._courier.watch is not None:
            self._courier.watch.see_state(state, word or "")
        elif evidence := self._late.blame(state, word or "", self._clock.monotonic()):
            self._report_unrequested(evidence)

    def _on_contact(self, contact: DoorContact) -> None:
        before, self._contact = self._contact, contact
        if self._courier.watch is not None:
            self._courier.watch.see_contact(before, contact)

    def _on_answer(self, watch: HubWatch, subject: str, payload: bytes) -> None:
        if subject == "completionStatus":
            if (completion := codec.parse_completion(payload)) is not None:
                watch.see_completion(completion)
        elif subject == "commandResult":
            if (result := codec.parse_result(payload)) is not None:
                watch.see_result(result)
        elif subject == "retry" and (retry := codec.parse_retry(payload)) is not None:
            watch.see_retry(retry)
