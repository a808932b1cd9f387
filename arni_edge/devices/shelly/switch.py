"""A relay in a Shelly of generation 2 or newer, driven over the local broker."""

import asyncio
from dataclasses import dataclass

import structlog

from arni_edge.broker import BrokerSession, Delivery, Received
from arni_edge.bus import Bus
from arni_edge.devices.liveness import Liveness
from arni_edge.devices.shelly import frames
from arni_edge.devices.shelly.frames import Reply, Status
from arni_edge.devices.shelly.rpc import Call, ShellyRpc
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import Shelly

_log = structlog.get_logger(__name__)

_CONFIRM_SECONDS = 2.0
"""Reply and effect normally come well within this time."""

_ASK_SECONDS = 2.0

_WRONG_STATUS_SECONDS = 5.0
"""Firmware 2.0.1-beta1 may show the old output in ``status/…`` right after a change (ioBroker.shelly issue
1594)."""


@dataclass(frozen=True, slots=True)
class SwitchResult:
    """The outcome of one switch command, with its evidence.

    Attributes:
        outcome: What became of it.
        evidence: What was seen on the wire, for the audit.
        seconds: From the command to the outcome.
    """

    outcome: Outcome
    evidence: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Verdict:
    outcome: Outcome
    evidence: str


class ShellySwitch:
    """One relay. Its output is known only after the device has told it in the current broker session."""

    def __init__(self, shelly: Shelly, rpc: ShellyRpc, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings.
            rpc: Shared by all devices of the house; its ``run`` also fetches the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
        """
        self._shelly = shelly
        self._rpc = rpc
        self._broker = broker
        self._clock = clock
        self._liveness = Liveness(f"shelly/{shelly.id}", bus, clock, self._forget_status)
        self._status: Status = {}
        self._in_flight = False
        self._seen: set[bool] = set()  # outputs reported since the command in flight was sent
        self._news = asyncio.Event()
        self._trusted_until = 0.0  # until then a status topic may lag behind
        broker.subscribe(
            [f"{shelly.prefix}/{leaf}" for leaf in ("online", "events/rpc", f"status/{self._component}")],
            self._on_message,
        )
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def live(self) -> bool:
        """Whether the device was heard, or answered, in this broker session and has not left since."""
        return self._liveness.live

    @property
    def output(self) -> bool | None:
        """Whether the relay is on; None when unknown."""
        return frames.switch_output(self._status, self._shelly.switch) if self.live else None

    @property
    def _component(self) -> str:
        return f"switch:{self._shelly.switch}"

    # --- one command ------------------------------------------------------------------------------------

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch the relay and wait for the effect; never repeated by itself.

        Args:
            on: As it shall be.
            toggle_after: Seconds until the *device* switches back, so that a dead daemon leaves nothing on.
        """
        started = self._clock.monotonic()
        verdict = await self._switch(on, toggle_after)
        return SwitchResult(verdict.outcome, verdict.evidence, self._clock.monotonic() - started)

    async def _switch(self, on: bool, toggle_after: float | None) -> _Verdict:
        if self._in_flight:
            return _Verdict(Outcome.BUSY, "another command is in flight")
        if not self._broker.connected:
            return _Verdict(Outcome.OFFLINE, "no broker connection")
        if not self.live:
            return _Verdict(Outcome.OFFLINE, "not live")
        self._in_flight = True
        try:
            return await self._command(on, toggle_after)
        except Unavailable as error:
            return _Verdict(Outcome.UNKNOWN, str(error))
        finally:
            self._in_flight = False

    async def _command(self, on: bool, toggle_after: float | None) -> _Verdict:
        params: Status = {"id": self._shelly.switch, "on": on}
        if toggle_after is not None:
            params["toggle_after"] = toggle_after
        self._seen.clear()
        started = self._clock.monotonic()
        self._trusted_until = started + _CONFIRM_SECONDS + _WRONG_STATUS_SECONDS
        call = await self._rpc.call(self._shelly.prefix, "Switch.Set", params, deadline=_CONFIRM_SECONDS)
        if refusal := _refusal(call):
            return refusal
        if call.reply is not None:
            self._liveness.come_online()
            # No change, no notification: then only a question shows the effect.
            if call.reply.fields.get("was_on") is not on and await self._shows(
                on, started + _CONFIRM_SECONDS
            ):
                return _Verdict(Outcome.CONFIRMED, f"result and output={_text(on)}")
        return await self._ask_effect(on, call.reply, pulse=toggle_after is not None)

    async def _shows(self, on: bool, until: float) -> bool:
        """Wait until the device has reported this output since the command."""
        try:
            async with asyncio.timeout(until - self._clock.monotonic()):
                while on not in self._seen:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _ask_effect(self, on: bool, answered: Reply | None, *, pulse: bool) -> _Verdict:
        output = await self._ask_output()
        evidence = f"Switch.GetStatus output={_text(output)}"
        if output is on or (answered is not None and on in self._seen):
            return _Verdict(Outcome.CONFIRMED, evidence)
        # Without a reply the command may still be on its way; a pulse may be over already.
        if output is None or answered is None or pulse:
            return _Verdict(Outcome.UNKNOWN, evidence)
        return _Verdict(Outcome.FAILED, evidence)

    async def _ask_output(self) -> bool | None:
        call = await self._rpc.call(
            self._shelly.prefix, "Switch.GetStatus", {"id": self._shelly.switch}, deadline=_ASK_SECONDS
        )
        if call.reply is None or call.reply.error is not None:
            return None
        self._liveness.come_online()
        self._learn({self._component: call.reply.fields})
        return frames.component_output(call.reply.fields)

    # --- what the device says ---------------------------------------------------------------------------

    async def _on_session(self, _session: int) -> None:
        self._liveness.forget("a new broker session began")
        self._rpc.ask_later(self._shelly.id, self._resync)

    def _on_lost(self) -> None:
        self._liveness.forget("broker connection lost")

    def _forget_status(self) -> None:
        self._status = {}

    async def _resync(self) -> bool:
        """Ask for everything."""
        try:
            call = await self._rpc.call(self._shelly.prefix, "Shelly.GetStatus", {}, deadline=_ASK_SECONDS)
        except Unavailable:
            return True  # the next session asks again
        if call.reply is None:
            # Whoever is away announces itself when it comes; who hears but is silent is asked again.
            return call.delivery is not Delivery.ACCEPTED
        if call.reply.error is None:
            self._liveness.come_online()
            self._replace(call.reply.fields)
        return True

    async def _recheck(self) -> bool:
        """Ask for the switch alone, where two sources contradict each other."""
        try:
            return await self._ask_output() is not None
        except Unavailable:
            return True

    async def _on_message(self, message: Received) -> None:
        if message.retained:
            return  # only ``online`` is ever retained, and a retained one proves nothing
        leaf = message.topic.removeprefix(f"{self._shelly.prefix}/")
        if leaf == "online":
            self._on_online(message.payload)
            return
        self._liveness.hear()
        if leaf == "events/rpc":
            self._on_notification(message.payload)
        else:
            self._on_component_status(message.payload)
        if self.live and self.output is None:
            self._rpc.ask_later(self._shelly.id, self._resync)

    def _on_online(self, payload: bytes) -> None:
        if payload.strip() == b"true":
            self._forget_status()  # a new session of the device: it may have rebooted
            self._liveness.come_online()
            self._rpc.ask_later(self._shelly.id, self._resync)
        elif payload.strip() == b"false":
            self._liveness.go_offline("online=false")

    def _on_notification(self, payload: bytes) -> None:
        notification = frames.parse_notification(payload)
        if notification is None:
            return
        if notification.method == "NotifyFullStatus":
            self._replace(notification.params)
        elif notification.method == "NotifyStatus":
            self._learn(notification.params)
            if frames.switch_output(notification.params, self._shelly.switch) is not None:
                self._trusted_until = self._clock.monotonic() + _WRONG_STATUS_SECONDS

    def _on_component_status(self, payload: bytes) -> None:
        status = frames.parse_object(payload)
        if status is None:
            return
        output, lagging = frames.component_output(status), self._clock.monotonic() < self._trusted_until
        if lagging and output is not self.output:
            # Believe neither: ask.
            self._rpc.ask_later(self._shelly.id, self._recheck)
            return
        self._learn({self._component: status})

    def _replace(self, status: Status) -> None:
        self._status = {}
        self._learn(status)

    def _learn(self, delta: Status) -> None:
        self._status = frames.overlay(self._status, delta)
        output = frames.switch_output(delta, self._shelly.switch)
        if output is not None:
            self._seen.add(output)
            self._news.set()


def _refusal(call: Call) -> _Verdict | None:
    """The end of a command that was certainly not executed."""
    if call.delivery is Delivery.NO_SUBSCRIBER:
        return _Verdict(Outcome.OFFLINE, "no matching subscribers")
    if call.delivery is Delivery.NOT_PERMITTED:
        return _Verdict(Outcome.NOT_PERMITTED, "refused by the broker")
    if call.reply is not None and call.reply.error is not None:
        return _Verdict(Outcome.FAILED, f"error {call.reply.error}")
    return None


def _text(output: bool | None) -> str:
    return {True: "true", False: "false", None: "unknown"}[output]
