"""The port to whatever speaks aloud in the gym."""

from typing import Protocol

from arni_edge.domain.messages import Language


class Announcer(Protocol):
    """Speaks a sentence of the catalogue to whoever is there."""

    async def announce(self, key: str, *languages: Language, **values: object) -> str:
        """Begin to speak; one announcement at a time, a more urgent one overtakes.

        Args:
            key: Of the sentence, for instance ``announce.alarm.medical``.
            languages: It is said in each of these, one after the other.
            values: What fills its placeholders.

        Returns:
            What shows that it is being spoken, for the proof log.

        Raises:
            Unavailable: It is not; the reason is for the owner.
        """
        ...
