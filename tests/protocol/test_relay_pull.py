"""From the relay into the database, over real HTTP: in order, nothing lost, nothing twice."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from support.waiting import eventually
from support.whatsapp import Box, NotingDesk, Store, a_store, no_progress, running

from arni_edge.channels.whatsapp import SOURCE
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.health import State
from arni_edge.relay import RelayClient, RelayEvent, RelayPull
from arni_edge.relay.wire import Gap
from arni_edge.settings import Relay
from arni_edge.simulator.cloud import SimulatedCloud

ANNA = "+49 1522 3433333"


async def eventually_stored(store: Store, texts: list[str]) -> None:
    deadline = time.monotonic() + 20
    while (found := await store.texts()) != texts:
        assert time.monotonic() < deadline, f"in the database: {found}"
        await asyncio.sleep(0.01)


async def test_messages_arrive_once_and_in_order(tmp_path: Path) -> None:
    """What a phone sends is in the database, with the cursor behind it."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        anna = cloud.phones.add(ANNA, "Anna")
        async with running(box.pulling()):
            for number in range(5):
                anna.send(f"Nummer {number}")
                await eventually(lambda n=number: cloud.relay.log.newest > n)  # type: ignore[misc]
            await eventually_stored(store, [f"Nummer {number}" for number in range(5)])
            await eventually(lambda: store.seen == [1, 2, 3, 4, 5])
        assert await box.desk.cursor() == 5
        assert box.pull.caught_up_at is not None


async def test_a_long_poll_brings_a_message_at_once(tmp_path: Path) -> None:
    """The poll waits at the relay, not the message."""
    async with (
        SimulatedCloud() as cloud,
        a_store(tmp_path) as store,
        Box(cloud, store, wait_seconds=50) as box,
        running(box.pulling()),
    ):
        await eventually(lambda: cloud.relay.waiting)
        answered = cloud.relay.polls
        cloud.phones.add(ANNA, "Anna").send("Hallo")
        await eventually_stored(store, ["Hallo"])
        assert cloud.relay.polls == answered + 1


async def test_a_webhook_that_comes_three_times_is_stored_once(tmp_path: Path) -> None:
    """Meta delivers at least once, the relay stores each delivery."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        cloud.deliver_twice()
        cloud.phones.add(ANNA, "Anna").send("Hallo", times=3)
        async with running(box.pulling()):
            await eventually(lambda: len(store.seen) == 6)
        assert await store.texts() == ["Hallo"]


@pytest.mark.parametrize("drops", [False, True])
async def test_an_outage_loses_nothing(tmp_path: Path, drops: bool) -> None:
    """503 or cut connections: down with a reason, not caught up, and everything comes later."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        anna = cloud.phones.add(ANNA, "Anna")
        async with running(box.pulling()):
            assert box.pull.away_since is not None  # nothing has been heard of it yet
            await eventually(lambda: box.pull.caught_up_at)
            await eventually(lambda: box.pull.away_since is None)
            cloud.relay.drops, cloud.relay.down = drops, True
            await eventually(lambda: ("relay", State.DOWN) in [entry[:2] for entry in box.health])
            assert box.pull.caught_up_at is None
            assert box.pull.away_since is not None
            anna.send("Während der Störung")
            cloud.relay.down = False
            await eventually_stored(store, ["Während der Störung"])
            await eventually(lambda: box.health[-1] == ("relay", State.OK, ""))


async def test_the_cursor_survives_the_process(tmp_path: Path) -> None:
    """The next life reads on where the last one committed, and a message is never taken twice."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store:
        anna = cloud.phones.add(ANNA, "Anna")
        for text in ("eins", "zwei"):
            async with Box(cloud, store) as box, running(box.pulling()):
                anna.send(text)
                await eventually(lambda t=text: len(store.seen) == ["eins", "zwei"].index(t) + 1)  # type: ignore[misc]
        assert await store.texts() == ["eins", "zwei"]
        assert store.seen == [1, 2]


async def test_an_event_that_storage_could_not_take_comes_again(tmp_path: Path) -> None:
    """Nothing is passed over: the same event is handed out until it is committed."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        tried: list[int] = []

        async def consume(event: RelayEvent) -> None:
            tried.append(event.sequence)
            if len(tried) < 3:
                raise Unavailable("the disk is full")

        desk = NotingDesk(store, {SOURCE: consume})
        pull = RelayPull(box.relay, desk, clock=SystemClock(), health=lambda *_: None, longest_backoff=0.1)
        cloud.phones.add(ANNA, "Anna").send("Hallo")
        async with running(pull.run(no_progress)):
            await eventually(lambda: store.seen)
        assert tried == [1, 1, 1]


