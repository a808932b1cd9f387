"""Meta's Graph API: the requests that leave the house for WhatsApp."""

import asyncio
import re
from typing import Any, Final

import httpx
import orjson

from arni_edge.channels.whatsapp.answers import (
    NEEDS_A_NUMBER,
    Retry,
    SendResult,
    Stop,
    Uncertain,
    judge,
    judge_code,
)
from arni_edge.channels.whatsapp.letters import Body
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.settings import WhatsApp

_DEADLINE_SECONDS: Final = 20.0
_MARK_SECONDS: Final = 5.0
_MEDIA_SECONDS: Final = 60.0
_NUMBER = re.compile(r"\+?[0-9]{5,20}")
_NEVER_WRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""It failed before a byte of the request had left: Meta cannot have the message."""
MAX_TRACKING_ID: Final = 512
_VOICE_TYPE: Final = "audio/ogg"
_VOICE_BYTES: Final = 16 * 1024 * 1024
_MEDIA_ID = re.compile(r"[A-Za-z0-9_.:-]{1,256}", re.ASCII)


def open_client() -> httpx.AsyncClient:
    """The HTTP client for the Graph API; its owner closes it."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(15.0, connect=5.0, pool=5.0),
        limits=httpx.Limits(max_connections=12, keepalive_expiry=5.0),
        trust_env=False,  # only the settings read the environment
    )


class GraphApi:
    """Sends for one WhatsApp number. Every sending method makes exactly one request and never repeats it.

    There is no idempotency key at Meta: whether a repetition is safe is the sender's decision, from the
    result. The access token appears in no result and no error.
    """

    def __init__(self, settings: WhatsApp, client: httpx.AsyncClient) -> None:
        """Nothing is sent by it.

        Args:
            settings: ``[whatsapp]``.
            client: See :func:`open_client`.
        """
        self._token = settings.access_token
        self._root = settings.graph_url
        self._number = f"{settings.graph_url}/{settings.phone_number_id}"
        self._client = client

    # --- messages -------------------------------------------------------------------------------------------

    async def send(self, recipient: str, message: Body, tracking_id: str) -> SendResult:
        """Send a message.

        Args:
            recipient: Phone number with or without ``+``, or a business-scoped user id (``CC.…``).
            message: Its ``type`` and what belongs to it, see :mod:`~arni_edge.channels.whatsapp.letters`.
            tracking_id: Comes back in every status of this message.
        """
        if self._token is None:
            return Stop("there is no access token; set the credential 'whatsapp_access_token'")
        if _brings_a_code(message) and not _NUMBER.fullmatch(recipient):
            return judge_code(NEEDS_A_NUMBER, temporary=False)
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_address(recipient),
            **message,
            "biz_opaque_callback_data": tracking_id[:MAX_TRACKING_ID],
        }
        try:
            answer = await self._post(f"{self._number}/messages", _DEADLINE_SECONDS, json=body)
        except _NEVER_WRITTEN as error:
            return Retry(1.0, f"the Graph API cannot be reached ({type(error).__name__})", everybody=True)
        except (httpx.RequestError, TimeoutError) as error:
            return Uncertain(f"the connection was lost during the request ({type(error).__name__})")
        return judge(answer.status_code, answer.content)

    async def send_voice(self, recipient: str, media_id: str, *, tracking_id: str) -> SendResult:
        """Send a voice message that was uploaded (:meth:`upload_voice`)."""
        body = {"type": "audio", "audio": {"id": media_id, "voice": True}}
        return await self.send(recipient, body, tracking_id)

    async def mark_read(self, message_id: str, *, typing: bool) -> bool:
        """Show somebody that their message was read, and that an answer is being written (at most 25 s).

        Best effort: it is made once, and nothing depends on it.

        Args:
            message_id: Meta's id of their message; it and all before it count as read.
            typing: Show that an answer is being written; only where one follows.

        Returns:
            Whether Meta took it.
        """
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": message_id,
        }
        if typing:
            body["typing_indicator"] = {"type": "text"}
        try:
            answer = await self._post(f"{self._number}/messages", _MARK_SECONDS, json=body)
        except (httpx.RequestError, TimeoutError):
            return False
        return answer.status_code == 200

    # --- media ----------------------------------------------------------------------------------------------

    async def upload_voice(self, sound: bytes) -> str:
        """Hand a voice message over to Meta, which keeps it for 30 days; returns its media id.

        Args:
            sound: OGG with Opus, mono; up to 512 KB it can be played at once on the other side.

        Raises:
            InvalidInput: It is empty or larger than 16 MB.
            Unavailable: Meta cannot be reached, or cannot take it now.
            Refused: Meta does not take it.
        """
        if not 1 <= len(sound) <= _VOICE_BYTES:
            raise InvalidInput(f"a voice message has 1 to {_VOICE_BYTES} bytes")
        answer = await self._about_media(
            "POST",
            f"{self._number}/media",
            data={"messaging_product": "whatsapp", "type": _VOICE_TYPE},
            files={"file": ("voice.ogg", sound, _VOICE_TYPE)},
        )
        media_id = answer.get("id")
        if not isinstance(media_id, str) or not _MEDIA_ID.fullmatch(media_id):
            raise Unavailable("Meta's answer names no media id")
        return media_id

    async def delete_media(self, media_id: str) -> None:
        """Have Meta forget what was uploaded.

        Args:
            media_id: From :meth:`upload_voice`.

        Raises:
            InvalidInput: It is no media id.
            Unavailable: Meta cannot be reached, or cannot do it now.
            Refused: Meta does not do it.
        """
        if not _MEDIA_ID.fullmatch(media_id):
            raise InvalidInput("this is no media id")
        await self._about_media("DELETE", f"{self._root}/{media_id}")

    async def _about_media(self, method: str, url: str, **what: Any) -> dict[str, Any]:
        if self._token is None:
            raise Refused("there is no access token; set the credential 'whatsapp_access_token'")
        try:
            async with asyncio.timeout(_MEDIA_SECONDS):
                answer = await self._client.request(method, url, headers=self._headers(), **what)
        except (httpx.RequestError, TimeoutError) as error:
            raise Unavailable(f"the Graph API cannot be reached ({type(error).__name__})") from None
        if answer.status_code == 200:
            try:
                body = orjson.loads(answer.content)
            except orjson.JSONDecodeError:
                body = None
            return body if isinstance(body, dict) else {}
        result = judge(answer.status_code, answer.content)
        reason = getattr(result, "reason", f"HTTP {answer.status_code}")
        raise Unavailable(reason) if isinstance(result, Retry | Uncertain) else Refused(reason)

    # --- the wire -------------------------------------------------------------------------------------------

    async def _post(self, url: str, seconds: float, *, json: dict[str, Any]) -> httpx.Response:
        async with asyncio.timeout(seconds):
            return await self._client.post(url, json=json, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token.get_secret_value() if self._token else ''}"}


def _address(recipient: str) -> dict[str, str]:
    """``to`` for phone numbers, ``recipient`` for business-scoped user ids."""
    if _NUMBER.fullmatch(recipient):
        # Without + Meta would put the gym's own country code in front.
        return {"to": f"+{recipient.removeprefix('+')}"}
    return {"recipient": recipient}


def _brings_a_code(message: Body) -> bool:
    """Whether it is an authentication template: Meta sends these to numbers only."""
    components = message.get("template", {}).get("components", ())
    return any(component.get("sub_type") == "url" for component in components)
