"""What a simulated Shelly of generation 2 or newer says of itself."""

from dataclasses import dataclass

from arni_edge.simulator.shelly_parts import Frame


@dataclass(frozen=True, slots=True)
class Nameplate:
    """What a device says of itself.

    Attributes:
        prefix: Its topic prefix.
        device_id: Its true id.
        gen: Generation, 2 to 4.
        model: The vendor's code.
    """

    prefix: str
    device_id: str
    gen: int
    model: str

    @property
    def mac(self) -> str:
        """The end of the id, in upper case."""
        return self.device_id.rpartition("-")[2].upper()

    def info(self) -> Frame:
        """What ``Shelly.GetDeviceInfo`` answers."""
        return {
            "name": None, "id": self.device_id, "mac": self.mac, "slot": 0, "model": self.model,
            "gen": self.gen, "fw_id": "20260311-095901/1.7.5-g9979d16", "ver": "1.7.5", "app": "Plus1",
            "auth_en": False, "auth_domain": None,
        }  # fmt: skip

    def mqtt(self, *, status_ntf: bool) -> Frame:
        """What ``Mqtt.GetConfig`` answers."""
        return {
            "enable": True, "server": "broker", "client_id": self.device_id, "user": None, "ssl_ca": None,
            "topic_prefix": self.prefix, "rpc_ntf": True, "status_ntf": status_ntf,
            "use_client_cert": False, "enable_rpc": True, "enable_control": True,
        }  # fmt: skip
