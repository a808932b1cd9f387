"""Whether a strike at a Shelly of generation 2 or newer closes by itself, whatever happens to this box.

``toggle_after`` in each command is the first net, ``auto_off`` in the device the second. Nothing here changes
the device: what is wrong is said, and the owner mends it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from arni_edge.devices.shelly.orders import told
from arni_edge.devices.shelly.rpc import ShellyRpc
from arni_edge.devices.shelly.switch import ShellySwitch
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.settings import Shelly

_log = structlog.get_logger(__name__)

_ANSWER_SECONDS: Final = 2.0
_HOURLY_SECONDS: Final = 3600.0
_TRUSTED_SECONDS: Final = 2 * _HOURLY_SECONDS
"""A device that cannot be asked for so long may have been changed by somebody."""
_PROGRESS_SECONDS: Final = 2.0
_LONGEST_PULSE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a configuration means for a strike.

    Attributes:
        dangers: Why it must not be used; empty when it may.
        warnings: What should be mended all the same.
    """

    dangers: tuple[str, ...]
    warnings: tuple[str, ...]


def judge_switch(config: Mapping[str, Any], *, contact: bool) -> Verdict:
    """Judge what ``Switch.GetConfig`` answered.

    Args:
        config: The answer.
        contact: A door contact is wired to an input of this device.
    """
    dangers, warnings = [], []
    if (initial := config.get("initial_state")) != "off":
        dangers.append(
            f"initial_state is {told(initial)}: after a power cut the strike could open; set it to off"
        )
    if (auto_on := config.get("auto_on")) is not False:
        dangers.append(f"auto_on is {told(auto_on)}: the strike would open by itself; set it to false")
    if contact and (mode := config.get("in_mode")) != "detached":
        dangers.append(
            f"in_mode is {told(mode)}: the door contact at the input would switch the strike; "
            "set it to detached"
        )
    delay = config.get("auto_off_delay")
    if config.get("auto_off") is not True:
        warnings.append("auto_off is not set: only the timer in each command ends the pulse")
    elif not isinstance(delay, int | float) or isinstance(delay, bool) or not 0 < delay <= _LONGEST_PULSE:
        warnings.append(f"auto_off_delay is {told(delay)} s; at most {_LONGEST_PULSE:g} s are safe")
    return Verdict(tuple(dangers), tuple(warnings))


def judge_contact(config: Mapping[str, Any]) -> Verdict:
    """Judge what ``Input.GetConfig`` answered for the input that a door contact is wired to."""
    warnings = []
    if config.get("factory_reset") is not False:
        warnings.append(
            "factory_reset is on: a door that opens and closes five times right after a power cut would "
            "reset the device; set it to false"
        )
    if config.get("type") != "switch":
        warnings.append(f"the input of the door contact is of type {told(config.get('type'))}, not switch")
    if config.get("enable") is False:
        warnings.append("the input of the door contact is disabled: its reading is frozen")
    return Verdict((), tuple(warnings))


class Gen2Guard:
    """Keeps verified that a strike is configured so that it closes by itself.

    Attributes:
        problems: Why the strike must not be used, and what should be mended, in English; empty when all is
            well. ``("not verified yet",)`` until the device has answered once.
    """

    def __init__(
        self,
        shelly: Shelly,
        switch: ShellySwitch,
        rpc: ShellyRpc,
        clock: Clock,
        *,
        contact: int | None = None,
    ) -> None:
        """Nothing is verified before :meth:`run`.

        Args:
            shelly: The device, from the settings.
            switch: Its driver: tells of reboots and of changes to the configuration.
            rpc: Asks the device.
            clock: For the hourly check.
            contact: Number of the input that a door contact is wired to.
        """
        self._shelly = shelly
        self._switch = switch
        self._rpc = rpc
        self._clock = clock
        self._contact = contact
        self._backoff = Backoff(first=1.0, longest=60.0)
        self._doubted = asyncio.Event()
        self._verified: tuple[bool, float] | None = None  # whether it is safe, and when it was
        self.problems: tuple[str, ...] = ("not verified yet",)
        switch.on_doubt(self.doubt)

    @property
    def safe(self) -> bool | None:
        """Whether the strike may be used; None as long as that is not certain."""
        if self._verified is None:
            return None
        safe, when = self._verified
        return safe if self._clock.monotonic() - when < _TRUSTED_SECONDS else None

    def doubt(self) -> None:
        """It may have changed: nothing is certain until the device was asked again, which happens now."""
        self._verified = None
        self._backoff.forget()
        self._doubted.set()

    async def run(self, progress: Progress) -> None:
        """Verify now, after every doubt, and every hour; for ever, until cancelled.

        Args:
            progress: Called at least every few seconds.
        """
        while True:
            progress()
            self._doubted.clear()
            wait = _HOURLY_SECONDS if await self._verify() else self._backoff.next()
            await self._rest(wait, progress)

    async def _rest(self, seconds: float, progress: Progress) -> None:
        """Wait, but not when there is doubt, or the device has come."""
        until, away = self._clock.monotonic() + seconds, not self._switch.live
        while (
            not (self._doubted.is_set() or (away and self._switch.live))
            and (left := until - self._clock.monotonic()) > 0
        ):
            progress()
            try:
                async with asyncio.timeout(min(left, _PROGRESS_SECONDS)):
                    await self._doubted.wait()
            except TimeoutError:
                continue

    async def _verify(self) -> bool:
        """Ask and judge; False when the device gave no answer."""
        number = self._shelly.switch
        config = await self._ask("Switch.GetConfig", number)
        contact = {} if self._contact is None else await self._ask("Input.GetConfig", self._contact)
        if config is None or contact is None:
            return False
        if self._doubted.is_set():  # it rebooted while it answered
            return True
        about_switch = judge_switch(config, contact=self._contact is not None)
        about_contact = judge_contact(contact) if self._contact is not None else Verdict((), ())
        self._backoff.forget()
        self._conclude(about_switch.dangers, about_switch.warnings + about_contact.warnings)
        return True

    async def _ask(self, method: str, number: int) -> dict[str, Any] | None:
        """A configuration; an empty one when the device refuses to tell it, None without an answer."""
        if not self._switch.live:
            return None
        try:
            call = await self._rpc.call(self._shelly.prefix, method, {"id": number}, deadline=_ANSWER_SECONDS)
        except Unavailable:
            return None
        return call.reply.fields if call.reply is not None else None

    def _conclude(self, dangers: tuple[str, ...], warnings: tuple[str, ...]) -> None:
        problems, safe = (*dangers, *warnings), not dangers
        self._verified = (safe, self._clock.monotonic())
        if problems != self.problems:
            self.problems = problems
            log = _log.warning if problems else _log.info
            log("strike_verified", device=self._shelly.id, safe=safe, problems=list(problems))
