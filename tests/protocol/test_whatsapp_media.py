"""Media are fetched into memory from a real server, and the token goes nowhere else."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arni_edge.channels.whatsapp import open_client
from arni_edge.channels.whatsapp.media import MAX_BYTES, MediaFetcher, MediaGone
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.messages import Media
from arni_edge.settings import WhatsApp
from arni_edge.simulator.serve import serve

NOTE = b"OggS" + b"\0" * 2000
DIGEST = base64.b64encode(hashlib.sha256(NOTE).digest()).decode()


@dataclass
class Meta:
    """Where media lie, with what Meta does to those who come too late.

    Attributes:
        expired: So many addresses have expired before they are used.
        gone: It is kept no longer.
        elsewhere: Names this place instead of its own.
        content: What lies there.
        asked: The paths that were asked for.
    """

    expired: int = 0
    gone: bool = False
    elsewhere: str | None = None
    content: bytes = NOTE
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v24.0/{media_id:path}", self._where),
                Route("/file/{number}", self._file),
            ]
        )

    async def _where(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if request.headers.get("Authorization") != "Bearer secret":
            return JSONResponse({"error": {"code": 190}}, 401)
        if self.gone or request.path_params["media_id"] != "media-1":
            return JSONResponse({"error": {"code": 100, "error_subcode": 33}}, 400)
        assert request.query_params["phone_number_id"] == "106540352242922"
        return JSONResponse({"url": self.elsewhere or f"{request.base_url}file/{len(self.asked)}"})

    async def _file(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        assert request.headers["Authorization"] == "Bearer secret"
        if self.expired:
            self.expired -= 1
            return Response(status_code=404)
        return Response(self.content, media_type="audio/ogg")


@asynccontextmanager
async def fetching(meta: Meta, token: str | None = "secret") -> AsyncIterator[MediaFetcher]:
    async with serve(meta.app()) as url, open_client() as client:
        settings = WhatsApp(
            phone_number_id="106540352242922",
            graph_url=f"{url}/v24.0",
            access_token=SecretStr(token) if token else None,
        )
        yield MediaFetcher(settings, client)


@pytest.mark.parametrize("digest", [DIGEST, hashlib.sha256(NOTE).hexdigest(), ""])
async def test_a_note_is_fetched_as_it_was_sent(digest: str) -> None:
    async with fetching(Meta()) as fetcher:
        assert await fetcher.fetch(Media("media-1", "audio/ogg", digest)) == NOTE


async def test_an_address_that_has_expired_is_asked_for_once_more() -> None:
    """They are good for five minutes."""
    async with fetching(Meta(expired=1)) as fetcher:
        assert await fetcher.fetch(Media("media-1", "audio/ogg")) == NOTE
    async with fetching(Meta(expired=2)) as fetcher:
        with pytest.raises(MediaGone):
            await fetcher.fetch(Media("media-1", "audio/ogg"))


async def test_what_meta_no_longer_has_is_gone() -> None:
    """After seven days."""
    async with fetching(Meta(gone=True)) as fetcher:
        with pytest.raises(MediaGone):
            await fetcher.fetch(Media("media-1", "audio/ogg"))


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/file",
        "http://lookaside.fbsbx.com/file",
        "https://fbsbx.com.evil.example/x",
        "https://evilfbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "file:///etc/passwd",
        "",
        "http://[",
    ],
)
async def test_the_token_goes_nowhere_else(place: str) -> None:
    """Whatever the answer says."""
    meta = Meta(elsewhere=place or " ")
    async with fetching(meta) as fetcher:
        with pytest.raises(Unavailable):
            await fetcher.fetch(Media("media-1", "audio/ogg"))
    assert len(meta.asked) == 1


async def test_a_hostile_id_asks_for_nothing_else() -> None:
    """An id is one piece of a path."""
    meta = Meta()
    async with fetching(meta) as fetcher:
        for hostile in ("../../me", "x?fields=a", "a/b", "%2e%2e/x"):
            with pytest.raises(MediaGone):
                await fetcher.fetch(Media(hostile, "audio/ogg"))
    assert meta.asked == []


async def test_something_else_than_what_was_sent_is_refused() -> None:
    async with fetching(Meta(content=b"other")) as fetcher:
        with pytest.raises(InvalidInput, match="not what was sent"):
            await fetcher.fetch(Media("media-1", "audio/ogg", DIGEST))


async def test_too_much_is_not_taken_into_memory() -> None:
    async with fetching(Meta(content=b"\0" * (MAX_BYTES + 1))) as fetcher:
        with pytest.raises(InvalidInput, match="16 MB"):
            await fetcher.fetch(Media("media-1", "audio/ogg"))


@pytest.mark.parametrize("token", ["wrong", None])
async def test_without_a_good_token_it_is_said(token: str | None) -> None:
    async with fetching(Meta(), token) as fetcher:
        with pytest.raises(Refused, match="token"):
            await fetcher.fetch(Media("media-1", "audio/ogg"))
