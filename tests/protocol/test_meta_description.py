"""What we send, and what the simulated Graph API tells, is as Meta describes it (OpenAPI, v23.0, MIT)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from support.meta import fixture, problems
from support.simulated_graph import ANNA, BSUID, asking

from arni_edge.channels.whatsapp import GraphApi, Letters, open_client
from arni_edge.channels.whatsapp.answers import Accepted
from arni_edge.channels.whatsapp.letters import template_body, text_body
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Channel, Choice, Language, Link, Option, OutboundMessage, Priority
from arni_edge.settings import WhatsApp
from arni_edge.simulator.graph import VERSION
from arni_edge.simulator.voice_note import voice_note

_FIXTURES = Path(__file__).parents[1] / "fixtures/whatsapp"
_EXAMPLES = fixture("outgoing_requests.json")["requests"]
_MARK = "Send typing indicator and read receipt"
_ADDRESS = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+4915223433333"}


def documented() -> Iterator[Any]:
    """Webhooks of field ``messages`` as Meta's documentation shows them."""
    for path in sorted(_FIXTURES.glob("*.json")):
        if "pywa" in path.name or "netflie" in path.name or "__" not in path.name:
            continue
        body = json.loads(path.read_text("utf-8"))["payload"]
        change = body["entry"][0]["changes"][0]
        # Errors about the account alone are documented, but not described.
        if change["field"] == "messages" and set(change["value"]) & {"messages", "statuses"}:
            yield pytest.param(body, id=path.stem)


@pytest.mark.parametrize("body", list(documented()))
def test_the_description_fits_the_documentations_own_webhooks(body: Any) -> None:
    assert problems("WebhookPayload", body) == []


@pytest.mark.parametrize("name", [name for name in _EXAMPLES if name != _MARK])
def test_the_description_fits_its_own_examples(name: str) -> None:
    assert problems("Message", _EXAMPLES[name]) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "text", "text": {"body": "x", "preview": True}},
        {"type": "text", "text": {"body": 1}},
        {"type": "text", "txt": {"body": "x"}},
        {"type": "audio", "audio": {"voice": True}},
        {"type": "template", "template": {"name": "x"}},
        {"type": "interactive", "interactive": {"type": "button", "action": {"buttons": []}}},
        {"type": "interactive", "interactive": {"type": "cta_url", "action": {"name": "cta"}}},
        {"type": "text", "text": {"body": "x"}, "biz_opaque_callback_data": "x" * 513},
        {"type": "text", "text": {"body": "x"}, "unheard_of": 1},
    ],
)
def test_the_description_finds_what_is_wrong(broken: dict[str, Any]) -> None:
    assert problems("Message", _ADDRESS | broken)


def written() -> dict[str, dict[str, Any]]:
    """Every kind of message that the house can write, at its limits."""
    letters = Letters(Catalogue.load(), Language.GERMAN)

    def rich(**more: Any) -> dict[str, Any]:
        message = OutboundMessage(
            key="k",
            channel=Channel.WHATSAPP,
            recipient="+4915223433333",
            text="ä" * 1024,
            priority=Priority.CHAT,
            reply_to="wamid.X",
            **more,
        )
        body = letters.rich(message)
        assert body is not None
        return body

    buttons = [Option("a" * 256, "Ja" * 10), Option("b", "Nein"), Option("c", "🏋️ später")]
    rows = [
        Option(f"{n}" * 200, f"Kurs Nummer {n} am frühen Morgen", "d" * 90, f"Tag {n % 3}") for n in range(10)
    ]
    return {
        "text": text_body("Grüße 👍" + "x" * 4000),
        "buttons": rich(choice=Choice(tuple(buttons), header="h" * 70, footer="f" * 70)),
        "list": rich(choice=Choice(tuple(rows))),
        "link": rich(link=Link("Zum Plan", "https://gym.example/plan")),
        "question": rich(asks_phone=True),
        "template": template_body("alarm_staff", Language.GERMAN, ["Not\nfall " * 300]),
        "code": template_body("identity_code", Language.ENGLISH, (), "483912"),
        "voice": {"type": "audio", "audio": {"id": "1", "voice": True}},
    }


@pytest.mark.parametrize("name", list(written()))
def test_what_we_write_is_as_described(name: str) -> None:
    body = _ADDRESS | written()[name] | {"biz_opaque_callback_data": "x" * 512}
    assert problems("Message", body) == []
    body["recipient"] = body.pop("to")
    assert problems("Message", body) == []


async def test_what_leaves_the_house_is_as_described_and_is_taken() -> None:
    """Over the wire, to a number and to a business-scoped id; codes go to numbers only."""
    async with asking() as ask, open_client() as client:
        ask.anna.user_id = BSUID
        ask.graph.limits.on = False
        settings = WhatsApp(
            phone_number_id=ask.world.phone_number_id,
            graph_url=f"{ask.world.url}/{VERSION}",
            access_token=SecretStr(ask.world.token),
        )
        graph = GraphApi(settings, client)
        for name, body in written().items():
            if name == "voice":
                note = await graph.upload_voice(voice_note())
                assert isinstance(await graph.send_voice(ANNA, note, tracking_id="row"), Accepted)
                continue
            for recipient in (ANNA, BSUID) if name != "code" else (ANNA,):
                assert isinstance(await graph.send(recipient, body, "row"), Accepted), (name, recipient)
        assert [found for body in ask.graph.accepted for found in problems("Message", body)] == []
        assert len(ask.graph.accepted) == 2 * len(written()) - 2
        example = _EXAMPLES[_MARK]["message_id"]
        assert await graph.mark_read(example, typing=True)
        assert ask.graph.read == ask.graph.typing == [example]
