"""A code held up to the door's camera reaches the reader's topic: real stream, real worker, real broker."""

import asyncio
from typing import Any

import cv2
import numpy as np
import segno
from support.mosquitto import Mosquitto
from support.mqtt import Device
from support.vision import PASSWORD, USER, SeenGym
from support.waiting import eventually

from arni_edge.access.reader import read_payload
from arni_edge.broker.readers import reader_topic
from arni_edge.settings import Settings
from arni_edge.simulator.rtsp import CameraServer

TOKEN = "AE1.0a1b2c.bWVtYmVyLTQ3MTE.ZnJvbnQ.1795000000.AAECAwQFBgc.c2lnbmF0dXJlMTIzNDU2Nw"
DOOR = {
    "id": "front",
    "name": "Front",
    "exit": "handle",
    "lock": {"kind": "nuki", "nuki_id": "2BB28570"},
}
REGION = [[0.2, 0.1], [0.8, 0.1], [0.8, 0.95], [0.2, 0.95]]

Picture = np.ndarray[Any, np.dtype[np.uint8]]


class Phone:
    """A phone before the door's camera; dark until it is held up."""

    def __init__(self) -> None:
        rows = [[0 if dark else 255 for dark in row] for row in segno.make(TOKEN).matrix_iter(4, 4)]
        self._code = cv2.resize(np.array(rows, np.uint8), (200, 200), interpolation=cv2.INTER_AREA)
        self.shown = False

    def __call__(self, picture: Picture) -> None:
        if self.shown:
            picture[80:280, 220:420] = self._code[..., None]


class CodeGym(SeenGym):
    """The door's camera reads codes for the front door."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        super().__init__(mosquitto)
        self.phone = Phone()
        self.cameras["door"] = CameraServer(
            self.plan.camera("door"),
            self.plan,
            lambda: self.world.scene,
            user=USER,
            password=PASSWORD,
            overlay=self.phone,
        )

    def settings(self, names: tuple[str, ...]) -> Settings:
        values = super().settings(names).model_dump()
        values["doors"] = [DOOR]
        values["cameras"][0]["qr"] = {"door": "front", "region": REGION}
        return Settings.model_validate(values)


async def test_a_code_is_handed_to_the_door_and_nothing_of_it_stays_on_the_broker(
    mosquitto: Mosquitto,
) -> None:
    gym, topic = CodeGym(mosquitto), reader_topic("gym", "front")
    async with gym.watched("door"), Device(mosquitto.address("reader"), topic) as door:
        await eventually(lambda: gym.count("entrance") == 0)
        assert door.got == []
        gym.phone.shown = True
        await eventually(lambda: bool(door.got))
        gym.phone.shown = False
        assert {read_payload(payload.encode()) for _, payload in door.got} == {TOKEN}
        await asyncio.sleep(0.5)
        async with Device(mosquitto.address("late"), topic) as late:
            await asyncio.sleep(0.5)
            assert late.got == []
        await eventually(lambda: gym.count("entrance") == 0)  # a phone is nobody
