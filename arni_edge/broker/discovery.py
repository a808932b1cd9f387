"""Home Assistant discovery for Arni's own figures: what it may show, and nothing that it could press.

State topics are retained and expire in Home Assistant when they are not repeated; everything is unavailable
while the daemon is away (``arni/<site>/online``). No button, switch or lock is ever announced: whoever reads
the broker must not find a handle of the door there.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import orjson
import structlog

from arni_edge.broker.mirror import online_topic
from arni_edge.broker.model import Received
from arni_edge.broker.session import BrokerSession
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0
_REPEAT_SECONDS = 60.0
_EXPIRE_SECONDS = 180
"""Three repetitions: what is older is shown as unavailable."""

_COMPONENTS = ("sensor", "binary_sensor")
_MOST_LEFT = 1000

_UNKNOWN = "None"
"""What Home Assistant's MQTT sensors take for "unknown"."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that Arni knows.

    Attributes:
        object_id: Unique in the house: lower-case letters, digits, ``-`` and ``_``.
        name: As people call it.
        component: Only what shows something.
        read: The present value; None is unknown. True and False for a ``binary_sensor``.
        traits: Further keys of the discovery payload, for instance ``device_class``.
    """

    object_id: str
    name: str
    component: Literal["sensor", "binary_sensor"]
    read: Callable[[], str | int | bool | None]
    traits: Mapping[str, object] = field(default_factory=dict)


def state_topic(site_id: str, object_id: str) -> str:
    """Where a figure is published."""
    return f"arni/{site_id}/state/{object_id}"


def announcements(prefix: str, site_id: str) -> list[str]:
    """Filters for everything that we announce to Home Assistant: only our own, and only what shows."""
    return [f"{prefix}/{component}/arni_{site_id}/+/config" for component in _COMPONENTS]


def config_topic(prefix: str, site_id: str, figure: Figure) -> str:
    """Where a figure is announced."""
    return f"{prefix}/{figure.component}/arni_{site_id}/{figure.object_id}/config"


def config_payload(site_id: str, site_name: str, version: str, figure: Figure) -> bytes:
    """How a figure is announced (Home Assistant, MQTT discovery)."""
    binary = {"payload_on": "ON", "payload_off": "OFF"} if figure.component == "binary_sensor" else {}
    return orjson.dumps(
        {
            "name": figure.name,
            "unique_id": f"arni_{site_id}_{figure.object_id}",
            "object_id": f"arni_{site_id}_{figure.object_id}",
            "state_topic": state_topic(site_id, figure.object_id),
            "availability_topic": online_topic(site_id),
            "payload_available": "true",
            "payload_not_available": "false",
            "expire_after": _EXPIRE_SECONDS,
            **binary,
            **figure.traits,
            "device": {
                "identifiers": [f"arni_{site_id}"],
                "name": site_name,
                "manufacturer": "Arni",
                "model": "Arni Edge",
                "sw_version": version,
            },
            "origin": {"name": "Arni Edge", "sw_version": version},
        }
    )


class HomeAssistant:
    """Announces figures and keeps them true."""

    def __init__(
        self,
        broker: BrokerSession,
        clock: Clock,
        figures: Sequence[Figure],
        *,
        site_id: str,
        site_name: str,
        version: str,
        prefix: str,
        enabled: bool,
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            broker: Carries everything.
            clock: For repetitions.
            figures: What is shown.
            site_id: Of the settings.
            site_name: As people call the gym.
            version: Of this software.
            prefix: Home Assistant's discovery prefix.
            enabled: False takes everything back that an earlier run announced; so is what is shown no more.
        """
        self._broker = broker
        self._clock = clock
        self._figures = tuple(figures)
        self._site_id = site_id
        self._site_name = site_name
        self._version = version
        self._prefix = prefix
        self._enabled = enabled
        self._announce_due = False
        self._said: dict[str, tuple[str, float]] = {}
        self._superfluous: set[str] = set()
        self._wanted = frozenset(
            topic
            for figure in (self._figures if enabled else ())
            for topic in (config_topic(prefix, site_id, figure), state_topic(site_id, figure.object_id))
        )
        broker.on_session(self._on_session)
        broker.subscribe([*announcements(prefix, site_id), state_topic(site_id, "+")], self._on_own)
        if enabled:
            broker.subscribe([f"{prefix}/status"], self._on_status)

    async def run(self, progress: Progress) -> None:
        """Announce at each session and whenever Home Assistant starts; keep states fresh. Until cancelled."""
        while True:
            progress()
            if self._broker.connected:
                try:
                    await self._turn(progress)
                except Unavailable as error:
                    _LOG.debug("home_assistant_not_told", reason=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _on_session(self, _: int) -> None:
        self._said.clear()
        self._announce_due = True

    async def _on_status(self, message: Received) -> None:
        if not message.retained and message.payload.strip() == b"online":
            self._announce_due = True
            self._said.clear()

    async def _on_own(self, message: Received) -> None:
        """What an earlier run left on the broker, and nobody wants any more."""
        left = message.retained and message.payload and message.topic not in self._wanted
        if left and len(self._superfluous) < _MOST_LEFT:
            self._superfluous.add(message.topic)

    async def _turn(self, progress: Progress) -> None:
        for topic in sorted(self._superfluous):
            progress()
            await self._broker.publish(topic, b"", retain=True)
            self._superfluous.discard(topic)
        if not self._enabled:
            return
        if self._announce_due:
            for figure in self._figures:
                progress()
                await self._announce(figure)
            self._announce_due = False
        for figure in self._figures:
            progress()
            await self._say(figure)

    async def _announce(self, figure: Figure) -> None:
        payload = config_payload(self._site_id, self._site_name, self._version, figure)
        await self._broker.publish(config_topic(self._prefix, self._site_id, figure), payload, retain=True)

    async def _say(self, figure: Figure) -> None:
        """Publish a figure that is another one, or was not said for long."""
        text, now = _text(figure), self._clock.monotonic()
        said, when = self._said.get(figure.object_id, ("", -_REPEAT_SECONDS))
        if text == said and now - when < _REPEAT_SECONDS:
            return
        await self._broker.publish(state_topic(self._site_id, figure.object_id), text, retain=True)
        self._said[figure.object_id] = (text, now)


def _text(figure: Figure) -> str:
    value = figure.read()
    if value is None:
        return _UNKNOWN
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return str(value)
