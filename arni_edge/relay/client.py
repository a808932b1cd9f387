"""The HTTP side of the relay: one long poll at a time."""

import asyncio

import httpx

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.relay.wire import Batch, Gap, RelayEvent, read_batch
from arni_edge.settings import Relay

__all__ = ["Batch", "Gap", "RelayClient", "RelayEvent"]

_CONNECT_SECONDS = 10.0
_GRACE_SECONDS = 15.0
"""How much longer than the agreed wait an answer may take before the connection counts as dead."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Meta's bodies are up to 3 MB each; a relay bounds its batches far below this. Protects the box's memory."""


class RelayClient:
    """Asks the relay for events. Knows no cursor: the consumer owns it."""

    def __init__(self, settings: Relay, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        token = settings.token
        self._http = httpx.AsyncClient(
            base_url=settings.url,
            headers={"Authorization": f"Bearer {token.get_secret_value()}"} if token else {},
            timeout=httpx.Timeout(_CONNECT_SECONDS, read=settings.wait_seconds + _GRACE_SECONDS),
            # Only the settings read the environment; a stray HTTP_PROXY must not divert the gym's messages.
            trust_env=False,
        )

    @property
    def wait_seconds(self) -> float:
        """How long a poll may wait for events, from the settings."""
        return self._settings.wait_seconds

    async def fetch(self, after: int, *, wait: float) -> Batch:
        """Get the events after a sequence number.

        Args:
            after: The cursor.
            wait: Seconds to wait for events when there are none, at most ``wait_seconds``.

        Raises:
            Unavailable: The relay cannot be reached or does not answer as a relay does.
            Refused: The relay does not accept the token.
        """
        if self._settings.token is None:
            raise Refused("there is no token; set the credential 'relay_token'")
        # The read timeout starts anew with every byte; this one does not.
        limit = wait + _CONNECT_SECONDS + 2 * _GRACE_SECONDS
        try:
            async with asyncio.timeout(limit):
                content = await self._get(after, wait)
        except (httpx.TimeoutException, TimeoutError):
            raise Unavailable("the relay does not answer in time") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"the relay cannot be reached ({type(error).__name__})") from None
        return read_batch(content, after, self._clock.now())

    async def _get(self, after: int, wait: float) -> bytes:
        params = {"after": str(after), "wait": f"{wait:g}"}
        async with self._http.stream("GET", "/v1/events", params=params) as answer:
            _check(answer.status_code)
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    raise Unavailable("the relay's answer is too large")
            return bytes(content)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _check(status: int) -> None:
    if status in {401, 403}:
        raise Refused("the relay does not accept the token; check the credential 'relay_token'")
    if status != 200:
        raise Unavailable(f"the relay answers with HTTP {status}")