async def test_a_gap_is_reported_and_the_line_goes_on(tmp_path: Path) -> None:
    """What retention has taken is gone; the owner is told, the rest is read."""
    async with SimulatedCloud(keep=2) as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        anna = cloud.phones.add(ANNA, "Anna")
        for number in range(4):
            anna.send(f"Nummer {number}")
            await eventually(lambda n=number: cloud.relay.log.newest > n)  # type: ignore[misc]
        with capture_logs() as logs:
            async with running(box.pulling()):
                await eventually_stored(store, ["Nummer 2", "Nummer 3"])
                await eventually(lambda: box.pull.caught_up_at)
        assert box.pull.last_gap == Gap(0, 3)
        assert next(entry for entry in logs if entry["event"] == "relay_gap")["oldest"] == 3
        assert box.health[-1][1] is State.DEGRADED


async def test_a_gap_without_events_is_met_once(tmp_path: Path) -> None:
    """Everything was forgotten: the box reads on behind it and is caught up."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        anna = cloud.phones.add(ANNA, "Anna")
        anna.send("verloren")
        await eventually(lambda: cloud.relay.log.newest == 1)
        cloud.relay.log.forget(1)
        async with running(box.pulling()):
            await eventually(lambda: box.pull.caught_up_at)
            anna.send("danach")
            await eventually_stored(store, ["danach"])


async def test_a_wrong_token_is_told_apart_from_an_outage(tmp_path: Path) -> None:
    """The owner must do something; the reason says what."""
    async with SimulatedCloud() as cloud:
        for token in (None, SecretStr("another")):
            client = RelayClient(Relay(url=cloud.relay_url, token=token), SystemClock())
            with pytest.raises(Refused, match="relay_token"):
                await client.fetch(0, wait=0)
            await client.aclose()


async def test_nobody_there_is_unavailable() -> None:
    """A refused connection is an outage, not a crash."""
    client = RelayClient(Relay(url="http://127.0.0.1:9", token=SecretStr("t")), SystemClock())
    with pytest.raises(Unavailable):
        await client.fetch(0, wait=0)
    await client.aclose()


async def test_it_shows_progress_while_the_poll_waits(tmp_path: Path) -> None:
    """A long poll is no hang: the watchdog hears of us."""
    beats: list[int] = []
    async with (
        SimulatedCloud() as cloud,
        a_store(tmp_path) as store,
        Box(cloud, store, wait_seconds=50) as box,
        running(box.pull.run(lambda: beats.append(1))),
    ):
        await eventually(lambda: cloud.relay.waiting)
        before, answered = len(beats), cloud.relay.polls
        await eventually(lambda: len(beats) >= before + 2)
        assert cloud.relay.polls == answered


async def test_the_relay_double_speaks_metas_side() -> None:
    """Verification echoes the challenge; a bad signature and a wrong verify token are refused."""
    async with SimulatedCloud() as cloud, httpx.AsyncClient(trust_env=False) as meta:
        ask = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": cloud.verify_token}
        answer = await meta.get(cloud.webhook_url, params=ask)
        assert (answer.status_code, answer.text) == (200, "1158201444")
        wrong = await meta.get(cloud.webhook_url, params=ask | {"hub.verify_token": "x"})
        assert wrong.status_code == 403
        forged = await meta.post(
            cloud.webhook_url, content=b"{}", headers={"X-Hub-Signature-256": "sha256=0"}
        )
        assert forged.status_code == 401
        assert cloud.relay.log.newest == 0
