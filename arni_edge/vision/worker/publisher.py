"""Tells the broker what is seen: at once when it changes, and every two seconds as a sign of life."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from arni_edge.broker import BrokerSession
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.vision.messages import HEARTBEAT_SECONDS, MOST_PEOPLE, CameraMessage, ZoneMessage
from arni_edge.vision.topics import camera_topic, online_topic, zone_topic
from arni_edge.vision.worker.reader import Status

_PUBLISH_SECONDS = 2.0
# What nobody renews disappears from the broker too; longer than the daemon believes a figure (8 s).
_EXPIRY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """What is known of a zone.

    Attributes:
        zone: Its id.
        camera: The camera that sees it.
        count: People, or None when unknown.
        reason: Why it is unknown; empty when known.
        seen_at: When the picture came that it was counted on, on the monotonic clock.
        at: The same moment on the wall clock.
    """

    zone: str
    camera: str
    count: int | None
    reason: str
    seen_at: float
    at: datetime


class Publisher:
    """Keeps the newest word on every zone and camera, and gets it to the broker.

    Nothing is queued: while the broker is away older words are replaced by newer ones, and after a
    reconnection everything is said again.
    """

    def __init__(self, site_id: str, broker: BrokerSession, clock: Clock, fresh_seconds: float) -> None:
        """Prepare; call before the session runs.

        Args:
            site_id: Of the settings.
            broker: The worker's session.
            clock: For the age of figures and the time in the messages.
            fresh_seconds: A count that is older is not repeated as if it were true: the detector hangs.
        """
        self._site = site_id
        self._broker = broker
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._words: dict[str, Callable[[], str]] = {online_topic(site_id): lambda: "true"}
        self._figures: dict[str, Figure] = {}
        self._unsaid: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._sequence = 0
        broker.on_session(self._on_session)

    def zone(self, figure: Figure) -> None:
        """Take what is known of a zone; a change is told at once, the rest with the next heartbeat."""
        before = self._figures.get(figure.zone)
        self._figures[figure.zone] = figure
        topic = zone_topic(self._site, figure.zone)
        self._words[topic] = lambda: self._zone_word(figure.zone)
        if before is None or (before.count, before.reason) != (figure.count, figure.reason):
            self._say(topic)

    def camera(self, camera: str, status: Status) -> None:
        """Take how a camera is doing, and tell it at once."""
        topic = camera_topic(self._site, camera)
        self._words[topic] = lambda: self._camera_word(camera, status)
        self._say(topic)

    async def run(self) -> None:
        """Publish until cancelled."""
        beat_at = self._clock.monotonic()
        while True:
            if self._clock.monotonic() >= beat_at:
                beat_at = self._clock.monotonic() + HEARTBEAT_SECONDS
                self._unsaid |= dict.fromkeys(
                    topic for topic in self._words if topic != online_topic(self._site)
                )
            await self._publish_unsaid()
            await self._rest(beat_at - self._clock.monotonic())

    def _say(self, topic: str) -> None:
        self._unsaid[topic] = None
        self._wake.set()

    async def _on_session(self, _: int) -> None:
        # "online" first: it tells listeners that what they know of an earlier life is void.
        self._unsaid = dict.fromkeys(self._words)
        self._wake.set()

    async def _publish_unsaid(self) -> None:
        self._wake.clear()
        while self._unsaid and self._broker.connected:
            topic = next(iter(self._unsaid))
            del self._unsaid[topic]
            lasting = topic == online_topic(self._site)
            try:
                await self._broker.publish(
                    topic,
                    self._words[topic](),
                    retain=True,
                    expiry_seconds=None if lasting else _EXPIRY_SECONDS,
                    deadline=_PUBLISH_SECONDS,
                )
            except Unavailable:
                return  # the next session says everything again

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _zone_word(self, zone: str) -> str:
        figure = self._figures[zone]
        count, reason = figure.count, figure.reason
        if count is not None and self._clock.monotonic() - figure.seen_at > self._fresh_seconds:
            count, reason = None, "no picture was looked at"
        self._sequence += 1
        return ZoneMessage(
            zone=zone,
            camera=figure.camera,
            count=None if count is None else min(count, MOST_PEOPLE),
            reason=reason,
            at=figure.at,
            sequence=self._sequence,
        ).model_dump_json()

    def _camera_word(self, camera: str, status: Status) -> str:
        now = self._clock.now()
        return CameraMessage(
            camera=camera, state=status.state, reason=status.reason, at=now
        ).model_dump_json()
