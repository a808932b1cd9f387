"""The simulated cameras are real RTSP cameras: any client can read them, or is refused."""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from support.waiting import eventually

from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.rtsp import CameraServer, CameraState
from arni_edge.simulator.rtsp_process import PACKAGES, SYSTEM_PYTHON
from arni_edge.simulator.world import World

PLAN = default_plan()
LIMIT = 20.0  # seconds for anything that should take one
Picture = NDArray[np.uint8]


def pictures(url: str) -> Generator[Picture]:
    """Decode a stream as any client would, until the caller has seen enough."""
    options = {"rtsp_transport": "tcp", "timeout": "10000000", "analyzeduration": "500000"}
    with av.open(url, options=options, timeout=LIMIT) as stream:
        for frame in stream.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


async def read(url: str, count: int) -> list[Picture]:
    def some() -> list[Picture]:
        with closing(pictures(url)) as stream:
            return [picture for picture, _ in zip(stream, range(count), strict=False)]

    async with asyncio.timeout(LIMIT):
        return await asyncio.to_thread(some)


async def until_gone(process: int) -> None:
    await eventually(lambda: not Path(f"/proc/{process}").exists(), otherwise=f"{process} is still there")


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def world() -> World:
    world = World(PLAN, SystemClock(), seed=2)
    for number in range(3):
        world.place(f"m{number}")
    world.step(0.1)
    return world


@pytest.fixture
async def camera(world: World) -> AsyncIterator[CameraServer]:
    def scene() -> object:
        world.step(0.1)  # the camera's thread is the only one that moves this world
        return world.scene

    async with CameraServer(PLAN.camera("floor"), PLAN, scene) as camera:  # type: ignore[arg-type]
        yield camera


async def test_a_client_sees_moving_pictures(camera: CameraServer) -> None:
    """A stock client decodes H.264 of the right size, and people move on it."""
    seen = await read(camera.url, 12)
    assert [picture.shape for picture in seen] == [(360, 640, 3)] * 12
    assert np.abs(seen[-1].astype(int) - seen[0]).max() > 60


async def test_two_clients_share_one_stream(camera: CameraServer) -> None:
    """The vision worker and somebody who looks on do not disturb each other."""
    first, second = await asyncio.gather(read(camera.url, 10), read(camera.url, 10))
    assert len(first) == len(second) == 10


async def test_a_client_that_comes_as_the_last_one_goes_is_served(camera: CameraServer) -> None:
    """The pipeline that is being taken down does not take the new one's entrance with it."""
    for _ in range(4):
        assert len(await read(camera.url, 3)) == 3


@pytest.mark.parametrize("auth", ["digest", "basic"])
async def test_another_password_sends_everybody_away(world: World, auth: str) -> None:
    """As after a change by hand."""
    secret = {"user": "cam", "password": "eins", "auth": auth}
    view = PLAN.camera("door")
    async with CameraServer(view, PLAN, lambda: world.scene, **secret) as camera:  # type: ignore[arg-type]
        old = camera.url
        reading = asyncio.ensure_future(read(old, 10_000))
        await asyncio.sleep(1)
        await camera.change_password("zwei")
        await asyncio.wait({reading}, timeout=LIMIT)
        assert reading.done()
        reading.exception()
        with pytest.raises(av.HTTPUnauthorizedError):
            await read(old, 1)
        assert await read(camera.url, 2)


@pytest.mark.parametrize("auth", ["digest", "basic"])
async def test_a_wrong_password_is_refused(world: World, auth: str) -> None:
    """With user and password the stream opens, with a wrong or missing one it does not."""
    view = PLAN.camera("door")
    secret = {"user": "cam", "password": "gar nicht @ geheim", "auth": auth}
    async with CameraServer(view, PLAN, lambda: world.scene, **secret) as camera:  # type: ignore[arg-type]
        assert await read(camera.url, 2)
        for login in ("cam:falsch@", ""):
            with pytest.raises(av.HTTPUnauthorizedError):
                await read(f"rtsp://{login}127.0.0.1:{camera.port}/door", 1)


async def test_the_password_is_not_in_the_process_list(world: World) -> None:
    """``ps`` shows the command line to everybody on the machine."""
    view = PLAN.camera("door")
    async with CameraServer(view, PLAN, lambda: world.scene, user="cam", password="geheim") as camera:
        with open(f"/proc/{camera.pid}/cmdline") as command_line:  # noqa: ASYNC230, PTH123  (no disk)
            assert "geheim" not in command_line.read()


async def test_stop_leaves_nothing_behind(camera: CameraServer) -> None:
    """No process, no thread, no open port."""
    pid = camera.pid
    assert pid
    await read(camera.url, 2)
    await camera.stop()
    await until_gone(pid)
    assert refuses(camera.port)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("camera")]
    await camera.watch()  # stopped on purpose: nothing to report


