"""A simulated Shelly relay of generation 1, as captures of real devices show it."""

import asyncio
from collections.abc import Callable, Sequence

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from arni_edge.broker import BrokerAddress
from arni_edge.domain.clock import Clock
from arni_edge.simulator.serve import drop_connection, serve
from arni_edge.simulator.shelly_gen1_device import FIRMWARE, Gen1Device, Json
from arni_edge.simulator.shelly_http import gen1_route


class SimulatedShellyGen1(Gen1Device):
    """A Shelly 1: one relay, one input, settings over HTTP.

    Attributes:
        output: Whether the relay is on.
        settings: Its relay's, as ``GET /settings`` shows them.
        factory_reset_from_switch: See there.
        address_http: Where it answers HTTP, ``127.0.0.1:port``; empty while it does not run.
        deaf: The Wi-Fi loses what comes at QoS 0: no command arrives.
        missed: Topics of what it never heard while deaf.
        executed: Every command of the relay that was carried out.
    """

    def __init__(
        self,
        device_id: str,
        address: BrokerAddress,
        on_switch: Callable[[bool], None],
        *,
        seed: int = 0,
        auto_off: float = 0.0,
        mac: str | None = None,
        keepalive: int = 60,
        update_period: float = 30.0,
        clock: Clock | None = None,
        reconnect: tuple[float, float] = (0.5, 10.0),
        http_port: int = 0,
    ) -> None:
        """Install the relay, in a running event loop; it lives in :meth:`run`.

        Args:
            device_id: Topic element and client id, for instance ``shelly1-34945472A643``.
            address: Of the broker.
            on_switch: Told whenever the output changes.
            seed: For the pauses before a reconnect.
            auto_off: The device's own timer in seconds; 0 (factory setting) is none.
            mac: Where the id does not end with it.
            keepalive: Seconds; 60 in real devices.
            update_period: Seconds between two publications of everything; 0 is never.
            clock: For the uptime.
            reconnect: Shortest and longest pause before a reconnect.
            http_port: Where it answers HTTP; 0 is a port that is free.
        """
        super().__init__(
            device_id, "SHSW-1", address,
            mac=mac, seed=seed, keepalive=keepalive, clock=clock, reconnect=reconnect,
        )  # fmt: skip
        self._on_switch = on_switch
        self._update_period = update_period
        self._http_port = http_port
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_seconds = 0.0
        self._source = "input"
        self._input = 0
        self._event = ("", 0)
        self.output = False
        self.settings: Json = {
            "name": None, "appliance_type": "General", "default_state": "off", "btn_type": "momentary",
            "btn_reverse": 0, "auto_on": 0.0, "auto_off": auto_off, "schedule": False, "schedule_rules": [],
        }  # fmt: skip
        self.factory_reset_from_switch = True
        self.address_http = ""
        self.deaf = False
        self.missed: list[str] = []
        self.executed: list[str] = []

    # --- life -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live until cancelled."""
        routes = [
            Route("/settings", self._get_settings),
            Route("/settings/relay/0", self._get_relay_settings),
            Route("/status", self._get_status),
            gen1_route("/relay/0", self._turn, powered=lambda: self.powered),
        ]
        async with serve(Starlette(routes=routes), self._http_port) as url:
            self.address_http = url.removeprefix("http://")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(super().run())
                    group.create_task(self._repeat())
            finally:
                self.address_http = ""
                self._stop_timer()

    async def _repeat(self) -> None:
        while self._update_period > 0:
            await asyncio.sleep(self._update_period)
            if self.powered:
                self._tell_states()

    def topics(self) -> Sequence[tuple[str, int]]:
        """The relay's own command, too."""
        return [*super().topics(), (f"{self.prefix}/relay/0/command", 0)]

    def on_message(self, topic: str, payload: bytes) -> None:
        """Obey, unless the Wi-Fi has lost it."""
        if self.deaf:
            self.missed.append(topic)
            return
        super().on_message(topic, payload)
        if topic.endswith("/relay/0/command") and payload in (b"on", b"off", b"toggle"):
            word = payload.decode()
            self.executed.append(word)
            self._set(not self.output if word == "toggle" else word == "on", "mqtt")

    def on_power_lost(self) -> None:
        """A relay without electricity is open; the counters begin again."""
        self._stop_timer()
        self._booted = self._clock.monotonic()
        self._event = ("", 0)
        if self.output:
            self.output = False
            self._on_switch(False)

    # --- the input --------------------------------------------------------------------------------------

    def press(self, event: str = "S") -> None:
        """Somebody presses the button at the input; unless it is ``detached`` the relay follows."""
        self._event = (event, (self._event[1] + 1) % 0x10000)
        for level in (1, 0):
            self._input = level
            self.say("input/0", str(level))
        self.say("input_event/0", self._event_json())
        if self.settings["btn_type"] != "detached" and event == "S":
            self._set(not self.output, "input")

    def contact(self, level: int) -> None:
        """A door contact at the input opens or closes."""
        self._input = level
        self.say("input/0", str(level))

    # --- the relay --------------------------------------------------------------------------------------

    def _turn(self, query: dict[str, str]) -> Json:
        """``GET /relay/0?turn=on&timer=120``: a timer of the command counts instead of ``auto_off``."""
        if (word := query.get("turn")) is not None:
            self.executed.append(word)
            on = not self.output if word == "toggle" else word == "on"
            self._set(on, "http", float(query["timer"]) if "timer" in query else None)
        relay: Json = self.status()["relays"][0]
        return relay

    def _set(self, on: bool, source: str, timer: float | None = None) -> None:
        self._stop_timer()
        self._source = source
        seconds = float(self.settings["auto_off"]) if timer is None else timer
        if on and seconds > 0:
            self._timer_seconds = seconds
            self._timer = self._loop.call_later(seconds, self._set, False, "timer")
        if on is not self.output:
            self.output = on
            self._on_switch(on)
        self.say("relay/0", "on" if on else "off")

    def _stop_timer(self) -> None:
        self._timer_seconds = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- what it says -----------------------------------------------------------------------------------

    def status(self) -> Json:
        """Relay, meter and input."""
        event, count = self._event
        timer = self._timer is not None
        remaining = max(0.0, self._timer.when() - self._loop.time()) if self._timer is not None else 0
        return {
            "relays": [
                {"ison": self.output, "has_timer": timer, "timer_started": 0,
                 "timer_duration": int(self._timer_seconds), "timer_remaining": int(remaining),
                 "source": self._source}
            ],
            "meters": [{"power": 0.0, "is_valid": True}],
            "inputs": [{"input": self._input, "event": event, "event_cnt": count}],
            "ext_sensors": {}, "ext_temperature": {}, "ext_humidity": {},
        }  # fmt: skip

    def states(self) -> list[tuple[str, str]]:
        """Relay, input and the last event."""
        return [
            ("relay/0", "on" if self.output else "off"),
            ("input/0", str(self._input)),
            ("input_event/0", self._event_json()),
        ]

    def _event_json(self) -> str:
        event, count = self._event
        return orjson.dumps({"event": event, "event_cnt": count}).decode()

    # --- HTTP -------------------------------------------------------------------------------------------

    async def _get_settings(self, request: Request) -> JSONResponse:
        if not self.powered:
            await drop_connection(request)
        return JSONResponse(
            {
                "device": {"type": self._model, "mac": self._mac, "hostname": self._id, "num_outputs": 1},
                "mqtt": {"enable": True, "server": "192.168.8.1:1883", "user": "", "id": self._id,
                         "reconnect_timeout_max": 60.0, "reconnect_timeout_min": 2.0, "clean_session": True,
                         "keep_alive": 60, "max_qos": 0, "retain": False, "update_period": 30},
                "fw": FIRMWARE,
                "factory_reset_from_switch": self.factory_reset_from_switch,
                "mode": "relay",
                "relays": [{"ison": self.output, **self.settings}],
            }
        )  # fmt: skip

    async def _get_relay_settings(self, request: Request) -> JSONResponse:
        """``?auto_off=3`` and the like also set it, as on the device."""
        for name, text in request.query_params.items():
            if name in self.settings:
                self.settings[name] = float(text) if name in ("auto_off", "auto_on") else text
        return JSONResponse(self.settings)

    async def _get_status(self, _request: Request) -> JSONResponse:
        return JSONResponse(self.info())
