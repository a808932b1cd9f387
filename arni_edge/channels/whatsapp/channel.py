"""The WhatsApp channel: from a relay event to messages in the house."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from arni_edge.channels.whatsapp.signature import verify
from arni_edge.channels.whatsapp.webhook import AccountNotice, DeliveryStatus, Ignored, Item, parse
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import InboundMessage
from arni_edge.relay import RelayEvent
from arni_edge.settings import WhatsApp

SOURCE = "whatsapp"
"""What the relay calls Meta's webhooks."""

_FOR_CHATBOTS: Final = "general_purpose_ai"
"""What Meta charges those for who offer assistants for everything; a gym that is taken for one must know."""

_DELIVERED_WITHIN: Final = timedelta(days=8)
"""Meta tries for seven days at most: what was older when the relay received it has a wrong time."""

_log = structlog.get_logger(__name__)


class Intake(Protocol):
    """Where messages and delivery reports go."""

    async def receive(
        self, messages: Sequence[InboundMessage], statuses: Sequence[DeliveryStatus], sequence: int
    ) -> None:
        """Store messages and statuses of one event, then return.

        Messages that are stored already, by :attr:`InboundMessage.key`, are left as they are: Meta delivers
        at least once. A status whose tracking id is an outbox id moves that row to ``sent`` (``failed``: to
        ``failed``) from whatever state it is in, so that a waiting repetition is called off.

        Raises:
            Unavailable: Not everything was stored, though parts may be; the same event must come again.
        """
        ...

    async def tell_of_account(self, notices: Sequence[AccountNotice]) -> None:
        """Tell staff what Meta says about the gym's account; each once an hour.

        Raises:
            Unavailable: It could not be stored; the same event must come again.
        """
        ...

    async def heed(self, messages: Sequence[InboundMessage]) -> None:
        """See to emergencies in messages that cannot be stored now; they come again."""
        ...


class WhatsAppChannel:
    """Handler of the relay's events from Meta; one that cannot be used is refused, logged and acknowledged.

    Nothing of a body, a sender or a signature reaches the log.
    """

    def __init__(self, settings: WhatsApp, intake: Intake) -> None:
        self._phone_number_id = settings.phone_number_id
        self._app_secret = settings.app_secret
        self._intake = intake

    async def consume(self, event: RelayEvent) -> None:
        """Take one event in; returns when everything in it is committed.

        Raises:
            Unavailable: Storage could not take all of it; the same event must come again.
        """
        items = self._read(event)
        messages = [replace(item, again=event.again) for item in items if isinstance(item, InboundMessage)]
        statuses = [item for item in items if isinstance(item, DeliveryStatus)]
        ignored = Counter(item.reason for item in items if isinstance(item, Ignored))
        if ignored:
            _log.info("webhook_ignored", sequence=event.sequence, reasons=dict(ignored))
        if messages or statuses:
            await self._intake.receive(messages, statuses, event.sequence)
        account = [item for item in items if isinstance(item, AccountNotice)]
        if any(status.category == _FOR_CHATBOTS for status in statuses):
            account.append(AccountNotice("pricing", _FOR_CHATBOTS))
        if account:
            await self._intake.tell_of_account(account)

    async def heed(self, event: RelayEvent) -> None:
        """See to emergencies in an event that cannot be stored now; it comes again."""
        messages = [item for item in self._read(event) if isinstance(item, InboundMessage)]
        if messages:
            await self._intake.heed(messages)

    def _read(self, event: RelayEvent) -> list[Item]:
        # Without an app secret of its own the gym shares Meta's app: then the relay has verified, and the
        # relay's token is what the box trusts.
        secret = self._app_secret
        if secret is not None and not verify(secret.get_secret_value(), event.body, event.signature):
            return _refuse(event, "bad signature")
        try:
            items = parse(event.body, event.received_at, self._phone_number_id)
        except InvalidInput as error:
            return _refuse(event, str(error))
        return [_with_likely_time(item, event.received_at) for item in items]


def _with_likely_time(item: Item, received_at: datetime) -> Item:
    """A time that cannot be right makes nothing old: an emergency of now would call nobody."""
    if isinstance(item, InboundMessage) and received_at - item.sent_at > _DELIVERED_WITHIN:
        return replace(item, sent_at=received_at)
    return item


def _refuse(event: RelayEvent, reason: str) -> list[Item]:
    _log.warning("webhook_refused", sequence=event.sequence, reason=reason, size=len(event.body))
    return []
