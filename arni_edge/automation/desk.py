"""The automation desk: looks, asks the rules, and hands their plan to the devices and to people."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from arni_edge.automation.hands import LockHand, SwitchHand
from arni_edge.automation.picture import Announce, RaiseTrouble, SetGuard
from arni_edge.automation.ports import Announcer, Bolt, BusAnnouncer, Eyes, Incidents, Switch
from arni_edge.automation.rulebook import Plan, build_rulebook
from arni_edge.automation.rules.arming import ArmingRule
from arni_edge.automation.senses import EVENTS, Senses
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, Refused
from arni_edge.domain.health import Progress
from arni_edge.settings import Settings
from arni_edge.settings.automation_check import switched_devices

_LOG = structlog.get_logger(__name__)

_GAP_SECONDS = 0.05
"""Between two steps at least: a device that chatters must not keep the processor busy."""

_WAITING = 256
"""News for people that wait for the disk or for a voice."""

_TELL_SECONDS = 5.0


class AutomationDesk:
    """Runs the owner's rules. Everything it does is logged with its reason."""

    def __init__(
        self,
        settings: Settings,
        bus: Bus,
        clock: Clock,
        *,
        switches: Mapping[str, Switch],
        eyes: Eyes,
        incidents: Incidents,
        bolts: Mapping[str, Bolt],
        announcer: Announcer | None = None,
    ) -> None:
        """Make the desk; nothing runs before :meth:`run`.

        Args:
            settings: The whole configuration; ``settings.automation`` are the rules.
            bus: Tells readings, doors and alarms.
            clock: Time.
            switches: Relays by Shelly id, at least those that a rule switches.
            eyes: Who is inside.
            incidents: Where troubles are stored and told.
            bolts: Door controllers by door id, at least those that the closing rule locks.
            announcer: Who speaks; None: the bus.
        """
        automation = settings.automation
        self._incidents = incidents
        self._announcer = announcer or BusAnnouncer(bus, clock)
        self._step_seconds = automation.step_seconds
        self._rulebook = build_rulebook(settings)
        self._states = self._rulebook.begin()
        self._senses = Senses(settings, eyes, clock)
        self._events = bus.subscribe(*EVENTS)
        self._guard: tuple[str, SetGuard] | None = None
        self._news = asyncio.Event()
        self._tidings: asyncio.Queue[Announce | RaiseTrouble] = asyncio.Queue(_WAITING)
        manual = automation.manual_minutes * 60
        self._hands = {
            device: SwitchHand(device, switches[device], clock, manual)
            for device in sorted({device for _, device, _ in switched_devices(automation)})
        }
        doors = automation.closing.lock_doors if automation.closing else []
        self._locks = {door: LockHand(door, bolts[door], clock) for door in doors}

    async def run(self, progress: Progress) -> None:
        """Keep the building as the rules want it, until cancelled."""
        # A rule that crashed begins anew: with its old state it might crash at every start.
        self._states = self._rulebook.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._tell())
            for hand in self._hands.values():
                group.create_task(hand.run())
            for lock in self._locks.values():
                group.create_task(lock.run())
            await self._step_for_ever(progress)

    async def set_guard(self, armed: bool) -> None:
        """Put the house on guard, or off it, by order of staff; until the opening hours change next.

        Raises:
            Refused: The settings have no rule that guards the house.
        """
        if not any(isinstance(rule, ArmingRule) for rule in self._rulebook.rules):
            raise Refused("the settings have no [automation.arming]: nothing guards the house")
        self._senses.order(armed)
        self._news.set()

    def status(self) -> dict[str, Any]:
        """What is wished now and why, for ``arni-edge status``."""
        return {
            "rules": [rule.name for rule in self._rulebook.rules],
            "switches": {device: hand.status() for device, hand in self._hands.items()},
            "armed": self._guard[1].armed if self._guard else None,
            "locking": [door for door, hand in self._locks.items() if hand.wanted],
        }

    # --- looking and deciding -----------------------------------------------------------------------------

    async def _listen(self) -> None:
        async for event in self._events:
            self._senses.take(event)
            self._news.set()

    async def _step_for_ever(self, progress: Progress) -> None:
        while True:
            progress()
            self._news.clear()
            self._step()
            await asyncio.sleep(_GAP_SECONDS)
            try:
                async with asyncio.timeout(self._step_seconds):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _step(self) -> None:
        picture, moment = self._senses.look()
        self._states, plan = self._rulebook.step(self._states, picture, moment)
        self._hand_out(plan)

    def _hand_out(self, plan: Plan) -> None:
        for device, hand in self._hands.items():
            hand.want(plan.switches.get(device))
        if plan.guard and plan.guard != self._guard:
            rule, guard = plan.guard
            _LOG.info("automation_guard", rule=rule, armed=guard.armed, why=guard.why)
        self._guard = plan.guard
        wanted = {wish.door: (rule, wish) for rule, wish in plan.locks}
        for door, lock in self._locks.items():
            lock.want(wanted.get(door))
        tidings: list[tuple[str, RaiseTrouble | Announce]] = [*plan.troubles, *plan.announcements]
        for rule, tiding in tidings:
            _LOG.info("automation_tiding", rule=rule, tiding=repr(tiding))
            try:
                self._tidings.put_nowait(tiding)
            except asyncio.QueueFull:
                _LOG.error("automation_tiding_lost", rule=rule, tiding=repr(tiding))

    # --- telling ------------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        """One after the other, in their order: a trouble must not be over before it has begun."""
        while True:
            tiding = await self._tidings.get()
            try:
                async with asyncio.timeout(_TELL_SECONDS):
                    await self._pass_on(tiding)
            except (TimeoutError, ArniError) as error:
                _LOG.error("automation_tiding_failed", tiding=repr(tiding), reason=str(error) or "too slow")

    async def _pass_on(self, tiding: Announce | RaiseTrouble) -> None:
        if isinstance(tiding, Announce):
            await self._announcer.announce(tiding)
        elif tiding.over:
            await self._incidents.over(tiding.device, tiding.trouble, tiding.evidence)
        else:
            await self._incidents.begin(tiding.device, tiding.trouble, tiding.evidence)
