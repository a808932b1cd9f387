"""From the relay into the database, over real HTTP: in order, nothing lost, nothing twice."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from support.waiting import eventually, eventually_is
from support.whatsapp import Box, NotingDesk, Store, a_store, no_progress, running

from arni_edge.channels.whatsapp import SOURCE
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.relay import Papers, RelayClient, RelayEvent, RelayPull, ShutOut
from arni_edge.relay.keys import read_public_key
from arni_edge.relay.server import boxes
from arni_edge.relay.server.store import Transaction
from arni_edge.settings import Relay
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.storage.relay_cursor import Position

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
        assert (await box.desk.position()).sequence == 5
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


async def test_a_gap_is_told_once_and_the_line_goes_on(tmp_path: Path) -> None:
    """What retention has taken is gone: the owner is told, the rest is read, a restart forgets no loss."""
    async with SimulatedCloud(keep=2) as cloud, a_store(tmp_path) as store:
        anna = cloud.phones.add(ANNA, "Anna")
        anna.send("vorher")
        async with Box(cloud, store) as box, running(box.pulling()):
            await eventually_stored(store, ["vorher"])
            await eventually(lambda: box.pull.caught_up_at)
        for number in range(4):
            anna.send(f"Nummer {number}")
            await eventually(lambda n=number: cloud.relay.log.newest > n + 1)  # type: ignore[misc]
        with capture_logs() as logs:
            async with Box(cloud, store) as box, running(box.pulling()):
                await eventually_stored(store, ["vorher", "Nummer 2", "Nummer 3"])
                await eventually(lambda: box.pull.caught_up_at)
        (entry,) = [entry for entry in logs if entry["event"] == "relay_gap"]
        assert (entry["after"], entry["oldest"]) == (1, 4)
        for _ in range(2):
            async with Box(cloud, store) as box, running(box.pulling()):
                await eventually(lambda b=box: b.health and b.health[-1][1] is State.DEGRADED)  # type: ignore[misc]
                assert "2 events from number 2 on" in box.health[-1][2]
        assert box.lost == []
        loss = await box.desk.last_loss()
        assert loss is not None
        assert (loss.after, loss.oldest) == (1, 4)


async def test_what_was_before_this_box_came_is_no_loss_of_its(tmp_path: Path) -> None:
    """Everything was forgotten before it first asked: it reads on behind it and is caught up."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        anna = cloud.phones.add(ANNA, "Anna")
        anna.send("verloren")
        await eventually(lambda: cloud.relay.log.newest == 1)
        await cloud.relay.log.forget(1)
        async with running(box.pulling()):
            await eventually(lambda: box.pull.caught_up_at)
            anna.send("danach")
            await eventually(lambda: store.seen == [2])
        assert await box.desk.last_loss() is None
        assert await box.desk.position() == Position((await box.relay.head()).log, 2)


async def test_a_log_that_was_set_up_anew_is_read_from_its_start(tmp_path: Path) -> None:
    """It is longer than the cursor already: only its name says that its numbers mean other events."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        anna = cloud.phones.add(ANNA, "Anna")
        async with running(box.pulling()):
            for text in ("eins", "zwei"):
                anna.send(text)
            await eventually(lambda: len(store.seen) == 2)
            await cloud.relay.renew_log()
            await eventually(lambda: store.seen == [1, 2, 1, 2])
            anna.send("drei")
            await eventually(lambda: store.seen == [1, 2, 1, 2, 3])
            assert sorted(await store.texts()) == ["drei", "eins", "zwei"]
            assert len(box.lost) == 1
            await eventually(lambda: "set up anew" in box.health[-1][2])


async def test_a_relay_that_looks_back_for_a_moment_makes_no_backup_of_this_box(tmp_path: Path) -> None:
    """One instance still reads from the machine that was given up: what this box has read, it has read."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store:

        async def pulls_until(number: int) -> None:
            async with Box(cloud, store) as box, running(box.pulling()):

                async def there() -> bool:
                    return bool(box.pull.caught_up_at) and (await box.desk.position()).sequence == number

                await eventually_is(there, bool)

        async def relay(*statements: str) -> None:
            async def unit(tx: Transaction) -> None:
                for sql in statements:
                    await tx.execute(sql)

            await cloud.relay.store.write(unit)

        anna = cloud.phones.add(ANNA, "Anna")
        for number in range(1, 5):
            anna.send(f"Nummer {number}")
            await eventually(lambda n=number: cloud.relay.log.newest == n)  # type: ignore[misc]
        await pulls_until(4)
        await relay(
            "CREATE TABLE kept AS SELECT * FROM event WHERE sequence > 2",
            "DELETE FROM event WHERE sequence > 2",
            "UPDATE gym SET newest = 2, read_to = 1",
        )
        await pulls_until(2)
        await relay("INSERT INTO event SELECT * FROM kept", "UPDATE gym SET newest = 4, read_to = 4")
        await pulls_until(4)
        anna.send("Nummer 5")
        await eventually(lambda: cloud.relay.log.newest == 5)
        await pulls_until(5)
        assert await store.texts() == [f"Nummer {number}" for number in range(1, 6)]
        assert await store.database.read("SELECT 1 FROM inbound WHERE intent = 'read_again'") == []
        assert (
            await store.database.read("SELECT 1 FROM relay_rereads WHERE restored OR told_at IS NULL") == []
        )


# --- who may ask ------------------------------------------------------------------------------------------


