"""Lights and covers of simulated Shellys of generation 2 and newer."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from arni_edge.simulator.shelly_parts import Frame, Output, Part, RpcError, argument

_LOOKS: Final[Mapping[str, Frame]] = {
    "light": {"brightness": 100},
    "rgb": {"brightness": 100, "rgb": [255, 255, 255]},
    "rgbw": {"brightness": 100, "rgb": [255, 255, 255], "white": 0},
    "cct": {"brightness": 100, "ct": 4000},
}


class Light(Output):
    """A dimmer, a colour or white light.

    Attributes:
        look: Brightness and colour, kept while it is off.
    """

    def __init__(
        self, kind: str = "light", number: int = 0, on_switch: Callable[[bool], None] = lambda _: None
    ) -> None:
        """Off.

        Args:
            kind: ``light``, ``rgb``, ``rgbw`` or ``cct``.
            number: Its id.
            on_switch: Told whenever the output changes.
        """
        super().__init__(kind, number, {"transition_duration": 0.0}, on_switch)
        self.look: Frame = dict(_LOOKS[kind])

    def status(self) -> Frame:
        """Output, looks, and the timer while one runs."""
        return {
            "id": self.number, "source": self._source, "output": self.output, **self.look,
            **self._timer_status,
        }  # fmt: skip

    def _wanted(self, params: Frame) -> bool:
        if "on" not in params and "brightness" not in params:
            raise RpcError(-103, "Missing or bad argument 'on' or 'brightness'!")
        return bool(argument(params, "on", bool)) if "on" in params else self.output

    def _look(self, params: Frame) -> Frame:
        brightness = params.get("brightness", 0)
        if not isinstance(brightness, int | float) or not 0 <= brightness <= 100:
            raise RpcError(-103, "Argument 'brightness' is out of range!")
        return {name: params[name] for name in self.look if name in params}

    def _take_on(self, look: Frame) -> None:
        self.look |= look


class Cover(Part):
    """A shutter that knows its position by time.

    Attributes:
        state: As the vendor calls it.
        position: 0 (closed) to 100 (open), at the last stop.
        calibrated: Whether it can go to a position, and tells one.
    """

    def __init__(self, number: int = 0, *, travel_seconds: float = 10.0, calibrated: bool = True) -> None:
        """Closed; in a running event loop.

        Args:
            number: Its id.
            travel_seconds: From one end to the other.
            calibrated: Whether it knows its positions.
        """
        super().__init__("cover", number, {"motor": {"idle_power_thr": 2.0}, "maxtime_open": 60.0})
        self.state = "closed"
        self.position = 0.0
        self.calibrated = calibrated
        self._travel = travel_seconds
        self._target = 0.0
        self._source = "init"
        self._started = 0.0
        self._loop = asyncio.get_running_loop()
        self._arrival: asyncio.TimerHandle | None = None

    def status(self) -> Frame:
        """Position only when calibrated, target only while it moves."""
        status: Frame = {
            "id": self.number, "source": self._source, "state": self.state, "apower": 0.0,
            "pos_control": self.calibrated, "last_direction": None,
        }  # fmt: skip
        if self.calibrated:
            status["current_pos"] = round(self._here())
        if self._arrival is not None:
            status |= {"move_timeout": 60.0, "move_started_at": self.board.time()}
            if self.calibrated:
                status["target_pos"] = round(self._target)
        return status

    def call(self, verb: str, params: Frame) -> Frame | None:
        """``Open``, ``Close``, ``Stop`` and ``GoToPosition`` answer null."""
        if verb == "Open":
            self.go(100.0, "MQTT")
        elif verb == "Close":
            self.go(0.0, "MQTT")
        elif verb == "Stop":
            self.halt("MQTT")
        elif verb == "GoToPosition":
            if not self.calibrated:
                raise RpcError(-109, "Cover is not calibrated!")
            position = argument(params, "pos", int, float)
            if not 0 <= position <= 100:
                raise RpcError(-103, "Argument 'pos' is out of range!")
            self.go(float(position), "MQTT")
        else:
            return super().call(verb, params)
        return None

    def simple(self, text: str) -> None:
        """``open``, ``close``, ``stop`` or ``pos,<n>``."""
        word, _, number = text.partition(",")
        targets = {"open": 100.0, "close": 0.0}
        if word == "stop":
            self.halt("MQTT")
        elif word == "pos":
            self.go(float(number), "MQTT")
        elif word in targets:
            self.go(targets[word], "MQTT")
        else:
            raise ValueError(text)

    def go(self, target: float, source: str) -> None:
        """Begin to move."""
        before, here = self.status(), self._here()
        self._settle(here)
        if target == here:
            return
        self._source, self._target, self._started = source, target, self._loop.time()
        self.state = "opening" if target > here else "closing"
        seconds = abs(target - here) / 100 * self._travel
        self._arrival = self._loop.call_later(seconds, self._arrive)
        self.board.changed(self, self._news("state", "source", "target_pos", "move_started_at"), before)

    def halt(self, source: str) -> None:
        """Stand still where it is."""
        if self._arrival is not None:
            before = self.status()
            self._settle(self._here())
            self._source, self.state = source, self._name()
            self.board.changed(self, self._news("state", "source", "current_pos"), before)

    def lose_power(self) -> None:
        """It stays where it is."""
        self._settle(self._here())
        self.state = self._name()

    def _arrive(self) -> None:
        before = self.status()
        self._settle(self._target)
        self._source, self.state = "limit_switch", self._name()
        self.board.changed(self, self._news("state", "source", "current_pos"), before)

    def _settle(self, here: float) -> None:
        self.position = here
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _here(self) -> float:
        if self._arrival is None:
            return self.position
        moved = (self._loop.time() - self._started) / self._travel * 100
        if self._target > self.position:
            return min(self._target, self.position + moved)
        return max(self._target, self.position - moved)

    def _name(self) -> str:
        return {0.0: "closed", 100.0: "open"}.get(self.position, "stopped")

    def _news(self, *names: str) -> dict[str, Any]:
        status = self.status()
        return {name: status[name] for name in names if name in status}
