"""What the sender needs of the durable outbox; storage implements it.

::

    queued ──► sending ──► sent
      ▲           ├──────► failed
      │           ├──────► retry ─────┐  (certainly not accepted; due again at not_before)
      │           └──────► uncertain ─┤  (may have been accepted)
      └───────────────────────────────┘

A status webhook that carries the row's id moves it to ``sent`` (or ``failed``) from **any** state, in the
transaction that takes the webhook in; a repetition that waits is so called off. Therefore every ``mark_*``
changes a row only if it is still in the state that the sender believes: ``sent`` and ``failed`` are never
left again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from arni_edge.domain.messages import Channel, OutboundMessage


class OutboxItem(Protocol):
    """One row of the outbox. A protocol, so that storage, a floor below, can have its own class."""

    @property
    def id(self) -> str:
        """Travels with the message as tracking id and comes back in every status; at most 512 characters."""
        ...

    @property
    def message(self) -> OutboundMessage:
        """What goes out."""
        ...

    @property
    def attempts(self) -> int:
        """How often ``mark_sending`` has taken it."""
        ...

    @property
    def queued_at(self) -> datetime:
        """When it was put into the outbox (aware)."""
        ...


class OutboxPort(Protocol):
    """The outbox as the sender of one channel sees it. Every change is committed when its method returns."""

    async def next_due(self, channel: Channel, now: datetime) -> OutboxItem | None:
        """The next row in ``queued``, or in ``retry`` with ``not_before <= now``; None if there is none.

        Alarms before chat; within one priority oldest first. A row is passed over while the same recipient
        has a row in ``sending`` (never two in flight to one person) or an **older row of the same priority**
        in ``uncertain`` or waiting in ``retry`` (order is kept; only an alarm overtakes).
        """
        ...

    async def mark_sending(self, item_id: str) -> bool:
        """``queued``/``retry`` → ``sending``, one more attempt. False if the row is no longer due."""
        ...

    async def mark_sent(self, item_id: str, message_id: str) -> None:
        """→ ``sent``, with the channel's message id. A row that is ``sent`` already gets only the id."""
        ...

    async def mark_retry(self, item_id: str, not_before: datetime, reason: str) -> None:
        """``sending``/``uncertain`` → ``retry``."""
        ...

    async def mark_failed(self, item_id: str, reason: str) -> None:
        """``sending``/``uncertain`` → ``failed``."""
        ...

    async def mark_uncertain(self, item_id: str) -> None:
        """``sending`` → ``uncertain``."""
        ...

    async def uncertain(self, channel: Channel) -> Sequence[OutboxItem]:
        """All rows in ``sending`` or ``uncertain``, oldest first."""
        ...

    async def split(self, item_id: str, texts: Sequence[str]) -> None:
        """Cut a row that waits into several, in one transaction and in its place in the order.

        The first part keeps the row's key, so that the key stays taken, and ``reply_to``; the others have
        keys ``<key>/2``, ``<key>/3`` …, ids of their own and no ``reply_to``.
        """
        ...

    async def wait(self) -> None:
        """Return when something has changed since the last return (or since the start). Safe to cancel."""
        ...
