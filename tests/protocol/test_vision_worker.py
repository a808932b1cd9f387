"""Real cameras' streams, the real worker process, a real broker: what the daemon knows is what is so."""

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from support.damaged_camera import damaged_camera
from support.mosquitto import Mosquitto, free_port
from support.mqtt import Device
from support.vision import BEAT_SECONDS, MODEL, PASSWORD, STALL_SECONDS, SeenGym
from support.waiting import eventually

from arni_edge.domain.health import State
from arni_edge.vision.messages import CameraState

# A stall shows after its deadline plus the round of the loop and the way over the broker.
SHOWN = STALL_SECONDS + 3.0


@pytest.fixture
def gym(mosquitto: Mosquitto) -> SeenGym:
    return SeenGym(mosquitto)


async def test_people_who_train_are_counted_exactly(gym: SeenGym) -> None:
    for name in ("a", "b", "c", "d"):
        gym.world.place(name)
    async with gym.watched("door", "floor"):
        await gym.until_right("entrance", "floor")
        assert gym.book.total().count == sum(gym.world.truth().counts.values())


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
async def test_people_who_walk_through_are_counted_with_a_mean_error_below_a_half(
    gym: SeenGym, backend: str
) -> None:
    gym.vision["backend"] = backend
    errors: list[int] = []
    async with gym.watched("door"):
        await gym.until_right("entrance")
        gym.world.door.release_latch(60)
        for name in ("a", "b", "c"):
            gym.world.arrive(name)
            gym.world.send_in(name)
        async with asyncio.timeout(20):
            while len(gym.world.crossings) < 3 or gym.truth("entrance") > 0:
                await asyncio.sleep(0.05)
                count = gym.count("entrance")
                assert count is not None, "unknown although the camera works"
                errors.append(abs(count - gym.truth("entrance")))
        assert len(gym.world.crossings) == 3
        assert len(errors) > 100
    assert sum(errors) / len(errors) <= 0.5


async def test_a_wrong_password_is_said_and_never_shown(
    gym: SeenGym, mosquitto: Mosquitto, capfd: pytest.CaptureFixture[str]
) -> None:
    gym.password = "wr0ng:passwörd"
    async with gym.watched("door"), Device(mosquitto.address("spy"), "arni/#") as spy:
        await eventually(lambda: gym.book.cameras.get("door") is not None)
        await eventually(lambda: gym.book.cameras["door"].state is CameraState.REFUSED)
        assert gym.book.cameras["door"].reason == "user or password is wrong"
        assert gym.count("entrance") is None
        health = gym.health("vision/camera/door")
        assert health is not None
        assert (health.state, health.reason) == (State.DOWN, "user or password is wrong")
        everything = repr(spy.got) + "".join(capfd.readouterr()) + repr(gym.board.parts)
    for secret in ("wr0ng", "passw%C3%B6rd", "wr0ng%3A", "@127.0.0.1"):
        assert secret not in everything


async def test_a_stream_that_the_camera_does_not_have_is_said(gym: SeenGym) -> None:
    async with gym.cameras["door"] as camera:
        gym.urls["floor"] = f"rtsp://127.0.0.1:{camera.port}/somewhere-else"
        async with gym.watched("floor"):
            await eventually(lambda: gym.book.cameras.get("floor") is not None)
            await eventually(lambda: gym.book.cameras["floor"].reason != "")
            report = gym.book.cameras["floor"]
            assert report.state is CameraState.CONNECTING
            assert report.reason == "the camera has no stream at this address"


async def test_a_password_with_every_awkward_character_opens_the_camera(gym: SeenGym) -> None:
    assert {":", "/", "@", "%"} <= set(PASSWORD)
    async with gym.watched("door"):
        await gym.until_right("entrance")


async def test_a_camera_that_dies_makes_its_zone_unknown_and_comes_back(gym: SeenGym) -> None:
    gym.world.place("a")
    async with gym.watched("floor"):
        await gym.until_right("floor")
        await gym.cameras["floor"].kill()
        await gym.until_unknown("floor", within=SHOWN)
        assert gym.book.cameras["floor"].state is not CameraState.OK
        await gym.cameras["floor"].resume()
        await gym.until_right("floor")
        assert gym.deaths == []


async def test_a_camera_that_sends_nothing_is_stalled_and_holds_up_no_other(gym: SeenGym) -> None:
    gym.world.place("a")
    async with gym.watched("door", "floor"):
        await gym.until_right("entrance", "floor")
        gym.cameras["door"].stall()
        await gym.until_unknown("entrance", within=SHOWN)
        assert gym.book.cameras["door"].state is CameraState.STALLED
        gym.world.place("b")
        await gym.until_right("floor", within=5)
        assert gym.book.total().count is None
        await gym.cameras["door"].resume()
        await gym.until_right("entrance")


async def test_a_stream_that_cannot_be_decoded_is_corrupt_and_nobody_is_counted_in_its_smears(
    gym: SeenGym,
) -> None:
    with damaged_camera() as port:
        gym.urls["door"] = f"rtsp://127.0.0.1:{port}/door"
        async with gym.watched("door"):
            await eventually(lambda: gym.book.cameras.get("door") is not None)
            await eventually(lambda: gym.book.cameras["door"].state is CameraState.CORRUPT)
            assert gym.count("entrance") is None


