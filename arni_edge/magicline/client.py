"""The gym's member management, asked one question at a time.

Every method makes one request, in its turn (:mod:`arni_edge.magicline.pace`) and within a deadline. Reads are
repeated when that can help, everything else never. What can go wrong is in :mod:`arni_edge.magicline.errors`:
every method may raise ``Away`` and ``Rejected`` (also as ``NotAllowed`` and ``Missing``), those that book and
cancel ``MaybeDone``, too.
"""

import asyncio
import copy
from dataclasses import replace
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import httpx

from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import Language
from arni_edge.magicline import operations as op
from arni_edge.magicline import people, wire
from arni_edge.magicline.asking import Asking
from arni_edge.magicline.client_people import PeopleQuestions
from arni_edge.magicline.client_timetable import TimetableQuestions
from arni_edge.magicline.errors import Missing, NotAllowed
from arni_edge.magicline.model import Studio, Utilization
from arni_edge.magicline.pace import Pace, Sleep
from arni_edge.magicline.transport import Door, Transport, open_http
from arni_edge.settings import Magicline

_BERLIN: Final = ZoneInfo("Europe/Berlin")


class MagiclineClient(PeopleQuestions, TimetableQuestions):
    """Asks on behalf of one studio."""

    def __init__(
        self,
        settings: Magicline,
        clock: Clock,
        *,
        zone: tzinfo = _BERLIN,
        language: Language = Language.GERMAN,
        http: httpx.AsyncClient | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Nothing is asked yet.

        Args:
            settings: Address, key and pace.
            clock: Of the box.
            zone: The studio's, for times that Magicline writes without one.
            language: In which refusals are worded where a call does not say otherwise.
            http: The client of :func:`open_http`; without it one is opened, which :meth:`aclose` closes.
            sleep: How to wait.
        """
        self._http = http or open_http()
        self._owns_http = http is None
        door = Door(settings.url.rstrip("/"), "X-API-KEY", "", settings.api_key, "magicline_api_key")
        pace = Pace(settings.requests_per_minute, clock, sleep=sleep)
        self._asking = Asking(Transport(door, self._http, clock, pace, sleep), language)
        self._zone = zone

    @property
    def interactive(self) -> "MagiclineClient":
        """The same, for questions that somebody waits for: they go first, and fail soon rather than late."""
        other = copy.copy(self)
        other._asking = replace(self._asking, urgent=True)  # noqa: SLF001 - its own
        return other

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._http.aclose()

    # --- the studio -----------------------------------------------------------------------------------------

    async def studio(self) -> Studio:
        """The studio that the key belongs to."""
        content = await self._asking.send(op.STUDIO)
        return wire.read_one(op.STUDIO, content, lambda item: people.read_studio(item, self._zone))

    async def utilization(self) -> Utilization:
        """How full it is by Magicline's count."""
        content = await self._asking.send(op.UTILIZATION)
        return wire.read_one(op.UTILIZATION, content, people.read_utilization)

    async def key_is_valid(self) -> bool:
        """Whether Magicline accepts the key, whatever its scopes; nothing is read and nothing is done."""
        try:
            await self._asking.send(op.KEY_PROBE)
        except NotAllowed as error:
            return error.status != 401
        except Missing:
            return True
        return True

    async def confirm_activation(self) -> None:
        """Say that we are there; needed once, else no webhooks are sent. Doing it again does no harm."""
        await self._asking.send(op.CONFIRM_ACTIVATION)
