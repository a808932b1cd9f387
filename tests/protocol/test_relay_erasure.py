"""Who is forgotten here is forgotten at the relay: asked for with the deletion, and until it is done."""

from pathlib import Path

import pytest
from support.clock import ManualClock
from support.waiting import eventually, eventually_is
from support.whatsapp import Box, Store, a_store, running

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.people import Member
from arni_edge.privacy.erasure import ErasureDesk
from arni_edge.relay import RelayEraser
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.storage import members, relay_traces
from arni_edge.storage.audit import AuditLog

ANNA, BEN = "+4915223433333", "+4915224444444"


def desk_of(store: Store, folder: Path) -> ErasureDesk:
    log = AuditLog(b"k" * 32)
    return ErasureDesk(store.database, ManualClock(), Catalogue.load(), log, folders=[folder])


async def put_on_file(store: Store) -> None:
    anna = Member("m1", "Anna Alt", ANNA)
    await store.database.write(lambda tx: members.put_by_hand(tx, [anna], store.clock.now()))


async def left(cloud: SimulatedCloud) -> list[int]:
    """Numbers of the events that still have a body."""
    return [event.sequence for event in await cloud.relay.log.after(0) if event.body is not None]


async def test_an_erasure_reaches_the_relay_through_an_outage(tmp_path: Path) -> None:
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        database, health = store.database, list[tuple[State, str]]()
        eraser = RelayEraser(
            box.relay, box.desk, database, health=lambda *said: health.append(said), longest_backoff=0.1
        )
        await put_on_file(store)
        anna, ben = cloud.phones.add(ANNA, "Anna"), cloud.phones.add(BEN, "Ben")
        async with running(box.pulling(), box.sending()):
            anna.send("Ich bin's")
            ben.send("Und ich")
            await eventually(lambda: len(store.seen) == 2)
            await store.queue("a", ANNA, "Hallo Anna")
            # What becomes of an answer is an event that names them, too.
            await eventually_is(store.states, lambda states: states == {"a": "sent"})
            await eventually(lambda: len({status for status in store.seen if status > 2}) >= 3)
        (bens,) = [
            event.sequence
            for event in await cloud.relay.log.after(0)
            if event.body and b"Und ich" in event.body
        ]
        before = await left(cloud)
        cloud.relay.down = True
        proof = await desk_of(store, tmp_path).erase("m1", "console:nora")
        assert proof.removed["relay_erasures"] == len(before) - 1
        with pytest.raises(Unavailable):
            await eraser.catch_up()
        assert await relay_traces.waiting(database) == len(before) - 1
        async with running(eraser.run(lambda: None)):
            await eventually(lambda: health and health[-1][0] is State.DEGRADED)
            cloud.relay.down = False
            await eventually(lambda: health[-1][0] is State.OK)
        assert await left(cloud) == [bens]
        assert await relay_traces.waiting(database) == 0


async def test_what_was_forgotten_and_is_delivered_again_is_forgotten_there_again(tmp_path: Path) -> None:
    """A relay that was restored from a backup has what it had erased; it is met when its log is read anew."""
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        await put_on_file(store)
        anna = cloud.phones.add(ANNA, "Anna")
        eraser = RelayEraser(box.relay, box.desk, store.database, health=lambda *_: None)
        async with running(box.pulling()):
            anna.send("Ich bin's")
            await eventually(lambda: store.seen == [1])
            await desk_of(store, tmp_path).erase("m1", "console:nora")
            await cloud.relay.renew_log()
            await eventually(lambda: store.seen == [1, 1])
        assert await left(cloud) == [1]
        await eraser.catch_up()
        assert await left(cloud) == []
        assert await store.texts() == []


async def test_what_has_not_been_read_yet_is_not_erased(tmp_path: Path) -> None:
    async with SimulatedCloud() as cloud, a_store(tmp_path) as store, Box(cloud, store) as box:
        async with running(box.pulling()):
            await eventually(lambda: box.pull.caught_up_at)
        eraser = RelayEraser(box.relay, box.desk, store.database, health=lambda *_: None)
        cloud.phones.add(ANNA, "Anna").send("Hallo")
        await eventually(lambda: cloud.relay.log.newest == 1)
        await store.database.write(lambda tx: relay_traces.note(tx, ["whatsapp:x"], 1))
        await store.database.write(lambda tx: relay_traces.erase(tx, ["whatsapp:x"]))
        await eraser.catch_up()
        assert await left(cloud) == [1]
        async with running(box.pulling()):
            await eventually(lambda: store.seen == [1])
        await eraser.catch_up()
        assert await left(cloud) == []
