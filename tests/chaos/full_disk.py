"""A disk that is really full: what the reserve is for. Played by ``test_full_disk.py``, in a namespace."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.daemon import DaemonProcess
from support.devices import plugged_in
from support.disks import SmallDisk, mounted
from support.mosquitto import Mosquitto
from support.waiting import eventually, eventually_is

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.simulator.gateway import SimulatedGateway
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_parts import Input
from arni_edge.storage import Database, Transaction
from arni_edge.storage.reserve import Reserve

MIB = 1 << 20
SIZE = 4 * MIB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk", 24) as disk:
        yield disk


@asynccontextmanager
async def a_box(disk: SmallDisk) -> AsyncIterator[tuple[Database, Reserve]]:
    reserve = Reserve(disk.root / "reserve", SIZE)
    reserve.refill()
    database = await Database.open(disk.root / "arni.db", reserve)
    writer = asyncio.create_task(database.run(lambda: None))
    try:
        yield database, reserve
    finally:
        writer.cancel()
        await asyncio.wait({writer})
        await database.close()
        reserve.close()


async def _big(tx: Transaction) -> None:
    """More than what is free in the last page of anything."""
    await tx.execute("INSERT INTO relay_cursor VALUES (hex(randomblob(20000)), 1)")


async def _rows(database: Database) -> int:
    return int((await database.read("SELECT count(*) FROM relay_cursor"))[0][0])


# --- the reserve --------------------------------------------------------------------------------------------


async def test_only_what_is_vital_is_stored_on_a_full_disk(disk: SmallDisk) -> None:
    async with a_box(disk) as (database, reserve):
        assert reserve.look().kept == SIZE
        disk.fill()
        with pytest.raises(Unavailable, match="full"):
            await database.write(_big)
        assert (await _rows(database), reserve.look().kept) == (0, SIZE)
        await database.write(_big, vital=True)
        assert (await _rows(database), reserve.look().kept) == (1, SIZE * 7 // 8)


async def test_what_is_committed_with_something_vital_breaks_no_reserve_for_itself(disk: SmallDisk) -> None:
    async with a_box(disk) as (database, _):
        disk.fill()
        ends = await asyncio.gather(
            database.write(_big),
            database.write(_big, vital=True),
            database.write(_big),
            return_exceptions=True,
        )
        assert [type(end) for end in ends] == [Unavailable, type(None), Unavailable]
        assert await _rows(database) == 1


async def test_whatever_fills_the_disk_again_leaves_something_for_the_next_alarms(disk: SmallDisk) -> None:
    async with a_box(disk) as (database, reserve):
        for alarm in range(8):
            disk.fill(name=f"filler{alarm}")
            await database.write(_big, vital=True)
        assert await _rows(database) == 8
        disk.fill(name="the last")
        with pytest.raises(Unavailable):
            await database.write(_big, vital=True)
        assert reserve.look().kept == 0


async def test_the_reserve_comes_back_when_there_is_plenty_of_room(disk: SmallDisk) -> None:
    async with a_box(disk) as (database, reserve):
        disk.fill()
        await database.write(_big, vital=True)
        reserve.refill()
        assert reserve.look().kept < SIZE, "not while the disk is full"
        disk.clear()
        disk.fill(but=2 * SIZE)
        reserve.refill()
        assert reserve.look().kept < SIZE, "not while it is nearly full"
        disk.clear()
        reserve.refill()
        assert reserve.look().kept == SIZE
        disk.fill()
        before = disk.free
        assert before < MIB
        assert reserve.give_up(), "what it has is really its own"
        assert disk.free - before == SIZE // 8


async def test_a_box_that_starts_on_a_full_disk_starts(disk: SmallDisk) -> None:
    async with a_box(disk) as (database, _):
        await database.write(_big)
    disk.fill()
    async with a_box(disk) as (database, reserve):
        assert await _rows(database) == 1
        await database.write(_big, vital=True)
        assert reserve.look().kept >= SIZE // 2


def test_a_disk_without_plenty_of_room_gets_no_reserve(disk: SmallDisk) -> None:
    disk.fill(but=SIZE * 4 - MIB)
    reserve = Reserve(disk.root / "reserve", SIZE)
    reserve.refill()
    assert not (disk.root / "reserve").exists()
    assert not reserve.give_up()


async def test_the_health_says_how_the_disk_is(disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.storage.reserve._LOOK_SECONDS", 0.05)
    reserve = Reserve(disk.root / "reserve", SIZE)
    said: asyncio.Queue[tuple[State, str]] = asyncio.Queue()
    running = asyncio.create_task(reserve.run(lambda: None, lambda *health: said.put_nowait(health)))
    try:
        async with asyncio.timeout(20):
            assert (await said.get())[0] is State.OK
            disk.fill()
            while (health := await said.get())[0] is State.OK:
                pass
            assert health[0] is State.DOWN
            assert "full" in health[1]
            assert "4 of 4 MiB" in health[1]
            disk.be_read_only(True)
            while "read" not in (health := await said.get())[1]:
                pass
            assert health[0] is State.DOWN
            disk.be_read_only(False)
            disk.clear()
            while (health := await said.get())[0] is not State.OK:
                pass
    finally:
        running.cancel()
        reserve.close()


# --- a whole box --------------------------------------------------------------------------------------------

_BOX = """
[[shellies]]
id = "panel"
prefix = "gym/panel"
role = "button"
[[alarms.buttons]]
id = "desk"
device = "panel"
entity = "input:1"
[[alarms.buttons]]
id = "sauna"
device = "panel"
entity = "input:0"
[alarms]
on_call = ["kim"]
[[staff]]
id = "kim"
name = "Kim"
phone = "+4915550000001"
[sms]
url = "{url}"
"""


async def _parts(daemon: DaemonProcess) -> dict[str, str]:
    return {
        part["part"]: f"{part['state']} {part['reason']}" for part in (await daemon.ask("status"))["parts"]
    }


async def test_whoever_presses_the_button_is_heard_whatever_the_disk_does(mosquitto: Mosquitto) -> None:
    """First with the reserve, then without any room at all; both alarms are on record in the end."""
    edge, gateway, daemon = mosquitto.address("edge", tcp=True), SimulatedGateway(), DaemonProcess()
    panel = SimulatedShellyGen2(
        "gym/panel",
        "shellyplusi4-a8032abe54dc",
        mosquitto.address("panel", tcp=True),
        parts=[Input(0, kind="button"), Input(1, kind="button")],
        latency=0.01,
        reconnect=(0.05, 0.2),
    )
    button, other = panel.parts["input:1"], panel.parts["input:0"]
    assert isinstance(button, Input)
    assert isinstance(other, Input)
    assert edge.password is not None
    with mounted(daemon.folder / "state", 400) as disk:
        try:
            async with gateway.run() as url, plugged_in(panel):
                broker = f'mode = "external"\nport = {edge.port}\nusername = "edge"'
                daemon.configure(broker=broker, more=_BOX.format(url=url))
                await daemon.start_ready(ARNI_BROKER__PASSWORD=edge.password.get_secret_value())
                await eventually_is(
                    lambda: _parts(daemon), lambda parts: parts.get("device/shelly/panel", "")[:2] == "ok"
                )
                reserve = disk.root / "reserve"
                assert reserve.stat().st_blocks * 512 == 64 * MIB
                disk.fill()
                button.press()
                await eventually(lambda: len(gateway.sent) == 1)
                assert reserve.stat().st_size < 64 * MIB
                (first,) = await daemon.ask("alarms.log")
                assert first["alarm_id"] == gateway.sent[0].alarm_id
                # While it was being filled, it may have been seen as nearly full.
                parts = await eventually_is(
                    lambda: _parts(daemon), lambda found: found["disk"].startswith("down")
                )
                assert "full" in parts["disk"]

                await daemon.ask(
                    "alarms.close", alarm=first["alarm_id"], outcome="test", note="gone", by="kim"
                )
                reserve.unlink()
                disk.fill(name="more")
                other.press()
                await eventually(lambda: len(gateway.sent) == 2)
                parts = await eventually_is(lambda: _parts(daemon), lambda found: "unstored-alarms" in found)
                assert parts["unstored-alarms"].startswith("down")
                disk.clear()
                disk.clear("more")

                async def listed() -> list[str]:
                    return [one["alarm_id"] for one in await daemon.ask("alarms.log")]

                await eventually_is(listed, lambda found: gateway.sent[1].alarm_id in found)
                assert gateway.asked == 2
                assert await daemon.stop() == 0
        finally:
            if daemon.process is not None:
                daemon.process.kill()
                daemon.process.wait(20)
    daemon.remove()
