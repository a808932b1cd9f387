"""The doubles of relay, Graph API and phones behave as the real ones are documented."""

import asyncio
import base64
import json
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from support.waiting import eventually

from arni_edge.channels.whatsapp import GraphApi, open_client
from arni_edge.channels.whatsapp.answers import Accepted, Retry, Stop, Uncertain, Undeliverable, WindowClosed
from arni_edge.channels.whatsapp.letters import Body, template_body, text_body
from arni_edge.channels.whatsapp.signature import verify
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.relay import Papers
from arni_edge.settings import WhatsApp
from arni_edge.simulator.cloud import SimulatedCloud

ANNA = "+4915223433333"


@pytest_asyncio.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    async with SimulatedCloud() as simulated:
        yield simulated


@pytest_asyncio.fixture
async def graph(cloud: SimulatedCloud) -> AsyncIterator[GraphApi]:
    async with open_client() as client:
        yield GraphApi(cloud.whatsapp_settings(), client)


def answer(text: str, question: str) -> Body:
    return text_body(text) | {"context": {"message_id": question}}


async def webhooks(cloud: SimulatedCloud) -> list[dict[str, Any]]:
    """What the relay would hand to a box, verified."""
    with tempfile.TemporaryDirectory() as folder:
        papers = Papers(Path(folder))
        await cloud.relay.enroll(papers)
        token = papers.load().token(datetime.now(UTC))
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"{cloud.relay_url}/v1/events",
            params={"after": "0", "wait": "0"},
            headers={"Authorization": f"Bearer {token}"},
        )
    values = []
    for event in answer.json()["events"]:
        body = base64.b64decode(event["body"])
        assert verify(cloud.app_secret, body, event["signature"])
        assert body.isascii()
        values.append(json.loads(body)["entry"][0]["changes"][0]["value"])
    return values


async def test_a_phone_writes_as_meta_does(cloud: SimulatedCloud) -> None:
    """Signed, with escapes, digits without +, and the name among the contacts."""
    message_id = cloud.phones.add(ANNA, "Jürgen", user_id="DE.1").send("Grüße 👍")
    await eventually(lambda: cloud.relay.log.newest == 1)
    (value,) = await webhooks(cloud)
    (message,) = value["messages"]
    assert message["id"] == message_id
    assert (message["from"], message["from_user_id"]) == ("4915223433333", "DE.1")
    assert message["text"] == {"body": "Grüße 👍"}
    assert value["contacts"][0]["profile"]["name"] == "Jürgen"


async def test_a_hidden_number_appears_nowhere(cloud: SimulatedCloud) -> None:
    """Left out, not empty."""
    cloud.phones.add(ANNA, "Carla", user_id="DE.1", hidden=True).send("Hallo")
    await eventually(lambda: cloud.relay.log.newest == 1)
    assert "4915223433333" not in json.dumps(await webhooks(cloud))


async def test_an_answer_arrives_and_is_reported(cloud: SimulatedCloud, graph: GraphApi) -> None:
    """Accepted at once; sent, delivered and read follow in any order, some twice, with the tracking id."""
    anna = cloud.phones.add(ANNA, "Anna")
    question = anna.send("Hallo")
    result = await graph.send(ANNA, answer("Guten Tag", question), "row-1")
    assert isinstance(result, Accepted)
    received = await anna.wait_for(lambda message: message.context == question, 20)
    assert received.text == "Guten Tag"
    await eventually(lambda: cloud.relay.log.newest >= 4)
    statuses = [status for value in await webhooks(cloud) for status in value.get("statuses", [])]
    assert {status["status"] for status in statuses} == {"sent", "delivered", "read"}
    assert {(status["id"], status["biz_opaque_callback_data"]) for status in statuses} == {
        (result.message_id, "row-1")
    }
    assert cloud.counters == {"in": 1, "out": 1, "doubled": 0}


async def test_doubles_are_counted(cloud: SimulatedCloud, graph: GraphApi) -> None:
    """A second answer to one message, the same row twice, the same words twice."""
    anna = cloud.phones.add(ANNA, "Anna")
    question = anna.send("Hallo")
    for text, tracking_id in (("Guten Tag", "1"), ("Moin", "2"), ("Servus", "2"), ("Servus", "3")):
        reply_to = question if text in {"Guten Tag", "Moin"} else None
        await graph.send(ANNA, answer(text, reply_to) if reply_to else text_body(text), tracking_id)
    assert cloud.counters["doubled"] == 3


async def test_the_window_opens_with_a_message(cloud: SimulatedCloud, graph: GraphApi) -> None:
    """Texts only to somebody who has written; templates always."""
    anna = cloud.phones.add(ANNA, "Anna")
    refused = await graph.send(ANNA, text_body("Hallo"), "1")
    assert isinstance(refused, WindowClosed)
    template = await graph.send(ANNA, template_body("alarm_staff", Language.GERMAN, ["Not\nfall"]), "2")
    assert isinstance(template, Accepted)
    anna.send("Hallo")
    assert isinstance(await graph.send(ANNA, text_body("Hallo"), "3"), Accepted)


async def test_errors_on_demand(cloud: SimulatedCloud, graph: GraphApi) -> None:
    """By code, as a bare status, as a cut connection before or after acceptance."""
    anna = cloud.phones.add(ANNA, "Anna")
    anna.send("Hallo")

    async def send() -> object:
        return await graph.send(ANNA, text_body("Hallo"), "1")

    cloud.graph.fail(130429)
    assert isinstance(await send(), Retry)
    cloud.graph.fail(None)
    assert isinstance(await send(), Uncertain)
    cloud.graph.drop_before_accepting()
    assert isinstance(await send(), Uncertain)
    assert not anna.inbox
    cloud.graph.drop_after_accepting()
    assert isinstance(await send(), Uncertain)
    assert len(anna.inbox) == 1


async def test_nobody_without_whatsapp_is_reached(cloud: SimulatedCloud, graph: GraphApi) -> None:
    """And a wrong or missing token stops everything."""
    assert isinstance(await graph.send("+49111111111", text_body("x"), "1"), Undeliverable)
    settings = WhatsApp(phone_number_id=cloud.phone_number_id, graph_url=cloud.graph_url)
    async with open_client() as client:
        assert isinstance(await GraphApi(settings, client).send(ANNA, text_body("x"), "1"), Stop)


def test_a_text_that_is_too_long_is_a_mistake() -> None:
    """Cutting is done before, where each part has a row of its own."""
    with pytest.raises(InvalidInput):
        text_body("x" * 4097)


async def test_meta_repeats_what_the_relay_did_not_take(cloud: SimulatedCloud) -> None:
    """After an outage of the relay the webhook comes all the same."""
    cloud.relay.down = True
    cloud.phones.add(ANNA, "Anna").send("Hallo")
    await asyncio.sleep(0.3)
    assert cloud.relay.log.newest == 0
    cloud.relay.down = False
    await eventually(lambda: cloud.relay.log.newest == 1)


async def test_waiting_on_a_phone_has_a_deadline(cloud: SimulatedCloud) -> None:
    """Nobody writes."""
    with pytest.raises(TimeoutError):
        await cloud.phones.add(ANNA, "Anna").wait_for(lambda _: True, 0.05)
