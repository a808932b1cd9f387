"""A simulated QR reader with a keypad and a display: says what was shown to it, and shows the answer."""

import asyncio
from collections.abc import Sequence
from typing import Final

import orjson

from arni_edge.broker import BrokerAddress
from arni_edge.broker.readers import reader_topic
from arni_edge.simulator.mqtt_device import Identity, MqttDevice

_KEEPALIVE_SECONDS: Final = 60

Answer = dict[str, str]
"""``{"answer": "allowed" | "denied" | "asked", "text": "…"}``."""


class SimulatedReader(MqttDevice):
    """The reader beside one door.

    Attributes:
        answers: What its display has shown, in order.
    """

    def __init__(
        self,
        site_id: str,
        door_id: str,
        address: BrokerAddress,
        *,
        seed: int = 0,
        reconnect: tuple[float, float] = (0.5, 10.0),
    ) -> None:
        """Install the reader, in a running event loop; it lives in :meth:`run`.

        Args:
            site_id: Part of its topics.
            door_id: Where it hangs.
            address: Of the broker.
            seed: For the pauses before a reconnect.
            reconnect: Shortest and longest pause before a reconnect.
        """
        identity = Identity(f"reader-{door_id}", _KEEPALIVE_SECONDS, None, reconnect)
        super().__init__(address, identity, seed=seed)
        self._topic = reader_topic(site_id, door_id)
        self._shown = asyncio.Event()
        self.answers: list[Answer] = []

    async def show(self, text: str, *, within: float = 30.0) -> Answer:
        """Hold a code in front of it, or type digits, and read the display.

        Args:
            text: The QR code's text, or the digits.
            within: Seconds to wait for the answer.

        Raises:
            TimeoutError: The display shows nothing.
        """
        before = len(self.answers)
        self.send(self._topic, text, qos=1)
        async with asyncio.timeout(within):
            while len(self.answers) == before:
                self._shown.clear()
                await self._shown.wait()
        return self.answers[before]

    # --- the connection ---------------------------------------------------------------------------------

    def topics(self) -> Sequence[tuple[str, int]]:
        """The answers, at QoS 1."""
        return [(f"{self._topic}/answer", 1)]

    def on_connected(self) -> None:
        """It has nothing to say of itself."""

    def on_message(self, topic: str, payload: bytes) -> None:  # noqa: ARG002 - it hears one topic
        """Show the answer."""
        self.answers.append(orjson.loads(payload))
        self._shown.set()
