"""What a request may take: room, time, and a turn."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from arni_edge.domain.errors import ArniError


class Crowded(ArniError):
    """Too many are at it already."""


class TooLarge(ArniError):
    """The body is larger than it may be."""


class Turnstile:
    """Lets so many through at a time, of each kind and in all."""

    def __init__(self, *, each: int, together: int) -> None:
        """Nobody is inside.

        Args:
            each: So many of one kind.
            together: So many in all.
        """
        self._each = each
        self._together = together
        self._inside: Counter[str] = Counter()
        self._all = 0

    @contextmanager
    def enter(self, kind: str) -> Iterator[None]:
        """Be inside for as long as the block lasts.

        Raises:
            Crowded: It is full; nobody waits here, the sender comes again.
        """
        if self._all >= self._together or self._inside[kind] >= self._each:
            raise Crowded("too many requests at a time")
        self._all += 1
        self._inside[kind] += 1
        try:
            yield
        finally:
            self._all -= 1
            self._inside[kind] -= 1
            if not self._inside[kind]:
                del self._inside[kind]


async def read_body(request: Request, limit: int) -> bytes:
    """The exact bytes of a request.

    Args:
        request: Its body was not read yet.
        limit: Bytes; whoever announces more is not listened to.

    Raises:
        TooLarge: There are more.
        ClientDisconnect: The sender has gone.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced[:20]) > limit:
        raise TooLarge("the body is too large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge("the body is too large")
    return bytes(body)
