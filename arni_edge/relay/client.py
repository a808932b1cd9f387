"""The HTTP side of the relay: one long poll at a time, and what the box asks besides."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

import httpx
import orjson

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.relay.errors import ComeLater, ShutOut
from arni_edge.relay.identity import Identity, Papers
from arni_edge.relay.keys import audience_of
from arni_edge.relay.wire import Batch, Gap, RelayEvent, read_batch
from arni_edge.settings import Relay
from arni_edge.storage.relay_cursor import Position

__all__ = ["Batch", "Gap", "RelayClient", "RelayEvent"]

_CONNECT_SECONDS = 10.0
_GRACE_SECONDS = 15.0
"""How much longer than the agreed wait an answer may take before the connection counts as dead."""
_LONGEST_PAUSE = 300.0
"""A relay that wants to be left alone for longer is asked all the same."""
_BEYOND = 2**52
"""No log is as long: a poll from here is answered at once, and without events."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Meta's bodies are up to 3 MB each; a relay bounds its batches far below this. Protects the box's memory."""
_MAX_WORDS_BYTES = 64 * 1024


class RelayClient:
    """Asks the relay. Knows no cursor: the consumer owns it."""

    def __init__(self, settings: Relay, clock: Clock, papers: Papers) -> None:
        """Nothing is asked yet.

        Args:
            settings: Where the relay is.
            clock: For tokens, and for events without a time.
            papers: Who this box is.
        """
        self._settings = settings
        self._clock = clock
        self._papers = papers
        self._known: tuple[int, Identity] | None = None
        self._http = httpx.AsyncClient(
            base_url=settings.url,
            timeout=httpx.Timeout(_CONNECT_SECONDS, read=settings.wait_seconds + _GRACE_SECONDS),
            # Only the settings read the environment; a stray HTTP_PROXY must not divert the gym's messages.
            trust_env=False,
        )

    @property
    def wait_seconds(self) -> float:
        """How long a poll may wait for events, from the settings."""
        return self._settings.wait_seconds

    @property
    def papers_version(self) -> int:
        """Changes when the box is enrolled."""
        return self._papers.version

    @property
    def identity(self) -> Identity:
        """Who this box is.

        Raises:
            ShutOut: It is not enrolled.
        """
        version = self._papers.version
        if self._known is None or self._known[0] != version:
            self._known = version, self._papers.load()
        return self._known[1]

    async def fetch(self, after: Position, *, wait: float) -> Batch:
        """Get the events after a sequence number.

        Args:
            after: The cursor.
            wait: Seconds to wait for events when there are none, at most ``wait_seconds``.

        Raises:
            Unavailable: The relay cannot be reached or does not answer as a relay does.
            ComeLater: It says when to ask again.
            ShutOut: It does not serve this box.
        """
        params = {"after": str(after.sequence), "wait": f"{wait:g}"}
        if after.log is not None:
            params["log"] = after.log
        # The read timeout starts anew with every byte; this one does not.
        limit = wait + _CONNECT_SECONDS + 2 * _GRACE_SECONDS
        identity = self.identity
        content, later = await self._ask("GET", "/v1/events", limit, MAX_ANSWER_BYTES, params=params)
        batch = read_batch(content, after, self._clock.now(), later=later)
        if batch.epoch != identity.epoch:
            raise Unavailable("the relay's answer is for another box")
        return batch

    async def head(self) -> Batch:
        """What the log is called and how far it goes, without its events.

        Raises:
            Unavailable: As :meth:`fetch`.
            ShutOut: As :meth:`fetch`.
        """
        return await self.fetch(Position(None, _BEYOND), wait=0)

    async def erase(self, sequences: Sequence[int]) -> None:
        """Have events erased at the relay; doing it twice does no harm.

        Args:
            sequences: Their numbers, at most 1,000.

        Raises:
            Unavailable: As :meth:`fetch`; some may be erased.
            ShutOut: As :meth:`fetch`.
        """
        content = {"sequences": list(sequences)}
        await self._ask("POST", "/v1/erase", 2 * _GRACE_SECONDS, _MAX_WORDS_BYTES, content=content)

    async def enroll(self, code: str) -> Identity:
        """Make this the gym's box. The same code may be tried again when no answer came.

        Args:
            code: From the operator of the relay; good once, and for a short time.

        Raises:
            ShutOut: The code is not good.
            Unavailable: The relay cannot be reached, or the key cannot be stored.
        """
        key = await asyncio.to_thread(self._papers.next_key)
        said = {"code": code, "public_key": key.public}
        content, _ = await self._ask(
            "POST", "/v1/enroll", 2 * _GRACE_SECONDS, _MAX_WORDS_BYTES, content=said, signed=False
        )
        try:
            answer = orjson.loads(content)
            box, epoch = str(answer["box"]), int(answer["epoch"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            raise Unavailable("the relay's answer cannot be understood") from None
        audience = audience_of(self._settings.url)
        return await asyncio.to_thread(self._papers.keep, key, box, epoch, audience, self._clock.now())

    async def _ask(
        self,
        method: str,
        path: str,
        seconds: float,
        most: int,
        *,
        params: dict[str, str] | None = None,
        content: object = None,
        signed: bool = True,
    ) -> tuple[bytes, float]:
        """One request; returns the body of the answer, and after how many seconds to ask again."""
        headers = {"Authorization": f"Bearer {self.identity.token(self._clock.now())}"} if signed else {}
        if content is not None:
            headers["Content-Type"] = "application/json"
        body = None if content is None else orjson.dumps(content)
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.stream(method, path, params=params, headers=headers, content=body) as answer,
            ):
                later = _seconds(answer.headers.get("retry-after", ""))
                good = answer.status_code == 200
                words = await _read(answer, most if good else _MAX_WORDS_BYTES)
        except (httpx.TimeoutException, TimeoutError):
            raise Unavailable("the relay does not answer in time") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"the relay cannot be reached ({_why(error)})") from None
        if not good:
            _refuse(answer.status_code, words, later)
        return words, later

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _why(error: BaseException) -> str:
    """What is wrong with its certificate, if that is it: somebody can set it, or this box's clock, right."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


async def _read(answer: httpx.Response, most: int) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > most:
            raise Unavailable("the relay's answer is too large")
    return bytes(content)


def _refuse(status: int, words: bytes, later: float) -> None:
    if status in {401, 403}:
        raise ShutOut(_reason(words))
    if later:
        raise ComeLater(f"the relay answers with HTTP {status}, and wants to be asked later", later)
    raise Unavailable(f"the relay answers with HTTP {status}")


def _reason(words: bytes) -> str:
    try:
        said: Any = orjson.loads(words)
        reason = said["reason"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return reason if isinstance(reason, str) else ""


def _seconds(header: str) -> float:
    """``Retry-After`` in seconds; a date, or anything else, is none."""
    return min(float(header), _LONGEST_PAUSE) if header.isascii() and header.isdecimal() else 0.0
