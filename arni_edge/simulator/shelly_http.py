"""The web server of simulated Shellys: what a device also takes over HTTP, as the vendor documents it.

Generation 2 and newer: ``POST /rpc`` with a request frame, or ``GET``/``POST /rpc/<Method>`` with the
arguments. Generation 1: ``GET /relay/<n>``, ``/light/<n>``, ``/white/<n>``, ``/color/<n>`` with ``turn``,
``timer`` and how it shall look.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from arni_edge.simulator.serve import drop_connection
from arni_edge.simulator.shelly_parts import Frame, RpcError

Answer = Callable[[Frame], Awaitable[Frame]]
"""Carries a request frame out and gives the response frame."""


def rpc_app(answer: Answer, *, powered: Callable[[], bool]) -> Starlette:
    """The web server of a device of generation 2 or newer.

    Args:
        answer: Carries out one frame.
        powered: Whether it has electricity; without, connections break.
    """

    async def frame(request: Request) -> Response:
        if not powered():
            await drop_connection(request)
        try:
            asked = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            return JSONResponse({"code": -103, "message": "Invalid frame"}, status_code=400)
        return JSONResponse(await answer(asked))

    async def method(request: Request) -> Response:
        if not powered():
            await drop_connection(request)
        params = {name: _value(text) for name, text in request.query_params.items()}
        if body := await request.body():
            params |= orjson.loads(body)
        said = await answer({"id": 0, "method": request.path_params["method"], "params": params})
        if "error" in said:
            return JSONResponse(said["error"], status_code=500)
        return JSONResponse(said["result"])

    return Starlette(
        routes=[
            Route("/rpc", frame, methods=["POST"]),
            Route("/rpc/{method}", method, methods=["GET", "POST"]),
        ]
    )


def response_frame(
    device_id: str, frame: Frame, call: Callable[[str, Frame], Frame | None]
) -> dict[str, Any]:
    """Carry a request frame out; gives the response frame.

    Args:
        device_id: As which it answers.
        frame: The request.
        call: Carries a method out; raises :class:`RpcError` as the device would.
    """
    reply: Frame = {"id": frame.get("id"), "src": device_id}
    if "src" in frame:
        reply["dst"] = frame["src"]
    try:
        reply["result"] = call(str(frame.get("method")), frame.get("params") or {})
    except RpcError as error:
        reply["error"] = {"code": error.code, "message": str(error)}
    return reply


def gen1_route(path: str, turn: Callable[[dict[str, str]], Frame], *, powered: Callable[[], bool]) -> Route:
    """One output of a device of generation 1.

    Args:
        path: For instance ``/relay/0``.
        turn: Obeys the query's arguments and gives the output's status.
        powered: Whether it has electricity; without, connections break.
    """

    async def obey(request: Request) -> Response:
        if not powered():
            await drop_connection(request)
        query = dict(request.query_params)
        if query.get("turn") not in {None, "on", "off", "toggle"}:
            return PlainTextResponse("Bad turn!", status_code=400)
        return JSONResponse(turn(query))

    return Route(path, obey, methods=["GET", "POST"])


def _value(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
