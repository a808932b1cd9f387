"""Meta's side of the webhooks: builds the bodies, signs them and delivers them at least once."""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx

from arni_edge.channels.whatsapp.signature import HEADER, sign
from arni_edge.domain.clock import Clock, SystemClock

_FIRST_RETRY = 0.2
_LONGEST_RETRY = 5.0
"""Meta waits longer between repetitions; an outage in a scenario lasts seconds, not hours."""
GIVES_UP: Final = timedelta(days=7)
_MOST_UPDATES: Final = 1000


@dataclass(slots=True)
class CourierHabits:
    """How webhooks travel.

    Attributes:
        copies: How often each is delivered.
        spread: Seconds over which deliveries are strewn, so that their order is lost.
        batch: So many updates travel in one body at most; Meta puts up to 1,000 together.
        linger: Seconds that an update waits for others.
    """

    copies: int = 1
    spread: float = 0.0
    batch: int = 1
    linger: float = 0.05


class Courier:
    """Delivers webhooks to the callback and repeats what was not answered with 200, without keeping order.

    Attributes:
        callback: Where to; while it is empty nothing is delivered, and nothing is kept.
        habits: How.
        posted: How many requests were made.
        taken: How many of them were answered with 200.
        given_up: How many bodies were repeated for seven days in vain.
    """

    def __init__(
        self,
        app_secret: str,
        *,
        business_id: str,
        phone_number_id: str,
        display_number: str,
        clock: Clock | None = None,
        seed: int = 1,
    ) -> None:
        """Nothing is delivered before there is a :attr:`callback`.

        Args:
            app_secret: Signs.
            business_id: Of the WhatsApp business account.
            phone_number_id: Of the gym's number.
            display_number: The number itself, digits.
            clock: Decides when repeating has no sense any more; None: the computer's.
            seed: Of what is left to chance.
        """
        self._app_secret = app_secret
        self._business_id = business_id
        self._metadata = {"display_phone_number": display_number, "phone_number_id": phone_number_id}
        self._http = httpx.AsyncClient(timeout=10.0, trust_env=False)
        self._clock = clock or SystemClock()
        self._dice = Random(seed)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._gathered: list[dict[str, Any]] = []
        self.callback = ""
        self.habits = CourierHabits()
        self.posted = self.taken = self.given_up = 0

    @property
    def business_number(self) -> str:
        """The gym's number, digits."""
        return self._metadata["display_phone_number"]

    def deliver(self, value: Mapping[str, Any], *, after: float = 0.0, times: int = 1) -> None:
        """Deliver one change of field ``messages``, ``times`` over; returns at once."""
        whole = {"messaging_product": "whatsapp", "metadata": self._metadata, **value}
        self._hand_over({"value": whole, "field": "messages"}, after, times)

    def tell(self, field: str, value: Mapping[str, Any]) -> None:
        """Something about the account: ``account_update``, ``message_template_status_update`` and so on."""
        self._hand_over({"value": dict(value), "field": field}, 0.0, 1)

    async def verify(self, token: str) -> bool:
        """Whether the callback knows the verify token, as Meta asks when the address is saved.

        Raises:
            httpx.TransportError: Nobody answers.
        """
        challenge = uuid4().hex
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        answer = await self._http.get(self.callback, params=asked)
        return answer.status_code == 200 and answer.text == challenge

    # --- on the way ---------------------------------------------------------------------------------------

    def _hand_over(self, change: dict[str, Any], after: float, times: int) -> None:
        after += self._dice.uniform(0.0, self.habits.spread)
        for _ in range(times * self.habits.copies):
            if self.habits.batch == 1:
                self._send_off(self._delivered(self._body([change]), after))
            else:
                self._send_off(self._gather(change, after))

    def _send_off(self, delivery: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(delivery, name="webhook-delivery")
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _gather(self, change: dict[str, Any], after: float) -> None:
        """Wait for others; the one that fills the bag, or whose patience ends first, takes all along."""
        await asyncio.sleep(after)
        self._gathered.append(change)
        if len(self._gathered) < min(self.habits.batch, _MOST_UPDATES):
            await asyncio.sleep(self.habits.linger)
        changes, self._gathered = self._gathered, []
        if changes:
            await self._delivered(self._body(changes), 0.0)

    def _body(self, changes: Sequence[dict[str, Any]]) -> bytes:
        """One body: Meta spreads what it puts together over several entries and changes."""
        entries = [part for part in (changes[0::2], changes[1::2]) if part]
        now = int(self._clock.now().timestamp())
        timed = any(change["field"] != "messages" for change in changes)
        envelope = {
            "object": "whatsapp_business_account",
            "entry": [
                {"id": self._business_id, **({"time": now} if timed else {}), "changes": part}
                for part in entries
            ],
        }
        # ASCII with \uXXXX escapes: this is what Meta signs and sends.
        return json.dumps(envelope, ensure_ascii=True, separators=(",", ":")).encode("ascii")

    async def _delivered(self, body: bytes, after: float) -> None:
        await asyncio.sleep(after)
        began, pause = self._clock.now(), _FIRST_RETRY
        while self.callback and not await self._post(body):
            if self._clock.now() - began > GIVES_UP:
                self.given_up += 1
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_RETRY)

    async def _post(self, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", HEADER: sign(self._app_secret, body)}
        self.posted += 1
        try:
            answer = await self._http.post(self.callback, content=body, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL):
            return False
        self.taken += answer.status_code == 200
        return answer.status_code == 200

    async def aclose(self) -> None:
        """Give up what is not delivered, and close the connections."""
        deliveries = set(self._deliveries)
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        await self._http.aclose()
