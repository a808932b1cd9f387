"""Speaks what the rules of the building want people inside to hear: that it closes soon."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.events import AnnouncementDue
from arni_edge.domain.messages import Language
from arni_edge.safety.announcer import Announcer

_LOG = structlog.get_logger(__name__)

_TRUE_FOR: Final = timedelta(minutes=1)
""""In 15 minutes" is not true any more when an alarm was spoken meanwhile; then it is left out."""


class InsideVoice:
    """Hears :class:`AnnouncementDue` for those inside. Alarms overtake it: it is a mere notice."""

    def __init__(self, bus: Bus, clock: Clock, announcer: Announcer, languages: Sequence[Language]) -> None:
        """Listen from now on.

        Args:
            bus: Tells what is to be said.
            clock: For how long ago that was.
            announcer: Speaks.
            languages: In which it is said, one after the other.
        """
        self._clock = clock
        self._announcer = announcer
        self._languages = tuple(languages)
        self._events = bus.subscribe(AnnouncementDue)

    async def run(self, _: object) -> None:
        """Speak until cancelled."""
        async for event in self._events:
            if isinstance(event, AnnouncementDue) and event.audience == "inside":
                await self._speak(event)

    async def _speak(self, event: AnnouncementDue) -> None:
        if abs(self._clock.now() - event.at) > _TRUE_FOR:
            _LOG.info("not_announced_inside", notice=event.notice, reason="too late")
            return
        key = f"automation.notice.{event.notice}"
        try:
            evidence = await self._announcer.announce(
                key, *self._languages, number=event.number, subject=event.subject
            )
        except (ArniError, KeyError) as error:
            _LOG.warning("not_announced_inside", notice=event.notice, reason=str(error))
        else:
            _LOG.info("announced_inside", notice=event.notice, evidence=evidence)
