"""Webhooks come in: proven, committed, and only then answered with 200.

The relay does not look into a body: Meta signs the exact bytes, and a batch of up to 1,000 updates within
3 MB is one event with one number. To split it would break the signature; to count it would mean to parse what
strangers send.
Nothing of a request is ever logged, not even its path: the path is a secret.
"""

import asyncio
import secrets
from collections.abc import Callable
from enum import StrEnum

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.relay.server import events
from arni_edge.relay.server.answers import come_again, plain
from arni_edge.relay.server.bell import Bell
from arni_edge.relay.server.events import Source
from arni_edge.relay.server.gyms import Door, door_at
from arni_edge.relay.server.limits import Crowded, TooLarge, Turnstile, read_body
from arni_edge.relay.server.metrics import Metrics
from arni_edge.relay.server.store import Store
from arni_edge.relay.signature import HEADER, verify
from arni_edge.settings.relay_server import Limits

_NOBODYS_TURN = "nobody's"
_LONGEST_CHALLENGE = 1024
_MEGABYTE = 1_000_000

Proof = Callable[[Door, bytes], bool]


class _Phase(StrEnum):
    """Whom we wait for: it decides who is to blame when the time is up."""

    SENDER = "sender"
    DATABASE = "database"


class Ingest:
    """The endpoints of Meta and Magicline."""

    def __init__(
        self,
        store: Store,
        bell: Bell,
        metrics: Metrics,
        *,
        clock: Clock,
        limits: Limits,
        app_secret: str | None,
    ) -> None:
        """Make the endpoints.

        Args:
            store: The database.
            bell: Is rung for every event.
            metrics: Count.
            clock: Time.
            limits: What a request may take.
            app_secret: Of the Meta app that gyms without one of their own share.
        """
        self._store = store
        self._bell = bell
        self._metrics = metrics
        self._clock = clock
        self._seconds = limits.answer_seconds
        self._bytes = int(limits.body_megabytes * _MEGABYTE)
        self._turns = Turnstile(each=limits.requests_per_gym, together=limits.requests)
        # Without a secret nothing is genuine; with this one the answer takes as long as any other.
        self._app_secret = app_secret or secrets.token_urlsafe(32)

    async def subscribe(self, request: Request) -> Response:
        """Meta's verification of a callback: the challenge comes back as the plain body."""
        try:
            async with asyncio.timeout(self._seconds):
                door = await door_at(self._store, request.path_params["path"])
        except (Unavailable, TimeoutError):
            return come_again()
        query = request.query_params
        known = door.knows_verify_token(query.get("hub.verify_token", ""))
        challenge = query.get("hub.challenge", "")
        if door.gym is None:
            return plain(404)
        if not known or query.get("hub.mode") != "subscribe" or len(challenge) > _LONGEST_CHALLENGE:
            return plain(403)
        return plain(200, challenge)

    async def whatsapp(self, request: Request) -> Response:
        """Meta's webhook."""
        signature = request.headers.get(HEADER)

        def proof(door: Door, body: bytes) -> bool:
            return verify(door.app_secret or self._app_secret, body, signature)

        return await self._take(request, "whatsapp", proof, signature)

    async def magicline(self, request: Request) -> Response:
        """Magicline's webhook."""
        key = request.headers.get("x-api-key", "")
        return await self._take(request, "magicline", lambda door, _: door.knows_magicline_key(key), None)

    async def _take(self, request: Request, source: Source, proof: Proof, signature: str | None) -> Response:
        started = self._clock.monotonic()
        answer = await self._answer(request, source, proof, signature)
        self._metrics.count("arni_relay_webhooks_total", source=source, status=str(answer.status_code))
        if answer.status_code == 200:
            self._metrics.took(self._clock.monotonic() - started)
        return answer

    async def _answer(
        self, request: Request, source: Source, proof: Proof, signature: str | None
    ) -> Response:
        """One deadline for all of it: Magicline waits five seconds."""
        phase = _Phase.DATABASE
        at = self._clock.now()
        try:
            async with asyncio.timeout(self._seconds):
                door = await door_at(self._store, request.path_params["path"])
                with self._turns.enter(door.gym or _NOBODYS_TURN):
                    phase = _Phase.SENDER
                    body = await read_body(request, self._bytes)
                    phase = _Phase.DATABASE
                    genuine = proof(door, body)
                    if door.gym is None:
                        return plain(404)
                    if not genuine:
                        return plain(401)
                    sequence = await events.append(
                        self._store, door.gym, source, at=at, body=body, signature=signature
                    )
        except Crowded:
            return _refuse_the_rest(come_again())
        except TooLarge:
            return plain(413, last=True)
        except ClientDisconnect:
            return plain(400, last=True)
        except TimeoutError:
            return plain(408, last=True) if phase is _Phase.SENDER else come_again()
        except Unavailable:
            return come_again()
        if sequence is None:
            return plain(404)
        self._bell.ring(door.gym)
        self._store.announce(door.gym)
        return plain(200)


def _refuse_the_rest(answer: Response) -> Response:
    answer.headers["Connection"] = "close"
    return answer
