"""What Meta reports of messages that it has taken: delivered, read, or failed after all."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from arni_edge.channels.whatsapp.answers import (
    Park,
    Retry,
    RetryThisUser,
    SendResult,
    Stop,
    Undeliverable,
    WindowClosed,
    judge_code,
)
from arni_edge.channels.whatsapp.settling import Notices
from arni_edge.channels.whatsapp.webhook import DeliveryState, DeliveryStatus
from arni_edge.storage import Transaction
from arni_edge.storage.outbound import TEMPLATE
from arni_edge.storage.outbox_reports import bring_back, note_delivery

_LOG = structlog.get_logger(__name__)

_AGAIN_SECONDS: Final = 60.0
_MOST_ATTEMPTS: Final = 4
"""What Meta takes and then does not deliver is handed over so often, not without end."""

_LINE: Final = "whatsapp"


class DeliveryReports:
    """Notes them in the outbox. What failed for a reason that passes leaves again: it has not arrived."""

    def __init__(self, notices: Notices | None = None) -> None:
        """Nothing is noted by it.

        Args:
            notices: To staff; None: there is nobody to tell.
        """
        self._notices = notices

    async def note(self, tx: Transaction, statuses: Sequence[DeliveryStatus], now: datetime) -> None:
        """Note what was reported, in any order and any number of times.

        Args:
            tx: The transaction.
            statuses: Of messages of ours, and of what was sent by hand in Meta's app.
            now: The moment.
        """
        for status in statuses:
            # What was sent outside the outbox has no id of ours.
            if status.tracking_id is not None:
                await self._note(tx, status, status.tracking_id, now)

    async def _note(self, tx: Transaction, status: DeliveryStatus, row: str, now: datetime) -> None:
        failed = status.state is DeliveryState.FAILED
        result = judge_code(status.error_code, temporary=False) if failed and status.error_code else None
        reason = getattr(result, "reason", "Meta could not deliver it") if failed else None
        has_failed = await note_delivery(tx, row, status.state, status.message_id, now, reason=reason)
        if not has_failed or result is None:
            return
        _LOG.warning("message_not_delivered", outbox_id=row, reason=reason)
        if not await self._again(tx, row, result, now):
            await self._tell(tx, result, now)

    async def _again(self, tx: Transaction, row: str, result: SendResult, now: datetime) -> bool:
        """Whether it leaves once more."""
        match result:
            case Retry(seconds, reason):
                at = now + timedelta(seconds=max(seconds, _AGAIN_SECONDS))
            case RetryThisUser(reason):
                at = now + timedelta(seconds=_AGAIN_SECONDS)
            case Park(seconds, reason):
                at = now + timedelta(seconds=seconds)
            case WindowClosed(reason):
                return await bring_back(
                    tx, row, now, reason, now, kind=TEMPLATE, most_attempts=_MOST_ATTEMPTS
                )
            case _:
                return False
        return await bring_back(tx, row, at, reason, now, most_attempts=_MOST_ATTEMPTS)

    async def _tell(self, tx: Transaction, result: SendResult, now: datetime) -> None:
        match result:
            case Stop(only_templates=only_templates):
                trouble = "templates_stopped" if only_templates else "stopped"
            case WindowClosed():
                trouble = "window"
            case Undeliverable(trouble=trouble):
                pass
            case _:
                trouble = ""
        if trouble and self._notices is not None:
            await self._notices.tell(tx, _LINE, trouble, now)
