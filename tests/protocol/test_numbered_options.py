"""Options that could not be tapped were sent as numbered lines; the answer comes in the box's next life."""

from pathlib import Path

from support.clock import PassingClock
from support.house import MIA
from support.relay_house import a_life
from support.waiting import eventually

from arni_edge.domain.messages import Channel, Choice, Option, OutboundMessage
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.storage import outbox

_WHAT = Choice((Option("busy", "Wie voll ist es?"), Option("hours", "Wann habt ihr auf?")))


async def test_a_number_is_understood_after_a_restart(tmp_path: Path) -> None:
    clock = PassingClock()
    async with SimulatedCloud(clock=clock) as cloud:
        mia = cloud.phones.add(MIA.phone, "Mia")

        async def hears(words: str) -> None:
            await eventually(lambda: any(words in one.text for one in mia.inbox))

        async with a_life(tmp_path, cloud, clock) as talk:
            mia.send("Hallo")
            await hears("KI")
            cloud.graph.fail(131051)  # an old client cannot show buttons
            offer = OutboundMessage(
                "o", Channel.WHATSAPP, mia.digits, "Was möchtest du wissen?", choice=_WHAT
            )
            await talk.house.database.write(lambda tx: outbox.add(tx, offer, clock.now()))
            await hears("1. Wie voll ist es?\n2. Wann habt ihr auf?")
        async with a_life(tmp_path, cloud, clock):
            mia.send("die zweite bitte")
            await hears("06:00")
            mia.send("1")  # something else was said since
            await hears("nicht verstanden")
            buttons = OutboundMessage("b", Channel.WHATSAPP, mia.digits, "Und jetzt?", choice=_WHAT)
        async with a_life(tmp_path, cloud, clock) as talk:
            await talk.house.database.write(lambda tx: outbox.add(tx, buttons, clock.now()))
            await hears("Und jetzt?")
            assert mia.inbox[-1].choices == ("Wie voll ist es?", "Wann habt ihr auf?")
            understood = len(mia.inbox)
            mia.send("2")  # there were no numbers
            await eventually(lambda: len(mia.inbox) > understood)
            assert "nicht verstanden" in mia.inbox[-1].text
