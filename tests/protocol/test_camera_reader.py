"""The reader against a real RTSP server: what it says, and what it never says."""

import asyncio
import contextlib
import gc
import logging
import time
import traceback
from pathlib import Path

import pytest
from support.camera_faults import WatchedCamera
from support.clock import ManualClock
from support.mosquitto import free_port
from support.waiting import eventually

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.rtsp import Film
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.reader import CameraReader, Status, Taken
from arni_edge.vision.worker.stream import RtspStream, StreamEnded, TooLate

USER, PASSWORD = "spitzel", "wr0ng:p@ss/wörd%"
SECRETS = ("spitzel", "wr0ng", "p@ss", "p%40ss", "w%C3%B6rd", "wörd")
OK = 25.0


def chain(error: BaseException | None) -> str:
    """All that a log of an error could show."""
    said = ""
    while error is not None:
        said += repr(error) + str(error) + "".join(traceback.format_exception(error, chain=True))
        said += repr(vars(error))
        assert error.__cause__ is None
        error = error.__context__
    return said


@pytest.mark.parametrize("where", ["wrong password", "wrong path", "dead host"])
async def test_credentials_are_never_said(
    where: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in logs, FFmpeg's included, nor in errors and what hangs on them, ``ps``, or the status."""
    caplog.set_level(0)
    logging.getLogger("libav").setLevel(0)
    async with WatchedCamera("secret").watched() as post:
        right = where == "wrong path"
        url = {
            "wrong password": f"rtsp://127.0.0.1:{post.camera.port}/door",
            "wrong path": f"rtsp://127.0.0.1:{post.camera.port}/elsewhere",
            "dead host": f"rtsp://127.0.0.1:{free_port()}/door",
        }[where]
        user, password = ("arni", "geh:eim@1") if right else (USER, PASSWORD)
        order = CameraOrder(id="x", url=url, username=user, password=password, connect_seconds=5)
        ends: list[StreamEnded] = []

        def attempt() -> None:
            try:
                list(RtspStream(order).pictures())
            except StreamEnded as end:
                ends.append(end)

        await asyncio.to_thread(attempt)
        reader = CameraReader(order, SystemClock(), lambda: None)
        reader.start()
        await eventually(lambda: reader.status().reason)
        expected = {
            "wrong password": Status(CameraState.REFUSED, "user or password is wrong"),
            "wrong path": Status(CameraState.CONNECTING, "the camera has no stream at this address"),
            "dead host": Status(CameraState.CONNECTING, "nothing answers at this address"),
        }[where]
        assert reader.status() == expected
        reader.stop()
        gc.collect()
        everything = chain(ends[0]) + repr(ends) + repr(reader.status()) + repr(order) + names_of_processes()
        everything += "".join(capfd.readouterr()) + caplog.text
    for secret in ("geh:eim", "geh%3Aeim", "eim@1", "eim%401") if right else SECRETS[1:]:
        assert secret not in everything
    if not right:
        assert USER not in everything.replace(repr(order), "")


def names_of_processes() -> str:
    """What ``ps`` and ``top`` show of all processes, and of our threads."""
    said = ""
    for path in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc/self/task").glob("*/comm")):
        with contextlib.suppress(OSError):  # it has just ended
            said += path.read_text()
    assert "python" in said
    return said


async def test_hardware_that_fails_is_no_reason_to_fail() -> None:
    """Here is none; a reader that believes in some finds out with its first connection."""
    post = WatchedCamera("hardware", hardware_decoding="auto")
    async with post.watched():
        assert not post.reader._hardware.wanted
        await post.until(CameraState.OK, within=OK)
    post = WatchedCamera("hardware", hardware_decoding="cuda")
    async with post.watched():
        post.reader.stop()
        reader = CameraReader(post.reader._order, SystemClock(), lambda: None)
        reader._hardware._kinds = ["cuda"]
        post.reader = reader
        reader.start()
        await post.until(CameraState.OK, within=OK)
        assert not reader._hardware.wanted
        await post.until_served(0.0)


async def test_a_calm_camera_dozes_and_is_neither_stalled_nor_slow() -> None:
    film = Film(quantizer=30)
    post = WatchedCamera("calm", film=film, fps=10, stall_seconds=1.5)
    post.camera._overlay = None  # it is what moves in the picture
    async with post.watched():
        await post.until(CameraState.OK, within=OK)
        post.reader.idle(True)
        await eventually(lambda: post.reader.dozing, within=30)
        began, states = len(post.served), len(post.states)
        await asyncio.sleep(4)
        assert post.reader.dozing
        assert 2 <= len(post.served) - began <= 8  # a key frame in a second
        assert len(post.states) == states
        assert post.reader.pictures_per_second(time.monotonic()) >= 7
        assert (post.reader.age(time.monotonic()) or 9) < 2.5
        post.camera.stall()
        await post.until(CameraState.STALLED, within=10)
        await post.camera.resume()
        await post.until(CameraState.OK, within=10)
        post.reader.idle(False)
        await eventually(lambda: not post.reader.dozing)


def reader(clock: ManualClock) -> CameraReader:
    return CameraReader(CameraOrder(id="x", url="rtsp://127.0.0.1:1/x"), clock, lambda: None)


REFUSED = Status(CameraState.REFUSED, "user or password is wrong")


def test_a_camera_that_is_gone_is_asked_often_enough_to_be_seen_within_ten_seconds() -> None:
    """A knock takes three seconds at most, to connect and wait for a key frame two."""
    one = reader(ManualClock())
    pauses = [one._pause(0.0, Status(CameraState.CONNECTING, "x")) for _ in range(50)]
    assert max(pauses) <= 4
    assert min(pauses[5:]) >= 2


def test_only_what_held_for_half_a_minute_makes_the_next_attempt_quick() -> None:
    one = reader(ManualClock())
    for _ in range(10):
        one._pause(0.0, Status(CameraState.STALLED, "x"))
    assert one._pause(29.0, Status(CameraState.STALLED, "x")) >= 2
    assert one._pause(31.0, Status(CameraState.STALLED, "x")) <= 0.5


def test_a_login_that_never_worked_is_tried_rarely() -> None:
    one = reader(ManualClock())
    pauses = [one._pause(0.0, REFUSED) for _ in range(10)]
    assert min(pauses) >= 15
    assert max(pauses) <= 60
    assert min(pauses[1:]) >= 30


def test_a_login_that_had_worked_is_tried_soon_and_after_some_minutes_rarely() -> None:
    clock = ManualClock()
    one = reader(clock)
    one._admitted = True
    while clock.monotonic() < 1000 + 170:
        pause = one._pause(0.0, REFUSED)
        assert pause <= 8
        clock.advance(pause)
    clock.advance(30)
    assert one._pause(0.0, REFUSED) >= 15


def test_a_picture_that_waited_for_too_long_is_no_answer() -> None:
    clock = ManualClock()
    one = reader(clock)
    one._offer(Taken(None, clock.monotonic()))
    assert one.has_picture
    clock.advance(6)
    assert one.status().state is CameraState.STALLED
    assert one.take() is None
    assert not one.has_picture


def test_stamps_by_which_every_picture_is_late_are_not_believed_for_ever() -> None:
    one = reader(ManualClock())
    assert one._connection()._decoding._pace is not None
    one._note(TooLate())
    assert one._connection()._decoding._pace is not None
    one._note(TooLate())
    assert one._connection()._decoding._pace is None
