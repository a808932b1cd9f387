"""A double of Meta's Graph API: takes messages, delivers them to phones, reports what became of them."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arni_edge.domain.clock import Clock
from arni_edge.simulator.phones import Phone, PhoneBook, Received, new_message_id
from arni_edge.simulator.serve import drop_connection
from arni_edge.simulator.webhooks import Courier

VERSION = "v24.0"
_WINDOW = timedelta(hours=24)
_HTTP_STATUS = {0: 401, 190: 401, 3: 500, 10: 403, 131005: 403, 131031: 403, 368: 403, 131000: 500, 2: 503}
"""Where Meta's reference names another status than 400."""


@dataclass(slots=True)
class StatusHabits:
    """How Meta reports. The defaults are as untidy as the documents allow.

    Attributes:
        latency: Seconds from acceptance to the first report.
        spread: Seconds over which the reports of one message are spread; they overtake each other.
        doubled: Share of the reports that come twice.
        silent: No report at all (a webhook that never reaches the relay).
    """

    latency: float = 0.02
    spread: float = 0.05
    doubled: float = 0.2
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """An injected answer: Meta's error code, or None for a bare HTTP status without Meta's error body."""

    code: int | None
    status: int


class SimulatedGraph:
    """The Graph API of one phone number.

    Attributes:
        app: The ASGI application.
        habits: How statuses are reported.
        delay: Seconds before each message is accepted or refused.
        answer_delay: Seconds between accepting a message and answering.
        window: Whether the 24-hour window is enforced, as at Meta.
        down: The outage: every connection is dropped before anything is accepted.
        accepted: Bodies of the accepted messages.
        read: Ids of messages that were marked as read.
        requests: How many requests for messages came in.
        doubled: How many messages reached a phone twice, or answered a message that had been answered.
    """

    def __init__(
        self,
        *,
        phone_number_id: str,
        token: str,
        phones: PhoneBook,
        courier: Courier,
        clock: Clock,
        seed: int,
    ) -> None:
        self._token = token
        self._phones = phones
        self._courier = courier
        self._clock = clock
        self._dice = random.Random(seed)
        self._failures: deque[Failure] = deque()
        self._drops_before = 0
        self._drops_after = 0
        self.habits = StatusHabits()
        self.delay = 0.0
        self.answer_delay = 0.0
        self.window = True
        self.down = False
        self.accepted: list[dict[str, Any]] = []
        self.read: list[str] = []
        self.requests = 0
        self.doubled = 0
        self._seen: set[tuple[str, ...]] = set()
        path = f"/{VERSION}/{phone_number_id}/messages"
        self.app = Starlette(routes=[Route(path, self._messages, methods=["POST"])])

    # --- what a test can order --------------------------------------------------------------------------

    def fail(self, code: int | None, *, times: int = 1, status: int | None = None) -> None:
        """Refuse the next ``times`` messages with an error code (None: a bare HTTP status, default 502)."""
        default = 502 if code is None else _HTTP_STATUS.get(code, 400)
        self._failures.extend([Failure(code, status or default)] * times)

    def recover(self) -> None:
        """Forget all failures that were ordered and have not happened yet."""
        self._failures.clear()
        self._drops_before = self._drops_after = 0

    def drop_after_accepting(self, times: int = 1) -> None:
        """Accept the next messages and cut the connection instead of answering."""
        self._drops_after += times

    def drop_before_accepting(self, times: int = 1) -> None:
        """Read the next requests and cut the connection without accepting the message."""
        self._drops_before += times

    # --- the wire ---------------------------------------------------------------------------------------

    async def _messages(self, request: Request) -> Response:
        if self.down:
            await drop_connection(request)
            return Response()
        body = orjson.loads(await request.body())
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return _error(Failure(190, 401))
        if body.get("status") == "read":
            self.read.append(body["message_id"])
            return JSONResponse({"success": True})
        self.requests += 1
        await asyncio.sleep(self.delay)
        if self._drops_before:
            self._drops_before -= 1
            await drop_connection(request)
            return Response()
        failure = self._failures.popleft() if self._failures else self._objection(body)
        if failure is not None:
            return _error(failure)
        answer = self._accept(body)
        await asyncio.sleep(self.answer_delay)
        if self._drops_after:
            self._drops_after -= 1
            await drop_connection(request)
        return JSONResponse(answer)

    def _objection(self, body: dict[str, Any]) -> Failure | None:
        """What Meta would refuse by itself."""
        text = body.get("text", {}).get("body", "")
        if body.get("type") not in {"text", "template"} or (
            body["type"] == "text" and not 0 < len(text) <= 4096
        ):
            return Failure(100, 400)
        if len(body.get("biz_opaque_callback_data", "")) > 512:
            return Failure(100, 400)
        phone = self._phones.find(_address(body))
        if phone is None:
            return Failure(131026, 400)
        if self.window and body["type"] == "text" and not self._window_is_open(phone):
            return Failure(131047, 400)
        return None

    def _window_is_open(self, phone: Phone) -> bool:
        return phone.last_sent_at is not None and self._clock.now() - phone.last_sent_at < _WINDOW

    def _accept(self, body: dict[str, Any]) -> dict[str, Any]:
        phone = self._phones.find(_address(body))
        assert phone is not None
        message_id = new_message_id(phone.number)
        message = _as_received(body, self._clock)
        self.accepted.append(body)
        self._count_doubles(phone, message)
        phone.receive(message)
        self._report(phone, message_id, message.tracking_id)
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": _address(body)} | phone.identity("wa_id", "user_id")],
            "messages": [{"id": message_id}],
        }

    def _count_doubles(self, phone: Phone, message: Received) -> None:
        """The same words to the same person, a second answer to one message, or one outbox row twice."""
        marks: set[tuple[str, ...]] = {("words", phone.number, message.text, message.context or "")}
        if message.context:
            marks.add(("answer", message.context))
        if message.tracking_id:
            marks.add(("row", message.tracking_id))
        self.doubled += bool(marks & self._seen)
        self._seen |= marks

    def _report(self, phone: Phone, message_id: str, tracking_id: str | None) -> None:
        if self.habits.silent:
            return
        for state in ("sent", "delivered", "read") if phone.reads else ("sent", "delivered"):
            status = phone.identity("recipient_id", "recipient_user_id") | {
                "id": message_id,
                "status": state,
                "timestamp": str(int(self._clock.now().timestamp())),
            }
            if tracking_id:
                status["biz_opaque_callback_data"] = tracking_id
            after = self.habits.latency + self._dice.uniform(0, self.habits.spread)
            times = 2 if self._dice.random() < self.habits.doubled else 1
            self._courier.deliver({"statuses": [status]}, after=after, times=times)


def _address(body: dict[str, Any]) -> str:
    """Meta takes the number where both are given."""
    return str(body.get("to") or body.get("recipient") or "")


def _as_received(body: dict[str, Any], clock: Clock) -> Received:
    template = body.get("template")
    parts = [
        parameter["text"]
        for component in (template or {}).get("components", [])
        for parameter in component.get("parameters", [])
    ]
    return Received(
        text=" ".join(parts) if template else body["text"]["body"],
        at=clock.now(),
        context=body.get("context", {}).get("message_id"),
        template=template["name"] if template else None,
        tracking_id=body.get("biz_opaque_callback_data"),
    )


def _error(failure: Failure) -> Response:
    if failure.code is None:
        return Response("<html>Bad Gateway</html>", failure.status, media_type="text/html")
    error = {
        "message": f"(#{failure.code}) Simulated",
        "type": "OAuthException",
        "code": failure.code,
        "error_data": {"messaging_product": "whatsapp", "details": "Simulated"},
        "fbtrace_id": "SIM",
    }
    return JSONResponse({"error": error}, failure.status)
