"""The settings of a Shelly of generation 1, read over HTTP, and whether a door may be opened with it.

Only the address in our own settings is asked, never one that a device announced. The device's timer
(``auto_off``) is what ends a pulse; nothing else does, so that it is verified before the door is used.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from arni_edge.devices.shelly import gen1_values as value
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.settings import Shelly

_log = structlog.get_logger(__name__)

_DEADLINE_SECONDS = 5.0
_LONGEST_ANSWER = 64 * 1024
"""Real ones have less than 5 kB."""
_PLAIN = {"Accept-Encoding": "identity"}
"""What is not packed cannot unfold."""
_LONGEST_PULSE = 30.0
_LONGEST_ALARM = 120.0
"""So long does a siren sound."""
_HOURLY_SECONDS = 3600.0
_TRUSTED_SECONDS = 2 * _HOURLY_SECONDS
"""A device that cannot be asked for so long may have been changed by somebody."""
_PROGRESS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Of one relay; None where the device did not say, or not in a way that we understand.

    Attributes:
        auto_off: Seconds after which it switches itself off; 0 is never.
        auto_on: Seconds after which it switches itself on; 0 is never.
        default_state: What it does when the electricity comes: ``off``, ``on``, ``last`` or ``switch``.
        btn_type: What its input does: ``detached`` is nothing.
    """

    auto_off: float | None
    auto_on: float | None
    default_state: str | None
    btn_type: str | None


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """What matters of ``GET /settings``.

    Attributes:
        prefix: Where its topics begin, None where it did not say.
        relays: In the order of their numbers.
        factory_reset_from_switch: Whether toggling an input right after power-up resets the device.
    """

    prefix: str | None
    relays: tuple[RelaySettings, ...]
    factory_reset_from_switch: bool | None


def parse_settings(payload: bytes) -> DeviceSettings:
    """Read the answer to ``GET /settings``.

    Raises:
        InvalidInput: It is not one of a Shelly of generation 1 with relays, or lights instead.
    """
    said = value.json_object(payload)
    relays = said.get("relays", said.get("lights")) if said is not None else None
    if said is None or not isinstance(relays, list):
        raise InvalidInput("the answer is not that of a Shelly of generation 1 with a relay")
    mqtt = said.get("mqtt")
    name = mqtt.get("id") if isinstance(mqtt, dict) else None
    reset = said.get("factory_reset_from_switch")
    return DeviceSettings(
        f"shellies/{name}" if isinstance(name, str) and name else None,
        tuple(_relay(one if isinstance(one, dict) else {}) for one in relays[:8]),
        reset if isinstance(reset, bool) else None,
    )


def _relay(said: Mapping[str, Any]) -> RelaySettings:
    return RelaySettings(
        auto_off=value.number(said.get("auto_off")),
        auto_on=value.number(said.get("auto_on")),
        default_state=value.word(said.get("default_state")),
        btn_type=value.word(said.get("btn_type")),
    )


def judge_strike(
    settings: DeviceSettings,
    *,
    prefix: str,
    relay: int,
    contact: bool = False,
    longest: float = _LONGEST_PULSE,
) -> list[str]:
    """Why a strike at this relay could stay open or open by itself; empty when it may be used.

    Args:
        settings: As the device has them.
        prefix: Of the topics by which we command it: a check of another device proves nothing.
        relay: Its number.
        contact: A door contact is wired to the device's input.
        longest: Seconds that it may be on at most.
    """
    if relay >= len(settings.relays):
        return [f"the device has no relay {relay}"]
    problems, one = [], settings.relays[relay]
    if settings.prefix != prefix:
        problems.append(
            f"the device at this address has the topics of {settings.prefix or 'nobody'}, not {prefix}: "
            "correct the address or the prefix"
        )
    if one.auto_off is None:
        problems.append("auto_off is unknown: the strike could stay open for ever")
    elif one.auto_off <= 0:
        problems.append(f"auto_off is {one.auto_off:g}, so that the strike would stay open for ever: set it")
    elif one.auto_off > longest:
        problems.append(f"auto_off is {one.auto_off:g} s; at most {longest:g} s are safe here")
    if one.auto_on is not None and one.auto_on > 0:
        problems.append(f"auto_on is {one.auto_on:g} s: the strike would open by itself; set it to 0")
    if one.default_state != "off":
        problems.append(
            f"default_state is {one.default_state or 'unknown'}: after a power cut the strike could open; "
            "set it to off"
        )
    if contact and one.btn_type != "detached":
        problems.append(
            f"btn_type is {one.btn_type or 'unknown'}: the door contact at the input would switch the "
            "strike; set it to detached"
        )
    return problems


def judge_contact(settings: DeviceSettings) -> list[str]:
    """What should be mended where a door contact is wired to the device's input; warnings."""
    warnings = []
    if settings.factory_reset_from_switch is not False:
        warnings.append(
            "factory_reset_from_switch is on: a door that opens and closes several times right after a power "
            "cut would reset the device; switch it off"
        )
    return warnings


