"""A relay or light in a Shelly of generation 1, driven over the local broker.

These devices answer no command and know no timer in it: the effect is the only evidence, and a pulse ends by
the device's own ``auto_off`` or not at all.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from arni_edge.broker import BrokerSession, Delivery, NotSent, Received
from arni_edge.bus import Bus
from arni_edge.devices.liveness import Liveness
from arni_edge.devices.shelly.gen1 import Gen1Reader
from arni_edge.devices.shelly.orders import SwitchResult, Verdict, refusal
from arni_edge.devices.shelly.rpc import Call, Question
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.settings import Shelly

_CONFIRM_SECONDS = 3.0
"""The effect normally shows well within this time."""

_ASK_AFTER_SECONDS = 1.0
"""What did not change may not be told: then the device is asked to say everything once."""

_ANSWER_SECONDS = 2.0
_RESYNC_TRIES = 5
_EXPIRY_SECONDS = 5
"""The broker drops a command that it could not hand over by then."""

_PARTS = {
    "switch": ("relay", "switch"),
    "light": ("light", "light"),
    "cct": ("light", "light"),
    "rgb": ("color", "rgbw"),
    "rgbw": ("color", "rgbw"),
}
"""Component of the settings to topic level and component of the readings."""


class Questions(Protocol):
    """The queue that keeps questions to many devices apart, for instance ``ShellyRpc``."""

    def ask_later(self, subject: str, question: Question) -> None:
        """Put a question soon, in place of one about the same subject that still waits."""
        ...


class Gen1Switch:
    """One relay. Its output is known only after the device has told it in the current broker session."""

    def __init__(
        self,
        shelly: Shelly,
        questions: Questions,
        broker: BrokerSession,
        bus: Bus,
        clock: Clock,
        *,
        auto_off: Callable[[], float | None],
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings.
            questions: Asks for the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
            auto_off: Seconds after which the device itself switches off, as verified on it; None while that
                is not certain.

        Raises:
            ConfigurationError: The part of the device cannot be switched on and off.
        """
        if shelly.component not in _PARTS:
            raise ConfigurationError(f"{shelly.id}: a {shelly.component} of generation 1 is no switch")
        self._shelly = shelly
        self._questions = questions
        self._broker = broker
        self._clock = clock
        self._auto_off = auto_off
        self._doubts: list[Callable[[], None]] = []
        self._reader = Gen1Reader()
        self._liveness = Liveness(f"shelly/{shelly.id}", bus, clock, self._forget_output)
        level, component = _PARTS[shelly.component]
        self._leaf = f"{level}/{shelly.switch}"
        self._component = f"{component}:{shelly.switch}"
        self._output: bool | None = None
        self._tries = 0
        self._in_flight = False
        self._seen: set[bool] = set()  # outputs reported since the command in flight was sent
        self._tripped = False  # as above
        self._news = asyncio.Event()
        # "relay/+", as everybody else subscribes to it: the broker sends a message once per filter.
        broker.subscribe(
            [f"{shelly.prefix}/{leaf}" for leaf in ("online", "info", f"{level}/+")], self._on_message
        )
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def live(self) -> bool:
        """Whether the device was heard in this broker session and has not left since."""
        return self._liveness.live

    @property
    def output(self) -> bool | None:
        """Whether the relay is on; None when unknown."""
        return self._output if self.live else None

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device may have rebooted: what was verified on it is history."""
        self._doubts.append(doubt)

    # --- one command ------------------------------------------------------------------------------------

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch the relay and wait for the effect; never repeated by itself.

        Args:
            on: As it shall be.
            toggle_after: Seconds until the *device* has switched off again. Its own timer decides: it must be
                verified and no longer than this, otherwise nothing is sent.
        """
        started = self._clock.monotonic()
        verdict = await self._switch(on, toggle_after)
        return SwitchResult(verdict.outcome, verdict.evidence, self._clock.monotonic() - started)

    async def _switch(self, on: bool, toggle_after: float | None) -> Verdict:
        if self._in_flight:
            return Verdict(Outcome.BUSY, "another command is in flight")
        if not self._broker.connected:
            return Verdict(Outcome.OFFLINE, "no broker connection")
        if not self.live:
            return Verdict(Outcome.OFFLINE, "not live")
        if toggle_after is not None and (refusal := self._endless(on, toggle_after)):
            return refusal
        self._in_flight = True
        try:
            return await self._command(on)
        except NotSent as error:
            return Verdict(Outcome.OFFLINE, str(error))
        except Unavailable as error:
            return Verdict(Outcome.UNKNOWN, str(error))
        finally:
            self._in_flight = False

    def _endless(self, on: bool, longest: float) -> Verdict | None:
        """Why a pulse would not end by the device itself in time, None if it will."""
        if not on:
            return Verdict(Outcome.FAILED, "no timer ends an off on generation 1")
        auto_off = self._auto_off()
        if auto_off is None or auto_off <= 0:
            return Verdict(Outcome.FAILED, "auto_off not verified")
        if auto_off > longest:
            return Verdict(
                Outcome.FAILED, f"auto_off not verified: {auto_off:g} s instead of at most {longest:g} s"
            )
        return None

    async def _command(self, on: bool) -> Verdict:
        session, before = self._broker.session, self.output
        self._seen.clear()
        self._tripped = False
        started = self._clock.monotonic()
        delivery = await self._say(f"{self._leaf}/command", "on" if on else "off")
        if certainly_not := refusal(Call(delivery, None)):
            return certainly_not
        if not await self._ends(on, started + _ASK_AFTER_SECONDS, session):
            if self._broker.session == session and self._broker.connected:
                await self._say("command", "update")
            await self._ends(on, started + _CONFIRM_SECONDS, session)
        return self._verdict(on, before, session)

    async def _ends(self, on: bool, until: float, session: int) -> bool:
        """Wait until the command has an end: the effect shows, the relay trips, or the broker is lost."""
        try:
            async with asyncio.timeout(max(0.0, until - self._clock.monotonic())):
                while on not in self._seen and not self._tripped and self._same(session):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _verdict(self, on: bool, before: bool | None, session: int) -> Verdict:
        if self._tripped:
            return Verdict(Outcome.FAILED, f"{self._leaf}=overpower")
        if on in self._seen:
            # An echo of somebody else's press looks the same; what was so before proves least.
            already = ", as before" if before is on else ""
            return Verdict(Outcome.CONFIRMED, f"{self._leaf}={_text(on)}{already}")
        if not self._same(session):
            return Verdict(Outcome.UNKNOWN, "the broker connection was lost before the effect was seen")
        return Verdict(
            Outcome.UNKNOWN, f"unconfirmed ({self._leaf}={_text(not on)})" if self._seen else "unconfirmed"
        )

    def _same(self, session: int) -> bool:
        return self._broker.connected and self._broker.session == session

    async def _say(self, leaf: str, text: str) -> Delivery:
        return await self._broker.publish(
            f"{self._shelly.prefix}/{leaf}", text, qos=1, retain=False, expiry_seconds=_EXPIRY_SECONDS
        )

    # --- what the device says ---------------------------------------------------------------------------

    async def _on_session(self, _session: int) -> None:
        self._liveness.forget("a new broker session began")
        self._ask()

    def _on_lost(self) -> None:
        self._liveness.forget("broker connection lost")
        self._news.set()

    def _forget_output(self) -> None:
        self._output = None

    def _doubt(self) -> None:
        for doubt in self._doubts:
            doubt()

    def _ask(self) -> None:
        self._tries = 0
        self._questions.ask_later(self._shelly.id, self._resync)

    async def _resync(self) -> bool:
        """Have the device say who and how it is; False to be asked again."""
        if self._known() or self._tries >= _RESYNC_TRIES:
            return True
        self._tries += 1
        try:
            if await self._say("command", "announce") is not Delivery.ACCEPTED:
                return True  # whoever is away says everything when it comes
            await self._say("command", "update")
        except Unavailable:
            return True  # the next session asks again
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                while not self._known():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _known(self) -> bool:
        return self.output is not None

    async def _on_message(self, message: Received) -> None:
        if message.retained:
            return  # history: it neither shows the output nor that anybody is there
        leaf = message.topic.removeprefix(f"{self._shelly.prefix}/")
        if leaf == "online":
            self._on_online(message.payload)
            return
        self._liveness.hear()
        if leaf not in ("info", self._leaf):
            return
        said = self._reader.read(self._shelly.id, leaf, message.payload, retained=False)
        if any(event.name == "rebooted" for event in said.events):
            self._doubt()
        for update in said.updates:
            if update.entity == f"{self._component}.output":
                self._learn(update.value if isinstance(update.value, bool) else None)
            elif update.entity == f"{self._component}.errors" and update.value:
                self._tripped = True
        self._news.set()

    def _learn(self, output: bool | None) -> None:
        self._output = output
        if output is not None:
            self._seen.add(output)

    def _on_online(self, payload: bytes) -> None:
        if payload.strip() == b"true":
            self._forget_output()  # a new session of the device: it may have rebooted
            self._liveness.come_online()
            self._doubt()
            self._ask()
        elif payload.strip() == b"false":
            self._liveness.go_offline("online=false")


def _text(output: bool) -> str:
    return "on" if output else "off"
