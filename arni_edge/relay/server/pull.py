"""Boxes fetch their events, enrol, and have events erased: each its own, by the token that proves it."""

import asyncio
import base64
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.relay.keys import BadToken, Token, read_public_key, read_token, verify_token
from arni_edge.relay.server import events
from arni_edge.relay.server.answers import as_json, come_again, denied, plain, spread
from arni_edge.relay.server.bell import Bell, Seat
from arni_edge.relay.server.boxes import Box, box_of, enroll
from arni_edge.relay.server.events import Event, Page
from arni_edge.relay.server.limits import Crowded, TooLarge, Turnstile, read_body
from arni_edge.relay.server.metrics import Metrics
from arni_edge.relay.server.store import Store
from arni_edge.settings.relay_server import Limits

_MOST_ERASED = 1000
_REQUEST_BYTES = 65_536
_MEGABYTE = 1_000_000
_BIGGEST = 2**53
"""A box whose cursor is beyond this has no cursor of ours."""


class _Denied(Exception):
    """This box gets nothing; carries the answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Question:
    """What a poll asks: events after a number, of a log if it says which, and how long it can wait."""

    after: int
    wait: float
    log: str | None


class Pull:
    """The endpoints of the boxes."""

    def __init__(
        self, store: Store, bell: Bell, metrics: Metrics, *, clock: Clock, limits: Limits, audience: str
    ) -> None:
        """Make the endpoints.

        Args:
            store: The database.
            bell: Wakes who waits.
            metrics: Count.
            clock: Time.
            limits: What a request may take.
            audience: The host name of this relay, for which tokens must be.
        """
        self._store = store
        self._bell = bell
        self._metrics = metrics
        self._clock = clock
        self._limits = limits
        self._audience = audience
        self._turns = Turnstile(each=limits.requests, together=limits.requests)
        self._enrolling = Turnstile(each=8, together=8)

    # --- events -------------------------------------------------------------------------------------------

    async def events(self, request: Request) -> Response:
        """``GET /v1/events?after=N&wait=S[&log=ID]``."""
        answer = await self._guarded(self._events(request))
        self._metrics.count("arni_relay_polls_total", status=str(answer.status_code))
        return answer

    async def _events(self, request: Request) -> Response:
        question = self._question(request)
        token = _token(request)
        with self._turns.enter(""):
            await self._note_read(token, question, await self._admit(token))
        deadline = self._clock.monotonic() + question.wait
        with self._bell.seat(token.box) as seat:
            while True:
                seat.look()
                with self._turns.enter(""):
                    box = self._still(token, await box_of(self._store, token.box, token.epoch))
                    late = self._clock.monotonic() >= deadline
                    if seat.gone or late or _has_news(question, box, seat):
                        return await self._page(token, question.after, seat)
                seat.known = box.position
                await seat.wait(deadline - self._clock.monotonic())

    async def _note_read(self, token: Token, question: _Question, box: Box) -> None:
        """Remember how far it has read, when that is further than before: idle polls write nothing."""
        if question.log == box.position.log and box.read < question.after <= box.position.newest:
            with suppress(Unavailable):  # with the next poll; no event waits because of it
                await events.note_read(self._store, token.box, token.epoch, question.log, question.after)

    async def _page(self, token: Token, after: int, seat: Seat) -> Response:
        page = await events.page(
            self._store,
            token.box,
            token.epoch,
            after,
            events=self._limits.batch_events,
            size=int(self._limits.batch_megabytes * _MEGABYTE),
        )
        if page is None:
            self._still(token, await box_of(self._store, token.box, token.epoch))
            raise Unavailable("the gym changed while it was read")
        self._metrics.count("arni_relay_events_delivered_total", len(page.events))
        # A relay that stops sends everybody away at once: they come back one after the other.
        later = spread(self._limits.reconnect_seconds) if seat.gone and self._bell.closing else None
        return as_json(_page_as_json(page), headers=later)

    def _question(self, request: Request) -> _Question:
        query = request.query_params
        after, wait = query.get("after", ""), query.get("wait", "0")
        try:
            seconds = float(wait)
        except ValueError:
            seconds = -1.0
        # isdecimal() alone knows digits of other scripts.
        if not (after.isascii() and after.isdecimal() and len(after) <= 16 and int(after) < _BIGGEST):
            raise InvalidInput("after must be a sequence number")
        if not 0 <= seconds < 1e6:
            raise InvalidInput("wait must be seconds")
        return _Question(int(after), min(seconds, self._limits.wait_seconds), query.get("log"))

    # --- who asks -----------------------------------------------------------------------------------------

    async def _admit(self, token: Token) -> Box:
        """Let the box in that a token proves; returns how it stands.

        Raises:
            BadToken: It proves nothing.
            _Denied: The box was revoked or replaced.
        """
        box = await box_of(self._store, token.box, token.epoch)
        # Without a key of its own a token is tried with one that fits nothing: as long, and as fruitless.
        key = box.public_key if box else bytes(32)
        verify_token(token, key, audience=self._audience, now=self._clock.now())
        return self._still(token, box)

    def _still(self, token: Token, box: Box | None) -> Box:
        """Whether a box that proved itself still counts."""
        if box is None:
            raise _Denied(denied(401, "unknown", "this relay does not know this box; enroll it"))
        if token.epoch < box.position.epoch:
            raise _Denied(denied(403, "replaced", "another box has enrolled in place of this one"))
        if box.position.revoked:
            raise _Denied(denied(403, "revoked", "this box was revoked; enroll it again to use it"))
        return box

    # --- the other requests -------------------------------------------------------------------------------

    async def enroll(self, request: Request) -> Response:
        """``POST /v1/enroll`` with a code and a public key."""
        return await self._guarded(self._enroll(request))

    async def _enroll(self, request: Request) -> Response:
        with self._enrolling.enter(""):
            async with asyncio.timeout(self._limits.answer_seconds):
                said = _object(await read_body(request, _REQUEST_BYTES))
                code = said.get("code")
                if not isinstance(code, str) or not 0 < len(code) <= 64:
                    raise InvalidInput("code must be the code that the operator of the relay gave")
                key = read_public_key(said.get("public_key"))
                enrolled = await enroll(self._store, code, key, now=self._clock.now())
        self._bell.ring(enrolled.box)
        self._metrics.count("arni_relay_enrolments_total")
        return as_json({"box": enrolled.box, "epoch": enrolled.epoch})

    async def erase(self, request: Request) -> Response:
        """``POST /v1/erase`` with sequence numbers of events that a box was told to forget."""
        return await self._guarded(self._erase(request))

    async def _erase(self, request: Request) -> Response:
        token = _token(request)
        with self._turns.enter(""):
            await self._admit(token)
            async with asyncio.timeout(self._limits.answer_seconds):
                said = _object(await read_body(request, _REQUEST_BYTES))
            sequences = said.get("sequences")
            if not isinstance(sequences, list) or len(sequences) > _MOST_ERASED:
                raise InvalidInput(f"sequences must be a list of at most {_MOST_ERASED} numbers")
            if not all(type(one) is int and 0 < one < _BIGGEST for one in sequences):
                raise InvalidInput("sequences must be sequence numbers")
            erased = await events.erase(self._store, token.box, sequences)
        self._metrics.count("arni_relay_erased_total", erased)
        return as_json({"erased": erased})

    async def _guarded(self, answer: Any) -> Response:
        """The answer, or the no that its failure means."""
        try:
            response: Response = await answer
        except _Denied as no:
            return no.answer
        except BadToken as error:
            return denied(401, error.reason, str(error))
        except Refused as error:
            return denied(403, "code", str(error))
        except InvalidInput as error:
            return as_json({"reason": "request", "sentence": str(error)}, 400)
        except TooLarge:
            return plain(413, last=True)
        except ClientDisconnect:
            return plain(400, last=True)
        except TimeoutError:
            return plain(408, last=True)
        except (Unavailable, Crowded):
            return come_again(self._limits.reconnect_seconds)
        return response


def _has_news(question: _Question, box: Box, seat: Seat) -> bool:
    """Whether there is something to say: events, a cursor that is not of this log, or another log."""
    position = box.position
    other_log = question.log is not None and question.log != position.log
    renewed = seat.known is not None and seat.known.log != position.log
    return position.newest != question.after or other_log or renewed


def _token(request: Request) -> Token:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BadToken("token", "a token of the box is needed")
    return read_token(text.strip())


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise InvalidInput("the body must be a JSON object")
    return said


def _page_as_json(page: Page) -> dict[str, object]:
    return {
        "log": page.log,
        "epoch": page.epoch,
        "oldest": page.oldest,
        "newest": page.newest,
        "read": page.read,
        "events": [_event_as_json(event) for event in page.events],
    }


def _event_as_json(event: Event) -> dict[str, object]:
    common = {
        "sequence": event.sequence,
        "source": event.source,
        "received_at": event.received_at.isoformat(),
    }
    if event.body is None:
        return {**common, "erased": True}
    body = base64.b64encode(event.body).decode("ascii")
    return {**common, "body": body, "signature": event.signature}
