"""What cameras and cables do wrong, against a real RTSP server and the real reader.

Each fault has to be said in time, none may let an old or damaged picture through, and a stream that returns
has to be seen within ten seconds. All of them happen at once, beside a camera that is well and stays so.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from support.camera_faults import FPS, RETURN_SECONDS, STALL_SECONDS, ShiftedClock, WatchedCamera
from support.waiting import eventually

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.rtsp import Film
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.reader import CameraReader

AWAY = (CameraState.STALLED, CameraState.CONNECTING)
# The deadline, and what a machine needs that runs much else beside twenty cameras.
SAID = STALL_SECONDS + 40.0
BEGIN = 60.0  # for a dozen servers that start at once

Fault = Callable[[], Awaitable[None]]
FAULTS: dict[str, Fault] = {}


def fault(function: Fault) -> Fault:
    FAULTS[function.__name__] = function
    return function


async def returned(post: WatchedCamera, began: float, back: float) -> None:
    """The stream is seen again in time, and nothing of before."""
    await post.until_served(back, within=RETURN_SECONDS)
    await asyncio.sleep(1.0)  # whatever else was held up somewhere has come by now
    post.assert_nothing_from_before(began, back)
    post.assert_nothing_old_was_served()


@fault
async def power_is_cut() -> None:
    async with WatchedCamera("power").watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        await post.camera.kill()
        await post.until(*AWAY, within=SAID)
        await asyncio.sleep(3)
        back = time.monotonic()
        await post.camera.resume()
        await returned(post, began, back)


@fault
async def camera_hangs() -> None:
    """SIGSTOP: its connections stay, its port accepts, and nothing comes."""
    async with WatchedCamera("hang").watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        post.camera.stall()
        await post.until(CameraState.STALLED, within=SAID)
        await asyncio.sleep(4)
        back = time.monotonic()
        await post.camera.resume()
        await returned(post, began, back)


@fault
async def peer_vanishes_without_a_goodbye() -> None:
    """Half-open TCP, and whoever connects anew is not answered."""
    async with WatchedCamera("vanish").watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        post.wire.fall_silent()
        await post.until(CameraState.STALLED, within=SAID)
        await asyncio.sleep(5)
        assert post.state is not CameraState.OK
        back = time.monotonic()
        post.wire.mend()
        await returned(post, began, back)


@fault
async def a_jammed_connection_delivers_all_at_once() -> None:
    """For less than the deadline: there is no new connection that would begin anew."""
    async with WatchedCamera("jam", stall_seconds=8.0).watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        await asyncio.sleep(2)
        post.wire.hold_up()
        await asyncio.sleep(4)
        back = time.monotonic()
        post.wire.release()
        await post.until_served(back)
        post.assert_nothing_old_was_served()


@fault
async def picture_changes_its_size() -> None:
    """In mid-stream, and again while the camera is off."""
    async with WatchedCamera("size").watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        await post.until_served(0.0)
        post.camera.resize(480, 272)
        await eventually(lambda: post.served[-1].size == (480, 272), within=RETURN_SECONDS)
        assert post.served[-1].size == (480, 272)
        await post.camera.kill()
        post.camera.resize(800, 448)
        await post.until(*AWAY, within=SAID)
        back = time.monotonic()
        await post.camera.resume()
        assert (await post.until_served(back)).size == (800, 448)
        post.assert_nothing_old_was_served()


@fault
async def camera_is_set_to_another_codec() -> None:
    async with WatchedCamera("codec").watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        await post.camera.kill()
        await post.until(*AWAY, within=SAID)
        post.camera._film = Film(codec="h265")
        back = time.monotonic()
        await post.camera.resume()
        await returned(post, began, back)


async def bad_wire(name: str, film: Film, *, loss: float = 0.0, flips: float = 0.0) -> None:
    async with WatchedCamera(name, film=film).watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        post.wire.loss, post.wire.flips = loss, flips
        began = len(post.states)
        await asyncio.sleep(8)
        # Now and then a whole picture comes through, or none does within the deadline: all of it is said.
        during = {state for _, state in post.states[began:]}
        known = {CameraState.OK, CameraState.CORRUPT, CameraState.CONNECTING, CameraState.STALLED}
        assert during <= known, during
        post.wire.loss = post.wire.flips = 0.0
        await post.until_served(time.monotonic())
        post.assert_nothing_old_was_served()


@fault
async def one_packet_in_twenty_is_lost() -> None:
    await bad_wire("loss", Film(quantizer=30), loss=0.05)


@fault
async def one_packet_in_twenty_is_lost_of_h265() -> None:
    """Its decoder fills holes with grey and says nothing."""
    await bad_wire("loss265", Film(codec="h265", quantizer=32), loss=0.05)


@fault
async def bits_are_wrong() -> None:
    await bad_wire("bits", Film(), flips=0.05)


@fault
async def password_is_wrong() -> None:
    """A camera locks the account after a few attempts: it is not tried again soon."""
    async with WatchedCamera("wrong", password="falsch").watched() as post:
        await post.until(CameraState.REFUSED, within=BEGIN)
        made = post.wire.connections
        await asyncio.sleep(8)
        assert post.state is CameraState.REFUSED
        assert post.wire.connections == made <= 2  # a knock, and one attempt
        assert post.reader.status().reason == "user or password is wrong"
        assert not post.served


@fault
async def camera_refuses_after_an_hour_what_it_had_accepted() -> None:
    async with WatchedCamera("hour").watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        await post.camera.change_password("another")
        await post.until(CameraState.REFUSED, within=SAID)
        await asyncio.sleep(4)
        assert post.state is CameraState.REFUSED
        await post.camera.change_password("geh:eim@1")
        await returned(post, began, time.monotonic())


@fault
async def camera_reboots_again_and_again() -> None:
    async with WatchedCamera("reboot").watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        for _ in range(3):
            await post.camera.kill()
            await post.until(*AWAY, within=SAID)
            await asyncio.sleep(0.5)
            await post.camera.resume()
            await asyncio.sleep(1.5)
        await post.camera.kill()
        await asyncio.sleep(0.5)
        back = time.monotonic()
        await post.camera.resume()
        await returned(post, began, back)
        assert post.wire.connections < 40, "it is hammered while it boots"


@fault
async def one_picture_in_a_second_is_enough() -> None:
    async with WatchedCamera("slow", fps=1, stall_seconds=5.0).watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        await asyncio.sleep(8)
        assert [state for _, state in post.states] == [CameraState.CONNECTING, CameraState.OK]
        assert 0.6 <= post.reader.pictures_per_second(time.monotonic()) <= 1.4
        post.assert_nothing_old_was_served(limit=3.5)


@fault
async def pictures_travel_by_udp() -> None:
    """Straight: the wire is for connections."""
    post = WatchedCamera("udp", film=Film(transport="udp"), transport="udp")
    async with post.watched():
        post.reader.stop()
        order = post.reader._order.model_copy(update={"url": f"rtsp://127.0.0.1:{post.camera.port}/door"})
        post.reader = CameraReader(order, SystemClock(), lambda: None)
        post.reader.start()
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        post.camera.stall()
        await post.until(CameraState.STALLED, within=SAID)
        back = time.monotonic()
        await post.camera.resume()
        await returned(post, began, back)


@fault
async def pictures_out_of_order_and_a_microphone() -> None:
    """B-frames, and an audio track that nobody asked for."""
    async with WatchedCamera("order", film=Film(reordered=True, microphone=True)).watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        await asyncio.sleep(5)
        assert post.state is CameraState.OK
        drawn = [one.drawn for one in post.served if one.drawn is not None]
        assert drawn == sorted(drawn)
        post.assert_nothing_old_was_served()


@fault
async def it_is_not_its_hour() -> None:
    hours = {"sunday": ["22:00-24:00"]}
    clock = ShiftedClock(datetime(2026, 11, 22, 20, 30, tzinfo=UTC))  # 21:30 in Berlin
    async with WatchedCamera("hours", hours=hours).watched(clock) as post:
        await post.until(CameraState.OFF, within=10)
        await asyncio.sleep(4)
        assert post.wire.connections == 0
        assert [state for _, state in post.states] == [CameraState.OFF]
        clock.shift += datetime(2026, 11, 22, 21, 0, tzinfo=UTC) - clock.now()
        await post.until_served(time.monotonic(), within=BEGIN)
        clock.shift += datetime(2026, 11, 22, 23, 0, tzinfo=UTC) - clock.now()
        await post.until(CameraState.OFF, within=10)
        await eventually(lambda: not post.wire._lines, otherwise="the connection is kept")
        count = len(post.served)
        await asyncio.sleep(1.5)
        assert len(post.served) == count


@fault
async def nobody_is_at_the_address() -> None:
    """A host that drops all packets, and a port that refuses."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as deaf,
        socket.create_server(("127.0.0.1", 0)) as gone,
    ):
        ports = [deaf.getsockname()[1], gone.getsockname()[1]]
        gone.close()
        # The queue of whoever never accepts is full: the kernel leaves what else comes unanswered.
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", ports[0]))
        readers = [
            CameraReader(CameraOrder(id="n", url=f"rtsp://127.0.0.1:{port}/x"), SystemClock(), lambda: None)
            for port in ports
        ]
        for reader in readers:
            reader.start()
        await eventually(lambda: all(reader.status().reason for reader in readers), within=30)
        reasons = [reader.status().reason for reader in readers]
        assert reasons == ["the camera cannot be reached", "nothing answers at this address"]
        assert {reader.status().state for reader in readers} == {CameraState.CONNECTING}
        assert all(reader.age(time.monotonic()) is None for reader in readers)
        for reader in readers:
            reader.stop()
        for filler in fillers:
            filler.close()


