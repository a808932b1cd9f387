"""How the relay says no, and when to come again."""

import random

import orjson
from starlette.responses import Response

_CROWDED_SECONDS = 5


def as_json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer for a box; no cache on the way may keep it."""
    return Response(
        orjson.dumps(content),
        status,
        {"Cache-Control": "no-store"} | (headers or {}),
        media_type="application/json",
    )


def plain(status: int, text: str = "", *, last: bool = False) -> Response:
    """An answer for Meta or Magicline.

    Args:
        status: HTTP's.
        text: The body.
        last: The connection ends with it: the rest of the request is not wanted.
    """
    return Response(
        text, status, {"Connection": "close"} if last else None, media_type="text/plain; charset=utf-8"
    )


def come_again(within: int = _CROWDED_SECONDS, reason: str = "busy") -> Response:
    """503, with a moment of its own for each who asks, so that they do not come together again."""
    return as_json({"reason": reason}, 503, spread(within))


def spread(within: int) -> dict[str, str]:
    """``Retry-After`` for somebody who shall come at some moment within so many seconds."""
    return {"Retry-After": str(random.randint(1, max(within, 1)))}  # noqa: S311 - spreads, guards nothing


def denied(status: int, reason: str, sentence: str) -> Response:
    """401 or 403, with a reason for programs and a sentence for people."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return as_json({"reason": reason, "sentence": sentence}, status, headers)
