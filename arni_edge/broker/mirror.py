"""Mirrors the public part of the house to MQTT, for whatever else listens in the building."""

from arni_edge.broker.model import Will
from arni_edge.broker.session import BrokerSession
from arni_edge.bus import Bus
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import (
    AlarmRaised,
    AnnouncementDue,
    CameraIncident,
    DeviceAvailabilityChanged,
    DeviceIncident,
    DoorCommandEnded,
    DoorIncident,
    HealthChanged,
    LineCrossed,
    LockChanged,
    UnrequestedOpening,
    ZoneCounted,
)
from arni_edge.domain.health import Progress

_PUBLIC = (
    HealthChanged,
    ZoneCounted,
    LockChanged,
    DeviceAvailabilityChanged,
    DoorCommandEnded,
    UnrequestedOpening,
    DoorIncident,
    DeviceIncident,
    CameraIncident,
    LineCrossed,
    AnnouncementDue,
    AlarmRaised,
)


def online_topic(site_id: str) -> str:
    """Retained: whether the daemon is there."""
    return f"arni/{site_id}/online"


def daemon_will(site_id: str) -> Will:
    """What the broker says when the daemon is gone."""
    return Will(topic=online_topic(site_id), payload="false")


class Mirror:
    """Publishes ``arni/<site>/online`` and public events as ``arni/<site>/event/<kind>``.

    Who was refused, and why, who was followed in, and that somebody is alone, is nobody's business in the
    building. The broker is a wire: what cannot be
    published now is not kept, because everything that matters is in the database already.
    """

    def __init__(self, broker: BrokerSession, bus: Bus, site_id: str) -> None:
        self._broker = broker
        self._site_id = site_id
        self._events = bus.subscribe(*_PUBLIC)
        broker.on_session(self._announce)

    async def run(self, progress: Progress) -> None:
        """Mirror events until cancelled."""
        async for event in self._events:
            progress()
            await self._publish(f"event/{event.kind}", event.model_dump_json())

    async def _announce(self, _: int) -> None:
        await self._publish("online", "true", retain=True)

    async def _publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        try:
            await self._broker.publish(f"arni/{self._site_id}/{topic}", payload, retain=retain)
        except Unavailable:
            return
