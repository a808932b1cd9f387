"""The Bot API over HTTP: one request at a time, and never a token in what comes of it."""

import asyncio
import re
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from arni_edge.channels.telegram.answers import WRONG_TOKEN, Answer, Away, Stop, judge
from arni_edge.domain.clock import Clock
from arni_edge.settings import Telegram

_DEADLINE_SECONDS = 15.0
_MAX_BYTES = 8 * 1024 * 1024
"""The server ends a batch of updates at 4 MiB."""
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")
_NEVER_WRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""It failed before a byte of the request had left."""


def open_client() -> httpx.AsyncClient:
    """The HTTP client for the Bot API; its owner closes it."""
    return httpx.AsyncClient(
        # How long an answer may take is each request's own matter, see BotApi.call.
        timeout=httpx.Timeout(None, connect=5.0, pool=5.0, write=10.0),
        limits=httpx.Limits(max_connections=20, keepalive_expiry=5.0),
        trust_env=False,  # only the settings read the environment
    )


class BotApi:
    """Asks on behalf of one bot. Every call makes exactly one request and never repeats it.

    The token is a part of the address. So no error of the HTTP library leaves this class: it might name it.

    Attributes:
        ahead: Seconds by which Telegram's clock is ahead of ours, by its last answer.
    """

    def __init__(self, settings: Telegram, http: httpx.AsyncClient, clock: Clock) -> None:
        """Nothing is asked yet.

        Args:
            settings: Address and token.
            http: The client of :func:`open_client`.
            clock: Of the box.
        """
        self._settings = settings
        self._http = http
        self._clock = clock
        self.ahead = 0.0

    async def call(
        self, method: str, body: dict[str, Any] | None = None, *, deadline: float = _DEADLINE_SECONDS
    ) -> Answer:
        """Call a method of the Bot API.

        Args:
            method: For instance ``sendMessage``.
            body: Its parameters.
            deadline: Seconds for all of it.

        Returns:
            What became of it; never raises for what the network or the server does.
        """
        token = self._settings.token.get_secret_value().strip() if self._settings.token else ""
        if not token:
            return Stop("there is no token; set the credential 'telegram_token'")
        if not _TOKEN.fullmatch(token):
            return Stop(WRONG_TOKEN)
        url = f"{self._settings.api_url.rstrip('/')}/bot{token}/{method}"
        try:
            async with asyncio.timeout(deadline):
                return await self._post(url, body or {})
        except _NEVER_WRITTEN as error:
            return Away(f"Telegram cannot be reached ({type(error).__name__})", arrived=False)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
            return Away(f"Telegram did not answer ({type(error).__name__})", arrived=True)

    async def _post(self, url: str, body: dict[str, Any]) -> Answer:
        async with self._http.stream("POST", url, json=body) as answer:
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > _MAX_BYTES:
                    return Away("Telegram's answer is too large", arrived=True)
            self._compare_clocks(answer.headers.get("date", ""))
            return judge(answer.status_code, bytes(content))

    def _compare_clocks(self, date: str) -> None:
        try:
            self.ahead = (parsedate_to_datetime(date) - self._clock.now()).total_seconds()
        except (ValueError, TypeError, OverflowError):
            self.ahead = 0.0
