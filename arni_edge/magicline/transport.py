"""One request to Magicline at a time: in its turn, within a deadline, and never more memory than allowed.

No error of the HTTP library leaves this module, and none is chained: it might show the key or a body.
"""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson
from pydantic import SecretStr

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.magicline.errors import Away, NotAllowed
from arni_edge.magicline.operations import Effect, Operation
from arni_edge.magicline.pace import Pace, Sleep
from arni_edge.magicline.wire import failure, read_retry_after, unknown

MOST_BYTES: Final = 16 * 1024 * 1024
"""500 customers are about one megabyte."""
_DEADLINE: Final = {True: 15.0, False: 60.0}
"""Seconds for one attempt, by whether somebody waits for it."""
_ATTEMPTS: Final = {True: 2, False: 4}
_OWN_CONNECTIONS: Final = 4
_TROUBLE: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)
"""All that network, server and addresses can do to us; a timeout is an ``OSError``."""
_BEHIND_THE_DOOR: Final = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)
"""What can only go wrong once a connection stands."""
_LONGEST_KEY: Final = 4096


def open_http() -> httpx.AsyncClient:
    """The HTTP client for Magicline; its owner closes it."""
    return httpx.AsyncClient(
        # How long an answer may take is each request's own matter.
        timeout=httpx.Timeout(None, connect=8.0, pool=8.0, write=15.0),
        limits=httpx.Limits(max_connections=2 * _OWN_CONNECTIONS, keepalive_expiry=20.0),
        trust_env=False,  # only the settings read the environment
        follow_redirects=False,  # the key goes to the address in the settings and nowhere else
    )


@dataclass(frozen=True, slots=True)
class Door:
    """Where requests go, and with which key.

    Attributes:
        url: Of the API, without a slash at its end.
        header: That carries the key.
        prefix: Before the key.
        key: The secret, or None.
        credential: What it is called in the settings.
    """

    url: str
    header: str
    prefix: str
    key: SecretStr | None
    credential: str

    def pass_key(self, operation: Operation) -> dict[str, str]:
        """The header with the key.

        Raises:
            NotAllowed: There is none, or nothing that can be sent.
        """
        key = self.key.get_secret_value().strip() if self.key else ""
        if not key:
            reason = f"there is no key; set the credential '{self.credential}'"
        elif not (key.isascii() and key.isprintable() and len(key) <= _LONGEST_KEY):
            reason = f"the credential '{self.credential}' is not a key"
        else:
            return {self.header: self.prefix + key}
        raise NotAllowed(f"{operation.name}: {reason}", status=401)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Attributes:
        operation: Of which kind.
        path: With its numbers filled in.
        params: Behind the question mark.
        body: JSON, or None.
        language: In which people are answered.
        urgent: Somebody waits for it.
    """

    operation: Operation
    path: str
    params: Mapping[str, str]
    body: dict[str, Any] | None
    language: str
    urgent: bool


class Transport:
    """Sends requests, repeats those that may be repeated, and gives the bodies of good answers."""

    def __init__(
        self, door: Door, http: httpx.AsyncClient, clock: Clock, pace: Pace, sleep: Sleep = asyncio.sleep
    ) -> None:
        """Nothing is asked yet.

        Args:
            door: Where, and with which key.
            http: The client of :func:`open_http`.
            clock: Of the box.
            pace: How fast.
            sleep: How to wait between attempts.
        """
        self._door = door
        self._http = http
        self._clock = clock
        self._pace = pace
        self._sleep = sleep
        # What reads on its own account leaves connections for people who wait.
        self._own = asyncio.Semaphore(_OWN_CONNECTIONS)

    async def ask(self, request: Request) -> bytes:
        """Send a request and give the body of a good answer.

        Cancelled in the middle of a write, nobody knows whether it was done.

        Args:
            request: What is asked.

        Raises:
            Away: Nothing was changed; later may work.
            Rejected: Nothing was changed, and repeating it will not help.
            MaybeDone: It was a write and nobody knows.
        """
        if request.urgent:
            return await self._ask(request)
        async with self._own:
            return await self._ask(request)

    async def _ask(self, request: Request) -> bytes:
        headers = self._door.pass_key(request.operation) | {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Accept-Language": request.language,
        }
        again = _ATTEMPTS[request.urgent] - 1 if request.operation.effect is Effect.READ else 0
        backoff = Backoff(first=0.5, longest=8.0)
        while True:
            await self._pace.turn(request.operation.endpoint, urgent=request.urgent)
            outcome = await self._attempt(request, headers)
            if isinstance(outcome, bytes):
                return outcome
            if not isinstance(outcome, Away) or not again:
                raise outcome
            again -= 1
            await self._sleep(backoff.next())

    async def _attempt(self, request: Request, headers: dict[str, str]) -> bytes | ArniError:
        """The body, or what came instead of one; raises nothing for what network or server do."""
        operation, left = request.operation, _Left()
        try:
            async with asyncio.timeout(_DEADLINE[request.urgent]):
                return await self._exchange(request, headers, left)
        except _TROUBLE as error:
            # Only its kind: the words of a library may repeat what was sent.
            kind, written = type(error).__name__, left.written or isinstance(error, _BEHIND_THE_DOOR)
        if written:
            return unknown(operation, f"{operation.name}: Magicline did not answer ({kind})")
        return Away(f"{operation.name}: Magicline cannot be reached ({kind})")

    async def _exchange(self, request: Request, headers: dict[str, str], left: "_Left") -> bytes | ArniError:
        operation = request.operation
        content = None if request.body is None else orjson.dumps(request.body)
        if content is not None:
            headers = headers | {"Content-Type": "application/json"}
        async with self._http.stream(
            operation.method,
            self._door.url + request.path,
            params=dict(request.params) or None,
            content=content,
            headers=headers,
            extensions={"trace": left.note},
        ) as answer:
            packed = bytearray()
            async for chunk in answer.aiter_raw():
                packed += chunk
                if len(packed) > MOST_BYTES:
                    return unknown(operation, f"{operation.name}: the answer is too large")
            body = _unpack(bytes(packed), answer.headers.get("content-encoding", ""))
            retry_after = read_retry_after(answer.headers.get("retry-after"), self._clock.now())
            if answer.status_code == 429:
                retry_after = self._pace.locked_out(operation.endpoint, retry_after)
            trouble = failure(operation, answer.status_code, body or b"", retry_after, self._door.credential)
            if trouble is None and body is None:
                return unknown(operation, f"{operation.name}: the answer cannot be unpacked")
            return trouble or body or b""


class _Left:
    """Notes whether anything of a request has left the box: only then can it have been done."""

    written = False

    async def note(self, event: str, _: dict[str, Any]) -> None:
        """Told by httpcore of every step; those towards a connection have names of their own."""
        self.written = self.written or not event.startswith("connection.")


def _unpack(packed: bytes, encoding: str) -> bytes | None:
    """A body as it was before it was packed, or None: unknown, broken, or larger than allowed unpacked."""
    if encoding.strip().lower() in {"", "identity"} or not packed:
        return packed
    if encoding.strip().lower() not in {"gzip", "x-gzip"}:
        return None
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(packed, MOST_BYTES)
    except zlib.error:
        return None
    return body if unpacker.eof else None