async def fetch_settings(address: str) -> DeviceSettings:
    """Ask a device for its settings.

    Args:
        address: From our settings: a host name or address, with a port if it is not 80.

    Raises:
        Unavailable: It does not answer, or not as such a device does.
    """
    try:
        async with (
            asyncio.timeout(_DEADLINE_SECONDS),
            # Only the settings read the environment: a stray HTTP_PROXY must not answer for a door.
            httpx.AsyncClient(timeout=_DEADLINE_SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream("GET", _url(address), headers=_PLAIN) as answer,
        ):
            if answer.status_code == 401:
                raise Unavailable("the device asks for a password before it shows its settings")
            if answer.status_code != 200:
                raise Unavailable(f"the device answers with HTTP {answer.status_code}")
            content = bytearray()
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > _LONGEST_ANSWER:
                    raise Unavailable("the device's answer is too large")
        return parse_settings(bytes(content))
    except (TimeoutError, httpx.TimeoutException):
        raise Unavailable("the device does not answer over HTTP in time") from None
    except InvalidInput as error:
        raise Unavailable(str(error)) from None
    except (OSError, UnicodeError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"the device cannot be reached over HTTP ({type(error).__name__})") from None


def _url(address: str) -> httpx.URL:
    url = httpx.URL(f"http://{address}/settings")
    if url.port is not None and url.port > 0xFFFF:
        raise httpx.InvalidURL("no such port")  # httpx itself would only find out when it connects
    return url


class Gen1Guard:
    """Keeps verified that the strike at a relay ends every pulse by itself.

    Attributes:
        problems: Why the strike must not be used, or what is dangerous about it, in English; empty when
            all is well. ``("not verified yet",)`` until the device has answered once.
    """

    def __init__(self, shelly: Shelly, address: str, clock: Clock, *, contact: bool = False) -> None:
        """Nothing is verified before :meth:`run`.

        Args:
            shelly: The device, from the settings.
            address: Where it answers HTTP, from the settings.
            clock: For the age of what was verified.
            contact: A door contact is wired to its input.
        """
        self._shelly = shelly
        self._address = address
        self._clock = clock
        self._contact = contact
        self._backoff = Backoff(first=1.0, longest=60.0)
        self._verified: tuple[float | None, float] | None = None  # auto_off if it is safe, and when
        self._doubt = asyncio.Event()
        self.problems: tuple[str, ...] = ("not verified yet",)

    @property
    def auto_off(self) -> float | None:
        """Seconds after which the device ends a pulse; None while that is not certain."""
        return self._verified[0] if self._verified is not None and self.safe else None

    @property
    def safe(self) -> bool | None:
        """Whether the strike may be used; None as long as that is not certain."""
        if self._verified is None or self._clock.monotonic() - self._verified[1] >= _TRUSTED_SECONDS:
            return None
        return self._verified[0] is not None

    def doubt(self) -> None:
        """The device may have rebooted: nothing is certain until it was asked again, which happens now."""
        self._verified = None
        self._backoff.forget()
        self._doubt.set()

    async def run(self, progress: Progress) -> None:
        """Verify now, after every doubt, and every hour; for ever, until cancelled.

        Args:
            progress: Called at least every few seconds.
        """
        while True:
            progress()
            self._doubt.clear()
            wait = _HOURLY_SECONDS if await self._verify() else self._backoff.next()
            await self._rest(wait, progress)

    async def _rest(self, seconds: float, progress: Progress) -> None:
        until = self._clock.monotonic() + seconds
        while not self._doubt.is_set() and (left := until - self._clock.monotonic()) > 0:
            progress()
            try:
                async with asyncio.timeout(min(left, _PROGRESS_SECONDS)):
                    await self._doubt.wait()
            except TimeoutError:
                continue

    async def _verify(self) -> bool:
        """Ask and judge; False when the device gave no answer."""
        try:
            settings = await fetch_settings(self._address)
        except Unavailable as error:
            self._conclude((str(error),))
            return False
        if self._doubt.is_set():  # it rebooted while it answered
            return True
        dangers = judge_strike(
            settings,
            prefix=self._shelly.prefix,
            relay=self._shelly.switch,
            contact=self._contact,
            longest=_LONGEST_ALARM if self._shelly.role == "siren" else _LONGEST_PULSE,
        )
        warnings = judge_contact(settings) if self._contact else []
        seconds = None if dangers else settings.relays[self._shelly.switch].auto_off
        self._verified = (seconds, self._clock.monotonic())
        self._backoff.forget()
        self._conclude((*dangers, *warnings))
        return True

    def _conclude(self, problems: tuple[str, ...]) -> None:
        if problems != self.problems:
            self.problems = problems
            log = _log.warning if problems else _log.info
            log("strike_verified", device=self._shelly.id, auto_off=self.auto_off, problems=list(problems))