async def test_stop_ends_a_stalled_server_too(camera: CameraServer) -> None:
    """A server that does not listen to the end of its input is ended by force."""
    pid = camera.pid
    assert pid
    camera.stall()
    async with asyncio.timeout(LIMIT):
        await camera.stop()
    await until_gone(pid)


async def test_the_end_of_its_parent_ends_the_server(tmp_path: Path) -> None:
    """A simulator that is killed leaves no servers behind."""
    program = tmp_path / "camera.py"
    program.write_text(
        "import asyncio\n"
        "from arni_edge.domain.clock import SystemClock\n"
        "from arni_edge.simulator.plan import default_plan\n"
        "from arni_edge.simulator.rtsp import CameraServer\n"
        "from arni_edge.simulator.world import World\n"
        "async def main():\n"
        "    plan = default_plan()\n"
        "    world = World(plan, SystemClock())\n"
        "    async with CameraServer(plan.camera('door'), plan, lambda: world.scene) as camera:\n"
        "        print(camera.pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(program), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    async with asyncio.timeout(LIMIT):
        server = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    await until_gone(server)


async def test_the_death_of_the_server_is_reported(camera: CameraServer) -> None:
    """Whoever watches the camera learns that its server died, and how."""
    assert camera.pid
    os.kill(camera.pid, 11)
    with pytest.raises(Unavailable, match=r"camera 'floor'.*code -11"):
        async with asyncio.timeout(LIMIT):
            await camera.watch()
    assert camera.state is CameraState.FAILED
    await camera.resume()
    assert await read(camera.url, 2)


async def test_a_renderer_that_fails_is_reported() -> None:
    """An error in the camera's thread does not end in silence."""

    def broken() -> object:
        raise LookupError("no scene")

    async with CameraServer(PLAN.camera("door"), PLAN, broken) as camera:  # type: ignore[arg-type]
        with pytest.raises(Unavailable, match="no scene"):
            async with asyncio.timeout(LIMIT):
                await camera.watch()


async def test_a_killed_camera_comes_back_on_its_port(camera: CameraServer) -> None:
    """Power off and on again: the address stays."""
    url = camera.url
    await camera.kill()
    assert camera.state is CameraState.KILLED
    assert refuses(camera.port)
    await camera.resume()
    assert camera.url == url
    assert await read(url, 2)


async def test_a_frozen_camera_streams_one_picture(camera: CameraServer) -> None:
    """Pictures keep coming, and nothing moves on them."""
    camera.freeze()
    seen = await read(camera.url, 15)
    # What is left are the encoder's corrections of its own first picture.
    assert np.abs(seen[-1].astype(int) - seen[-2]).mean() < 1
    assert np.abs(seen[-1].astype(int) - seen[-2]).max() < 40


async def test_a_covered_camera_streams_black_at_once(camera: CameraServer) -> None:
    """A connected client sees the cover within a second, which bounds the stream's latency."""

    def measure() -> float:
        covered = 0.0
        for number, picture in enumerate(pictures(camera.url)):
            if number == 10:
                covered = time.monotonic()
                camera.cover()
            if covered and picture.mean() < 25:
                return time.monotonic() - covered
        return LIMIT

    # Typically 0.2 s: one picture's time to render, one for the client's decoder.
    async with asyncio.timeout(LIMIT):
        assert await asyncio.to_thread(measure) < 1.0
    await camera.resume()
    assert (await read(camera.url, 3))[-1].mean() > 50


async def test_a_stalled_camera_sends_nothing_and_recovers(camera: CameraServer) -> None:
    """The client's time-out strikes; after the stall pictures come again on the same port."""
    camera.stall()
    with pytest.raises(av.FFmpegError):
        await read(camera.url, 1)
    await camera.resume()
    assert await read(camera.url, 3)


async def test_a_python_without_gstreamer_gets_told_what_to_install(world: World, tmp_path: Path) -> None:
    """The error names the packages; nothing is left running."""
    python = tmp_path / "python3"
    # An interpreter that finds no distribution packages.
    python.write_text(f'#!/bin/sh\nexec {SYSTEM_PYTHON} -S "$@"\n')
    python.chmod(0o755)
    camera = CameraServer(PLAN.camera("door"), PLAN, lambda: world.scene, python=str(python))
    with pytest.raises(Unavailable, match=PACKAGES.split()[1]):
        await camera.start()
    assert camera.pid is None


async def test_no_python_at_all_is_an_error_for_people(world: World) -> None:
    """So is a system without its Python."""
    camera = CameraServer(PLAN.camera("door"), PLAN, lambda: world.scene, python="/nowhere/python3")
    with pytest.raises(Unavailable, match="/nowhere/python3"):
        await camera.start()
