"""The simulated Graph API itself: what it is asked, what it makes of it, and what it answers."""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arni_edge.domain.clock import Clock
from arni_edge.simulator.graph.errors import ErrorData, GraphError, refusal
from arni_edge.simulator.graph.faults import BEFORE, Fault, Faults, Operation, Plan
from arni_edge.simulator.graph.limits import Limits
from arni_edge.simulator.graph.media import Media
from arni_edge.simulator.graph.outcome import cut, done, not_done
from arni_edge.simulator.graph.received import as_received
from arni_edge.simulator.graph.reports import Reports, Sent, StatusHabits
from arni_edge.simulator.graph.rules import Rules
from arni_edge.simulator.graph.templates import MessageTemplate, Templates
from arni_edge.simulator.media_shelf import DOWNLOADS
from arni_edge.simulator.phones import Phone, PhoneBook, new_message_id
from arni_edge.simulator.webhooks import Courier

VERSION = "v24.0"
_WINDOW: Final = timedelta(hours=24)
_MARKED: Final = timedelta(days=30)
"""What is older can no longer be marked as read."""
_VERSION: Final = re.compile(r"v([0-9]{2})\.0")
_NEWEST: Final = 26
"""Versions that have ended are answered by the oldest that has not; there is none from the future."""
_BY_WEBHOOK: Final = frozenset({131026, 131047, 131049})
"""What Meta may say at once, or only after it has accepted the message."""

Json = dict[str, Any]


