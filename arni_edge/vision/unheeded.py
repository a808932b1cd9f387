"""Messages that were not understood, noted without filling the log: who talks nonsense talks a lot."""

import structlog

from arni_edge.domain.clock import Clock

_LOG = structlog.get_logger(__name__)

_NOTE_SECONDS = 60.0
_LONGEST_TOPIC = 120


class Unheeded:
    """Logs the first at once, then one a minute with the number of those since."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._number = 0
        self._note_at = clock.monotonic()

    def note(self, topic: str, why: str) -> None:
        """One more was not understood.

        Args:
            topic: Where it was said; the beginning of it is logged.
            why: What was wrong, without what it said.
        """
        self._number += 1
        now = self._clock.monotonic()
        if now < self._note_at:
            return
        _LOG.warning("vision_message_ignored", topic=topic[:_LONGEST_TOPIC], reason=why, times=self._number)
        self._number, self._note_at = 0, now + _NOTE_SECONDS