async def neighbour(until: asyncio.Event) -> None:
    """A camera that is well, all the while."""
    async with WatchedCamera("neighbour", stall_seconds=5.0).watched() as post:
        await post.until(CameraState.OK, within=BEGIN)
        began = time.monotonic()
        await until.wait()
        seconds = time.monotonic() - began
        served = sum(one.at > began for one in post.served)
        assert served / seconds > 0.8 * FPS, f"{served} pictures in {seconds:.0f} s"
        assert [state for _, state in post.states] == [CameraState.CONNECTING, CameraState.OK]
        post.assert_nothing_old_was_served()


async def play_all() -> dict[str, BaseException | None]:
    """All faults at once."""
    over = asyncio.Event()
    beside = asyncio.ensure_future(neighbour(over))

    async def one(name: str) -> BaseException | None:
        try:
            async with asyncio.timeout(100):
                await FAULTS[name]()
        except Exception as error:  # noqa: BLE001 - each test raises its own
            return error
        return None

    ends = await asyncio.gather(*(one(name) for name in FAULTS))
    over.set()
    results = dict(zip(FAULTS, ends, strict=True))
    await asyncio.wait({beside})
    results["neighbour"] = beside.exception()
    return results


@pytest.fixture(scope="module")
def results() -> dict[str, BaseException | None]:
    return asyncio.run(play_all())


@pytest.mark.parametrize("name", [*FAULTS, "neighbour"])
def test_fault(results: dict[str, BaseException | None], name: str) -> None:
    error = results[name]
    if error is not None:
        raise error
