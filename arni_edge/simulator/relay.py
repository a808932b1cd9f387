"""The cloud relay of the simulated gym: the real one on a database of its own, and what can befall it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arni_edge.domain.clock import Clock
from arni_edge.relay import Papers
from arni_edge.relay.keys import audience_of, read_public_key
from arni_edge.relay.server import boxes, gyms
from arni_edge.relay.server.app import Relay
from arni_edge.relay.server.events import Event
from arni_edge.relay.server.sqlite import SqliteStore
from arni_edge.relay.server.store import Store, Transaction
from arni_edge.relay.server.times import from_ms
from arni_edge.settings.relay_server import RelayServer, Server
from arni_edge.simulator.serve import drop_connection

_GYM = "sim"
_URL = "http://127.0.0.1"
_PAGE = "SELECT * FROM event WHERE gym = :gym AND sequence > :after ORDER BY sequence LIMIT 100"


class RelayLog:
    """What the relay has taken in.

    Attributes:
        newest: The last number that a sender got an answer for.
    """

    def __init__(self, store: Store) -> None:
        """The log of the one gym of a store."""
        self._store = store
        self.newest = 0

    async def after(self, sequence: int) -> Sequence[Event]:
        """Some of the events after a number, in order."""
        rows = await self._store.read(_PAGE, {"gym": _GYM, "after": sequence})
        return [
            Event(row["sequence"], row["source"], from_ms(row["received_at"]), row["signature"], row["body"])
            for row in rows
        ]

    async def forget(self, up_to: int) -> None:
        """Retention: drop events up to a number."""
        values = {"gym": _GYM, "last": up_to}

        async def unit(tx: Transaction) -> None:
            await tx.execute("UPDATE gym SET oldest = :last + 1 WHERE id = :gym AND oldest <= :last", values)
            await tx.execute("DELETE FROM event WHERE gym = :gym AND sequence <= :last", values)

        await self._store.write(unit)


class SimulatedRelay:
    """The relay for one gym; use :meth:`running`.

    Attributes:
        repeat: How often each webhook is taken in, as when Meta delivers it several times.
        down: The outage: every request is answered with 503, waiting polls as well.
        drops: During an outage connections are dropped without an answer instead.
        come_again: Seconds after which it wants to be asked again during an outage; 0: it does not say.
        asked: How many polls were begun, also in vain.
        polls: How many polls were answered.
        store: Its database.
        log: What was received.
        passes: The gym's path and verify token.
    """

    store: Store
    log: RelayLog
    passes: gyms.Passes
    _relay: Relay

    def __init__(self, *, app_secret: str, clock: Clock, keep: int) -> None:
        """Nothing runs yet.

        Args:
            app_secret: Of the gym's Meta app.
            clock: Time.
            keep: Only so many events stay, the newest.
        """
        self._app_secret = app_secret
        self._clock = clock
        self._keep = keep
        self._went_down = asyncio.Event()
        self.repeat = 1
        self.drops = False
        self.come_again = 0
        self.asked = 0
        self.polls = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it, with an empty database."""
        with tempfile.TemporaryDirectory(prefix="arni-relay-") as folder:
            self.store = await SqliteStore.open(Path(folder) / "relay.db")
            self._relay = Relay(RelayServer(server=Server(public_url=_URL)), self.store, self._clock)
            working = asyncio.create_task(self.store.run(self._relay.bell.ring, lambda: None))
            try:
                self.passes = await gyms.add(self.store, _GYM, gyms.Secrets(self._app_secret, "sim-key"))
                self.log = RelayLog(self.store)
                yield
            finally:
                working.cancel()
                await asyncio.wait({working})
                await self.store.aclose()

    async def code(self) -> str:
        """A code with which a box enrols."""
        return await boxes.new_code(self.store, _GYM, now=self._clock.now(), good_for=timedelta(minutes=60))

    async def enroll(self, papers: Papers) -> None:
        """Make somebody the gym's box, also during an outage: as the installer did it before."""
        key = await asyncio.to_thread(papers.next_key)
        now = self._clock.now()
        enrolled = await boxes.enroll(self.store, await self.code(), read_public_key(key.public), now=now)
        self._relay.bell.ring(_GYM)
        await asyncio.to_thread(papers.keep, key, enrolled.box, enrolled.epoch, audience_of(_URL), now)

    async def revoke(self) -> None:
        """Shut the gym's box out."""
        await boxes.revoke(self.store, _GYM)
        self._relay.bell.ring(_GYM)

    async def renew_log(self) -> None:
        """Give the log another name, as after a backup that was restored."""
        await gyms.renew_log(self.store, _GYM)
        self._relay.bell.ring(_GYM)

    @property
    def waiting(self) -> int:
        """How many polls are waiting."""
        return len(self._relay.bell.waiting())

    @property
    def down(self) -> bool:
        """The outage switch; waiting polls end with it."""
        return self._went_down.is_set()

    @down.setter
    def down(self, value: bool) -> None:
        if value:
            self._went_down.set()
        else:
            self._went_down.clear()

    # --- as an ASGI application -----------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The relay, with its faults."""
        answer: ASGIApp
        self.asked += scope["path"] == "/v1/events"
        if self.down:
            answer = await self._away(Request(scope, receive))
        elif scope["path"].startswith("/w/") and scope["method"] == "POST":
            answer = await self._ingest(scope, receive)
        elif scope["path"] == "/v1/events":
            answer = await self._poll(scope, receive)
        else:
            answer = self._relay.app
        await answer(scope, receive, send)

    async def _ingest(self, scope: Scope, receive: Receive) -> Response:
        body = await Request(scope, receive).body()

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        for _ in range(self.repeat):
            answer = await self._answer(scope, again)
            self.log.newest += answer.status_code == 200
        if self.log.newest > self._keep:
            await self.log.forget(self.log.newest - self._keep)
        return answer

    async def _poll(self, scope: Scope, receive: Receive) -> Response:
        asking = asyncio.create_task(self._answer(scope, receive))
        outage = asyncio.create_task(self._went_down.wait())
        try:
            await asyncio.wait({asking, outage}, return_when=asyncio.FIRST_COMPLETED)
            if self.down:
                return await self._away(Request(scope, receive))
            self.polls += 1
            return asking.result()
        finally:
            for task in (asking, outage):
                task.cancel()
            await asyncio.wait({asking, outage})

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        said: list[Message] = []

        async def hear(message: Message) -> None:
            said.append(message)

        await self._relay.app(scope, receive, hear)
        start, *rest = said
        answer = Response(b"".join(part.get("body", b"") for part in rest), start["status"])
        answer.raw_headers = list(start["headers"])
        return answer

    async def _away(self, request: Request) -> Response:
        if self.drops:
            await drop_connection(request)
        headers = {"Retry-After": str(self.come_again)} if self.come_again else None
        return PlainTextResponse("down for maintenance", 503, headers)
