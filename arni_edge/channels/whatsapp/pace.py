"""How quickly one person may be written to: pure.

Meta takes one message in six seconds to the same person, and lets up to 45 of them borrow from the future
(code 131056 beyond that). Chat uses a part of that, so that an alarm always finds room.
"""

from typing import Final

_EVERY_SECONDS: Final = 6.0
_BURST: Final = 45
_FOR_ALARMS: Final = 25
_CHAT_DEBT: Final = (_BURST - _FOR_ALARMS) * _EVERY_SECONDS


class Pace:
    """Remembers how many seconds each person's messages have borrowed; whoever owes nothing is forgotten."""

    def __init__(self) -> None:
        """Nobody owes anything."""
        self._paid_back_at: dict[str, float] = {}

    def note(self, person: str, now: float) -> None:
        """A message leaves to them.

        Args:
            person: Whom.
            now: Monotonic seconds.
        """
        self._paid_back_at[person] = max(self._paid_back_at.get(person, now), now) + _EVERY_SECONDS

    def exhausted(self, person: str, now: float) -> None:
        """Meta says that it was too much."""
        self._paid_back_at[person] = now + _CHAT_DEBT + _EVERY_SECONDS

    def crowded(self, person: str, now: float) -> bool:
        """Whether so much went to them lately that several texts had better leave as one."""
        return self._paid_back_at.get(person, now) - now > _CHAT_DEBT / 2

    def waiting(self, now: float) -> set[str]:
        """Who gets no chat now."""
        self._paid_back_at = {person: at for person, at in self._paid_back_at.items() if at > now}
        return {person for person, at in self._paid_back_at.items() if at - now > _CHAT_DEBT}
