"""Daemon, worker and broker end and begin in any order: no crossing that anybody knows is lost or doubled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from support.clock import ManualClock

from arni_edge.bus import Bus
from arni_edge.domain.events import LineCrossed
from arni_edge.domain.headcount import HeadcountMemory, LineTotals
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.gym_count import GymCount
from arni_edge.vision.messages import LineMessage

Direction = Literal["in", "out"]
Totals = tuple[int, int]


class Disk:
    """What survives a daemon."""

    def __init__(self) -> None:
        self.kept: tuple[HeadcountMemory, datetime, tuple[LineTotals, ...]] | None = None
        self.now: datetime | None = None

    async def load(self) -> tuple[HeadcountMemory, datetime, tuple[LineTotals, ...]] | None:
        return self.kept

    async def save(self, memory: HeadcountMemory, totals: tuple[LineTotals, ...]) -> None:
        assert self.now is not None
        self.kept = (memory, self.now, totals)


@dataclass
class House:
    """One door, and what a perfect observer of the wire would know.

    Attributes:
        seen: Totals of every life of the worker, as far as they reached the daemon.
        kept: The same, as far as it is on the disk.
    """

    disk: Disk = field(default_factory=Disk)
    clock: ManualClock = field(default_factory=ManualClock)
    retained: LineMessage | None = None
    life: int = 0
    worker: Totals = (0, 0)
    linked: bool = True
    daemon: GymCount | None = None
    seen: dict[str, Totals] = field(default_factory=dict)
    kept: dict[str, Totals] = field(default_factory=dict)
    walked: list[Direction] = field(default_factory=list)
    told: list[Direction] = field(default_factory=list)

    # --- what happens -------------------------------------------------------------------------------------

    async def begin(self) -> None:
        await self.daemon_begins()
        self.heartbeat()
        assert self.daemon is not None
        self.daemon.told(0)
        await self.keeps()

    async def do(self, step: str) -> None:
        self.clock.advance(60.0 if step == "wait" else 1.0)
        if step == "keep":
            await self.keeps()
        elif step == "daemon_begins":
            if self.daemon is None:
                await self.daemon_begins()
        elif step in {"in", "out"}:
            self.cross("in" if step == "in" else "out")
        elif step != "wait":
            getattr(self, step)()

    def again(self) -> None:
        """QoS 1 may deliver twice."""
        if self.retained is not None and self.linked:
            self._hears(self.retained)

    def worker_dies(self) -> None:
        """The supervisor starts it again."""
        self.life, self.worker, self.linked = self.life + 1, (0, 0), True
        if self.daemon is not None:
            self.daemon.nobody_tells()
        self.heartbeat()

    def unlink(self) -> None:
        self.linked = False

    def link(self) -> None:
        self.linked = True
        self.heartbeat()

    def broker_dies(self) -> None:
        """What it kept is gone; everybody comes back and says it again."""
        self.retained = None
        if self.daemon is not None:
            self.daemon.nobody_tells()
        self.heartbeat()

    def daemon_dies(self) -> None:
        """SIGKILL: what is not on the disk is gone."""
        self.daemon, self.seen = None, dict(self.kept)

    def cross(self, direction: Direction) -> None:
        entries, exits = self.worker
        self.worker = (entries + 1, exits) if direction == "in" else (entries, exits + 1)
        self.walked.append(direction)
        self._says(direction)

    def heartbeat(self) -> None:
        self._says(None)

    async def keeps(self) -> None:
        if self.daemon is not None:
            self.disk.now = self.clock.now()
            await self.disk.save(self.daemon.memory, self.daemon.totals)
            self.kept = dict(self.seen)

    async def daemon_begins(self) -> None:
        bus = Bus()
        self.events = bus.subscribe(LineCrossed)
        plan = CountingPlan(lines={"door": "cam"})
        self.daemon = GymCount(plan, bus, self.clock, self.disk, unbroken_seconds=8.0)
        await self.daemon.restore()
        if self.retained is not None:
            self.daemon.take(self.retained, retained=True)
            self.seen[self.retained.epoch] = (self.retained.entries, self.retained.exits)

    # --- the wire -----------------------------------------------------------------------------------------

    def _says(self, direction: Direction | None) -> None:
        if not self.linked:
            return
        self.retained = LineMessage(
            line="door",
            camera="cam",
            epoch=f"life-{self.life}",
            entries=self.worker[0],
            exits=self.worker[1],
            direction=direction,
            at=self.clock.now(),
            sequence=0,
        )
        self._hears(self.retained)

    def _hears(self, message: LineMessage) -> None:
        if self.daemon is None:
            return
        self.daemon.take(message, retained=False)
        self.seen[message.epoch] = (message.entries, message.exits)
        self.told += [event.direction for event in self.events._safety if isinstance(event, LineCrossed)]
        self.events._safety.clear()


_STEPS = st.sampled_from(
    (
        "in in in out heartbeat again unlink link keep wait worker_dies broker_dies daemon_dies daemon_begins"
    ).split()
)


@given(st.lists(_STEPS, max_size=60))
@settings(max_examples=250, deadline=None)
def test_no_crossing_is_lost_or_doubled_in_whatever_order_they_end_and_begin(steps: Sequence[str]) -> None:
    async def live() -> House:
        house = House()
        await house.begin()
        for step in (*steps, "link"):
            await house.do(step)
        if house.daemon is None:
            await house.daemon_begins()
        return house

    house = asyncio.run(live())
    assert house.daemon is not None
    memory = house.daemon.memory
    assert memory.entries == sum(entries for entries, _ in house.seen.values())
    assert memory.exits == sum(exits for _, exits in house.seen.values())
    assert memory.inside == memory.entries - memory.exits + memory.clamps
    for direction in ("in", "out"):
        assert house.told.count(direction) <= house.walked.count(direction), "nobody is accused twice"
