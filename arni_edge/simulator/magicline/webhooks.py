"""What the simulated Magicline tells by webhook: a hint per event, lost, doubled, late and in any order."""

import asyncio
import uuid
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import httpx
import orjson

ANSWER_SECONDS: Final = 5.0
_KEPT: Final = 50_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        uuid: Its own; every copy has it.
        type: What happened.
        body: The bytes that are posted.
    """

    uuid: str
    type: str
    body: bytes


@dataclass(slots=True)
class Habits:
    """How events travel.

    Attributes:
        copies: How often one is delivered: one of these, by dice. ``(1,)`` is once, ``(0, 1, 4)`` anything.
        spread: Seconds over which deliveries are strewn, so that their order is lost.
        repeats: How often a delivery that was not answered with 2xx is tried again.
        repeat_seconds: After how long; ten minutes at the real one.
    """

    copies: Sequence[int] = (1,)
    spread: float = 0.0
    repeats: int = 0
    repeat_seconds: float = 600.0


@dataclass(slots=True)
class Delivery:
    """One try to deliver; ``status`` is None when there was no answer."""

    event: Event
    status: int | None


class Webhooks:
    """The way out.

    Attributes:
        url: Where events go; empty: nowhere.
        key: Sent as ``x-api-key``.
        types: Which are sent; None: all.
        habits: How they travel.
        holding: Events wait in ``held`` until they are released.
        held: Those that wait.
        told: The latest events since the integration was activated, whatever became of it.
        deliveries: The latest tries.
    """

    def __init__(self, key: str, dice: Random) -> None:
        """Nobody is told anything yet.

        Args:
            key: The key that this side shows.
            dice: For the habits.
        """
        self.url = ""
        self.key = key
        self.types: frozenset[str] | None = None
        self.habits = Habits()
        self.holding = False
        self.held: list[Event] = []
        self.told: deque[Event] = deque(maxlen=_KEPT)
        self.deliveries: deque[Delivery] = deque(maxlen=_KEPT)
        self._dice = dice
        self._http: httpx.AsyncClient | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def tell(self, kind: str, entity_id: int, at_ms: int, content: dict[str, Any]) -> None:
        """Something happened; returns at once.

        Args:
            kind: The type of the event.
            entity_id: What it is about.
            at_ms: When, milliseconds since 1970.
            content: What belongs to it; empty: nothing.
        """
        own = str(uuid.UUID(int=self._dice.getrandbits(128), version=4))
        payload = {"timestamp": at_ms, "type": kind} | ({"content": content} if content else {})
        event = Event(own, kind, orjson.dumps({"entityId": entity_id, "uuid": own, "payload": [payload]}))
        self.told.append(event)
        if self.types is not None and kind not in self.types:
            return
        if self.holding:
            self.held.append(event)
        elif self.url:
            self._send(event)

    def release(self, *, copies: int = 1, backwards: bool = False) -> None:
        """Deliver what was held, one after the other.

        Args:
            copies: How often each.
            backwards: The latest first.
        """
        waiting = [event for event in self.held for _ in range(copies)]
        self.held.clear()
        self._start(self._one_by_one(waiting[::-1] if backwards else waiting))

    async def settled(self) -> None:
        """Until nothing is under way any more."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    async def aclose(self) -> None:
        """Give up what is under way."""
        under_way = set(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    def _send(self, event: Event) -> None:
        for _ in range(self._dice.choice(list(self.habits.copies))):
            self._start(self._deliver(event, self._dice.uniform(0, self.habits.spread)))

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine, name="magicline-webhook")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _one_by_one(self, events: list[Event]) -> None:
        for event in events:
            await self._deliver(event, 0.0)

    async def _deliver(self, event: Event, after: float) -> None:
        await asyncio.sleep(after)
        for again in range(self.habits.repeats + 1):
            if again:
                await asyncio.sleep(self.habits.repeat_seconds)
            status = await self._post(event)
            self.deliveries.append(Delivery(event, status))
            if status is not None and 200 <= status < 300:
                return

    async def _post(self, event: Event) -> int | None:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)
        headers = {"Content-Type": "application/json", "x-api-key": self.key}
        try:
            return (await self._http.post(self.url, content=event.body, headers=headers)).status_code
        except httpx.HTTPError:
            return None
