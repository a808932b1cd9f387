"""Voice notes and pictures, fetched into memory: never onto the disk, never into a log.

Meta hands out an address for five minutes; what a person sent can be fetched for seven days.
"""

import asyncio
import base64
import hashlib
import hmac
import re
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from arni_edge.channels.whatsapp.reading import obj, text
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.json_text import read_json
from arni_edge.domain.messages import Media
from arni_edge.settings import WhatsApp

MAX_BYTES: Final = 16 * 1024 * 1024
"""Meta's limit for voice and video; a box with little memory takes nothing larger."""
_DEADLINE_SECONDS: Final = 60.0
_HOSTS: Final = (".fbsbx.com", ".facebook.com", ".whatsapp.net")
"""Where Meta keeps media. The token goes nowhere else, whatever an answer says."""


_MEDIA_ID: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,255}", re.ASCII)


class MediaGone(Refused):
    """Meta has it no longer, or never had: nobody can fetch it any more."""


class MediaFetcher:
    """Fetches what came with a message, for whoever can use it at once."""

    def __init__(self, settings: WhatsApp, client: httpx.AsyncClient) -> None:
        """Nothing is fetched by it.

        Args:
            settings: ``[whatsapp]``.
            client: See :func:`~arni_edge.channels.whatsapp.graph.open_client`.
        """
        self._token = settings.access_token
        self._root = settings.graph_url
        self._number = settings.phone_number_id
        self._client = client

    async def fetch(self, media: Media) -> bytes:
        """The bytes, once they are known to be the ones that were sent.

        Raises:
            MediaGone: It cannot be fetched any more.
            Refused: There is no token, or Meta does not accept it.
            InvalidInput: It is too large, or not what was sent.
            Unavailable: Meta cannot be reached now.
        """
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                # An address is good for five minutes: one that was not is asked for once more.
                content = await self._content(await self._address(media))
                if content is None:
                    content = await self._content(await self._address(media))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unavailable(f"media cannot be fetched now ({type(error).__name__})") from None
        if content is None:
            raise MediaGone("Meta no longer has this media")
        _check(content, media.sha256)
        return content

    async def _address(self, media: Media) -> str:
        if not _MEDIA_ID.fullmatch(media.media_id):  # it becomes part of an address
            raise MediaGone("this is no id of media")
        answer = await self._client.get(
            f"{self._root}/{media.media_id}",
            params={"phone_number_id": self._number},
            headers=self._headers(),
        )
        _raise_for(answer.status_code, answer.content)
        url = text(obj(read_json(answer.content)).get("url"))
        if not self._is_metas(url):
            raise Unavailable("Meta's answer names no place for the media")
        return url

    def _is_metas(self, url: str) -> bool:
        """Whether the token may go there: where the Graph API is, or where Meta keeps media."""
        try:
            wanted, graph = urlsplit(url), urlsplit(self._root)
        except ValueError:
            return False
        if (wanted.scheme, wanted.netloc) == (graph.scheme, graph.netloc):
            return True
        host = wanted.hostname or ""
        return wanted.scheme == "https" and host.endswith(_HOSTS) and wanted.port in {None, 443}

    async def _content(self, url: str) -> bytes | None:
        """What lies there; None when the address has expired."""
        async with self._client.stream("GET", url, headers=self._headers()) as answer:
            if answer.status_code == 404:
                return None
            _raise_for(answer.status_code, b"")
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise InvalidInput(f"media of more than {MAX_BYTES // 1024 // 1024} MB is not fetched")
            return bytes(content)

    def _headers(self) -> dict[str, str]:
        if self._token is None:
            raise Refused("there is no access token; set the credential 'whatsapp_access_token'")
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}


def _raise_for(status: int, content: bytes) -> None:
    """What an answer other than 200 means."""
    if status == 200:
        return
    error: dict[str, Any] = obj(obj(read_json(content)).get("error"))
    if status in {401, 403} or error.get("code") in {0, 190}:
        raise Refused("Meta does not accept the access token for media")
    if status == 404 or (status == 400 and error.get("code") == 100):
        raise MediaGone("Meta no longer has this media")
    raise Unavailable(f"media cannot be fetched now (HTTP {status})")


def _check(content: bytes, given: str) -> None:
    """Compare with what the webhook said; it writes base64, other answers of Meta's write hex."""
    if not given:
        return
    digest = hashlib.sha256(content).digest()
    expected = (base64.b64encode(digest).decode(), digest.hex())
    if not any(hmac.compare_digest(one.encode(), given.encode()) for one in expected):
        raise InvalidInput("the media is not what was sent")
