"""Meta's Graph API: the requests that leave the house for WhatsApp."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import httpx

from arni_edge.channels.whatsapp.answers import Retry, SendResult, Stop, Uncertain, judge
from arni_edge.channels.whatsapp.text import TEXT_LIMIT, units
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.settings import WhatsApp

_DEADLINE_SECONDS = 20.0
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
MAX_TRACKING_ID = 512
_MAX_PARAMETER = 1024


def open_client() -> httpx.AsyncClient:
    """The HTTP client for the Graph API; its owner closes it."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(15.0, connect=5.0, pool=5.0),
        limits=httpx.Limits(max_connections=10, keepalive_expiry=5.0),
        trust_env=False,  # only the settings read the environment
    )


class GraphApi:
    """Sends for one WhatsApp number. Every sending method makes exactly one request and never repeats it.

    There is no idempotency key at Meta: whether a repetition is safe is the sender's decision, from the
    result. The access token appears in no result and no error.
    """

    def __init__(self, settings: WhatsApp, client: httpx.AsyncClient) -> None:
        self._token = settings.access_token
        self._url = f"{settings.graph_url}/{settings.phone_number_id}/messages"
        self._client = client

    async def send_text(
        self, recipient: str, text: str, *, reply_to: str | None, tracking_id: str
    ) -> SendResult:
        """Send a text of at most 4096 characters.

        Args:
            recipient: Phone number with or without ``+``, or a business-scoped user id (``CC.…``).
            text: What is said.
            reply_to: Meta's id of the message that this quotes, or None.
            tracking_id: Comes back in every status of this message.

        Raises:
            InvalidInput: The text is empty or too long (:func:`split_text` cuts it).
        """
        if not text or units(text) > TEXT_LIMIT:
            raise InvalidInput(f"a text message has 1 to {TEXT_LIMIT} characters")
        message: dict[str, Any] = {"type": "text", "text": {"body": text, "preview_url": False}}
        if reply_to is not None:
            message["context"] = {"message_id": reply_to}
        return await self._send(recipient, message, tracking_id)

    async def send_template(
        self, recipient: str, name: str, language: Language, parameters: Sequence[str], tracking_id: str
    ) -> SendResult:
        """Send an approved template; works outside the 24-hour window. Parameters fill its body."""
        values = [{"type": "text", "text": _parameter(text)} for text in parameters]
        template = {
            "name": name,
            "language": {"code": language.value},
            "components": [{"type": "body", "parameters": values}] if values else [],
        }
        return await self._send(recipient, {"type": "template", "template": template}, tracking_id)

    async def _send(self, recipient: str, message: dict[str, Any], tracking_id: str) -> SendResult:
        if self._token is None:
            return Stop("there is no access token; set the credential 'whatsapp_access_token'")
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_address(recipient),
            **message,
            "biz_opaque_callback_data": tracking_id[:MAX_TRACKING_ID],
        }
        try:
            answer = await self._post(body)
        except _NEVER_WRITTEN as error:
            return Retry(1.0, f"the Graph API cannot be reached ({type(error).__name__})", everybody=True)
        except (httpx.RequestError, TimeoutError) as error:
            return Uncertain(f"the connection was lost during the request ({type(error).__name__})")
        return judge(answer.status_code, answer.content)

    async def _post(self, body: dict[str, Any]) -> httpx.Response:
        token = self._token.get_secret_value() if self._token else ""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await self._client.post(self._url, json=body, headers={"Authorization": f"Bearer {token}"})


def _address(recipient: str) -> dict[str, str]:
    """``to`` for phone numbers, ``recipient`` for business-scoped user ids."""
    if _NUMBER.fullmatch(recipient):
        # Without + Meta would put the gym's own country code in front.
        return {"to": f"+{recipient.removeprefix('+')}"}
    return {"recipient": recipient}


def _parameter(text: str) -> str:
    """Meta refuses template parameters with line breaks, tabs or more than four spaces in a row."""
    return " ".join(text.split())[:_MAX_PARAMETER]
