"""Components of simulated Shellys of generation 2 and newer, by the vendor's component pages and captures."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Protocol

Frame = dict[str, Any]

_DYNAMIC: Final = 200
"""Ids from here on belong to virtual components and Bluetooth devices."""


class RpcError(Exception):
    """The device refuses a request, with the vendor's code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Board(Protocol):
    """What a component needs of its device."""

    @property
    def origin(self) -> str:
        """How the command that is carried out now came: ``MQTT`` or ``HTTP_in``."""
        ...

    def changed(self, part: "Part", delta: Frame, before: Frame) -> None:
        """Tell what has changed."""
        ...

    def happened(self, part: "Part", event: str) -> None:
        """Tell an event."""
        ...

    def configured(self, part: "Part") -> None:
        """The configuration of a component is another one now."""
        ...

    def time(self) -> float:
        """Unix time."""
        ...


class Part(ABC):
    """One component.

    Attributes:
        kind: For instance ``switch``.
        number: Its id.
        config: What ``GetConfig`` answers.
    """

    def __init__(self, kind: str, number: int, config: Frame) -> None:
        """Not at any device yet."""
        self.kind = kind
        self.number = number
        self.config: Frame = {"id": number, "name": None, **config}
        self.board: Board

    @property
    def key(self) -> str:
        """``<type>:<id>``."""
        return f"{self.kind}:{self.number}"

    @property
    def dynamic(self) -> bool:
        """Whether only ``Shelly.GetComponents`` lists it."""
        return self.number >= _DYNAMIC

    @abstractmethod
    def status(self) -> Frame:
        """What ``GetStatus`` answers."""

    def call(self, verb: str, params: Frame) -> Frame | None:
        """Carry out a method.

        Raises:
            RpcError: As a device would refuse it.
        """
        if verb == "GetStatus":
            return self.status()
        if verb == "GetConfig":
            return dict(self.config)
        if verb == "SetConfig":
            self.config |= argument(params, "config", dict)
            self.board.configured(self)
            return {"restart_required": False}
        raise RpcError(404, f"No handler for {self.kind}.{verb}")

    def simple(self, text: str) -> None:
        """A simple command: no reply, no id.

        Raises:
            ValueError: It is not understood.
        """
        raise ValueError(text)

    def lose_power(self) -> None:  # noqa: B027 - most components have nothing to do
        """The electricity is gone."""

    def boot(self) -> None:  # noqa: B027 - most components have nothing to do
        """The electricity is back, or the device restarts."""


class Sensor(Part):
    """Reads something: temperature, humidity, flood, smoke, devicepower, illuminance, bthomesensor."""

    def __init__(self, kind: str, number: int, config: Frame | None = None, **reading: Any) -> None:
        """With a first reading."""
        super().__init__(kind, number, config or {})
        self._reading = reading

    def status(self) -> Frame:
        """The last reading."""
        return {"id": self.number, **self._reading}

    def read(self, **reading: Any) -> None:
        """It reads something else now."""
        before = self.status()
        self._reading |= reading
        self.board.changed(self, reading, before)


class Input(Part):
    """A terminal of type ``switch``, which has a level, or ``button``, which has events."""

    def __init__(self, number: int = 0, *, kind: str = "switch") -> None:
        """With the vendor's defaults."""
        super().__init__(
            "input", number, {"type": kind, "enable": True, "invert": False, "factory_reset": True}
        )
        self._level = False

    def status(self) -> Frame:
        """``state`` is null for a button."""
        return {"id": self.number, "state": self._level if self.config["type"] == "switch" else None}

    def set_level(self, level: bool) -> None:
        """A switch or contact closes (True) or opens."""
        before = self.status()
        if self.config["enable"] and level is not self._level:
            self._level = level
            if self.config["type"] == "switch":
                self.board.changed(self, {"state": level}, before)

    def press(self, what: str = "single_push") -> None:
        """Somebody presses a button."""
        if self.config["type"] == "button" and self.config["enable"]:
            for event in ("btn_down", "btn_up", what):
                self.board.happened(self, event)


