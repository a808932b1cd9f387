"""What becomes of an answer of the simulated Magicline when a fault strikes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from arni_edge.simulator.magicline.asking import ApiError
from arni_edge.simulator.magicline.faults import Fault, Plan
from arni_edge.simulator.serve import drop_connection

_HTML: Final = b"<html><body>Service Unavailable</body></html>"
_DROPS: Final = frozenset({Fault.DROP_BEFORE, Fault.DROP_AFTER})
_UNAVAILABLE: Final = frozenset({Fault.UNAVAILABLE, Fault.UNAVAILABLE_AFTER})


def throttled() -> ApiError:
    """The refusal of somebody who asks too often."""
    return ApiError(429, "Access denied - rate limit is exceeded.")


def _crash() -> ApiError:
    return ApiError(500, "Unexpected system error")


def _conflict() -> ApiError:
    return ApiError(409, "The entity was modified by another request", code="errormessage.conflict")


_REFUSALS: Final = {
    Fault.CRASH: _crash,
    Fault.CRASH_AFTER: _crash,
    Fault.CONFLICT: _conflict,
    Fault.LOCKED: throttled,
}


async def struck(
    plan: Plan, request: Request, answer: Response, closing: asyncio.Event, *, retry_after: bool
) -> Response | None:
    """The answer under a fault; None: the connection is to be dropped.

    Args:
        plan: What strikes.
        request: Whose answer it is.
        answer: What would be answered.
        closing: Set when the simulator ends.
        retry_after: Whether a 503 says how long to wait.

    Raises:
        ApiError: The fault is an error answer in JSON.
    """
    if (refusal := _REFUSALS.get(plan.fault)) is not None:
        raise refusal()
    if plan.fault in _DROPS:
        return None
    if plan.fault is Fault.HANG:
        await closing.wait()
        return None
    if plan.fault in _UNAVAILABLE:
        return Response(_HTML, 503, {"Retry-After": "3"} if retry_after else None, "text/html")
    if plan.fault is Fault.BARE:
        return Response(b'{"errorMessage":"The request is not valid"}', 400, None, "application/json")
    if plan.fault is Fault.GARBLED:
        return Response(_HTML, 200, None, "text/html")
    if plan.fault is Fault.CUT_SHORT:
        body = bytes(answer.body) or _HTML
        length = {"Content-Length": str(len(body))}
        return StreamingResponse(_half(request, body), answer.status_code, length, "application/json")
    assert plan.fault is Fault.SLOW
    await asyncio.sleep(plan.seconds)
    return answer


async def _half(request: Request, body: bytes) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    await asyncio.sleep(0.01)  # so that the half arrives before the end
    await drop_connection(request)
