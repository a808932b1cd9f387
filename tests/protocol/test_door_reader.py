"""A reader at a door over a real Mosquitto: what it says is hostile, what it hears is public."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiomqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entry import MIA, Doorstep, doorstep
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.access import DoorReaders
from arni_edge.access.reader import LONGEST, read_payload
from arni_edge.broker import BrokerSession, Delivery
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.people import MemberState
from arni_edge.settings import Door, NukiLock

_FRONT = "arni/demo/reader/front"
_BACK = "arni/demo/reader/back"


def _door(name: str, *, reader: bool) -> Door:
    return Door(id=name, name=name, lock=NukiLock(nuki_id="1"), reader=reader)


@dataclass
class Readers:
    here: Doorstep
    device: Device
    readers: DoorReaders

    def answers(self) -> list[dict[str, str]]:
        return [json.loads(payload) for topic, payload in self.device.got if topic == f"{_FRONT}/answer"]

    async def answer(self, number: int = 1) -> dict[str, str]:
        await eventually(lambda: len(self.answers()) >= number)
        return self.answers()[number - 1]


@asynccontextmanager
async def readers(mosquitto: Mosquitto, path: Path) -> AsyncIterator[Readers]:
    """A reader at the front door; the back door has none."""
    async with doorstep(path) as here:
        broker = BrokerSession(mosquitto.address("arni-edge"), client_id="edge", clock=here.clock)
        served = DoorReaders(
            broker,
            here.desk,
            Catalogue.load(),
            site_id="demo",
            language=Language.GERMAN,
            doors=[_door("front", reader=True), _door("back", reader=False)],
        )
        device = Device(mosquitto.address("reader", tcp=True), "arni/demo/reader/+/answer")
        async with connected(broker), running(served.run), device:
            yield Readers(here, device, served)


@pytest.mark.parametrize("form", ["{}", '{{"text": "{}"}}'])
async def test_a_qr_at_the_reader_opens_the_door_and_the_display_says_so(
    mosquitto: Mosquitto, tmp_path: Path, form: str
) -> None:
    async with readers(mosquitto, tmp_path) as those:
        await those.device.publish(_FRONT, form.format(those.here.desk.issuer.qr("m1")))
        answer = await those.answer()
        assert answer["answer"] == "allowed"
        assert "Die Tür ist offen" in answer["text"]
        assert those.here.front.opened == 1
        (row,) = await those.here.audit()
        assert (row["source"], row["via"], row["member_id"]) == ("reader", "qr", "m1")


@pytest.mark.parametrize("change", [{"state": MemberState.BANNED}, {"state": MemberState.PAUSED}])
async def test_the_display_says_nothing_private(
    mosquitto: Mosquitto, tmp_path: Path, change: dict[str, MemberState]
) -> None:
    async with readers(mosquitto, tmp_path) as those:
        await those.here.change(replace(MIA, state=change["state"]))
        await those.device.publish(_FRONT, those.here.desk.issuer.qr("m1"))
        answer = await those.answer()
        assert answer == {"answer": "denied", "text": answer["text"]}
        assert "Ich kann dir die Tür gerade nicht öffnen" in answer["text"]
        assert those.here.front.opened == 0


async def test_a_question_to_staff_is_said_as_one(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with readers(mosquitto, tmp_path) as those:
        await those.here.change(replace(MIA, arrears=True))
        await those.device.publish(_FRONT, those.here.desk.issuer.qr("m1"))
        answer = await those.answer()
        assert answer["answer"] == "asked"
        assert "beim Team" in answer["text"]


async def test_a_retained_qr_opens_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        retained = here.desk.issuer.qr("m1")
        async with Device(mosquitto.address("reader", tcp=True)) as device:
            await device.publish(_FRONT, retained, retain=True)
        broker = BrokerSession(mosquitto.address("arni-edge"), client_id="edge", clock=here.clock)
        served = DoorReaders(
            broker,
            here.desk,
            Catalogue.load(),
            site_id="demo",
            language=Language.GERMAN,
            doors=[_door("front", reader=True)],
        )
        live = Device(mosquitto.address("reader", tcp=True), f"{_FRONT}/answer")
        async with connected(broker), running(served.run), live:
            await live.publish(_FRONT, here.desk.issuer.qr("m2"))
            await eventually(lambda: live.got)
        assert [row["member_id"] for row in await here.audit()] == ["m2"]


async def test_an_answer_is_for_now_and_not_kept(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with readers(mosquitto, tmp_path) as those:
        v5 = Device(
            mosquitto.address("display", tcp=True), f"{_FRONT}/answer", protocol=aiomqtt.ProtocolVersion.V5
        )
        async with v5 as display:
            await those.device.publish(_FRONT, "rubbish")
            await eventually(lambda: display.raw)
            (message,) = display.raw
            assert not message.retain
            assert 0 < getattr(message.properties, "MessageExpiryInterval", 0) <= 10
        late = Device(mosquitto.address("late", tcp=True), f"{_FRONT}/answer")
        async with late:
            await those.device.publish(_FRONT, "more rubbish")
            await eventually(lambda: late.got)
            assert len(late.got) == 1


async def test_one_attempt_at_a_time_and_the_broker_is_never_held_up(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with readers(mosquitto, tmp_path) as those:
        those.here.front.gate.clear()
        await those.device.publish(_FRONT, those.here.desk.issuer.qr("m1"))
        await eventually(lambda: those.here.front.opened)
        for number in range(50):
            await those.device.publish(_FRONT, f"rubbish {number}")
        # All of them were taken off the wire while the door is still opening.
        await eventually(lambda: those.readers.dropped == 50)
        those.here.front.gate.set()
        assert (await those.answer())["answer"] == "allowed"
        await those.device.publish(_FRONT, those.here.desk.issuer.qr("m2"))
        assert (await those.answer(2))["answer"] == "allowed"
        assert len(await those.here.audit()) == 2


async def test_what_is_no_text_is_dropped_and_the_next_one_is_heard(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with readers(mosquitto, tmp_path) as those:
        hostile: list[str | bytes] = [
            "",
            "x" * (LONGEST + 1),
            b"\xff\xfe",
            '{"text": 7}',
            "{",
            '{"text": ""}',
            "[]{",
        ]
        for payload in hostile[:-1]:
            await those.device._client.publish(_FRONT, payload, 1)
        await eventually(lambda: those.readers.dropped == len(hostile) - 1)
        # A door without a reader has nobody who listens.
        await those.device.publish(_BACK, those.here.desk.issuer.qr("m1"))
        await those.device.publish(_FRONT, those.here.desk.issuer.qr("m1"))
        assert (await those.answer())["answer"] == "allowed"
        assert those.here.back.opened == 0


@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=600)
    | st.text().map(str.encode)
    | st.text().map(lambda text: json.dumps({"text": text}).encode())
)
def test_whatever_a_reader_says_is_text_or_nothing(payload: bytes) -> None:
    text = read_payload(payload)
    assert text is None or (text and len(text) <= LONGEST)


async def test_without_readers_nothing_is_subscribed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with doorstep(tmp_path) as here:
        broker = BrokerSession(mosquitto.address("arni-edge"), client_id="edge", clock=here.clock)
        doors = [_door("front", reader=False)]
        served = DoorReaders(
            broker, here.desk, Catalogue.load(), site_id="demo", language=Language.GERMAN, doors=doors
        )
        async with connected(broker), running(served.run):
            assert await broker.publish(_FRONT, here.desk.issuer.qr("m1")) is Delivery.NO_SUBSCRIBER


async def test_a_door_whose_codes_a_camera_reads_is_heard_without_a_reader(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with doorstep(tmp_path) as here:
        broker = BrokerSession(mosquitto.address("arni-edge"), client_id="edge", clock=here.clock)
        served = DoorReaders(
            broker,
            here.desk,
            Catalogue.load(),
            site_id="demo",
            language=Language.GERMAN,
            doors=[_door("front", reader=False), _door("back", reader=False)],
            seen_by_cameras={"front"},
        )
        worker = Device(mosquitto.address("vision", tcp=True), "arni/demo/reader/+/answer")
        async with connected(broker), running(served.run), worker:
            await worker.publish(_BACK, here.desk.issuer.qr("m2"))
            await worker.publish(_FRONT, here.desk.issuer.qr("m1"))
            await eventually(lambda: worker.got)
        assert [(row["door"], row["via"], row["member_id"]) for row in await here.audit()] == [
            ("front", "qr", "m1")
        ]
