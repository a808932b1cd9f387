"""The count of the whole gym in the daemon: hears the lines, tells crossings, and outlives the daemon."""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import LineCrossed
from arni_edge.domain.headcount import HeadcountMemory, LineTotals
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.crossings import LineLedger
from arni_edge.vision.headcount import Figure, Headcount, Sights
from arni_edge.vision.messages import LineMessage
from arni_edge.vision.watched import UNHEARD_SECONDS

_LOG = structlog.get_logger(__name__)

# The count is kept with every crossing, and so often without one: a restart then knows how long it was away.
_KEEP_SECONDS = 60.0
_TRY_AGAIN_SECONDS = 5.0
_END_SECONDS = 1.0
# What lines say before the count of before is read from the disk; totals add up, so the newest suffice.
_MOST_EARLY = 256


class HeadcountKeeper(Protocol):
    """Where the count outlives the daemon."""

    async def load(self) -> tuple[HeadcountMemory, datetime, tuple[LineTotals, ...]] | None:
        """What was kept, and when."""
        ...

    async def save(self, memory: HeadcountMemory, totals: tuple[LineTotals, ...]) -> None:
        """Keep both or neither."""
        ...


class GymCount:
    """One headcount with the ledger of the lines that it comes from; both are kept together."""

    def __init__(
        self,
        plan: CountingPlan,
        bus: Bus,
        clock: Clock,
        keeper: HeadcountKeeper | None,
        *,
        unbroken_seconds: float,
    ) -> None:
        """Nothing is read before :meth:`restore`.

        Args:
            plan: Lines and zones.
            bus: Where crossings are told.
            clock: Time.
            keeper: Where the count is kept; None: it begins anew with every life.
            unbroken_seconds: What a line says after a longer silence did not all happen just now.
        """
        self._plan = plan
        self._bus = bus
        self._clock = clock
        self._keeper = keeper
        self._unbroken_seconds = unbroken_seconds
        self._headcount = Headcount(plan, clock.monotonic(), clock.now())
        self._ledger = LineLedger()
        self._ways = {line: way for way in plan.ways_in for line in way}
        self._heard: dict[str, float] = {}
        self._blind: Mapping[str, bool] = {}
        # A nightly zero that was made up for at the start: what the broker kept from before is not of today.
        self._missed_zero: datetime | None = None
        self._early: deque[tuple[LineMessage, bool]] | None = deque(maxlen=_MOST_EARLY) if keeper else None
        self._unkept = asyncio.Event()
        self._keep_at = 0.0
        self._keeps = True

    # --- asking -------------------------------------------------------------------------------------------

    def figure(self, sights: Sights) -> Figure:
        """The count by what is known and seen now; changes nothing."""
        return self._headcount.figure(sights, self._clock.monotonic())

    @property
    def memory(self) -> HeadcountMemory:
        """What the count rests on."""
        return self._headcount.memory(self._clock.monotonic(), self._clock.now())

    @property
    def counted(self) -> tuple[int, int]:
        """Entries and exits in this life; they only grow."""
        return self._headcount.entries, self._headcount.exits

    @property
    def totals(self) -> tuple[LineTotals, ...]:
        """What of the lines' totals is in the count."""
        return self._ledger.totals

    # --- hearing ------------------------------------------------------------------------------------------

    def take(self, message: LineMessage, *, retained: bool) -> None:
        """Count what a line's message brings, and tell what of it happened just now."""
        if message.line not in self._plan.lines:
            return
        if self._early is not None:
            self._early.append((message, retained))
            return
        at = self._clock.monotonic()
        counts = self._counts(message.line, at)
        unbroken = at - self._heard.get(message.line, -math.inf) <= self._unbroken_seconds
        counted = self._ledger.take(message, retained=retained, unbroken=unbroken)
        if counted is None:
            return
        if not retained:
            self._heard[message.line] = at
        if not retained and counts:
            self._headcount.heard(self._ways[message.line][0], at, continuous=counted.continuous)
        past = retained and self._missed_zero is not None and message.at <= self._missed_zero
        if counts and not past and (counted.entries or counted.exits):
            self._headcount.crossed(counted.entries, counted.exits, at, self._clock.now())
            self._unkept.set()
        for passage in counted.live:
            self._bus.publish(
                LineCrossed(
                    at=message.at,
                    camera=message.camera,
                    line=message.line,
                    direction=passage.direction,
                    together=passage.together,
                )
            )

    def _counts(self, line: str, at: float) -> bool:
        """Whether people are counted at this line: at the first one of its door that is watched."""
        way = self._ways[line]
        return line == next((one for one in way if self._is_watched(one, at)), way[0])

    def _is_watched(self, line: str, at: float) -> bool:
        heard = at - self._heard.get(line, -math.inf) <= UNHEARD_SECONDS
        return heard and not self._blind.get(line, False)

    def nobody_tells(self) -> None:
        """The worker is gone, or the way to it: what comes next did not all happen just now."""
        self._heard.clear()

    def look(self, sights: Sights, blind: Mapping[str, bool]) -> None:
        """Correct the count by what is seen now.

        Args:
            sights: Of every zone.
            blind: Of every line, whether its camera says that it cannot see.
        """
        self._blind = dict(blind)
        if self._early is None:
            dark = {way[0]: all(blind.get(line, False) for line in way) for way in self._ways.values()}
            self._headcount.look(sights, dark, self._clock.monotonic(), self._clock.now())

    def told(self, count: int) -> None:
        """Somebody who is there says how many people are in the gym.

        Raises:
            Unavailable: What was counted before is not read yet.
        """
        if self._early is not None:
            raise Unavailable("the count of before is being read; try again in a moment")
        self._headcount.told(count, self._clock.monotonic(), self._clock.now())
        self._unkept.set()

    # --- keeping ------------------------------------------------------------------------------------------

    async def restore(self) -> None:
        """Go on from what was kept, then with what lines have said since; once.

        Raises:
            Unavailable: It cannot be read now.
        """
        if self._keeper is None or self._early is None:
            return
        kept = await self._keeper.load()
        if kept is not None:
            memory, saved, totals = kept
            self._ledger.restore(one for one in totals if one.line in self._plan.lines)
            self._headcount.restore(memory, saved, self._clock.monotonic(), self._clock.now())
            if self._headcount.zeroed_for != memory.zeroed_for:
                self._missed_zero = self._headcount.zeroed_for
        early, self._early = self._early, None
        for message, retained in early:
            self.take(message, retained=retained)

    async def keep(self) -> None:
        """Keep count and totals if something was counted, or long not kept; a failing disk is tried again."""
        at = self._clock.monotonic()
        due = (self._unkept.is_set() and self._keeps) or at >= self._keep_at
        self._unkept.clear()
        if self._keeper is None or not due:
            return
        try:
            await self._keeper.save(self.memory, self._ledger.totals)
        except Unavailable as error:
            if self._keeps:
                _LOG.warning("headcount_not_kept", reason=str(error))
            self._keeps, self._keep_at = False, at + _TRY_AGAIN_SECONDS
        else:
            self._keeps, self._keep_at = True, at + _KEEP_SECONDS

    async def keep_at_the_end(self) -> None:
        """Keep what is not kept yet, if the disk is quick: what was said a moment ago is lost otherwise."""
        if self._keeper is None or self._early is not None:
            return
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(_END_SECONDS):
                await self._keeper.save(self.memory, self._ledger.totals)

    async def rest(self, seconds: float) -> None:
        """Wait for so long, or until there is something to be kept."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._unkept.wait()
