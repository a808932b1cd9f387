"""What all simulated Shelly devices of generation 1 have in common, as captures of real devices show it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import orjson

from arni_edge.broker import BrokerAddress, Will
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.simulator.mqtt_device import Identity, MqttDevice

FIRMWARE = "20230913-112003/v1.14.0-gcb84623"
_ROOT = "shellies"

Json = dict[str, Any]


class Gen1Device(MqttDevice):
    """What all of them have: identity, announcements, ``info`` and the generic commands.

    Nothing is retained and everything is sent at QoS 0, as the factory settings have it.
    """

    def __init__(
        self,
        device_id: str,
        model: str,
        address: BrokerAddress,
        *,
        mac: str | None,
        seed: int,
        keepalive: int,
        clock: Clock | None,
        reconnect: tuple[float, float],
    ) -> None:
        self.prefix = f"{_ROOT}/{device_id}"
        will = Will(f"{self.prefix}/online", "false", retain=False, qos=0)
        super().__init__(address, Identity(device_id, keepalive, will, reconnect), seed=seed)
        self._id = device_id
        self._model = model
        self._mac = mac or device_id.rsplit("-", 1)[-1].upper()
        self._clock = clock or SystemClock()
        self._booted = self._clock.monotonic()

    # --- what a kind of device adds ---------------------------------------------------------------------

    @abstractmethod
    def status(self) -> Json:
        """Its part of ``info``."""

    @abstractmethod
    def states(self) -> list[tuple[str, str]]:
        """Every state topic below the prefix, with its payload."""

    # --- the connection ---------------------------------------------------------------------------------

    def topics(self) -> Sequence[tuple[str, int]]:
        """The generic commands, at QoS 0."""
        return [(f"{_ROOT}/command", 0), (f"{self.prefix}/command", 0)]

    def on_connected(self) -> None:
        """In the order of the captures: birth, announcement, ``info``, every state once."""
        self.say("online", "true")
        self._announce()
        self._tell_all()

    def on_message(self, topic: str, payload: bytes) -> None:
        """Obey the generic commands; nobody looks at the retain flag."""
        if topic not in (f"{_ROOT}/command", f"{self.prefix}/command"):
            return
        if payload == b"announce":
            self._announce()
            self.say("info", orjson.dumps(self.info()).decode())
        elif payload == b"update":
            self._tell_states()

    def say(self, leaf: str, payload: str) -> None:
        """Publish below the prefix."""
        self.send(f"{self.prefix}/{leaf}", payload)

    def info(self) -> Json:
        """The whole HTTP ``/status``."""
        uptime = int(self._clock.monotonic() - self._booted)
        return {
            "wifi_sta": {"connected": True, "ssid": "net", "ip": "192.168.8.93", "rssi": -59},
            "cloud": {"enabled": False, "connected": False}, "mqtt": {"connected": self.connected},
            "time": "", "unixtime": 0, "serial": 1, "has_update": False, "mac": self._mac, **self.status(),
            "update": {"status": "unknown", "has_update": False, "new_version": "", "old_version": FIRMWARE},
            "ram_total": 51688, "ram_free": 40892, "fs_size": 233681, "fs_free": 150600, "uptime": uptime,
        }  # fmt: skip

    def _announce(self) -> None:
        announcement = orjson.dumps(
            {"id": self._id, "model": self._model, "mac": self._mac, "ip": "192.168.8.93", "new_fw": False,
             "fw_ver": FIRMWARE}
        ).decode()  # fmt: skip
        self.send(f"{_ROOT}/announce", announcement)
        self.say("announce", announcement)

    def _tell_all(self) -> None:
        self.say("info", orjson.dumps(self.info()).decode())
        self._tell_states()

    def _tell_states(self) -> None:
        for leaf, payload in self.states():
            self.say(leaf, payload)