async def test_a_worker_that_ends_in_the_middle_of_its_work_does_so_without_an_error(
    gym: SeenGym, capfd: pytest.CaptureFixture[str]
) -> None:
    async with gym.watched("door", "floor"):
        await gym.until_right("entrance", "floor")
    output = capfd.readouterr().err
    assert "vision_watching" in output
    assert '"level":"error"' not in output


async def test_a_camera_that_is_away_is_no_reason_to_kill_the_worker(gym: SeenGym) -> None:
    gym.urls["door"] = f"rtsp://127.0.0.1:{free_port()}/door"
    async with gym.watched("door"):
        await eventually(lambda: gym.book.cameras.get("door") is not None)
        pid = gym.worker.pid
        await asyncio.sleep(BEAT_SECONDS + 1)
        assert (gym.worker.pid, gym.deaths) == (pid, [])
        assert gym.book.cameras["door"].reason == "nothing answers at this address"


async def test_a_worker_that_is_killed_is_unknown_at_once_and_comes_back(
    gym: SeenGym, mosquitto: Mosquitto
) -> None:
    gym.world.place("a")
    async with gym.watched("floor"):
        await gym.until_right("floor")
        assert gym.worker.pid is not None
        os.kill(gym.worker.pid, signal.SIGKILL)
        await gym.until_unknown("floor", within=2)
        await gym.until_right("floor")
        async with Device(mosquitto.address("spy"), "arni/gym/vision/online") as spy:
            await eventually(lambda: spy.got)
            assert spy.got == [("arni/gym/vision/online", "true")]


async def test_a_broker_that_is_killed_makes_all_unknown_until_it_is_back(
    gym: SeenGym, mosquitto: Mosquitto
) -> None:
    gym.world.place("a")
    async with gym.watched("floor"):
        await gym.until_right("floor")
        mosquitto.kill()
        await gym.until_unknown("floor", within=2)
        mosquitto.start()
        await gym.until_right("floor")
        assert gym.deaths == []


async def test_what_is_published_is_numbers_and_states_and_disappears_when_nobody_renews_it(
    gym: SeenGym, mosquitto: Mosquitto
) -> None:
    async with gym.watched("door"), Device(mosquitto.address("spy"), "arni/#") as spy:
        await gym.until_right("entrance")
        await eventually(lambda: len({topic for topic, _ in spy.got}) == 3)
        assert {topic for topic, _ in spy.got} == {
            "arni/gym/vision/online",
            "arni/gym/vision/zone/entrance",
            "arni/gym/vision/camera/door",
        }
        assert max(len(payload) for _, payload in spy.got) < 300
    async with Device(mosquitto.address("spy"), "arni/#") as spy:
        await eventually(lambda: spy.got)
        await asyncio.sleep(0.2)
        assert ("arni/gym/vision/online", "false") in spy.got


async def test_eight_cameras_fit_well_into_the_memory_that_the_worker_may_have(gym: SeenGym) -> None:
    gym.vision["backend"] = "auto"
    gym.world.place("a")
    gym.copies = 4
    async with gym.watched("door", "floor"):
        await eventually(lambda: gym.book.total().count is not None, within=40)
        assert gym.book.total().count == 4
        status = await asyncio.to_thread(Path(f"/proc/{gym.worker.pid}/status").read_text)
        peak_kilobytes = int(status.split("VmPeak:")[1].split()[0])
        allowed = gym.settings(("door", "floor")).vision.memory_megabytes * 1024
        assert peak_kilobytes < 0.75 * allowed
        assert gym.deaths == []


async def test_the_worker_ends_at_once_although_its_camera_hangs(
    gym: SeenGym, capfd: pytest.CaptureFixture[str]
) -> None:
    async with gym.watched("door"):
        await gym.until_right("entrance")
        gym.cameras["door"].stall()
        await gym.until_unknown("entrance", within=SHOWN)
        pid = gym.worker.pid
        began = time.monotonic()
    # Leaving the block stops the worker; a killed one would have taken the supervision's two seconds.
    assert time.monotonic() - began < 6
    assert "worker_crashed" not in capfd.readouterr().err
    with pytest.raises(ProcessLookupError):
        os.kill(pid or 0, 0)


async def test_a_model_that_is_not_what_the_manifest_says_is_not_used_until_it_is_right(
    gym: SeenGym, tmp_path: Path
) -> None:
    shutil.copy(MODEL.with_name("manifest.toml"), tmp_path)
    model = tmp_path / MODEL.name
    model.write_bytes(MODEL.read_bytes() + b"\0")
    gym.vision["model"] = model
    async with gym.watched("door"):
        await eventually(lambda: gym.health("vision/model") is not None)
        health = gym.health("vision/model")
        assert health is not None
        assert health.state is State.DOWN
        assert "checksum" in health.reason
        assert gym.count("entrance") is None
        shutil.copy(MODEL, model)
        await gym.until_right("entrance")
        assert gym.deaths == []
