"""What is so now, for whoever reads the broker: retained, on change and once a minute, and gone when we are.

Every message expires on the broker when it is not repeated, so that nobody finds an old figure there after
the daemon has gone; ``arni/<site>/online`` says so at once.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from arni_edge.broker.session import BrokerSession
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress

_LOOK_SECONDS = 1.0
_GAP_SECONDS = 2.0
"""Between two messages about the same thing: what flickers must not flood the broker."""

_REPEAT_SECONDS = 60.0
_EXPIRY_SECONDS = 180
"""Three repetitions."""

AGE = "age_seconds"
"""A figure grows older all the time: that alone is no news."""

Said = Mapping[str, str | int | float | bool | None]
"""What is said: numbers and words of ours."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so.

    Attributes:
        topic: Below ``arni/<site>/``.
        read: What is so now.
    """

    topic: str
    read: Callable[[], Said]


class PublicFacts:
    """Keeps ``arni/<site>/<topic>`` true."""

    def __init__(self, broker: BrokerSession, clock: Clock, facts: Sequence[Fact], *, site_id: str) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            broker: Carries everything.
            clock: For repetitions.
            facts: What is said.
            site_id: Of the settings.
        """
        self._broker = broker
        self._clock = clock
        self._facts = tuple(facts)
        self._site_id = site_id
        self._last: dict[str, tuple[Said, float]] = {}
        broker.on_session(self._on_session)

    async def run(self, progress: Progress) -> None:
        """Say what is so until cancelled."""
        while True:
            for fact in self._facts:
                progress()
                try:
                    await self._say(fact)
                except Unavailable:
                    break  # a new session is told everything
            progress()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _on_session(self, _: int) -> None:
        self._last.clear()

    async def _say(self, fact: Fact) -> None:
        now, said = self._clock.monotonic(), fact.read()
        news = {key: value for key, value in said.items() if key != AGE}
        before, when = self._last.get(fact.topic, (None, -_REPEAT_SECONDS))
        if now - when < (_REPEAT_SECONDS if news == before else _GAP_SECONDS):
            return
        topic = f"arni/{self._site_id}/{fact.topic}"
        await self._broker.publish(topic, orjson.dumps(said), retain=True, expiry_seconds=_EXPIRY_SECONDS)
        self._last[fact.topic] = (news, now)
