"""The card reader that check-ins are booked on: Magicline's Device API."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import httpx

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.magicline.errors import Away, Rejected
from arni_edge.magicline.operations import CARD_READER, CARD_READER_TRIAL
from arni_edge.magicline.pace import Pace, Sleep
from arni_edge.magicline.transport import Door, Request, Transport, open_http
from arni_edge.settings import Magicline

_LONGEST_VALUE: Final = 4096
"""A QR code holds at most 4296 characters; Magicline's are short."""


class IdentificationKind(StrEnum):
    """With what somebody identifies themselves."""

    NUMBER = "NUMBER"
    BARCODE = "BARCODE"
    QR_CODE = "QR_CODE"
    PIN = "PIN"
    WALLET_PASS = "WALLET_PASS"  # noqa: S105 - a kind of pass


class CardFormat(StrEnum):
    """How a card's number is spelled.

    One and the same: ``1173673668653440``, ``042b73321a3180`` and ``80311a32732b04``.
    """

    DECIMAL = "DECIMAL"
    HEX_MSB = "HEX_MSB"
    HEX_LSB = "HEX_LSB"


@dataclass(frozen=True, slots=True)
class Identification:
    """What somebody held against a reader.

    Attributes:
        kind: What it is.
        value: What it said; as good as a key: never logged.
        card_format: How a card's number is spelled; matters for ``NUMBER`` only.
    """

    kind: IdentificationKind
    value: str = field(repr=False)
    card_format: CardFormat = CardFormat.DECIMAL

    def __post_init__(self) -> None:
        """Anybody may hold anything against a reader.

        Raises:
            InvalidInput: This cannot be sent. The value itself is not repeated.
        """
        if not 0 < len(self.value) <= _LONGEST_VALUE or any(
            "\ud800" <= mark <= "\udfff" for mark in self.value
        ):
            raise InvalidInput("that is nothing that identifies somebody")


class DeviceClient:
    """Identifies people on behalf of one card reader."""

    def __init__(
        self,
        settings: Magicline,
        clock: Clock,
        *,
        language: Language = Language.GERMAN,
        http: httpx.AsyncClient | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Nothing is asked yet.

        Args:
            settings: Address, token and pace.
            clock: Of the box.
            language: In which refusals are worded where a call does not say otherwise.
            http: The client of :func:`open_http`; without it one is opened, which :meth:`aclose` closes.
            sleep: How to wait.

        Raises:
            ConfigurationError: There is no ``magicline.device_url``.
        """
        if settings.device_url is None:
            raise ConfigurationError("magicline.device_url: needed to check people in")
        self._http = http or open_http()
        self._owns_http = http is None
        url = settings.device_url.rstrip("/")
        door = Door(url, "Authorization", "Bearer ", settings.device_token, "magicline_device_token")
        pace = Pace(settings.requests_per_minute, clock, sleep=sleep)
        self._transport = Transport(door, self._http, clock, pace, sleep)
        self._language = language

    async def check_in(
        self, identification: Identification, *, execute: bool, language: Language | None = None
    ) -> None:
        """Have Magicline say whether somebody may come in, and check them in if so. Returns when they may.

        Args:
            identification: Who.
            execute: Check them in; without it Magicline only says whether it would.
            language: Theirs: Magicline's refusal is worded for them.

        Raises:
            Rejected: They may not; ``sentence`` is for them to read.
            NotAllowed: The reader's token is wrong; says nothing about them.
            Away: Nothing was done; later may work.
            MaybeDone: They may have been checked in, or not.
        """
        operation = CARD_READER if execute else CARD_READER_TRIAL
        request = Request(
            operation=operation,
            path=operation.path,
            params={},
            # Left out, Magicline takes it for true: a mere question would check somebody in.
            body={"identification": _spelled(identification), "shouldExecuteAction": execute},
            language=(language or self._language).value,
            urgent=True,
        )
        refusal = await self._refusal(request)
        if refusal is not None:
            raise refusal

    async def _refusal(self, request: Request) -> Rejected | Away | None:
        """None when they may come in."""
        try:
            await self._transport.ask(request)
        except Rejected as error:
            if error.status == 401:
                return error
            if not error.sentence:
                # A refusal has a sentence. This is something else, a gateway's own "forbidden" perhaps.
                return Away(f"card_reader: HTTP {error.status}: not in Magicline's own words")
            reason = f"card_reader: HTTP {error.status}: they may not come in"
            return Rejected(
                reason, status=error.status, code=error.code, sentence=error.sentence, trace=error.trace
            )
        return None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._http.aclose()


def _spelled(identification: Identification) -> dict[str, Any]:
    spelled = {"type": identification.kind.value, "value": identification.value}
    if identification.kind is IdentificationKind.NUMBER:
        spelled["format"] = identification.card_format.value
    return spelled
