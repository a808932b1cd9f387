"""One component of a Shelly of generation 2 or newer: what it is, and commands confirmed by their effect."""

import asyncio
from collections.abc import Callable, Hashable

import structlog

from arni_edge.broker import BrokerSession, Delivery, NotSent, Received
from arni_edge.bus import Bus
from arni_edge.devices.shelly import frames
from arni_edge.devices.shelly.commanded import Commanded
from arni_edge.devices.shelly.frames import Reply, Status
from arni_edge.devices.shelly.gen2 import uptime_of
from arni_edge.devices.shelly.orders import Order, SwitchResult, refusal
from arni_edge.devices.shelly.rpc import ShellyRpc
from arni_edge.devices.verdict import Verdict
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


class ShellyPart(Commanded[Order]):
    """One component. Its status is known only after the device has told it in the current broker session."""

    def __init__(
        self,
        shelly: Shelly,
        component: str,
        rpc: ShellyRpc,
        broker: BrokerSession,
        bus: Bus,
        clock: Clock,
        *,
        core: Callable[[Status], Hashable],
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings.
            component: Its key, for instance ``switch:0``.
            rpc: Shared by all devices of the house; its ``run`` also fetches the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
            core: Takes from a status what two reports must agree on, for instance the output; None where it
                does not say.
        """
        super().__init__(shelly, broker, bus, clock)
        self.component = component
        self._rpc = rpc
        self._core = core
        self._status: Status = {}
        self._shown = False  # the effect of the command in flight was reported since it was sent
        self._news = asyncio.Event()
        self._trusted_until = 0.0  # until then a status topic may lag behind
        self._uptime: float | None = None
        self._cfg_rev: object = None
        broker.subscribe(
            [f"{shelly.prefix}/{leaf}" for leaf in ("online", "events/rpc", f"status/{component}")],
            self._on_message,
        )
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def status(self) -> Status:
        """The component's own status; empty when unknown."""
        return self._own(self._status) if self.live else {}

    # --- one command ------------------------------------------------------------------------------------

    async def carry_out(self, order: Order) -> SwitchResult:
        """Send a command and wait for its effect; never repeated by itself."""
        return await self._attempt(order)

    async def _command(self, order: Order) -> Verdict:
        self._shown = False
        already = order.shows(self.status)
        started = self._clock.monotonic()
        self._trusted_until = started + _CONFIRM_SECONDS + _WRONG_STATUS_SECONDS
        call = await self._rpc.call(
            self._shelly.prefix, order.method, order.params, deadline=_CONFIRM_SECONDS
        )
        if (end := refusal(call)) is not None:
            return end
        if call.reply is not None:
            self._liveness.come_online()
            silent = order.unchanged(call.reply.fields) if order.unchanged else already
            # No change, no notification: then only a question shows the effect.
            if not silent and await self._shows(started + _CONFIRM_SECONDS):
                return Verdict(Outcome.CONFIRMED, f"result and {order.words(self.status)}")
        return await self._ask_effect(order, call.reply)

    async def _shows(self, until: float) -> bool:
        """Wait until the device has reported the effect of the command in flight."""
        try:
            async with asyncio.timeout(until - self._clock.monotonic()):
                while not self._shown:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _ask_effect(self, order: Order, answered: Reply | None) -> Verdict:
        try:
            status = await self._ask()
        except NotSent as error:
            # The question never left; the command did.
            return Verdict(Outcome.UNKNOWN, str(error))
        evidence = f"{self._getter} {order.words(status or {})}"
        if status is not None and (order.shows(status) or (answered is not None and self._shown)):
            return Verdict(Outcome.CONFIRMED, evidence)
        # Without a reply the command may still be on its way; a pulse may be over already.
        if status is None or self._core(status) is None or answered is None or order.passing:
            return Verdict(Outcome.UNKNOWN, evidence)
        return Verdict(Outcome.FAILED, evidence)

    @property
    def _getter(self) -> str:
        kind = self.component.partition(":")[0]
        return f"{kind.upper() if kind in {'rgb', 'rgbw', 'cct'} else kind.title()}.GetStatus"

    async def _ask(self) -> Status | None:
        number = int(self.component.partition(":")[2])
        call = await self._rpc.call(self._shelly.prefix, self._getter, {"id": number}, deadline=_ASK_SECONDS)
        if call.reply is None or call.reply.error is not None:
            return None
        self._liveness.come_online()
        self._learn({self.component: call.reply.fields})
        return call.reply.fields

    # --- what the device says ---------------------------------------------------------------------------

    async def _on_session(self, _session: int) -> None:
        self._liveness.forget("a new broker session began")
        self._rpc.ask_later(self._subject, self._resync)

    def _on_lost(self) -> None:
        self._liveness.forget("broker connection lost")

    @property
    def _subject(self) -> str:
        return f"{self._shelly.id}/{self.component}"

    def _forget(self) -> None:
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
            self._notice_restart(call.reply.fields)
            self._replace(call.reply.fields)
        return True

    async def _recheck(self) -> bool:
        """Ask for the component alone, where two sources contradict each other."""
        try:
            return await self._ask() is not None
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
        if self.live and self._core(self.status) is None:
            self._rpc.ask_later(self._subject, self._resync)

    def _on_online(self, payload: bytes) -> None:
        if payload.strip() == b"true":
            self._forget()  # a new session of the device: it may have rebooted
            self._liveness.come_online()
            self._rpc.ask_later(self._subject, self._resync)
            self._doubt_because("online")
        elif payload.strip() == b"false":
            self._liveness.go_offline("online=false")

    def _on_notification(self, payload: bytes) -> None:
        notification = frames.parse_notification(payload)
        if notification is None:
            return
        self._rpc.know(self._shelly.prefix, notification.source)  # nobody else may speak on this topic
        if notification.method == "NotifyFullStatus":
            self._notice_restart(notification.params)
            self._replace(notification.params)
        elif notification.method == "NotifyStatus":
            if self._notice_restart(notification.params):
                self._forget()
                self._rpc.ask_later(self._subject, self._resync)
            self._learn(notification.params)
            if self._core(self._own(notification.params)) is not None:
                self._trusted_until = self._clock.monotonic() + _WRONG_STATUS_SECONDS

    def _on_component_status(self, payload: bytes) -> None:
        status = frames.parse_object(payload)
        if status is None:
            return
        lagging = self._clock.monotonic() < self._trusted_until
        if lagging and self._core(status) != self._core(self.status):
            # Believe neither: ask.
            self._rpc.ask_later(self._subject, self._recheck)
            return
        self._learn({self.component: status})

    def _notice_restart(self, status: Status) -> bool:
        """Whether the device has rebooted since it last told its uptime; tells doubters, also of changes."""
        sys = status.get("sys")
        uptime, cfg_rev = uptime_of(sys), sys.get("cfg_rev") if isinstance(sys, dict) else None
        cfg_rev = cfg_rev if isinstance(cfg_rev, int) else None
        restarted = uptime is not None and self._uptime is not None and uptime < self._uptime
        changed = cfg_rev is not None and self._cfg_rev not in {None, cfg_rev}
        self._uptime = self._uptime if uptime is None else uptime
        self._cfg_rev = self._cfg_rev if cfg_rev is None else cfg_rev
        if restarted or changed:
            self._doubt_because("rebooted" if restarted else "configuration changed")
        return restarted

    def _doubt_because(self, why: str) -> None:
        _log.debug("shelly_doubted", device=self._shelly.id, why=why)
        self._doubt()

    def _replace(self, status: Status) -> None:
        self._status = {}
        self._learn(status)

    def _learn(self, delta: Status) -> None:
        self._status = frames.overlay(self._status, delta)
        order, news = self._order, self._own(delta)
        if order is not None and order.keys & news.keys() and order.shows(self._own(self._status)):
            self._shown = True
            self._news.set()

    def _own(self, status: Status) -> Status:
        own = status.get(self.component)
        return own if isinstance(own, dict) else {}