class SimulatedGraph:
    """The Graph API of one phone number.

    Attributes:
        app: The ASGI application.
        phones: Who can be reached, and the media.
        templates: What Meta has approved.
        limits: How fast it may be asked.
        faults: What is planned to go wrong; see :meth:`fail`.
        error_data: In which shape refusals say more.
        refuses_late: Closed windows and people without WhatsApp are reported by webhook, after a 200.
        delay: Seconds before each message is accepted or refused.
        answer_delay: Seconds between accepting a message and answering.
        window: Whether the 24-hour window is enforced, as at Meta.
        down: The outage: every connection is dropped before anything is accepted.
        accepted: Bodies of the accepted messages.
        read: Ids of messages that were marked as read.
        typing: Ids of messages for which it was shown that an answer is being written.
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
        """Nobody is served yet.

        Args:
            phone_number_id: Of the gym's number.
            token: With which it is asked.
            phones: Who can be reached.
            courier: Delivers what is reported.
            clock: Decides about the window, rates and media.
            seed: Of everything that is left to chance.
        """
        self._number_id = phone_number_id
        self._token = token
        self._courier = courier
        self._clock = clock
        self.phones = phones
        self.templates = Templates()
        self.limits = Limits(clock)
        self.faults = Faults(Random(seed))
        self._media = Media(phone_number_id, phones.media)
        self._rules = Rules(phones.media, self.templates)
        self._reports = Reports(courier, clock, Random(seed))
        self.error_data = ErrorData.OBJECT
        self.refuses_late = False
        self.delay = 0.0
        self.answer_delay = 0.0
        self.window = True
        self.down = False
        self.accepted: list[Json] = []
        self.read: list[str] = []
        self.typing: list[str] = []
        self.requests = 0
        self.doubled = 0
        self._held: list[tuple[Phone, Json, Sent]] = []
        self._seen: set[tuple[str, ...]] = set()
        self.app = Starlette(routes=self.routes())

    def routes(self) -> list[Route]:
        """What can be asked."""
        number, media = "/{version}/{number_id}", "/{version}/{media_id}"
        return [
            Route(f"{number}/messages", self._messages, methods=["POST"]),
            Route(f"{number}/media", self._asked(Operation.UPLOAD, self._media.upload), methods=["POST"]),
            Route(DOWNLOADS, self._asked(Operation.DOWNLOAD, self._media.download), methods=["GET"]),
            Route(media, self._asked(Operation.MEDIA, self._media.medium), methods=["GET"]),
            Route(media, self._asked(Operation.DELETE, self._media.delete), methods=["DELETE"]),
            Route("/{path:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    # --- what a test can order --------------------------------------------------------------------------

    @property
    def habits(self) -> StatusHabits:
        """How statuses are reported."""
        return self._reports.habits

    @property
    def uploads(self) -> dict[str, bytes]:
        """Media by id: the bytes of the request in which they came."""
        return self._media.uploads

    def fail(self, code: int | None, *, times: int = 1, status: int | None = None) -> None:
        """Refuse the next ``times`` messages with an error code (None: a bare HTTP status, default 502)."""
        if code is None:
            self.faults.add(Plan(Fault.HTML, times=times, status=status))
        else:
            self.faults.add(Plan(Fault.CODE, times=times, code=code, status=status))

    def fail_later(self, code: int, *, times: int = 1) -> None:
        """Accept the next ``times`` messages and report then that they failed."""
        self.faults.add(Plan(Fault.LATE, times=times, code=code))

    def drop_after_accepting(self, times: int = 1) -> None:
        """Accept the next messages and cut the connection instead of answering."""
        self.faults.add(Plan(Fault.DROP_AFTER, times=times))

    def drop_before_accepting(self, times: int = 1) -> None:
        """Read the next requests and cut the connection without accepting the message."""
        self.faults.add(Plan(Fault.DROP_BEFORE, times=times))

    def recover(self) -> None:
        """Forget all failures that were ordered and have not happened yet."""
        self.faults.clear()

    def judge_held(self, *, good: bool) -> int:
        """Meta knows how the first messages of a template were taken; gives how many were held back.

        Args:
            good: They are delivered now; otherwise they are reported as failed (132015).
        """
        held, self._held = self._held, []
        for phone, body, sent in held:
            if good:
                self._hand_over(phone, body, sent)
            else:
                self._reports.failed(sent, phone, 132015)
        return len(held)

    # --- the wire ---------------------------------------------------------------------------------------

    async def _messages(self, request: Request) -> Response:
        """Messages and read marks: both are posted to the same place."""
        try:
            is_mark = _object(await request.body()).get("status") == "read"
        except GraphError:
            is_mark = False
        except ClientDisconnect:  # whoever asked is no more
            return Response()
        if is_mark:
            return await self._asked(Operation.MARKS, self._mark)(request)
        return await self._asked(Operation.MESSAGES, self._message)(request)

    def _asked(
        self, operation: Operation, answer: Callable[[Request, Plan | None], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            try:
                await request.body()
            except ClientDisconnect:
                return Response()
            if self.down:
                return await cut(request)
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                return refusal(GraphError(190))
            if operation is Operation.MESSAGES:
                self.requests += 1
                await asyncio.sleep(self.delay)
            plan = self.faults.next(operation)
            if plan is not None and plan.fault in BEFORE:
                return await not_done(request, plan, self.error_data)
            try:
                self._check_address(request)
                answered = await answer(request, plan)
            except GraphError as error:
                answered = refusal(error, self.error_data)
            if operation is Operation.MESSAGES:
                await asyncio.sleep(self.answer_delay)
            return answered if plan is None else await done(request, plan, answered)

        return handle

    def _check_address(self, request: Request) -> None:
        parts = request.path_params
        version = _VERSION.fullmatch(parts.get("version", VERSION))
        if version is None or int(version[1]) > _NEWEST:
            raise GraphError(2500, f"Unknown path components: /{parts['version']}")
        if parts.get("number_id", self._number_id) != self._number_id:
            raise GraphError(33, "Object with this ID does not exist")

    # --- messages ---------------------------------------------------------------------------------------

    async def _mark(self, request: Request, plan: Plan | None) -> Response:
        del plan
        body = _object(await request.body())
        message_id = body.get("message_id")
        if body.get("messaging_product") != "whatsapp" or not isinstance(message_id, str) or not message_id:
            raise GraphError(100, "messaging_product and message_id are needed")
        if body.get("typing_indicator", {"type": "text"}) != {"type": "text"}:
            raise GraphError(100, "Param typing_indicator['type'] must be one of {TEXT}")
        sent_at = self.phones.sent_at(message_id)
        if sent_at is not None and self._clock.now() - sent_at > _MARKED:
            raise GraphError(131009, "the message is older than 30 days")
        self.read.append(message_id)
        if "typing_indicator" in body:
            self.typing.append(message_id)
        return JSONResponse({"success": True})

    async def _message(self, request: Request, plan: Plan | None) -> Response:
        body = _object(await request.body())
        self._rules.check(body)
        phone = self._phone(body)
        late = plan.code if plan is not None and plan.fault is Fault.LATE else None
        try:
            self._check_recipient(body, phone)
        except GraphError as error:
            if phone is None or not self.refuses_late or error.code not in _BY_WEBHOOK:
                raise
            late = error.code
        assert phone is not None
        self.limits.take(phone.number)
        return JSONResponse(self._accept(phone, body, late))

    def _phone(self, body: Json) -> Phone | None:
        """Whose it is; Meta takes the number where both are given."""
        to = body.get("to")
        if to is None:
            return self.phones.find(body["recipient"])
        digits = "".join(character for character in to if character.isdigit())
        if not to.strip().startswith("+"):
            # Meta puts the business's own country code in front.
            digits = self._courier.business_number[:2] + digits
        if digits == self._courier.business_number:
            raise GraphError(131021)
        return self.phones.find(f"+{digits}")

    def _check_recipient(self, body: Json, phone: Phone | None) -> None:
        if phone is None:
            raise GraphError(131026)
        if self.window and body.get("type", "text") != "template" and not self._window_is_open(phone):
            raise GraphError(
                131047,
                "Message failed to send because more than 24 hours have passed since the customer last"
                " replied to this number.",
            )

    def _window_is_open(self, phone: Phone) -> bool:
        return phone.last_sent_at is not None and self._clock.now() - phone.last_sent_at < _WINDOW

    def _accept(self, phone: Phone, body: Json, late: int | None) -> Json:
        template = self.templates.of(body["template"]) if body.get("type") == "template" else None
        sent = Sent(
            message_id=new_message_id(phone.number),
            to_number="to" in body,
            tracking_id=body.get("biz_opaque_callback_data") or None,
            category=template.category.value if template else "service",
            voice=body.get("type") == "audio" and body["audio"].get("voice") is True,
            window=self._window_is_open(phone),
        )
        self.accepted.append(body)
        if late is not None:
            self._reports.failed(sent, phone, late)
        elif template is not None and template.held:
            self._held.append((phone, body, sent))
        else:
            self._hand_over(phone, body, sent)
        to = {"wa_id": phone.digits} if sent.to_number else {"user_id": body["recipient"]}
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": body["to"] if sent.to_number else body["recipient"]} | to],
            "messages": [{"id": sent.message_id} | _message_status(template)],
        }

    def _hand_over(self, phone: Phone, body: Json, sent: Sent) -> None:
        message = as_received(body, sent.message_id, self._clock.now())
        # The same words to the same person, a second answer to one message, or one outbox row twice.
        marks: set[tuple[str, ...]] = set()
        if said := message.text or message.media_id:
            marks.add(("words", phone.number, said, message.context or ""))
        if message.context and message.kind != "reaction":
            marks.add(("answer", message.context))
        if message.tracking_id:
            marks.add(("row", message.tracking_id))
        self.doubled += bool(marks & self._seen)
        self._seen |= marks
        phone.receive(message)
        self._reports.arrived(sent, phone)


async def _nowhere(request: Request) -> Response:
    return refusal(GraphError(2500, f"Unknown path components: {request.url.path}"))


def _object(body: bytes) -> Json:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise GraphError(100, "The body is no JSON object")
    return found


def _message_status(template: MessageTemplate | None) -> dict[str, str]:
    if template is None:
        return {}
    return {"message_status": "held_for_quality_assessment" if template.held else "accepted"}
