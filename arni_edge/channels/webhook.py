"""SMS and telephone calls by a service of the owner's choice: one JSON request per call of a person.

What the service gets, by POST, with ``Authorization: Bearer <token>`` where there is one::

    {"kind": "sms", "to": "+4915550000001", "text": "ALARM …", "language": "de",
     "alarm_id": "…", "idempotency_key": "sms/…/kim/0/fire"}

``kind`` is ``sms`` or ``call`` (the text is to be read out). Any 2xx means that it was taken; an ``id`` in
the answer goes to the proof log. The same key is the same message: a repetition of it must not be sent twice.
Redirects are not followed: the token and the number go to the address in the settings and nowhere else.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact
from arni_edge.safety.model import Call
from arni_edge.settings import Webhook
from arni_edge.storage import Transaction

_LONGEST_ANSWER: Final = 16 * 1024
_LONGEST_TEXT: Final = 1000
_PLAIN: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""What is not packed cannot unfold."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_ID_KEYS: Final = ("id", "sid", "message_id", "call_id")
_PERHAPS_LATER: Final = frozenset({408, 425, 429})


def open_webhook_client() -> httpx.AsyncClient:
    """The HTTP client for such services; its owner closes it."""
    return httpx.AsyncClient(
        limits=httpx.Limits(max_connections=10, keepalive_expiry=30.0),
        trust_env=False,  # only the settings read the environment
        follow_redirects=False,
    )


class _Service:
    """One service at its address."""

    def __init__(self, settings: Webhook, client: httpx.AsyncClient, name: str) -> None:
        self._settings = settings
        self._client = client
        self._name = name

    async def hand_over(self, body: dict[str, Any]) -> str:
        """Have it send or call; returns its status, and its id for it where it told one.

        Raises:
            Unavailable: It did not take it; asking again may help.
            Refused: It will not take this: the settings or the account there must be mended.
        """
        headers = dict(_PLAIN)
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token.get_secret_value()}"
        request = self._client.build_request(
            "POST", self._settings.url, json=body, headers=headers, timeout=self._settings.seconds
        )
        try:
            async with asyncio.timeout(self._settings.seconds):
                status, content = await self._exchange(request)
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable(f"{self._name}: no answer within {self._settings.seconds:g} s") from None
        except (OSError, UnicodeError, httpx.HTTPError, httpx.InvalidURL) as error:
            # Only its kind: the words of a library may repeat what was sent.
            raise Unavailable(f"{self._name}: cannot be reached ({type(error).__name__})") from None
        return self._judge(status, content, body["to"])

    async def _exchange(self, request: httpx.Request) -> tuple[int, bytes]:
        """The status, and as much of the answer as can matter; a longer one is not read to its end."""
        answer = await self._client.send(request, stream=True)
        content = bytearray()
        try:
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > _LONGEST_ANSWER:
                    break
        finally:
            await answer.aclose()
        return answer.status_code, bytes(content[:_LONGEST_ANSWER])

    def _judge(self, status: int, content: bytes, phone: str) -> str:
        name = self._name
        if 200 <= status < 300:
            own_id = _id_in(content, phone)
            return f"HTTP {status}, id {own_id}" if own_id else f"HTTP {status}"
        if 300 <= status < 400:
            raise Refused(f"{name}: HTTP {status}: redirects are not followed; correct the address")
        if status in {401, 403}:
            raise Refused(f"{name}: HTTP {status}: the service does not accept the token")
        if 400 <= status < 500 and status not in _PERHAPS_LATER:
            raise Refused(f"{name}: HTTP {status}: the service refuses this request")
        raise Unavailable(f"{name}: HTTP {status}: the service cannot take it now")


class SmsService:
    """Sends single messages that belong to no alarm: a code for a member."""

    def __init__(self, settings: Webhook, client: httpx.AsyncClient, language: Language) -> None:
        """Nothing is sent before :meth:`send`.

        Args:
            settings: ``[sms]``.
            client: See :func:`open_webhook_client`.
            language: The gym's.
        """
        self._service = _Service(settings, client, "sms")
        self._language = language

    async def send(self, phone: str, text: str, key: str) -> str:
        """Send one; returns the evidence that it was taken.

        Args:
            phone: E.164.
            text: What; cut at 1000 characters.
            key: Unique: the service sends nothing twice.

        Raises:
            Unavailable: It was not taken, or not in time.
            Refused: It will not be taken.
        """
        return await self._service.hand_over(
            {
                "kind": "sms",
                "to": phone,
                "text": text[:_LONGEST_TEXT],
                "language": self._language.value,
                "alarm_id": "",
                "idempotency_key": key,
            }
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a sink of this sort is called here and at the service, and from which step it is used."""

    name: str
    word: str
    from_step: int


class WebhookSink:
    """A way to reach a person's telephone."""

    def __init__(self, settings: Webhook, client: httpx.AsyncClient, kind: _Kind) -> None:
        """See :func:`sms_sink` and :func:`phone_sink`."""
        self._service = _Service(settings, client, kind.name)
        self._kind = kind

    @property
    def name(self) -> str:
        """``sms`` or ``phone``."""
        return self._kind.name

    @property
    def from_step(self) -> int:
        """An SMS goes out at once; a call when nobody has acknowledged in time, or nothing else reaches."""
        return self._kind.from_step

    def reaches(self, contact: Contact) -> bool:
        """Whoever has a number."""
        return contact.phone is not None

    async def store(self, tx: Transaction, call: Call) -> None:
        """Nothing: the desk itself asks again after a crash, and the key tells the service that it did."""

    async def deliver(self, call: Call) -> str:
        """Hand the call to the service.

        Returns:
            Its status, and its id for it where it told one.

        Raises:
            Unavailable: It did not take it; asking again may help.
            Refused: It will not take this: the settings or the account there must be mended.
        """
        if call.contact.phone is None:
            raise Refused(f"{self.name}: this person has no number")
        alarm_id = call.alarm.alarm_id
        return await self._service.hand_over(
            {
                "kind": self._kind.word,
                "to": call.contact.phone,
                "text": call.text[:_LONGEST_TEXT],
                "language": call.contact.language.value,
                "alarm_id": alarm_id,
                "idempotency_key": f"{self.name}/{call.key}",
            }
        )


def sms_sink(settings: Webhook, client: httpx.AsyncClient) -> WebhookSink:
    """SMS, at once.

    Args:
        settings: ``[sms]``.
        client: See :func:`open_webhook_client`.
    """
    return WebhookSink(settings, client, _Kind("sms", "sms", 0))


def phone_sink(settings: Webhook, client: httpx.AsyncClient) -> WebhookSink:
    """Telephone calls, when nobody has acknowledged in time; at once for whom nothing else reaches.

    Args:
        settings: ``[phone]``.
        client: See :func:`open_webhook_client`.
    """
    return WebhookSink(settings, client, _Kind("phone", "call", 1))


def _id_in(content: bytes, phone: str) -> str | None:
    """The service's own id of the message; never one that holds the number, which the proof log must not."""
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict):
        return None
    for key in _ID_KEYS:
        value = said.get(key)
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if _ID.fullmatch(text) and phone.lstrip("+") not in text:
            return text
    return None