async def refused(cloud: SimulatedCloud, papers: Papers, **more: Any) -> ShutOut:
    client = RelayClient(cloud.relay_settings(), more.pop("clock", SystemClock()), papers)
    try:
        with pytest.raises(ShutOut) as caught:
            await client.fetch(Position(), wait=0)
        return caught.value
    finally:
        await client.aclose()


async def test_each_reason_to_be_shut_out_says_what_to_do(tmp_path: Path) -> None:
    async with SimulatedCloud() as cloud:
        papers = Papers(tmp_path / "one")
        no = await refused(cloud, papers)
        assert (no.reason, no.patient) == ("not enrolled", True)
        assert "arni-edge relay enroll CODE" in str(no)
        await cloud.relay.enroll(papers)
        for hours, word in ((1, "ahead"), (-1, "behind")):
            no = await refused(cloud, papers, clock=_Shifted(hours))
            assert (word in str(no), "timedatectl" in str(no), no.patient) == (True, True, False)
        await cloud.relay.enroll(Papers(tmp_path / "two"))
        no = await refused(cloud, papers)
        assert (no.reason, no.patient) == ("replaced", True)
        await cloud.relay.revoke()
        assert (await refused(cloud, Papers(tmp_path / "two"))).reason == "revoked"
        (tmp_path / "two" / "box.json").write_text("{")
        assert (await refused(cloud, Papers(tmp_path / "two"))).reason == "unusable"


class _Shifted(SystemClock):
    def __init__(self, hours: float) -> None:
        self._by = timedelta(hours=hours)

    def now(self) -> datetime:
        return super().now() + self._by


async def test_a_box_is_enrolled_with_a_code_that_works_once(tmp_path: Path) -> None:
    async with SimulatedCloud() as cloud:
        papers = Papers(tmp_path / "relay")
        client = RelayClient(cloud.relay_settings(), SystemClock(), papers)
        with pytest.raises(ShutOut, match="arni-relay box code"):
            await client.enroll("NO-SUCH-CODE")
        code = await cloud.relay.code()
        first = await client.enroll(code.lower())
        assert (await client.fetch(Position(), wait=0)).epoch == first.epoch == 1
        with pytest.raises(ShutOut, match="arni-relay box code"):
            await client.enroll(code)
        # Another key each time: a key that somebody has stolen is worth nothing any more.
        second = await client.enroll(await cloud.relay.code())
        assert (second.epoch, second.key.public != first.key.public) == (2, True)
        assert (await client.fetch(Position(), wait=0)).epoch == 2
        await client.aclose()
        names = sorted(file.name for file in (tmp_path / "relay").iterdir())
        assert names == sorted(["box.json", f"{second.key.public[:16]}.key"])
        assert {file.stat().st_mode & 0o777 for file in (tmp_path / "relay").iterdir()} == {0o600}


async def test_an_enrolment_whose_answer_was_lost_is_tried_again_with_the_same_code(tmp_path: Path) -> None:
    async with SimulatedCloud() as cloud:
        papers = Papers(tmp_path / "relay")
        code = await cloud.relay.code()
        key = papers.next_key()
        await boxes.enroll(cloud.relay.store, code, read_public_key(key.public), now=datetime.now(UTC))
        client = RelayClient(cloud.relay_settings(), SystemClock(), papers)
        assert (await client.enroll(code)).key.public == key.public
        await client.aclose()


async def test_a_box_that_was_replaced_asks_rarely_and_at_once_when_it_is_enrolled(tmp_path: Path) -> None:
    async with (
        SimulatedCloud() as cloud,
        a_store(tmp_path) as store,
        Box(cloud, store) as box,
        running(box.pulling()),
    ):
        await eventually(lambda: box.pull.caught_up_at)
        await cloud.relay.enroll(Papers(tmp_path / "another"))
        await eventually(lambda: "another box" in box.health[-1][2])
        assert box.health[-1][1] is State.DOWN
        answered = cloud.relay.asked
        await asyncio.sleep(1.5)
        assert cloud.relay.asked == answered
        await cloud.relay.enroll(store.papers)
        cloud.phones.add(ANNA, "Anna").send("Hallo")
        await eventually_stored(store, ["Hallo"])


async def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    """A refused connection is an outage, not a crash."""
    async with SimulatedCloud() as cloud:
        await cloud.relay.enroll(Papers(tmp_path))
    client = RelayClient(Relay(url="http://127.0.0.1:9"), SystemClock(), Papers(tmp_path))
    with pytest.raises(Unavailable):
        await client.fetch(Position(), wait=0)
    await client.aclose()


async def test_a_relay_that_says_when_is_asked_then(tmp_path: Path) -> None:
    """Not before, and not all at the same moment."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        cloud.relay.come_again = 2
        cloud.relay.down = True
        async with running(box.pulling()):
            await eventually(lambda: cloud.relay.asked == 1)
            began = time.monotonic()
            await eventually(lambda: cloud.relay.asked == 2)
            assert time.monotonic() - began >= 1.9


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
        ask = {
            "hub.mode": "subscribe",
            "hub.challenge": "1158201444",
            "hub.verify_token": cloud.relay.passes.verify_token,
        }
        answer = await meta.get(cloud.webhook_url, params=ask)
        assert (answer.status_code, answer.text) == (200, "1158201444")
        wrong = await meta.get(cloud.webhook_url, params=ask | {"hub.verify_token": "x"})
        assert wrong.status_code == 403
        forged = await meta.post(
            cloud.webhook_url, content=b"{}", headers={"X-Hub-Signature-256": "sha256=0"}
        )
        assert forged.status_code == 401
        assert cloud.relay.log.newest == 0
