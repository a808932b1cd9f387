"""What the simulated Meta reports of messages that it has taken: late, twice, in any order, or never."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from arni_edge.domain.clock import Clock
from arni_edge.simulator.graph.errors import told
from arni_edge.simulator.phones import Phone
from arni_edge.simulator.webhooks import Courier

_NO_CONVERSATION: Final = 24
"""From this version on webhooks name no conversation."""


@dataclass(slots=True)
class StatusHabits:
    """How Meta reports. The defaults are as untidy as the documents allow.

    Attributes:
        latency: Seconds from acceptance to the first report.
        spread: Seconds over which the reports of one message are spread; they overtake each other.
        doubled: Share of the reports that come twice.
        silent: No report at all (a webhook that never reaches the relay).
        undelivered: ``delivered`` never comes; ``read`` implies it.
        version: Of the webhook, which decides its shape: up to 23 a conversation is named.
        category: What is charged for, whatever it was; None: what the message was. Meta writes
            ``general_purpose_ai`` where it takes a gym for a provider of assistants.
    """

    latency: float = 0.02
    spread: float = 0.05
    doubled: float = 0.2
    silent: bool = False
    undelivered: bool = False
    version: int = 24
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was accepted.

    Attributes:
        message_id: Meta's id.
        to_number: Whether it went to a phone number; otherwise to a business-scoped id.
        tracking_id: What comes back with every report, or None.
        category: Of its template; ``service`` without one.
        voice: Whether it can be listened to.
        window: Whether the person had written within a day.
    """

    message_id: str
    to_number: bool
    tracking_id: str | None
    category: str
    voice: bool
    window: bool


class Reports:
    """Writes statuses and hands them to the courier.

    Attributes:
        habits: How.
    """

    def __init__(self, courier: Courier, clock: Clock, dice: Random) -> None:
        """Nothing is reported yet.

        Args:
            courier: Delivers.
            clock: For timestamps.
            dice: For what is left to chance.
        """
        self.habits = StatusHabits()
        self._courier = courier
        self._clock = clock
        self._dice = dice

    def arrived(self, sent: Sent, phone: Phone) -> None:
        """It reached a phone, and perhaps its owner."""
        states = ["sent"] if self.habits.undelivered else ["sent", "delivered"]
        if phone.reads:
            states += ["read", "played"] if sent.voice else ["read"]
        for state in states:
            status = self._status(sent, state)
            # Whose number is hidden is named by it all the same when they were written to by it.
            if sent.to_number or not phone.hidden:
                status["recipient_id"] = phone.digits
            if phone.user_id:
                status["recipient_user_id"] = phone.user_id
            if state in ("sent", "delivered"):
                status |= self._price(sent)
            contacts = {"contacts": [phone.contact()]} if phone.user_id else {}
            self._deliver(contacts | {"statuses": [status]})

    def failed(self, sent: Sent, phone: Phone, code: int) -> None:
        """It was taken, and reached nobody."""
        status = self._status(sent, "failed") | {"errors": [told(code)]}
        # No contacts, and the id only if it was written to.
        name = "recipient_id" if sent.to_number else "recipient_user_id"
        status[name] = phone.digits if sent.to_number else phone.user_id
        self._deliver({"statuses": [status]})

    def _status(self, sent: Sent, state: str) -> dict[str, Any]:
        status: dict[str, Any] = {
            "id": sent.message_id,
            "status": state,
            "timestamp": str(int(self._clock.now().timestamp())),
        }
        if sent.tracking_id:
            status["biz_opaque_callback_data"] = sent.tracking_id
        return status

    def _price(self, sent: Sent) -> dict[str, Any]:
        category = self.habits.category or sent.category
        free = category == "service" or (category == "utility" and sent.window)
        price: dict[str, Any] = {
            "billable": not free,
            "pricing_model": "PMP",
            "type": "free_customer_service" if free else "regular",
            "category": category,
        }
        if self.habits.version >= _NO_CONVERSATION:
            return {"pricing": price}
        ends = self._clock.now() + timedelta(days=1)
        conversation = {
            "id": hashlib.sha256(sent.message_id.encode()).hexdigest()[:32],
            "expiration_timestamp": str(int(ends.timestamp())),
            "origin": {"type": category},
        }
        return {"pricing": price, "conversation": conversation}

    def _deliver(self, value: dict[str, Any]) -> None:
        if self.habits.silent:
            return
        after = self.habits.latency + self._dice.uniform(0, self.habits.spread)
        times = 2 if self._dice.random() < self.habits.doubled else 1
        self._courier.deliver(value, after=after, times=times)
