"""The spoken announcement of an alarm: what is known, and whom to call."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from arni_edge.daemon.announcer import Rank
from arni_edge.domain.messages import Language
from arni_edge.safety.announcer import Announcer
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Alarm

_SPOKEN: Final = frozenset(Cause) - {Cause.CRISIS}
"""What somebody in a crisis has written is nobody's business who trains there."""

_DRILL: Final = "announce.drill"
_QUESTION: Final = "announce.down"

RANKS: Final = {
    "announce.alarm": Rank.ALARM,
    "announce.alarm.fire": Rank.LEAVE,
    "announce.alone": Rank.ALARM,
    "announce.alone.fire": Rank.LEAVE,
    _DRILL: Rank.NOTICE,
    _QUESTION: Rank.QUESTION,
}
"""What overtakes what, for the loudspeaker."""


def spoken_languages(first: Language) -> tuple[Language, ...]:
    """The gym's own language, then the others."""
    return (first, *(one for one in Language if one is not first))


def alarm_sentences(language: Language, *, people: bool) -> list[tuple[str, Language]]:
    """What may have to be said at once, for whoever keeps it ready.

    Args:
        language: The gym's.
        people: Whether anybody is on call.
    """
    keys = [*(_key(cause, people=people) for cause in sorted(_SPOKEN)), _DRILL, _QUESTION]
    return [(key, one) for key in keys for one in spoken_languages(language)]


class AnnounceAct:
    """Tells whoever is there what was reported. Only facts: that people are told, not that they come.

    Attributes:
        name: ``speaker``.
        causes: All but a crisis.
    """

    name = "speaker"
    causes: Collection[Cause] = _SPOKEN

    def __init__(self, announcer: Announcer, *, language: Language, on_call: Callable[[], int]) -> None:
        """Nothing is said yet.

        Args:
            announcer: Speaks.
            language: The gym's; the others follow.
            on_call: How many people an alarm is told to now.
        """
        self._announcer = announcer
        self._languages: Sequence[Language] = spoken_languages(language)
        self._on_call = on_call

    async def act(self, alarm: Alarm) -> str:
        """Begin to speak; returns the evidence.

        Raises:
            Unavailable: Nothing is heard.
        """
        key = _DRILL if alarm.drill else _key(Cause(alarm.cause), people=self._on_call() > 0)
        return await self._announcer.announce(key, *self._languages)


def _key(cause: Cause, *, people: bool) -> str:
    return f"announce.{'alarm' if people else 'alone'}.{cause}"
