"""A Magicline that answers what a test tells it to, over HTTP; and every call that our client can make."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arni_edge.domain.messages import Language
from arni_edge.magicline import MagiclineClient, open_http
from arni_edge.magicline import operations as op
from arni_edge.magicline.model import AppointmentSlot, ContractStatus, CustomerStatus, Instructor
from arni_edge.magicline.times import read_moment
from arni_edge.settings import Magicline
from arni_edge.simulator.serve import drop_connection, serve
from support.clock import ManualClock

KEY = "key-of-the-studio-4711"
START = "2022-06-22T08:00:00.000+02:00[Europe/Berlin]"
END = "2022-06-22T10:00:00.000+02:00[Europe/Berlin]"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """An answer; ``status`` 0 cuts the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


DROP = Said(0)


def said(content: object, status: int = 200, **headers: str) -> Said:
    """An answer in JSON."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Said(status, orjson.dumps(content), {"content-type": "application/json", **fields})


class SleeplessClock(ManualClock):
    """Whoever sleeps by it finds that the time has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


@dataclass
class Front:
    """Answers with what lies in ``answers``, one after the other; the last one again and again."""

    answers: list[Said] = field(default_factory=lambda: [Said()])
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None
    url: str = ""
    http: httpx.AsyncClient = field(default_factory=open_http)

    def client(self, **changes: Any) -> tuple[MagiclineClient, SleeplessClock]:
        """A client of it for whom waiting takes no time, and the clock that it waits by."""
        clock = SleeplessClock()
        settings = magicline_settings(**{"url": self.url, **changes})
        return MagiclineClient(settings, clock, http=self.http, sleep=clock.sleep), clock

    def anew(self) -> "Front":
        """The same, for the next test."""
        self.answers, self.before = [Said()], None
        self.asked.clear()
        return self

    async def reply(self, request: Request) -> Response:
        body = await request.body()
        query = list(request.query_params.multi_items())
        self.asked.append(Asked(request.method, request.url.path, query, dict(request.headers), body))
        if self.before is not None:
            await self.before()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.status == 0:
            await drop_connection(request)
        return Response(answer.body, answer.status or 200, answer.headers)


@asynccontextmanager
async def open_front() -> AsyncIterator[Front]:
    """A Magicline on loopback."""
    front = Front()
    methods = ["GET", "HEAD", "POST", "PUT", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", front.reply, methods=methods)])
    async with serve(app) as url, front.http:
        front.url = url
        yield front


def magicline_settings(url: str, **changes: Any) -> Magicline:
    """The settings for a Magicline at an address."""
    return Magicline.model_validate({"url": url, "api_key": KEY, **changes})


def appointment_slot(start: str = START, end: str = END) -> AppointmentSlot:
    """A slot as Magicline would have named it."""
    zone = ManualClock().now().tzinfo
    assert zone is not None
    begins, ends = read_moment(start, zone), read_moment(end, zone)
    assert begins is not None
    assert ends is not None
    return AppointmentSlot(begins, ends, start, end, (Instructor(101, "Anna"), Instructor(102)))


_DAY = date(2026, 11, 18)
_ID = 1229488490

Call = Callable[[MagiclineClient], Awaitable[object]]

CALLS: dict[op.Operation, tuple[Call, ...]] = {
    op.CUSTOMERS: (
        lambda client: client.customers(),
        lambda client: client.customers(CustomerStatus.PROSPECT, "1210206596"),
    ),
    op.CUSTOMER: (lambda client: client.customer(_ID), lambda client: client.customer(2**63 - 1)),
    op.CONTRACTS: (
        lambda client: client.contracts(_ID),
        lambda client: client.contracts(_ID, ContractStatus.ACTIVE),
    ),
    op.ACCOUNT: (lambda client: client.account(_ID),),
    op.PAUSE_RULES: (lambda client: client.pause_refuses(6100000001),),
    op.CHECKINS: (
        lambda client: client.checkins(_ID, date(2025, 11, 18), _DAY),
        lambda client: client.checkins(_ID, _DAY, _DAY, "10"),
    ),
    op.EMPLOYEES: (lambda client: client.employees(), lambda client: client.employees("ab cd/&=+")),
    op.CLASSES: (lambda client: client.classes(), lambda client: client.classes("50")),
    op.ALL_SLOTS: (lambda client: client.all_slots(_DAY, 7), lambda client: client.all_slots(_DAY, 1, "100")),
    op.SLOTS: (lambda client: client.slots(_ID), lambda client: client.slots(_ID, "7")),
    op.CLASS_SLOT: (lambda client: client.class_slot(_ID, 1001),),
    op.CLASS_BOOKINGS: (lambda client: client.class_bookings(_ID),),
    op.CLASS_BOOKING: (lambda client: client.class_booking(2033),),
    op.VALIDATE_CLASS: (lambda client: client.validate_class(_ID, 1001),),
    op.BOOK_CLASS: (lambda client: client.book_class(_ID, 1001, language=Language.ENGLISH),),
    op.CANCEL_CLASS: (lambda client: client.cancel_class(2033),),
    op.APPOINTMENTS: (lambda client: client.appointments(), lambda client: client.appointments("1234567890")),
    op.APPOINTMENT_SLOTS: (
        lambda client: client.appointment_slots(1001, _ID, _DAY, 6),
        lambda client: client.appointment_slots(1001, None, _DAY, 1),
    ),
    op.APPOINTMENT_BOOKINGS: (lambda client: client.appointment_bookings(_ID),),
    op.APPOINTMENT_BOOKING: (lambda client: client.appointment_booking(2033),),
    op.VALIDATE_APPOINTMENT: (lambda client: client.validate_appointment(_ID, 1001, appointment_slot()),),
    op.BOOK_APPOINTMENT: (lambda client: client.book_appointment(_ID, 1001, appointment_slot()),),
    op.CANCEL_APPOINTMENT: (lambda client: client.cancel_appointment(2033),),
    op.STUDIO: (lambda client: client.studio(),),
    op.UTILIZATION: (lambda client: client.utilization(),),
    op.KEY_PROBE: (lambda client: client.key_is_valid(),),
    op.CONFIRM_ACTIVATION: (lambda client: client.confirm_activation(),),
}
"""Everything that the client can ask, in all the forms that a request of it can take."""

WRITES = [operation for operation in op.OPEN_API if operation.effect is op.Effect.WRITE]
READS = [operation for operation in op.OPEN_API if operation.effect is op.Effect.READ]
