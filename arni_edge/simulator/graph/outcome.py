"""What is seen of a fault, in place of an answer."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from arni_edge.simulator.graph.errors import ErrorData, GraphError, refusal
from arni_edge.simulator.graph.faults import Fault, Plan
from arni_edge.simulator.serve import drop_connection

_HTML: Final = "<html><body><h1>Bad Gateway</h1></body></html>"


async def cut(request: Request) -> Response:
    """The connection ends."""
    await drop_connection(request)
    return Response()


async def not_done(request: Request, plan: Plan, shape: ErrorData) -> Response:
    """What comes instead of doing it."""
    if plan.fault is Fault.DROP_BEFORE:
        return await cut(request)
    if plan.fault is Fault.HTML:
        return Response(_HTML, plan.http_status, media_type="text/html")
    return refusal(GraphError(plan.code, status=plan.status), shape)


async def done(request: Request, plan: Plan, answer: Response) -> Response:
    """What comes instead of the answer to something that was done."""
    match plan.fault:
        case Fault.DROP_AFTER:
            return await cut(request)
        case Fault.HTML_AFTER:
            return Response(_HTML, plan.http_status, media_type="text/html")
        case Fault.GARBLED:
            return Response(_HTML, 200, media_type="text/html")
        case Fault.SLOW:
            await asyncio.sleep(plan.seconds)
    return answer
