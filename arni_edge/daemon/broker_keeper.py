"""Keeps the managed Mosquitto running while houses come and go."""

import asyncio

from arni_edge.broker.managed import BrokerPlan, ManagedMosquitto
from arni_edge.domain.clock import Clock
from arni_edge.supervision import Child, HealthBoard, Supervisor

_PART = "mosquitto"
# It gets a second and a half to end by itself.
_STOP_SECONDS = 1.7


class BrokerKeeper:
    """A task tree of its own for the one part that a move must not stop: devices stay connected.

    Attributes:
        task: Runs while there is a managed broker; ends by itself only when something is broken in here.
    """

    def __init__(self, mosquitto: ManagedMosquitto, board: HealthBoard, clock: Clock) -> None:
        """Nothing is started before :meth:`keep`.

        Args:
            mosquitto: What is kept.
            board: Where its health is told.
            clock: Time.
        """
        self._mosquitto = mosquitto
        self._board = board
        self._clock = clock
        self._tree: Supervisor | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Its parts on the health board."""
        return (_PART,) if self.task is not None else ()

    @property
    def late(self) -> list[str]:
        """Parts that should have moved and have not."""
        return self._tree.late if self._tree is not None else []

    async def keep(self, plan: BrokerPlan) -> None:
        """From now on there is a broker, and it is as planned.

        One that runs goes on running if it can. One that is not there yet is not waited for: its port may be
        taken, and the house has to come up without it.
        """
        await self._mosquitto.reconfigure(plan)
        if self.task is None:
            self._tree = Supervisor(self._board, self._clock, stop_seconds=_STOP_SECONDS)
            self._tree.add(Child(_PART, self._mosquitto.run))
            self.task = asyncio.create_task(self._tree.run(), name="broker tree")

    async def stop(self) -> None:
        """From now on there is none."""
        task, self.task, self._tree = self.task, None, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
