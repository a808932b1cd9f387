"""The whole daemon with its real worker before the simulated door: who goes in is counted, whatever dies."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.daemon import DaemonProcess
from support.mqtt import running
from support.vision import MODEL, PASSWORD, USER
from support.waiting import eventually_is

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.rtsp import CameraServer
from arni_edge.simulator.world import World

SECONDS = 30


class Doorway:
    """The simulated gym's door camera and the people before it.

    Attributes:
        world: Who is where; steps by itself.
        camera: At the door.
    """

    def __init__(self) -> None:
        plan = default_plan()
        self.world = World(plan, SystemClock(), seed=5)
        self.camera = CameraServer(
            plan.camera("door"), plan, lambda: self.world.scene, user=USER, password=PASSWORD
        )

    @asynccontextmanager
    async def seen(self) -> AsyncIterator[None]:
        async with self.camera, running(lambda _: self._live()):
            yield

    async def _live(self) -> None:
        while True:
            self.world.advance()
            await asyncio.sleep(0.05)

    def settings(self) -> str:
        """As an installer would have written them."""
        view = self.camera.view
        (line,) = view.lines.values()
        corners = [[min(1.0, max(0.0, x)), min(1.0, max(0.0, y))] for x, y in view.zones["entrance"]]
        return f"""
            [vision]
            model = "{MODEL}"
            backend = "onnxruntime"
            device = "cpu"
            [[cameras]]
            id = "door"
            url = "rtsp://127.0.0.1:{self.camera.port}/door"
            username = "{USER}"
            stall_seconds = 2.0
            [[cameras.zones]]
            id = "entrance"
            name = "Eingang"
            kind = "entrance"
            polygon = {json.dumps(corners)}
            [[cameras.lines]]
            id = "threshold"
            name = "Schwelle"
            points = {json.dumps(line)}
            """

    async def go_in(self, *names: str) -> None:
        """They come, the latch is released, and they go in one after the other."""
        inside = self.world.inside
        for name in names:
            self.world.arrive(name)
            self.world.send_in(name)
        self.world.door.release_latch(SECONDS)
        await eventually_is(self._inside, lambda people: people == inside + len(names), within=SECONDS)

    async def go_out(self, name: str) -> None:
        """They end their visit."""
        inside = self.world.inside
        self.world.send_out(name)
        await eventually_is(self._inside, lambda people: people == inside - 1, within=SECONDS)

    async def _inside(self) -> int:
        return self.world.inside


@pytest.fixture
def box() -> Iterator[DaemonProcess]:
    box = DaemonProcess()
    yield box
    box.remove()


async def now(box: DaemonProcess) -> dict[str, Any]:
    """As the owner asks for it."""
    answer = await box.command("occupancy", "now", "--json")
    found: dict[str, Any] = json.loads(answer.stdout)
    assert answer.returncode == (1 if found["count"] is None else 0), answer.stderr
    return found


async def until(box: DaemonProcess, true: Callable[[dict[str, Any]], object]) -> None:
    await eventually_is(lambda: box.ask("occupancy.now"), true, within=SECONDS)


async def test_who_crosses_the_line_is_counted_and_stays_counted_whatever_dies(box: DaemonProcess) -> None:
    doorway = Doorway()
    secrets = box.folder / "credentials"
    secrets.mkdir()
    (secrets / "camera_door_password").write_text(PASSWORD, encoding="utf-8")
    environment = {"CREDENTIALS_DIRECTORY": str(secrets)}
    async with doorway.seen():
        box.configure(more=doorway.settings())
        await box.start_ready(**environment)
        await until(box, lambda answer: answer["cameras"]["door"]["state"] == "ok")
        first = await now(box)
        assert (first["count"], first["reason"]) == (None, "no_proof"), "an empty hall is no empty gym"
        await box.ask("occupancy.set", count=0)

        await doorway.go_in("Ada", "Bob")
        await until(box, lambda answer: answer["count"] == 2)
        counted = await now(box)
        assert (counted["since_zero"]["entries"], counted["since_zero"]["exits"]) == (2, 0)
        assert (counted["basis"], counted["zones"][0]["id"]) == ("lines", "entrance")

        await doorway.camera.kill()
        await until(box, lambda answer: answer["zones"][0]["count"] is None)
        blind = await box.ask("status")
        assert blind["cameras"]["door"]["state"] in {"connecting", "stalled"}
        assert blind["occupancy"]["zones"]["entrance"]["count"] is None
        (part,) = [part for part in blind["parts"] if part["part"] == "vision/camera/door"]
        assert part["state"] != "ok"

        box.signal(signal.SIGKILL)
        await box.ends()
        await box.start_ready(**environment)
        await until(box, lambda answer: answer["cameras"]["door"]["state"] is not None)
        again = await now(box)
        assert (again["count"], again["since_zero"]["entries"]) == (2, 2)
        assert again["age_seconds"] > 0, "nobody has looked since"

        await doorway.camera.resume()
        await until(box, lambda answer: answer["cameras"]["door"]["state"] == "ok")
        await doorway.go_out("Ada")
        await until(box, lambda answer: answer["count"] == 1)
        last = await now(box)
        assert (last["since_zero"]["entries"], last["since_zero"]["exits"]) == (2, 1)
        assert await box.stop() == 0
    for secret in (PASSWORD, "s3cr", "Traceback"):
        assert secret not in box.log
