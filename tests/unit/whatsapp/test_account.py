"""What Meta says about the gym's account reaches whoever runs the gym."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arni_edge.channels.whatsapp import SOURCE, DeliveryStatus, WhatsAppChannel
from arni_edge.channels.whatsapp.webhook import AccountNotice
from arni_edge.domain.messages import InboundMessage
from arni_edge.relay import RelayEvent
from arni_edge.settings import WhatsApp

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Told:
    """An intake that remembers what staff are to be told."""

    def __init__(self) -> None:
        self.notices: list[AccountNotice] = []

    async def receive(
        self, messages: Sequence[InboundMessage], statuses: Sequence[DeliveryStatus], sequence: int
    ) -> None:
        """Not what this is about."""

    async def heed(self, messages: Sequence[InboundMessage]) -> None:
        """Not what this is about."""

    async def tell_of_account(self, notices: Sequence[AccountNotice]) -> None:
        self.notices += notices


async def told(body: bytes) -> list[tuple[str, str]]:
    intake = Told()
    channel = WhatsAppChannel(WhatsApp(phone_number_id="106540352242922"), intake)
    await channel.consume(RelayEvent(7, SOURCE, NOW, body, None))
    return [(notice.field, notice.event) for notice in intake.notices]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "account_alerts__metadocs_account_alerts_1",
            ("account_alerts", "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED"),
        ),
        ("security__metadocs_security_1", ("security", "PIN_RESET_REQUEST")),
        (
            "message_template_status_update__metadocs_message_template_status_update_1",
            ("message_template_status_update", "APPROVED"),
        ),
    ],
)
async def test_each_report_is_told_with_what_happened(name: str, expected: tuple[str, str]) -> None:
    payload = json.loads((FIXTURES / f"{name}.json").read_text())["payload"]
    assert await told(json.dumps(payload).encode()) == [expected]


@pytest.mark.parametrize("value", [None, [], "x", {"event": 7}, {"event": "x y"}, {"event": "A" * 65}])
async def test_a_report_that_says_nothing_is_told_all_the_same(value: object) -> None:
    """And nothing that somebody else wrote gets among the words."""
    body = json.dumps({"entry": [{"changes": [{"field": "account_update", "value": value}]}]}).encode()
    assert await told(body) == [("account_update", "unknown")]


async def test_a_gym_that_is_charged_like_an_assistant_for_everything_hears_of_it() -> None:
    """Meta's terms since 2026."""
    status = {"id": "w", "status": "sent", "timestamp": "1", "pricing": {"category": "general_purpose_ai"}}
    value = {"statuses": [status, status | {"pricing": {"category": "service"}}]}
    body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
    assert await told(body) == [("pricing", "general_purpose_ai")]
