"""Words of the broker: where it is, what comes from it, what became of what we gave it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from arni_edge.domain.errors import Unavailable


class Delivery(StrEnum):
    """What the broker said to a publish, by the reason code of its PUBACK (MQTT 5.0, 3.4.2.1)."""

    ACCEPTED = "accepted"
    """0x00: the broker has it. Says nothing about the device: that may be half dead."""
    NO_SUBSCRIBER = "no_subscriber"
    """0x10: certainly delivered to nobody; the device is offline."""
    NOT_PERMITTED = "not_permitted"
    """0x87 or any other refusal: certainly delivered to nobody, and it never will be."""


class NotSent(Unavailable):
    """The message certainly never left: the broker did not show a sign of life before it."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """How to reach a broker, and as whom.

    Attributes:
        host: Name or address, for TCP.
        port: For TCP.
        username: Account.
        password: Its password, or None for an account without one.
        socket: The broker's Unix socket; wins over host and port where there is one.
    """

    host: str
    port: int
    username: str
    password: SecretStr | None
    socket: Path | None = None

    def __str__(self) -> str:
        """For messages to people; without the account."""
        return str(self.socket) if self.socket else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name when we are gone; also on a clean stop, so that it is always true."""

    topic: str
    payload: str
    retain: bool = True
    qos: int = 1


@dataclass(frozen=True, slots=True)
class Received:
    """One message from the broker.

    Attributes:
        topic: Where it was published.
        payload: As it came.
        retained: History, sent because we subscribed: it may fill a display, it never triggers anything.
        session: Number of the connection that it came over.
    """

    topic: str
    payload: bytes
    retained: bool
    session: int


Handler = Callable[[Received], Awaitable[None]]
"""Gets one message; the broker hears of its receipt only after the handler has returned."""
