"""The start message of the vision worker: everything that it is told, once, over the link.

What the worker answers is in :mod:`arni_edge.vision.messages`.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError

from arni_edge.broker import BrokerAddress
from arni_edge.domain.errors import InvalidInput
from arni_edge.settings import Settings
from arni_edge.settings.base import Identifier
from arni_edge.vision.orders import CameraOrder, DetectorOrder, Order


class BrokerOrder(Order):
    """How the worker reaches the broker; one account of its own."""

    host: str
    port: int
    socket: Path | None
    username: str
    password: str | None = Field(repr=False)

    def address(self) -> BrokerAddress:
        """As the broker's adapter wants it."""
        password = None if self.password is None else SecretStr(self.password)
        return BrokerAddress(self.host, self.port, self.username, password, self.socket)


class VisionStart(Order):
    """Everything that the worker is told when it starts. Travels a socket pair, secrets in plain text."""

    site_id: Identifier
    timezone: str = "Europe/Berlin"
    person_down_seconds: float = 15.0
    log_level: str
    broker: BrokerOrder
    detector: DetectorOrder
    cameras: tuple[CameraOrder, ...]

    @classmethod
    def from_settings(cls, settings: Settings, address: BrokerAddress) -> Self:
        """The orders that follow from the settings.

        Args:
            settings: Of this box.
            address: The broker, with the worker's own account.
        """
        return cls(
            site_id=settings.site.id,
            timezone=settings.site.timezone,
            person_down_seconds=settings.vision.person_down_seconds,
            log_level=settings.logging.level,
            broker=BrokerOrder(
                host=address.host,
                port=address.port,
                socket=address.socket,
                username=address.username,
                password=None if address.password is None else address.password.get_secret_value(),
            ),
            detector=DetectorOrder.of(settings),
            cameras=tuple(CameraOrder.of(camera) for camera in settings.cameras),
        )

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Self:
        """Read what came over the link.

        Raises:
            InvalidInput: The daemon speaks another version of this contract.
        """
        try:
            return cls.model_validate(message)
        except ValidationError as error:
            fields = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
            raise InvalidInput(f"the start message is not understood: {', '.join(fields)}") from None

    def as_message(self) -> dict[str, Any]:
        """For the link, JSON-able."""
        return self.model_dump(mode="json")
