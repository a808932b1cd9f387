"""SMS and calls by a webhook, against a service on loopback that takes, refuses, hangs and breaks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from arni_edge.channels.webhook import WebhookSink, open_webhook_client, phone_sink, sms_sink
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.staff import Contact
from arni_edge.safety.model import Alarm, Call
from arni_edge.settings import Webhook
from arni_edge.simulator.gateway import Mood, SimulatedGateway

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ALARM = Alarm("a1b2c3", "medical", "button", NOW, NOW)
KIM = Contact("kim", "Kim Übermut", phone="+4915550000001")
TOKEN = "tok-en"


def call(step: int = 0, contact: Contact = KIM) -> Call:
    return Call(ALARM, contact, "ALARM im Studio: medizinischer Notfall", step)


@asynccontextmanager
async def service(
    *, token: str = TOKEN, seconds: float = 1.0, phone: bool = False
) -> AsyncIterator[tuple[SimulatedGateway, WebhookSink]]:
    gateway = SimulatedGateway(TOKEN)
    async with gateway.run() as url, open_webhook_client() as client:
        settings = Webhook(url=url, token=SecretStr(token), seconds=seconds)
        yield gateway, (phone_sink if phone else sms_sink)(settings, client)


async def test_an_sms_is_taken_with_the_providers_id_as_evidence() -> None:
    async with service() as (gateway, sink):
        assert (sink.name, sink.from_step) == ("sms", 0)
        assert await sink.deliver(call()) == "HTTP 202, id SM000001"
        (sent,) = gateway.sent
        assert (sent.kind, sent.to, sent.alarm_id) == ("sms", KIM.phone, "a1b2c3")


async def test_a_call_asked_for_again_is_one_message_and_the_next_step_another() -> None:
    async with service(phone=True) as (gateway, sink):
        assert (sink.name, sink.from_step) == ("phone", 1)
        await sink.deliver(call(1))
        await sink.deliver(call(1))
        await sink.deliver(call(2))
        assert [one.kind for one in gateway.sent] == ["call", "call"]
        assert len({one.key for one in gateway.sent}) == 2


async def test_who_has_no_number_is_not_reached() -> None:
    async with service() as (gateway, sink):
        nobody = Contact("kai", "Kai")
        assert sink.reaches(KIM)
        assert not sink.reaches(nobody)
        with pytest.raises(Refused):
            await sink.deliver(call(contact=nobody))
        assert gateway.asked == 0


NOT_TAKEN = {
    Mood.REFUSES: Refused,
    Mood.REDIRECTS: Refused,
    Mood.THROTTLES: Unavailable,
    Mood.BREAKS: Unavailable,
    Mood.HANGS: Unavailable,
    Mood.CUTS: Unavailable,
}


async def test_what_is_not_taken_says_whether_asking_again_may_help() -> None:
    async with service(seconds=0.3) as (gateway, sink):
        for step, (mood, error) in enumerate(NOT_TAKEN.items()):
            gateway.mood = mood
            asked = gateway.asked
            with capture_logs() as logs, pytest.raises(error) as told:
                await sink.deliver(call(step))
            for secret in (str(KIM.phone), TOKEN, "medizinischer", "Kim"):
                assert secret not in f"{told.value}{logs}"
            assert gateway.asked == asked + 1, f"{mood}: redirects are not followed, nothing is repeated"
            gateway.mood = Mood.TAKES
            assert (await sink.deliver(call(step))).startswith("HTTP 202")
            assert len(gateway.sent) == step + 1, f"{mood}: the same call is one message"


async def test_a_wrong_token_is_refused_for_good() -> None:
    async with service(token="wrong") as (gateway, sink):
        with pytest.raises(Refused, match="token"):
            await sink.deliver(call())
        assert gateway.sent == []


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async with service() as (gateway, sink):
        gateway.mood = Mood.FLOODS
        assert await sink.deliver(call()) == "HTTP 202"


async def test_nobody_listens() -> None:
    async with open_webhook_client() as client:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await sms_sink(Webhook(url="http://127.0.0.1:9"), client).deliver(call())


IDS = {
    b'{"id": 17}': "HTTP 200, id 17",
    b'{"sid": "SMabc"}': "HTTP 200, id SMabc",
    b'{"id": "to-4915550000001"}': "HTTP 200",
    b'{"id": "a\\nb"}': "HTTP 200",
    b'{"id": true}': "HTTP 200",
    b'["id"]': "HTTP 200",
    b"\xff\xfe": "HTTP 200",
    b"": "HTTP 200",
}


async def test_only_a_harmless_id_becomes_evidence() -> None:
    async with service() as (gateway, sink):
        for content, evidence in IDS.items():
            gateway.answer = content
            assert await sink.deliver(call()) == evidence, content
