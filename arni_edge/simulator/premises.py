"""The whole simulated gym: world, cameras, lock, relay, cloud, phones, and the box that runs it."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from arni_edge.devices.rights import nuki_username, reader_username, shelly_username
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ArniError
from arni_edge.simulator.blueprint import (
    ALEX_PHONE,
    ALEX_TELEGRAM,
    CAMERA_PASSWORD,
    CAMERA_USER,
    DOOR,
    FLOOD,
    FLOOD_SHELLY,
    GATEWAY_TOKEN,
    KIM_PHONE,
    KIM_TELEGRAM,
    LIGHT,
    NUKI_ID,
    ON_CALL,
    SHELLY,
    SIREN,
    SIREN_SHELLY,
    SITE,
    SOS,
    SOS_SHELLY,
    Blueprint,
)
from arni_edge.simulator.box import Box, free_port
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.gateway import Mood, SimulatedGateway
from arni_edge.simulator.nuki import SimulatedNuki
from arni_edge.simulator.phones import Phone
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.reader import SimulatedReader
from arni_edge.simulator.rtsp import CameraServer
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_gen1_sleeper import SimulatedSleeperGen1
from arni_edge.simulator.shelly_parts import Input
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.simulator.world import World

_STEP_SECONDS = 0.05
_PRESS_SECONDS = 0.4
_BROKER_SECONDS = 20.0
MEMBERS = ("Mia", "Ben", "Lea", "Jonas", "Emma", "Paul", "Nora", "Finn")
STRANGER = "Stranger"
PHONELESS = "Rosa"
"""A member without WhatsApp: an app on her phone shows the QR code."""

PHONELESS_ID = f"M{len(MEMBERS) + 1}"
_PHONELESS_NUMBER = "+4915551111099"


class Gym:
    """One simulated gym; use as ``async with Gym() as gym``.

    Attributes:
        world: People and the door.
        cameras: By name.
        cloud: Relay, Graph API, phones.
        box: The daemon.
        lock: The lock on the door.
        reader: The QR reader beside the door.
        light: The relay of the lamps.
        siren: The relay of the siren.
        flood: The flood sensor in the showers.
        phones: By person; members are on file, the stranger is not.
        on_call: The phone of the person on call.
        telegram: Where staff are told, and what it does.
        kim: The phone of the owner, also on call.
        alex: The phone of another owner, not on call.
        gateway: The service that sends SMS and calls.
        sos: The wired button; :meth:`press_sos`.
    """

    lock: SimulatedNuki
    reader: SimulatedReader
    light: SimulatedShellyGen2
    siren: SimulatedShellyGen2
    flood: SimulatedSleeperGen1
    sos: SimulatedShellyGen2
    box: Box

    def __init__(self, folder: Path | None = None, *, seed: int = 1, cameras: bool = True) -> None:
        """Plan a gym; nothing runs before it is entered.

        Args:
            folder: Where the box keeps its files; None: a temporary folder that goes with the gym.
            seed: For everything that the dice decide.
            cameras: Whether there are any. Without them the box runs no vision worker.
        """
        self._clock = SystemClock()
        self._folder = folder
        self._seed = seed
        self._stack = AsyncExitStack()
        self.world = World(default_plan(), self._clock, seed)
        self.cloud = SimulatedCloud(clock=self._clock, seed=seed)
        self.telegram = SimulatedTelegram(clock=self._clock)
        self.gateway = SimulatedGateway(GATEWAY_TOKEN)
        self.kim = self.telegram.add_phone(KIM_TELEGRAM, "Kim")
        self.alex = self.telegram.add_phone(ALEX_TELEGRAM, "Alex")
        self._button = Input()
        self._http = {LIGHT: free_port(), SIREN: free_port()}
        self.cameras = {
            view.name: CameraServer(
                view, self.world.plan, lambda: self.world.scene, user=CAMERA_USER, password=CAMERA_PASSWORD
            )
            for view in (self.world.plan.cameras if cameras else ())
        }
        self.phones = {
            name: self.cloud.phones.add(f"+49155511110{number:02d}", name)
            for number, name in enumerate((*MEMBERS, STRANGER))
        }
        self.on_call: Phone = self.cloud.phones.add(ON_CALL, "Bereitschaft")
        for number, name in ((KIM_PHONE, "Kim"), (ALEX_PHONE, "Alex")):
            self.cloud.phones.add(number, name)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.cloud)
            await stack.enter_async_context(self.telegram)
            await stack.enter_async_context(self.gateway.run())
            for phone in (self.kim, self.alex):
                phone.start()
            for camera in self.cameras.values():
                await stack.enter_async_context(camera)
            spoken = stack.enter_context(tempfile.TemporaryDirectory(prefix="arni-spoken-"))
            self.spoken = Path(spoken) / "spoken.wav"
            blueprint = Blueprint(
                self.world.plan,
                tuple(self.cameras.values()),
                self.cloud,
                self.telegram,
                self.gateway,
                self._http,
                self.spoken,
            )
            self.box = await stack.enter_async_context(Box(blueprint, self._folder))
            await self._put_members_on_file()
            await self._broker_is_up()
            self._install_devices()
            tasks = [asyncio.create_task(self._live(), name="world")]
            tasks += [
                asyncio.create_task(device.run(), name=type(device).__name__)
                for device in (self.lock, self.reader, self.light, self.siren, self.flood, self.sos)
            ]
            stack.push_async_callback(_end, tasks)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def status(self) -> dict[str, Any] | None:
        """What the daemon says of itself, or None when it does not answer."""
        try:
            answer: dict[str, Any] = await self.box.ask("status")
        except ArniError:
            return None
        return answer

    async def _broker_is_up(self) -> None:
        """A device that speaks before the box listens is heard when it speaks again; a lock rarely does."""
        async with asyncio.timeout(_BROKER_SECONDS):
            while not _well(await self.status(), "broker"):
                await asyncio.sleep(_STEP_SECONDS)

    def _install_devices(self) -> None:
        # They come back quickly, so that an evening with failures fits into minutes.
        quick = (0.2, 1.0)
        self.lock = SimulatedNuki(
            NUKI_ID,
            self.box.device_address(nuki_username(DOOR)),
            self.world.door,
            seed=self._seed,
            reconnect=quick,
        )
        self.light = SimulatedShellyGen2(
            SHELLY,
            SHELLY,
            self.box.device_address(shelly_username(LIGHT)),
            self._switch_light,
            reconnect=quick,
            http_port=self._http[LIGHT],
        )
        self.reader = SimulatedReader(
            SITE, DOOR, self.box.device_address(reader_username(DOOR)), reconnect=quick
        )
        self.siren = SimulatedShellyGen2(
            SIREN_SHELLY,
            SIREN_SHELLY,
            self.box.device_address(shelly_username(SIREN)),
            reconnect=quick,
            http_port=self._http[SIREN],
        )
        self.sos = SimulatedShellyGen2(
            SOS_SHELLY,
            SOS_SHELLY,
            self.box.device_address(shelly_username(SOS)),
            parts=(self._button,),
            reconnect=quick,
        )
        self.flood = SimulatedSleeperGen1(
            FLOOD_SHELLY, "SHWT-1", self.box.device_address(shelly_username(FLOOD)), readings={}
        )
        self.put_water(False)
        self._switch_light(self.light.output)

    def put_water(self, wet: bool) -> None:
        """The floor of the showers is wet from now on, or dry; its sensor wakes up and says so."""
        self.flood.readings = {
            "sensor/temperature": "21.50", "sensor/flood": str(wet).lower(), "sensor/battery": "94",
        }  # fmt: skip
        self.flood.details = {"flood": wet}
        self.flood.wake("sensor")

    async def press_sos(self) -> None:
        """Somebody presses the SOS button and lets it go."""
        self._button.set_level(True)
        await asyncio.sleep(_PRESS_SECONDS)
        self._button.set_level(False)

    def cut_the_internet(self, on: bool = True) -> None:
        """The line breaks (or is repaired): nothing outside is reached any more."""
        self.cloud.cut(on)
        self.telegram.cut(on)
        self.gateway.mood = Mood.AWAY if on else Mood.TAKES

    @property
    def outputs(self) -> dict[str, bool]:
        """What really is on, by the ids of the relays."""
        return {LIGHT: self.light.output, SIREN: self.siren.output}

    def _switch_light(self, on: bool) -> None:
        self.world.lights_on = on

    async def _live(self) -> None:
        while True:
            self.world.advance()
            await asyncio.sleep(_STEP_SECONDS)

    async def _put_members_on_file(self) -> None:
        members = [
            {"member_id": f"M{number}", "name": name, "phone": self.phones[name].number}
            for number, name in enumerate(MEMBERS, start=1)
        ]
        members.append({"member_id": PHONELESS_ID, "name": PHONELESS, "phone": _PHONELESS_NUMBER})
        await self.box.ask("members.put", members=members)


def _well(status: dict[str, Any] | None, part: str) -> bool:
    parts = status["parts"] if status else []
    return any(health["part"] == part and health["state"] == "ok" for health in parts)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
