"""A simulated Shelly of generation 2 or newer, as captures of real devices show it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from arni_edge.broker import BrokerAddress, Will
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.simulator.mqtt_device import Identity, MqttDevice
from arni_edge.simulator.serve import serve
from arni_edge.simulator.shelly_http import response_frame, rpc_app
from arni_edge.simulator.shelly_nameplate import Nameplate
from arni_edge.simulator.shelly_parts import Frame, Input, Output, Part, RpcError, Switch, argument

_WAITING_FRAMES: Final = 8
_PAGE: Final = 5
"""Components in one answer of ``Shelly.GetComponents``."""

_ALL: Final = "shellies/command"
_REBOOT_SECONDS: Final = 0.05


class SimulatedShellyGen2(MqttDevice):
    """A device with its components; a relay with one input unless told otherwise.

    Attributes:
        parts: Its components by key.
        stale_status: Known fault of firmware 2.0.1-beta1: after a command the status topic shows the old
            output, and the right one only ``stale_seconds`` later.
        stale_seconds: See there; up to about 30 s in the field.
        deaf: It hears nothing over the broker: the Wi-Fi loses what comes.
        origin: How the command that is carried out now came: ``MQTT`` or ``HTTP_in``.
        address_http: Where it answers HTTP, ``127.0.0.1:port``; empty while it does not.
    """

    def __init__(
        self,
        prefix: str,
        device_id: str,
        address: BrokerAddress,
        on_switch: Callable[[bool], None] = lambda _: None,
        *,
        parts: Sequence[Part] | None = None,
        gen: int = 2,
        model: str = "SNSW-001X16EU",
        seed: int = 0,
        keepalive: int = 60,
        status_ntf: bool = False,
        latency: float = 0.03,
        clock: Clock | None = None,
        reconnect: tuple[float, float] = (0.5, 10.0),
        wakeup_period: float | None = None,
        awake_seconds: float = 1.0,
        http_port: int | None = None,
    ) -> None:
        """Install the device, in a running event loop; it lives in :meth:`run`.

        Args:
            prefix: Its topic prefix.
            device_id: Its true id, for instance ``shellyplus1-a8032abe54dc``.
            address: Of the broker.
            on_switch: Told whenever the output of the default relay changes.
            parts: Its components; None for an input and a relay.
            gen: Generation, 2 to 4.
            model: The vendor's code.
            seed: For the pauses before a reconnect.
            keepalive: Seconds; 60 in real devices.
            status_ntf: Also publish full status topics (off by default since firmware 0.11.3).
            latency: Seconds for one frame; a device answers one at a time.
            clock: For ``ts``.
            reconnect: Shortest and longest pause before a reconnect.
            wakeup_period: A sleeper tells this as the seconds between two wake-ups; it sleeps until
                :meth:`wake_up`, and again after a while.
            awake_seconds: How long it stays awake.
            http_port: Where it answers HTTP; 0 is a port that is free, None: it does not.
        """
        will = Will(f"{prefix}/online", "false", retain=True, qos=0)
        super().__init__(address, Identity(device_id, keepalive, will, reconnect), seed=seed)
        self._prefix = prefix
        self._device_id = device_id
        self._plate = Nameplate(prefix, device_id, gen, model)
        self._status_ntf = status_ntf
        self._latency = latency
        self._clock = clock or SystemClock()
        self._booted = self._clock.monotonic()
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(_WAITING_FRAMES)
        self._cfg_rev = 8
        self._sleep: Frame = {} if wakeup_period is None else {"wakeup_period": wakeup_period}
        self._awake_seconds = awake_seconds
        self.stale_status = False
        self.stale_seconds = 30.0
        self.deaf = False
        self.origin = "MQTT"
        self._http_port = http_port
        self.address_http = ""
        chosen = parts if parts is not None else (Input(0), Switch(0, on_switch))
        self.parts = {part.key: part for part in chosen}
        for part in chosen:
            part.board = self

    # --- what happens to it -----------------------------------------------------------------------------

    @property
    def output(self) -> bool:
        """Whether the first output is on."""
        return self._first.output

    @property
    def executed(self) -> list[bool]:
        """Every command to the first output that was carried out, as the output asked for."""
        return self._first.executed

    def press(self) -> None:
        """Somebody presses the wall switch at its input."""
        self._first.set(not self.output, "input")

    def reboot(self) -> None:
        """Restart: the connection is lost, time begins again, outputs go to their initial state."""
        self.on_power_lost()
        self._boot()
        self.drop_connection()

    def power_on(self) -> None:
        """Electricity is back."""
        self._boot()
        super().power_on()

    def wake_up(self, cause: str = "periodic") -> None:
        """A sleeper wakes up, says everything, and sleeps again."""
        self._sleep["wakeup_reason"] = {"boot": "deepsleep_wake", "cause": cause}
        self.power_on()

    @property
    def _first(self) -> Output:
        return next(part for part in self.parts.values() if isinstance(part, Output))

    def _boot(self) -> None:
        self._booted = self._clock.monotonic()
        for part in self.parts.values():
            part.boot()

    # --- the connection ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live until cancelled."""
        async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as doors:
            if self._http_port is not None:
                app = rpc_app(self._over_http, powered=lambda: self.powered)
                url = await doors.enter_async_context(serve(app, self._http_port))
                self.address_http = url.removeprefix("http://")
            mqtt = group.create_task(super().run())
            group.create_task(self._work())
            await asyncio.wait({mqtt})

    def topics(self) -> Sequence[tuple[str, int]]:
        """Requests and simple commands."""
        own = ("rpc", "command", *(f"command/{key}" for key in self.parts))
        return [*((f"{self._prefix}/{name}", 1) for name in own), (_ALL, 1)]

    def on_connected(self) -> None:
        """Birth, then the whole status."""
        self.send(f"{self._prefix}/online", "true", qos=1, retain=True)
        if self._status_ntf:
            self._publish_all()
        self._notify("NotifyFullStatus", self._full_status())
        if self._sleep:
            self._loop.call_later(self._awake_seconds, self.power_off)

    def on_message(self, topic: str, payload: bytes) -> None:
        """Take a frame in line, or act on a simple command."""
        if self.deaf:
            return
        if topic.endswith("/rpc"):
            self._take(payload)
        elif payload == b"announce":
            for target in (f"{self._prefix}/announce", "shellies/announce"):
                self.send(target, orjson.dumps(self._plate.info()).decode(), qos=1)
        elif (part := self.parts.get(topic.rpartition("/")[2])) is None:
            if payload == b"status_update":
                self._publish_all()
        elif payload == b"status_update":
            self._publish_status(part.key, part.status())
        else:
            try:
                part.simple(payload.decode("utf-8", "replace"))
            except ValueError:
                self.send(f"{self._prefix}/error/{part.key}", "Invalid command", qos=1)

    def on_power_lost(self) -> None:
        """What was under way is lost."""
        while not self._frames.empty():
            self._frames.get_nowait()
        for part in self.parts.values():
            part.lose_power()

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
        reply = response_frame(self._device_id, frame, self._call)
        # Without "src" there is nowhere to answer to, but the request has been carried out.
        if frame.get("src") and "id" in frame:
            self.send(f"{frame['src']}/rpc", orjson.dumps(reply).decode(), qos=1)

    async def _over_http(self, frame: Frame) -> Frame:
        """The same as over the broker; only the way is another."""
        await asyncio.sleep(self._latency)
        self.origin = "HTTP_in"
        try:
            return response_frame(self._device_id, frame, self._call)
        finally:
            self.origin = "MQTT"

    def _call(self, method: str, params: Frame) -> Frame | None:
        kind, _, verb = method.lower().partition(".")
        if kind == "shelly":
            return self._call_device(verb, params)
        if kind == "mqtt" and verb == "getconfig":
            return self._plate.mqtt(status_ntf=self._status_ntf)
        if kind not in {part.kind for part in self.parts.values()}:
            raise RpcError(404, f"No handler for {method}")
        number = argument(params, "id", int)
        part = self.parts.get(f"{kind}:{number}")
        if part is None:
            raise RpcError(-105, f"Argument 'id', value {number} not found!")
        return part.call(method.partition(".")[2], params)

    def _call_device(self, verb: str, params: Frame) -> Frame | None:
        if verb == "getdeviceinfo":
            return self._plate.info()
        if verb == "getstatus":
            return self._full_status()
        if verb == "getconfig":
            sys = {"device": {"name": None, "mac": self._plate.mac}, "cfg_rev": self._cfg_rev}
            configs = {part.key: part.config for part in self.parts.values() if not part.dynamic}
            return {**configs, "mqtt": self._plate.mqtt(status_ntf=self._status_ntf), "sys": sys}
        if verb == "getcomponents":
            return self._page(params)
        if verb == "listmethods":
            kinds = sorted({part.kind.title() for part in self.parts.values()})
            return {"methods": [f"{kind}.GetStatus" for kind in ("Shelly", *kinds)]}
        if verb == "reboot":
            self._loop.call_later(_REBOOT_SECONDS, self.reboot)
            return None
        raise RpcError(404, f"No handler for Shelly.{verb}")

    def _page(self, params: Frame) -> Frame:
        """``Shelly.GetComponents``: a few at a time."""
        offset, include = params.get("offset", 0), params.get("include", [])
        parts = [part for part in self.parts.values() if part.dynamic or not params.get("dynamic_only")]
        page = [
            {
                "key": part.key,
                **({"status": part.status()} if "status" in include else {}),
                **({"config": part.config} if "config" in include else {}),
            }
            for part in parts[offset : offset + _PAGE]
        ]
        return {"components": page, "cfg_rev": self._cfg_rev, "offset": offset, "total": len(parts)}

    # --- what it says -----------------------------------------------------------------------------------

    def changed(self, part: Part, delta: Frame, before: Frame) -> None:
        """A component has another status than before."""
        self._notify("NotifyStatus", {part.key: {"id": part.number, **delta}})
        if not self._status_ntf:
            return
        if self.stale_status and delta.get("source") == "MQTT":
            self._publish_status(part.key, before)
            self._loop.call_later(self.stale_seconds, lambda: self._publish_status(part.key, part.status()))
        else:
            self._publish_status(part.key, part.status())

    def happened(self, part: Part, event: str) -> None:
        """A button was pressed."""
        self._notify_event(part.key, {"id": part.number, "event": event})

    def configured(self, part: Part) -> None:
        """Every change to the configuration counts."""
        self._cfg_rev += 1
        self._notify("NotifyStatus", {"sys": {"cfg_rev": self._cfg_rev}})
        changed = {"event": "config_changed", "restart_required": False, "cfg_rev": self._cfg_rev}
        self._notify_event(part.key, {"id": part.number, **changed})

    def time(self) -> float:
        """Unix time."""
        return round(self._clock.now().timestamp(), 2)

    def _full_status(self) -> Frame:
        uptime = int(self._clock.monotonic() - self._booted)
        return {
            "cloud": {"connected": False},
            **{part.key: part.status() for part in self.parts.values() if not part.dynamic},
            "mqtt": {"connected": True},
            "sys": {
                "mac": self._plate.mac, "restart_required": False, "uptime": uptime,
                "cfg_rev": self._cfg_rev, **self._sleep,
            },
        }  # fmt: skip

    def _notify(self, method: str, params: Frame) -> None:
        frame = {
            "src": self._device_id,
            "dst": f"{self._prefix}/events",
            "method": method,
            "params": {"ts": self.time(), **params},
        }
        self.send(f"{self._prefix}/events/rpc", orjson.dumps(frame).decode(), qos=1)

    def _notify_event(self, component: str, event: Frame) -> None:
        self._notify("NotifyEvent", {"events": [{"component": component, **event, "ts": self.time()}]})

    def _publish_all(self) -> None:
        for part in self.parts.values():
            self._publish_status(part.key, part.status())

    def _publish_status(self, key: str, status: Frame) -> None:
        self.send(f"{self._prefix}/status/{key}", orjson.dumps(status).decode(), qos=1)
