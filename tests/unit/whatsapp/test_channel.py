"""From a relay event to the intake: verified, parsed, acknowledged."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from arni_edge.channels.whatsapp import SOURCE, DeliveryStatus, WhatsAppChannel
from arni_edge.channels.whatsapp.signature import sign
from arni_edge.channels.whatsapp.webhook import AccountNotice
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.messages import InboundMessage
from arni_edge.relay import RelayEvent
from arni_edge.settings import WhatsApp

SECRET = "arni-test-secret"
RECEIVED = datetime(2026, 11, 21, tzinfo=UTC)
MESSAGE = {
    "from": "4915223433333",
    "id": "wamid.A",
    "timestamp": "1",
    "type": "text",
    "text": {"body": "geheim"},
}
STATUS = {"id": "wamid.B", "status": "read", "timestamp": "1"}


class Kept:
    """An intake that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], list[str]]] = []
        self.heeded: list[str] = []
        self.ages: list[timedelta] = []

    async def receive(
        self, messages: Sequence[InboundMessage], statuses: Sequence[DeliveryStatus], sequence: int
    ) -> None:
        assert sequence == 7
        self.calls.append(([m.message_id for m in messages], [s.message_id for s in statuses]))
        self.ages += [RECEIVED - message.sent_at for message in messages]

    async def heed(self, messages: Sequence[InboundMessage]) -> None:
        self.heeded += [message.message_id for message in messages]
        self.ages += [RECEIVED - message.sent_at for message in messages]

    async def tell_of_account(self, notices: Sequence[AccountNotice]) -> None:
        raise AssertionError(f"there is nothing about the account in it: {notices}")


def body(number: str = "106540352242922") -> bytes:
    value = {"metadata": {"phone_number_id": number}, "messages": [MESSAGE], "statuses": [STATUS]}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


def event(content: bytes, *, signature: str | None = None) -> RelayEvent:
    return RelayEvent(7, SOURCE, RECEIVED, content, signature)


def channel(kept: Kept, secret: str | None = SECRET) -> WhatsAppChannel:
    app_secret = SecretStr(secret) if secret else None
    return WhatsAppChannel(WhatsApp(phone_number_id="106540352242922", app_secret=app_secret), kept)


async def test_messages_and_statuses_go_in_together() -> None:
    """One call for one event."""
    kept = Kept()
    await channel(kept).consume(event(body(), signature=sign(SECRET, body())))
    assert kept.calls == [(["wamid.A"], ["wamid.B"])]


@pytest.mark.parametrize(("signature", "heeded"), [(sign(SECRET, body()), ["wamid.A"]), (None, [])])
async def test_what_cannot_be_stored_now_is_looked_at_only_if_it_is_genuine(
    signature: str | None, heeded: list[str]
) -> None:
    kept = Kept()
    await channel(kept).heed(event(body(), signature=signature))
    assert (kept.heeded, kept.calls) == (heeded, [])


@pytest.mark.parametrize("signature", [None, "", "sha256=00", sign("another", body())])
async def test_a_bad_signature_is_refused_and_acknowledged(signature: str | None) -> None:
    """Nothing of it is taken, nothing of it is logged, and the line goes on."""
    kept = Kept()
    with capture_logs() as logs:
        await channel(kept).consume(event(body(), signature=signature))
    assert kept.calls == []
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("webhook_refused", "bad signature")]
    assert "geheim" not in repr(logs)
    assert "4915223433333" not in repr(logs)


async def test_without_an_app_secret_the_relay_is_trusted() -> None:
    """A shared Meta app: the relay has verified."""
    kept = Kept()
    await channel(kept, secret=None).consume(event(body()))
    assert kept.calls == [(["wamid.A"], ["wamid.B"])]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b" " * 5_000_000])
async def test_poison_is_refused_and_acknowledged(content: bytes) -> None:
    """What cannot be read never comes back."""
    kept = Kept()
    with capture_logs() as logs:
        await channel(kept).consume(event(content, signature=sign(SECRET, content)))
    assert kept.calls == []
    assert logs[0]["event"] == "webhook_refused"


async def test_what_is_not_ours_is_acknowledged() -> None:
    """Another number of the same app."""
    kept = Kept()
    other = body("555555555")
    await channel(kept).consume(event(other, signature=sign(SECRET, other)))
    assert kept.calls == []


async def test_storage_that_is_away_is_the_desks_business() -> None:
    """Not everything was committed, so the same event must come again."""

    class Away(Kept):
        async def receive(self, *_: object) -> None:
            raise Unavailable("the disk is full")

    with pytest.raises(Unavailable):
        await channel(Away(), secret=None).consume(event(body()))


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (timedelta(hours=13), timedelta(hours=13)),
        (timedelta(days=7), timedelta(days=7)),  # so long Meta tries
        (timedelta(days=9), timedelta()),
        (timedelta(days=20_000), timedelta()),
    ],
)
async def test_a_time_from_before_all_that_meta_still_delivers_is_none(
    said: timedelta, taken: timedelta
) -> None:
    """By it an emergency of now would be an old one, and nobody would be called."""
    kept, wrong = Kept(), str(int((RECEIVED - said).timestamp()))
    message = MESSAGE | {"timestamp": wrong}
    value = {"metadata": {"phone_number_id": "106540352242922"}, "messages": [message]}
    content = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
    given = event(content, signature=sign(SECRET, content))
    await channel(kept).consume(given)
    await channel(kept).heed(given)
    assert kept.ages == [taken, taken]
