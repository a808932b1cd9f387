"""Light and sirens: over the broker, and where that does not answer at once, at the device itself."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final, Protocol, runtime_checkable

import structlog

from arni_edge.devices import SwitchResult
from arni_edge.devices.shelly.local_http import LocalHttp
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Alarm
from arni_edge.settings import Shelly

_LOG = structlog.get_logger(__name__)

ALARM_ROLES: Final = frozenset({"light", "path_light", "siren"})
"""Roles of devices that help in an emergency."""

_SIREN_SECONDS: Final = 120.0
"""A siren that nobody switches off falls silent by the timer of the device."""

_BROKER_SECONDS: Final = 0.4
"""A device that hears us answers within 0.1 s; then there is still time for the other way."""

_FULL: Final = 100


class Switch(Protocol):
    """What can be switched on."""

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch it and wait for the effect."""
        ...


@runtime_checkable
class Dimmer(Protocol):
    """A light that may be on and yet too dark to find anybody."""

    async def set(self, on: bool, *, brightness: int | None = None) -> SwitchResult:
        """Set it and wait for the effect."""
        ...


class SwitchAct:
    """Switches one device on: a light stays on, with all its brightness; a siren sounds for two minutes.

    Attributes:
        name: ``<role>/<id>``.
        causes: All; a siren is nothing for somebody in a crisis.
    """

    def __init__(self, shelly: Shelly, switch: Switch, http: LocalHttp | None) -> None:
        """Nothing is switched yet.

        Args:
            shelly: The device, from the settings.
            switch: Its driver.
            http: The way to it without the broker; None where its address is not known.
        """
        self._switch = switch
        self._http = http
        self._seconds = _SIREN_SECONDS if shelly.role == "siren" else None
        self.name = f"{shelly.role}/{shelly.id}"
        self.causes: Collection[Cause] = (
            frozenset(Cause) - {Cause.CRISIS} if shelly.role == "siren" else frozenset(Cause)
        )

    async def act(self, _alarm: Alarm) -> str:
        """Switch it on; returns the evidence. On twice is on once.

        Raises:
            Unavailable: It is not certain that it is on, by whichever way.
        """
        if self._http is None:
            return await self._by_broker()
        by_broker = asyncio.ensure_future(self._by_broker())
        try:
            await asyncio.wait({by_broker}, timeout=_BROKER_SECONDS)
            if by_broker.done() and by_broker.exception() is None:
                return by_broker.result()
            return await self._directly(self._http, by_broker)
        finally:
            by_broker.cancel()
            await asyncio.wait({by_broker})
            if not by_broker.cancelled():
                by_broker.exception()

    async def _directly(self, http: LocalHttp, by_broker: asyncio.Future[str]) -> str:
        """At the device itself; what it says late over the broker counts as well."""
        try:
            evidence = await http.switch_on(seconds=self._seconds)
        except Unavailable as error:
            try:
                return await by_broker
            except Unavailable as first:
                raise Unavailable(f"broker: {first}; {error}") from None
        _LOG.warning("alarm_act_without_broker", act=self.name, evidence=evidence)
        return evidence

    async def _by_broker(self) -> str:
        if self._seconds is None and isinstance(self._switch, Dimmer):
            result = await self._switch.set(True, brightness=_FULL)
        else:
            result = await self._switch.switch(True, toggle_after=self._seconds)
        if result.outcome is not Outcome.CONFIRMED:
            raise Unavailable(f"{result.outcome}: {result.evidence}")
        return result.evidence


def switch_acts(shellies: Collection[Shelly], switches: Mapping[str, Switch]) -> list[SwitchAct]:
    """One act for every device that helps.

    Args:
        shellies: Of the settings.
        switches: Their drivers, by id.
    """
    return [
        SwitchAct(one, switches[one.id], LocalHttp(one, one.address) if one.address else None)
        for one in shellies
        if one.role in ALARM_ROLES and one.id in switches
    ]
