"""Tells somebody of staff beside their posts: a template at WhatsApp, and a short message."""

import asyncio
from datetime import datetime
from typing import Final

import structlog

from arni_edge.access.couriers import Sms
from arni_edge.domain.errors import ArniError
from arni_edge.domain.messages import Priority
from arni_edge.domain.staff import Contact
from arni_edge.safety import StaffLine
from arni_edge.storage import Transaction

_LOG = structlog.get_logger(__name__)

_SMS_SECONDS: Final = 10.0


class StaffHerald:
    """All ways that somebody has but Telegram, where the board is seen."""

    def __init__(self, line: StaffLine, sms: Sms | None) -> None:
        """Nothing is sent yet.

        Args:
            line: Knows who has WhatsApp, and takes templates.
            sms: Who sends short messages, or None.
        """
        self._line = line
        self._sms = sms

    async def store(self, tx: Transaction, contact: Contact, key: str, text: str, now: datetime) -> None:
        """Queue the template, in the commit of what it tells of."""
        if self._line.has_whatsapp(contact):
            await self._line.send(tx, contact, key, text, now, Priority.CHAT)

    async def call(self, contact: Contact, key: str, text: str) -> None:
        """Send the short message; when its service has not taken it, the other ways have to do."""
        if self._sms is None or contact.phone is None:
            return
        try:
            async with asyncio.timeout(_SMS_SECONDS):
                await self._sms.send(contact.phone, text, key)
        except (ArniError, TimeoutError) as error:
            _LOG.warning("staff_not_told_by_sms", staff=contact.id, reason=type(error).__name__)
