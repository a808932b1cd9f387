"""Whatever Meta and the network do, and whenever the box dies: chat once, alarms at least once, in order.

The real sender on a real database, real HTTP to the simulated Graph API; only the relay's line is short: what
Meta reports goes straight into the outbox.
"""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from support.whatsapp import AlwaysOpen, Store, a_store, no_progress

from arni_edge.channels.whatsapp import (
    DeliveryState,
    DeliveryStatus,
    GraphApi,
    Letters,
    WhatsAppSender,
    open_client,
    sender,
)
from arni_edge.channels.whatsapp.reports import DeliveryReports
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, Language, Priority
from arni_edge.settings import WhatsApp
from arni_edge.simulator.graph import VERSION, SimulatedGraph
from arni_edge.simulator.phones import PhoneBook
from arni_edge.simulator.serve import serve
from arni_edge.simulator.webhooks import Courier

_OURS = "106540352242922"
_RESOLVE = 0.5
_NUMBERS = ("+4915223433300", "+4915223433301", "+4915223433302")
_WORDS = Letters(Catalogue.load(), Language.GERMAN)


@dataclass
class _Line:
    """A relay that has always been there, or is away."""

    since: float
    away: bool = False

    @property
    def caught_up_at(self) -> float | None:
        return None if self.away else SystemClock().monotonic()

    @property
    def caught_up_since(self) -> float | None:
        return None if self.away else self.since

    @property
    def away_since(self) -> float | None:
        return self.since if self.away else None


class _Straight(Courier):
    """Meta's reports without a relay: each into the outbox, some twice, in any order."""

    def __init__(self, store: Store) -> None:
        super().__init__("x", business_id="1", phone_number_id="2", display_number="3")
        self._store = store

    def deliver(self, value: Mapping[str, Any], *, after: float = 0.0, times: int = 1) -> None:
        for status in value["statuses"]:
            report = DeliveryStatus(
                Channel.WHATSAPP,
                status["id"],
                DeliveryState(status["status"]),
                SystemClock().now(),
                status["biz_opaque_callback_data"],
            )
            for _ in range(times):
                task = asyncio.create_task(self._note(report, after))
                self._deliveries.add(task)
                task.add_done_callback(self._deliveries.discard)

    async def _note(self, report: DeliveryStatus, after: float) -> None:
        await asyncio.sleep(after)
        now = SystemClock().now()
        await self._store.database.write(lambda tx: DeliveryReports().note(tx, [report], now))


@dataclass(frozen=True)
class _Life:
    """One life of the box, and what goes wrong in it.

    Attributes:
        refused: Codes with which the next messages are refused; None is a gateway that gives up.
        cut_before: Connections that break before Meta has the message.
        cut_after: Connections that break after it.
        slow: Meta takes its time, so that a death falls into a request.
        relay_away: No report can be missed, so only alarms are repeated.
        dies_after: At which request it is killed.
    """

    refused: tuple[int | None, ...] = ()
    cut_before: int = 0
    cut_after: int = 0
    slow: bool = False
    relay_away: bool = False
    dies_after: int = 3


_lives = st.lists(
    st.builds(
        _Life,
        st.lists(st.sampled_from([131000, 131056, 2, 130429, None]), max_size=2).map(tuple),
        st.integers(0, 2),
        st.integers(0, 2),
        st.booleans(),
        st.booleans(),
        st.integers(1, 6),
    ),
    max_size=2,
)
_said = st.lists(
    st.tuples(st.sampled_from(_NUMBERS), st.sampled_from([Priority.CHAT, Priority.CHAT, Priority.ALARM])),
    min_size=1,
    max_size=7,
)


@dataclass
class _World:
    """Meta and the box."""

    store: Store
    graph: SimulatedGraph
    url: str
    reported: _Straight
    keys: dict[str, str] = field(default_factory=dict)

    async def live(self, life: _Life | None) -> None:
        """One life; the last one lasts until everything has ended."""
        line = _Line(SystemClock().monotonic() - 100.0, away=life is not None and life.relay_away)
        settings = WhatsApp(
            phone_number_id="106540352242922", graph_url=self.url, access_token=SecretStr("x")
        )
        async with open_client() as http:
            box = WhatsAppSender(
                GraphApi(settings, http),
                self.store.outbox,
                line,
                clock=self.store.clock,
                resolve_seconds=_RESOLVE,
                letters=_WORDS,
                windows=AlwaysOpen(),
                health=lambda *_: None,
            )
            task = asyncio.create_task(box.run(no_progress))
            try:
                async with asyncio.timeout(30):
                    await (self._until_all_is_over() if life is None else self._until_death(life))
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _until_death(self, life: _Life) -> None:
        graph = self.graph
        for code in life.refused:
            graph.fail(code)
        graph.drop_before_accepting(life.cut_before)
        graph.drop_after_accepting(life.cut_after)
        graph.delay = 0.05 if life.slow else 0.0
        until, seen = graph.requests + life.dies_after, self.store.clock.monotonic()
        # What waits for Meta's own pauses is not waited for.
        while graph.requests < until and self.store.clock.monotonic() - seen < 0.4:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def _until_all_is_over(self) -> None:
        self.graph.recover()
        self.graph.delay = 0.0
        # Pauses of Meta's limits are part of what was played, not of what is judged.
        while set((await self.store.states()).values()) != {"sent"}:
            await self.store.database.write(
                lambda tx: tx.execute("UPDATE outbox SET not_before = '2020' WHERE state = 'retry'")
            )
            await asyncio.sleep(0.02)


async def _play(folder: Path, said: list[tuple[str, Priority]], lives: list[_Life]) -> None:
    async with a_store(folder) as store:
        reported = _Straight(store)
        phones = PhoneBook(reported, store.clock)
        for number in _NUMBERS:
            phones.add(number, "Jemand")
        graph = SimulatedGraph(
            phone_number_id=_OURS,
            token="x",
            phones=phones,
            courier=reported,
            clock=store.clock,
            seed=1,
        )
        graph.window = False
        # Later than the sender looks, so that what it repeats too early is seen.
        graph.habits.latency = 0.15
        async with serve(graph.app) as url:
            world = _World(store, graph, f"{url}/{VERSION}", reported)
            for place, (whom, priority) in enumerate(said):
                await store.queue(f"m{place}", whom, f"Nummer {place}", priority=priority)
            for life in lives:
                await world.live(life)
            await world.live(None)
            await asyncio.sleep(_RESOLVE + 0.2)  # a repetition would come now
            await reported.aclose()
        for phone in phones:
            heard = [words for one in phone.inbox for words in one.text.split("\n\n")]
            chats, alarms = (
                [f"Nummer {n}" for n, one in enumerate(said) if one == (phone.number, priority)]
                for priority in (Priority.CHAT, Priority.ALARM)
            )
            assert [words for words in heard if words in chats] == chats
            assert {words for words in heard if words not in chats} == set(alarms)
            assert len([words for words in heard if words in alarms]) <= 3 * len(alarms)


@pytest.fixture(autouse=True)
def _quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "_TICK_SECONDS", 0.05)


@settings(max_examples=int(os.environ.get("ARNI_SCHEDULES", "4")))
@given(_said, _lives)
def test_chat_once_and_alarms_at_least_once(said: list[tuple[str, Priority]], lives: list[_Life]) -> None:
    """Order is kept per person among chats, and nothing is stuck."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(Path(folder), said, lives))
