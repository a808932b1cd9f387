"""How fast we may write, so that Telegram never has to slow us down. Pure: it is told the time.

Telegram's guidance: about one message a second to a chat (short bursts are tolerated), 20 a minute to a
group, 30 a second in all. Alarms get what notices must leave free.
"""

from collections import deque

_MINUTE = 60.0
_BURST = 3.0
"""Messages to one chat at once; then one a second."""
_OVERDRAFT = {False: 0.0, True: 3.0}
"""So many more, by whether it is an alarm."""
_GROUP_PER_MINUTE = {False: 14, True: 19}
_PER_SECOND = {False: 18, True: 27}


class Pace:
    """Remembers what was said lately, and who asked us to wait."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._left: dict[int, tuple[float, float]] = {}
        self._said: dict[int, deque[float]] = {}
        self._all: deque[float] = deque()
        self._held: dict[int, float] = {}

    def may(self, chat: int, now: float, *, alarm: bool) -> bool:
        """Whether something may be said to a chat now.

        Args:
            chat: Telegram's id; that of a group is negative.
            now: Monotonic seconds.
            alarm: Whether it is an alarm.
        """
        if now < self._held.get(chat, now):
            return False
        said = self._said.get(chat, deque())
        _drop(said, now - _MINUTE)
        _drop(self._all, now - 1.0)
        if self._budget(chat, now) + _OVERDRAFT[alarm] < 1.0 or len(self._all) >= _PER_SECOND[alarm]:
            return False
        return chat > 0 or len(said) < _GROUP_PER_MINUTE[alarm]

    def said(self, chat: int, now: float) -> None:
        """Something leaves for a chat."""
        self._left[chat] = self._budget(chat, now) - 1.0, now
        self._said.setdefault(chat, deque()).append(now)
        self._all.append(now)

    def hold(self, chat: int, until: float) -> None:
        """Nothing to this chat before so many monotonic seconds."""
        self._held[chat] = max(until, self._held.get(chat, until))

    def _budget(self, chat: int, now: float) -> float:
        """How many messages a chat takes at once now; below zero after an overdraft."""
        left, at = self._left.get(chat, (_BURST, now))
        return min(_BURST, left + now - at)


def _drop(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
