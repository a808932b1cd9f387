"""Simulated lights and rollers of generation 1, as captures of real devices show them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.applications import Starlette

from arni_edge.broker import BrokerAddress
from arni_edge.domain.clock import Clock
from arni_edge.simulator.serve import serve
from arni_edge.simulator.shelly_gen1_device import Gen1Device, Json
from arni_edge.simulator.shelly_http import gen1_route

_LOOKS: Final[Mapping[str, Json]] = {
    "light": {"mode": "white", "brightness": 100},
    "duo": {"mode": "white", "white": 50, "temp": 4000, "brightness": 100},
    "white": {"mode": "white", "brightness": 1},
    "color": {"mode": "color", "red": 255, "green": 255, "blue": 255, "white": 0, "gain": 100, "effect": 0},
}
_MODELS: Final = {"light": "SHDM-2", "duo": "SHBDUO-1", "white": "SHRGBW2", "color": "SHRGBW2"}
_WORDS: Final = {"open": 100.0, "close": 0.0}


class _Mover(Gen1Device):
    """What lights and rollers share: a Wi-Fi that may lose commands, and a list of those that arrived.

    Attributes:
        deaf: The Wi-Fi loses what comes at QoS 0: nothing arrives.
        executed: Every command to its part that arrived: topic below the prefix, and payload.
    """

    def __init__(
        self, device_id: str, model: str, address: BrokerAddress, *, keepalive: int, clock: Clock | None
    ) -> None:
        super().__init__(
            device_id, model, address,
            mac=None, seed=0, keepalive=keepalive, clock=clock, reconnect=(0.05, 0.2),
        )  # fmt: skip
        self.deaf = False
        self.executed: list[tuple[str, str]] = []

    def on_message(self, topic: str, payload: bytes) -> None:
        """Obey, unless the Wi-Fi has lost it."""
        if self.deaf:
            return
        super().on_message(topic, payload)
        leaf = topic.removeprefix(f"{self.prefix}/")
        if leaf not in (topic, "command"):
            text = payload.decode(errors="replace")
            self.executed.append((leaf, text))
            self.obey(leaf, text)

    def obey(self, leaf: str, text: str) -> None:
        """Carry a command to its part out."""
        raise NotImplementedError


class SimulatedLightGen1(_Mover):
    """A Dimmer 2, a Duo, or an RGBW2 set to white or to colour.

    Attributes:
        output: Whether it shines.
        look: Brightness and colour, kept while it is off.
        overload: Its next load is too much for it: it trips when switched on.
        address_http: Where it answers HTTP, ``127.0.0.1:port``; empty while it does not.
    """

    def __init__(
        self,
        device_id: str,
        address: BrokerAddress,
        *,
        kind: str = "light",
        number: int = 0,
        keepalive: int = 60,
        clock: Clock | None = None,
    ) -> None:
        """Off.

        Args:
            device_id: For instance ``shellydimmer2-E098068D0E70``.
            address: Of the broker.
            kind: ``light`` (a dimmer), ``duo``, ``white`` or ``color``.
            number: Which of its lights; the others are dark.
            keepalive: Seconds; 60 in real devices.
            clock: For the uptime.
        """
        super().__init__(device_id, _MODELS[kind], address, keepalive=keepalive, clock=clock)
        self._leaf = f"{'light' if kind == 'duo' else kind}/{number}"
        self._number = number
        self._source = "boot"
        self._tripped = False
        self.output = False
        self.look: Json = dict(_LOOKS[kind])
        self.overload = False
        self.address_http = ""

    async def run(self) -> None:
        """Live until cancelled."""
        route = gen1_route(f"/{self._leaf}", self._turn, powered=lambda: self.powered)
        async with serve(Starlette(routes=[route])) as url:
            self.address_http = url.removeprefix("http://")
            try:
                await super().run()
            finally:
                self.address_http = ""

    def _turn(self, query: dict[str, str]) -> Json:
        """``GET /light/0?turn=on&brightness=100``; no timer is simulated for lights."""
        for name, text in query.items():
            if name in self.look and name != "mode" and text.isdecimal():
                self.look[name] = int(text)
        if (word := query.get("turn")) is not None:
            self._switch(not self.output if word == "toggle" else word == "on", "http")
        return self._light()

    def topics(self) -> Sequence[tuple[str, int]]:
        """Those of the light, too."""
        own = [(f"{self.prefix}/{self._leaf}/{verb}", 0) for verb in ("command", "set")]
        return [*super().topics(), *own]

    def obey(self, leaf: str, text: str) -> None:
        """``on``, ``off``, ``toggle``; or JSON, of which what it does not understand is passed over."""
        wish: Any = {"turn": text} if leaf.endswith("/command") else _json(text)
        if not isinstance(wish, dict):
            return
        for name, value in wish.items():
            if name in self.look and name != "mode" and isinstance(value, int):
                self.look[name] = value
        turn = wish.get("turn")
        self._switch({"on": True, "off": False, "toggle": not self.output}.get(str(turn), self.output))

    def press(self) -> None:
        """Somebody presses the button at the wall."""
        self._switch(not self.output, "input")

    def on_power_lost(self) -> None:
        """It comes back dark."""
        self._booted = self._clock.monotonic()
        self.output = False

    def _switch(self, on: bool, source: str = "mqtt") -> None:
        self._tripped = on and self.overload
        self.output = on and not self._tripped
        self._source = source
        for leaf, payload in self.states():
            self.say(leaf, payload)

    def status(self) -> Json:
        """All its lights."""
        dark = {**self._light(), "ison": False}
        return {"lights": [*[dark] * self._number, self._light()], "overload": self._tripped}

    def states(self) -> list[tuple[str, str]]:
        """First whether it shines, then how."""
        return [
            (self._leaf, "on" if self.output else "off"),
            (f"{self._leaf}/status", orjson.dumps(self._light()).decode()),
            ("overload", str(int(self._tripped))),
        ]

    def _light(self) -> Json:
        return {
            "ison": self.output, "source": self._source, "has_timer": False, "timer_started": 0,
            "timer_duration": 0, "timer_remaining": 0, **self.look, "transition": 0,
        }  # fmt: skip


class SimulatedRollerGen1(_Mover):
    """A Shelly 2.5 as roller shutter, which knows its position by time.

    Attributes:
        state: ``open`` and ``close`` while it moves, otherwise ``stop``.
        position: 0 (closed) to 100 (open), at the last stop; it is only told if calibrated.
        stop_reason: Of the last stop.
        hindrance: What keeps it from moving: ``obstacle``, ``safety_switch`` or ``overpower``; None is
            nothing.
    """

    def __init__(
        self,
        device_id: str,
        address: BrokerAddress,
        *,
        travel_seconds: float = 10.0,
        calibrated: bool = True,
        keepalive: int = 60,
        clock: Clock | None = None,
    ) -> None:
        """Closed; in a running event loop.

        Args:
            device_id: For instance ``shellyswitch25-3494546BBF7E``.
            address: Of the broker.
            travel_seconds: From one end to the other.
            calibrated: Whether it knows its positions.
            keepalive: Seconds; 60 in real devices.
            clock: For the uptime.
        """
        super().__init__(device_id, "SHSW-25", address, keepalive=keepalive, clock=clock)
        self.state = "stop"
        self.position = 0.0
        self.stop_reason = "normal"
        self.hindrance: str | None = None
        self._calibrated = calibrated
        self._travel = travel_seconds
        self._target = 0.0
        self._started = 0.0
        self._loop = asyncio.get_running_loop()
        self._stop: asyncio.TimerHandle | None = None

    def topics(self) -> Sequence[tuple[str, int]]:
        """Those of the roller, too."""
        own = [(f"{self.prefix}/roller/0/{verb}", 0) for verb in ("command", "command/pos")]
        return [*super().topics(), *own]

    def obey(self, leaf: str, text: str) -> None:
        """``open``, ``close``, ``stop``; or a position, if it knows any."""
        if leaf.endswith("/pos"):
            if self._calibrated and text.isdecimal() and int(text) <= _WORDS["open"]:
                self.go(float(text))
        elif text in _WORDS:
            self.go(_WORDS[text])
        elif text == "stop":
            self._halt(self._here(), "normal")

    def go(self, target: float) -> None:
        """Begin to move; whatever hinders it stops it at once."""
        here = self._here()
        self._end()
        if target == here:
            self._tell_states()
            return
        self.position, self._target, self._started = here, target, self._loop.time()
        self.state = "open" if target > here else "close"
        self.say("roller/0", self.state)
        if self.hindrance is not None:
            self._halt(here, self.hindrance)
            return
        seconds = abs(target - here) / 100 * self._travel
        self._stop = self._loop.call_later(seconds, self._halt, target, "normal")

    def on_power_lost(self) -> None:
        """It stays where it is."""
        self.position = self._here()
        self.state = "stop"
        self._booted = self._clock.monotonic()
        self._end()

    def _halt(self, here: float, reason: str) -> None:
        self._end()
        self.position, self.state, self.stop_reason = here, "stop", reason
        self._tell_states()

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.cancel()
            self._stop = None

    def _here(self) -> float:
        if self._stop is None:
            return self.position
        moved = (self._loop.time() - self._started) / self._travel * 100
        return max(0.0, min(100.0, self.position + (moved if self.state == "open" else -moved)))

    def _pos(self) -> int:
        return round(self._here()) if self._calibrated else -1

    def status(self) -> Json:
        """The roller."""
        return {
            "rollers": [
                {"state": self.state, "source": "mqtt", "power": 0.0, "is_valid": True,
                 "safety_switch": False, "overtemperature": False, "stop_reason": self.stop_reason,
                 "last_direction": "open", "current_pos": self._pos(), "calibrating": False,
                 "positioning": self._calibrated}
            ],
        }  # fmt: skip

    def states(self) -> list[tuple[str, str]]:
        """In the order of the captures."""
        return [
            ("roller/0", self.state),
            ("roller/0/pos", str(self._pos())),
            ("roller/0/stop_reason", self.stop_reason),
            ("roller/0/power", "0.00"),
            ("roller/0/energy", "0"),
        ]


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
