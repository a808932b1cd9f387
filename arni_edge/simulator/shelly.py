"""A simulated Shelly relay of generation 2 or newer, as captures of real devices show it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from arni_edge.broker import BrokerAddress, Will
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.simulator.mqtt_device import Identity, MqttDevice

_WAITING_FRAMES = 8
_SWITCH = "switch:0"

Frame = dict[str, Any]


class RpcError(Exception):
    """The device refuses a request, with the vendor's code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class SimulatedShellyGen2(MqttDevice):
    """One relay with one switch.

    Attributes:
        output: Whether the relay is on.
        stale_status: Known fault of firmware 2.0.1-beta1: after a command the status topic shows the old
            output, and the right one only ``stale_seconds`` later.
        stale_seconds: See there; up to about 30 s in the field.
        executed: Every ``Switch.Set`` and simple command carried out, as the output asked for.
    """

    def __init__(
        self,
        prefix: str,
        device_id: str,
        address: BrokerAddress,
        on_switch: Callable[[bool], None],
        *,
        seed: int = 0,
        keepalive: int = 60,
        status_ntf: bool = False,
        latency: float = 0.03,
        clock: Clock | None = None,
        reconnect: tuple[float, float] = (0.5, 10.0),
    ) -> None:
        """Install the relay, in a running event loop; it lives in :meth:`run`.

        Args:
            prefix: Its topic prefix.
            device_id: Its true id, for instance ``shellyplus1-a8032abe54dc``.
            address: Of the broker.
            on_switch: Told whenever the output changes.
            seed: For the pauses before a reconnect.
            keepalive: Seconds; 60 in real devices.
            status_ntf: Also publish full status topics (off by default since firmware 0.11.3).
            latency: Seconds for one frame; a device answers one at a time.
            clock: For ``ts``.
            reconnect: Shortest and longest pause before a reconnect.
        """
        will = Will(f"{prefix}/online", "false", retain=True, qos=0)
        super().__init__(address, Identity(device_id, keepalive, will, reconnect), seed=seed)
        self._prefix = prefix
        self._device_id = device_id
        self._on_switch = on_switch
        self._status_ntf = status_ntf
        self._latency = latency
        self._clock = clock or SystemClock()
        self._booted = self._clock.monotonic()
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(_WAITING_FRAMES)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_status: Frame = {}
        self._source = "init"
        self.output = False
        self.stale_status = False
        self.stale_seconds = 30.0
        self.executed: list[bool] = []

    def press(self) -> None:
        """Somebody presses the wall switch at its input."""
        self._set(not self.output, "input")

    # --- the connection ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(super().run())
            group.create_task(self._work())

    def topics(self) -> Sequence[tuple[str, int]]:
        """Requests and simple commands."""
        return [(f"{self._prefix}/{name}", 1) for name in ("rpc", "command", f"command/{_SWITCH}")]

    def on_connected(self) -> None:
        """Birth, then the whole status."""
        self.send(f"{self._prefix}/online", "true", qos=1, retain=True)
        if self._status_ntf:
            self._publish_status(self._switch_status())
        self._notify("NotifyFullStatus", self._full_status())

    def on_message(self, topic: str, payload: bytes) -> None:
        """Take a frame in line, or act on a simple command."""
        if topic.endswith("/rpc"):
            self._take(payload)
        elif payload == b"status_update":
            self._publish_status(self._switch_status())
        elif topic.endswith(_SWITCH):
            self._simple(payload.decode("utf-8", "replace"))

    def on_power_lost(self) -> None:
        """A relay without electricity is open; ``initial_state`` is ``off``."""
        self._stop_timer()
        while not self._frames.empty():
            self._frames.get_nowait()
        self._booted = self._clock.monotonic()
        if self.output:
            self.output = False
            self._on_switch(False)

    # --- remote procedure calls -------------------------------------------------------------------------

    def _take(self, payload: bytes) -> None:
        try:
            frame = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return
        if isinstance(frame, dict) and not self._frames.full():
            self._frames.put_nowait(frame)

    async def _work(self) -> None:
        """Answer one frame at a time."""
        while True:
            frame = await self._frames.get()
            await asyncio.sleep(self._latency)
            if self.powered:
                self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        reply: Frame = {"id": frame.get("id"), "src": self._device_id, "dst": frame.get("src")}
        try:
            reply["result"] = self._call(str(frame.get("method")), frame.get("params") or {})
        except RpcError as error:
            reply["error"] = {"code": error.code, "message": str(error)}
        # Without "src" there is nowhere to answer to, but the request has been carried out.
        if frame.get("src") and "id" in frame:
            self.send(f"{frame['src']}/rpc", orjson.dumps(reply).decode(), qos=1)

    def _call(self, method: str, params: Frame) -> Frame:
        if method == "Shelly.GetDeviceInfo":
            return self._info()
        if method == "Shelly.GetStatus":
            return self._full_status()
        if method not in {"Switch.Set", "Switch.Toggle", "Switch.GetStatus"}:
            raise RpcError(404, f"No handler for {method}")
        _require_switch(params)
        if method == "Switch.GetStatus":
            return self._switch_status()
        on = not self.output if method == "Switch.Toggle" else _argument(params, "on", bool)
        after = _argument(params, "toggle_after", int, float) if "toggle_after" in params else None
        was_on = self.output
        self._command(on, after)
        return {"was_on": was_on}

    def _simple(self, text: str) -> None:
        """``on[,seconds]``, ``off[,seconds]`` or ``toggle``: no reply, no id."""
        word, _, seconds = text.partition(",")
        try:
            on = {"on": True, "off": False, "toggle": not self.output}[word]
            after = float(seconds) if seconds else None
        except (KeyError, ValueError):
            self.send(f"{self._prefix}/error/{_SWITCH}", "Invalid command", qos=1)
            return
        self._command(on, after)

    # --- the relay --------------------------------------------------------------------------------------

    def _command(self, on: bool, toggle_after: float | None) -> None:
        self.executed.append(on)
        self._stop_timer()
        if toggle_after is not None:
            self._timer = self._loop.call_later(toggle_after, self._set, not on, "timer")
            self._timer_status = {"timer_started_at": self._time(), "timer_duration": toggle_after}
        self._set(on, "MQTT")

    def _stop_timer(self) -> None:
        self._timer_status = {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, on: bool, source: str) -> None:
        before = self._switch_status()
        if source == "timer":
            self._stop_timer()
        self._source = source
        if on is self.output:
            return
        self.output = on
        self._on_switch(on)
        self._notify("NotifyStatus", {_SWITCH: {"id": 0, "output": on, "source": source}})
        if not self._status_ntf:
            return
        if self.stale_status and source == "MQTT":
            self._publish_status(before)
            self._loop.call_later(self.stale_seconds, lambda: self._publish_status(self._switch_status()))
        else:
            self._publish_status(self._switch_status())

    # --- what it says -----------------------------------------------------------------------------------

    def _time(self) -> float:
        return round(self._clock.now().timestamp(), 2)

    def _info(self) -> Frame:
        mac = self._device_id.rsplit("-", 1)[-1].upper()
        return {
            "name": None, "id": self._device_id, "mac": mac, "slot": 0, "model": "SNSW-001X16EU", "gen": 2,
            "fw_id": "20260311-095901/1.7.5-g9979d16", "ver": "1.7.5", "app": "Plus1", "auth_en": False,
            "auth_domain": None,
        }  # fmt: skip

    def _switch_status(self) -> Frame:
        return {
            "id": 0, "source": self._source, "output": self.output, **self._timer_status,
            "temperature": {"tC": 44.1, "tF": 111.3},
        }  # fmt: skip

    def _full_status(self) -> Frame:
        uptime = int(self._clock.monotonic() - self._booted)
        return {
            "cloud": {"connected": False},
            "input:0": {"id": 0, "state": False},
            "mqtt": {"connected": True},
            _SWITCH: self._switch_status(),
            "sys": {"mac": self._info()["mac"], "restart_required": False, "uptime": uptime, "cfg_rev": 8},
        }

    def _notify(self, method: str, params: Frame) -> None:
        frame = {
            "src": self._device_id,
            "dst": f"{self._prefix}/events",
            "method": method,
            "params": {"ts": self._time(), **params},
        }
        self.send(f"{self._prefix}/events/rpc", orjson.dumps(frame).decode(), qos=1)

    def _publish_status(self, status: Frame) -> None:
        self.send(f"{self._prefix}/status/{_SWITCH}", orjson.dumps(status).decode(), qos=1)


def _argument(params: Frame, name: str, *kinds: type) -> Any:
    if name not in params:
        raise RpcError(-103, f"Argument '{name}' is missing!")
    if not isinstance(params[name], kinds):
        raise RpcError(-103, f"Argument '{name}' has the wrong type!")
    return params[name]


def _require_switch(params: Frame) -> None:
    switch = _argument(params, "id", int)
    if switch != 0:
        raise RpcError(-105, f"Argument 'id', value {switch} not found!")
