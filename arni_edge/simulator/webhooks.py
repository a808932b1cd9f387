"""Meta's side of the webhooks: builds the bodies, signs them and delivers them at least once."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from arni_edge.channels.whatsapp.signature import HEADER, sign

_FIRST_RETRY = 0.2
_LONGEST_RETRY = 5.0
"""Meta waits longer between repetitions; an outage in a scenario lasts seconds, not hours."""


class Courier:
    """Delivers webhooks to the callback and repeats what was not answered with 200, without keeping order."""

    def __init__(
        self, app_secret: str, *, business_id: str, phone_number_id: str, display_number: str
    ) -> None:
        self._app_secret = app_secret
        self._business_id = business_id
        self._metadata = {"display_phone_number": display_number, "phone_number_id": phone_number_id}
        self._http = httpx.AsyncClient(timeout=10.0, trust_env=False)
        self._deliveries: set[asyncio.Task[None]] = set()
        self.callback = ""

    def deliver(self, value: Mapping[str, Any], *, after: float = 0.0, times: int = 1) -> None:
        """Deliver one change of field ``messages``, ``times`` over; returns at once."""
        body = self._body(value)
        for _ in range(times):
            task = asyncio.create_task(self._deliver(body, after), name="webhook-delivery")
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

    def _body(self, value: Mapping[str, Any]) -> bytes:
        change = {
            "value": {"messaging_product": "whatsapp", "metadata": self._metadata, **value},
            "field": "messages",
        }
        envelope = {
            "object": "whatsapp_business_account",
            "entry": [{"id": self._business_id, "changes": [change]}],
        }
        # ASCII with \uXXXX escapes: this is what Meta signs and sends.
        return json.dumps(envelope, ensure_ascii=True, separators=(",", ":")).encode("ascii")

    async def _deliver(self, body: bytes, after: float) -> None:
        await asyncio.sleep(after)
        pause = _FIRST_RETRY
        while not await self._post(body):
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_RETRY)

    async def _post(self, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", HEADER: sign(self._app_secret, body)}
        try:
            answer = await self._http.post(self.callback, content=body, headers=headers)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    async def aclose(self) -> None:
        """Give up what is not delivered, and close the connections."""
        deliveries = set(self._deliveries)
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        await self._http.aclose()