class Output(Part):
    """What can be on and off, with the device's own timer.

    Attributes:
        output: Whether it is on.
        executed: Every command carried out, as the output asked for.
    """

    def __init__(self, kind: str, number: int, config: Frame, on_switch: Callable[[bool], None]) -> None:
        """Off, without a timer; in a running event loop."""
        defaults = {
            "in_mode": "follow", "initial_state": "off", "auto_on": False, "auto_on_delay": 60.0,
            "auto_off": False, "auto_off_delay": 60.0,
        }  # fmt: skip
        super().__init__(kind, number, {**defaults, **config})
        self.output = False
        self.executed: list[bool] = []
        self._before = False
        self._on_switch = on_switch
        self._source = "init"
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_status: Frame = {}

    def call(self, verb: str, params: Frame) -> Frame | None:
        """``Set``, ``Toggle``, and what all components know."""
        if verb not in {"Set", "Toggle"}:
            return super().call(verb, params)
        on = not self.output if verb == "Toggle" else self._wanted(params)
        after = argument(params, "toggle_after", int, float) if "toggle_after" in params else None
        was_on = self.output
        self.command(on, after, self._look(params))
        return {"was_on": was_on}

    def simple(self, text: str) -> None:
        """``on[,seconds]``, ``off[,seconds]`` or ``toggle``."""
        word, _, seconds = text.partition(",")
        words = {"on": True, "off": False, "toggle": not self.output}
        if word not in words:
            raise ValueError(text)
        self.command(words[word], float(seconds) if seconds else None, {})

    def command(self, on: bool, toggle_after: float | None, look: Frame) -> None:
        """Somebody commands it from afar."""
        self.executed.append(on)
        self._stop_timer()
        delays = [toggle_after] if toggle_after is not None else []
        if on and self.config["auto_off"]:
            delays.append(self.config["auto_off_delay"])
        if delays:
            self._timer = self._loop.call_later(min(delays), self.set, not on, "timer")
            self._timer_status = {"timer_started_at": self.board.time(), "timer_duration": min(delays)}
        self.set(on, self.board.origin, look)

    def set(self, on: bool, source: str, look: Frame | None = None) -> None:
        """It switches; somebody does it on the spot, from afar, or the timer runs out."""
        before = self.status()
        if source == "timer":
            self._stop_timer()
        self._source = source
        changes = {name: value for name, value in (look or {}).items() if before.get(name) != value}
        self._take_on(changes)
        if on is not self.output:
            self.output = on
            self._on_switch(on)
            changes = {"output": on, **changes}
        if changes:
            self.board.changed(self, {**changes, "source": source}, before)

    def lose_power(self) -> None:
        """Without electricity nothing is on."""
        self._stop_timer()
        self._before = self.output
        if self.output:
            self.output = False
            self._on_switch(False)

    def boot(self) -> None:
        """On again, if it is configured to."""
        initial = self.config["initial_state"]
        self._source = "init"
        if initial == "on" or (initial == "restore_last" and self._before):
            self.output = True
            self._on_switch(True)

    def _wanted(self, params: Frame) -> bool:
        return bool(argument(params, "on", bool))

    def _look(self, params: Frame) -> Frame:  # noqa: ARG002 - a relay has no looks
        return {}

    def _take_on(self, look: Frame) -> None:
        """Look like this from now on."""

    def _stop_timer(self) -> None:
        self._timer_status = {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Switch(Output):
    """A relay."""

    def __init__(self, number: int = 0, on_switch: Callable[[bool], None] = lambda _: None) -> None:
        """Off.

        Args:
            number: Its id.
            on_switch: Told whenever the output changes.
        """
        super().__init__("switch", number, {}, on_switch)

    def status(self) -> Frame:
        """With the timer only while one runs."""
        return {
            "id": self.number, "source": self._source, "output": self.output, **self._timer_status,
            "temperature": {"tC": 44.1, "tF": 111.3},
        }  # fmt: skip


def argument(params: Frame, name: str, *kinds: type) -> Any:
    """An argument that must be there.

    Raises:
        RpcError: It is missing or of the wrong type.
    """
    if name not in params:
        raise RpcError(-103, f"Argument '{name}' is missing!")
    if not isinstance(params[name], kinds):
        raise RpcError(-103, f"Argument '{name}' has the wrong type!")
    return params[name]
