"""A small booking service over HTTP that can refuse, fail, drop connections and be killed; and its adapter.

``POST /book`` and ``POST /cancel`` keep account of keys; ``POST /withdraw`` takes back by key.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from arni_edge.domain.bookings import Booked, NotBooked, Obstacle, Session, Standing
from arni_edge.domain.errors import Unavailable


@dataclass
class Service:
    """What it knows, and what goes wrong next.

    Attributes:
        bookings: Member and slot by booking id.
        keys: Booking id by key.
        full: Slots without a place.
        trouble: By path: ``refuse``, ``fail``, ``drop_before``, ``drop_after`` or ``die``.
        asked: Every path, in order.
    """

    bookings: dict[str, tuple[str, str]] = field(default_factory=lambda: {"b1": ("m1", "tue")})
    keys: dict[str, str] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    trouble: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    server: ThreadingHTTPServer | None = None

    def booked(self) -> list[str]:
        """Slots that Mia has."""
        return sorted(slot for who, slot in self.bookings.values() if who == "m1")

    def kill(self) -> None:
        """Nobody answers any more."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def start(self) -> None:
        """Answer, at the address of the life before if there was one."""
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        self.server = _Server(("127.0.0.1", port), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def answer(self, path: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Have the effect, if it may be."""
        if path == "/book":
            return self._book(asked)
        if path == "/withdraw":
            self.bookings.pop(self.keys.pop(asked["key"], ""), None)
            return 200, {}
        if path == "/cancel":
            self.bookings.pop(asked["booking"], None)
            return 200, {}
        slot = self.bookings.get(asked.get("booking", ""), ("", ""))
        return (200, {"slot": slot[1]}) if slot[0] == asked.get("member") else (404, {})

    def _book(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if asked["slot"] in self.full:
            return 409, {}
        booking = self.keys.setdefault(asked["key"], f"b{len(self.keys) + 2}")
        self.bookings[booking] = (asked["member"], asked["slot"])
        return 200, {"booking": booking}


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(self.path)
            waiting = service.trouble.get(self.path) or [""]
            trouble = waiting.pop(0)
            if trouble == "die":
                service.kill()
            if trouble in {"die", "drop_before"}:
                self.close_connection = True
                return
            code, said = {"refuse": (409, {}), "fail": (503, {})}.get(trouble) or service.answer(
                self.path, asked
            )
            if trouble == "drop_after":
                self.close_connection = True
                return
            body = json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def booking_service() -> Iterator[Service]:
    """A running service; Mia has a place on Tuesday."""
    service = Service()
    service.start()
    try:
        yield service
    finally:
        service.kill()


class HttpBookings:
    """Speaks to the service: what certainly did nothing is told from what nobody knows."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.client = httpx.AsyncClient(trust_env=False, timeout=5, verify=False)

    async def booked(self, booking_id: str, member_id: str) -> Session:
        said = await self._ask("/booked", booking=booking_id, member=member_id)
        return _session(said["slot"])

    async def offered(self, slot_id: str) -> Session:
        return _session(slot_id)

    async def book(self, member_id: str, slot_id: str, key: str, within: timedelta) -> Booked:
        del within
        said = await self._ask("/book", member=member_id, slot=slot_id, key=key)
        return Booked(str(said["booking"]), Standing.BOOKED, _session(slot_id))

    async def withdraw(self, member_id: str, key: str) -> None:
        del member_id
        await self._ask("/withdraw", key=key)

    async def cancel(self, member_id: str, booking_id: str, key: str, within: timedelta) -> Session:
        del member_id, within
        await self._ask("/cancel", booking=booking_id, key=key)
        return _session(booking_id)

    async def _ask(self, path: str, **asked: str) -> dict[str, Any]:
        try:
            answer = await self.client.post(self._service.url + path, json=asked)
        except httpx.ConnectError:
            raise Unavailable("the booking service cannot be reached") from None
        if answer.status_code in {404, 409}:
            raise NotBooked(Obstacle.OTHER)
        if answer.status_code != 200:
            raise Unavailable("the booking service cannot do this now")
        return dict(answer.json())


def _session(slot: str) -> Session:
    return Session(f"HIIT {slot}", datetime(2026, 11, 24, 17, 30, tzinfo=UTC))
