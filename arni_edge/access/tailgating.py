"""Whether more people went in than were let in, at one door. Pure: all times are handed in.

Every opening that the policy allowed lets one person in, for as long as its window lasts. Every entry through
the door's camera line takes one of the openings whose windows it lies in, the one that ends first; an entry
for which none is left is one too many. So two openings whose windows overlap are judged together: two let in
and two entries are fine, a third entry is not.

What is decided in doubt for the person, because a suspicion is kept for weeks:

- Openings by staff, by a visit's code, at the lock itself: they may bring whom they like, and nobody who
  comes in their window is counted.
- An exit neither counts nor pays for anybody. But whoever comes in, goes out alone and comes in again alone,
  each within a few seconds, is one person who turned round.
- Two entries within half a second of a line at which never more than one person was seen are one person whom
  the camera took for two.
- A member who opens twice within one window is one person.
- Where two members may have held the door, none of them is named.

Two people side by side may be seen as one: then there is one entry, while two were seen *together* at the
line. That is weak evidence (a friend who says goodbye looks the same): it makes a suspicion that weighs half,
and none at all when another crossing at that moment explains the second person.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from arni_edge.access.tailgating_verdict import verdict
from arni_edge.access.tailgating_words import Certainty, Opening, Passage, Suspicion, Window
from arni_edge.domain.doors import DoorContact

__all__ = ["Certainty", "Opening", "Passage", "Suspicion", "TailgatingWatch"]

SLACK_SECONDS: Final = 2.0
"""So far the times of lock and camera may be apart."""

LATE_SECONDS: Final = 5.0
"""So much later than it happened a crossing, or the end of a command, may be heard."""

PATIENCE_SECONDS: Final = 130.0
"""For so long a judgement waits for a command that is under way: then its fate will not be heard any more."""

_MOST: Final = 500
"""Openings and crossings in one unbroken chain of windows; a longer one is given up, and nobody suspected."""


class TailgatingWatch:
    """One door: openings and crossings in any order, suspicions out.

    Call :meth:`tick` every second or so. What is heard late is put where it belongs, if it comes before its
    window is judged.
    """

    def __init__(self, *, window_seconds: float, propped_seconds: float = 60.0) -> None:
        """Nothing has happened yet.

        Args:
            window_seconds: So long after the door has shut again, or after it was opened where no contact
                tells of that, an entry belongs to the opening.
            propped_seconds: A door that stands open for longer is propped, which is another incident: its
                window ends as if there were no contact.
        """
        self._window = window_seconds
        self._propped = propped_seconds
        self._openings: list[Opening] = []
        self._passages: list[Passage] = []
        self._shut: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self._open_since: float | None = None

    # --- what it is told ----------------------------------------------------------------------------------

    def opened(self, opening: Opening) -> None:
        """A command came to its end and the door is, or may be, open. The same request again is nothing."""
        if all(one.request_id != opening.request_id for one in self._openings):
            self._openings.append(opening)
            self._give_up_endless()

    def crossed(self, passage: Passage) -> None:
        """Somebody went through a line of the door."""
        self._passages.append(passage)
        self._give_up_endless()

    def contact(self, contact: DoorContact, now: float) -> None:
        """What the door's contact says now; the same again is nothing."""
        if contact is DoorContact.OPEN:
            self._open_since = now if self._open_since is None else self._open_since
        elif self._open_since is not None:
            if contact is DoorContact.CLOSED:
                self._shut.append((self._open_since, now))
            self._open_since = None

    def due(self, now: float) -> bool:
        """Whether :meth:`tick` would judge something now."""
        return any(self._is_due(group, now) for group in self._groups(now))

    def tick(self, now: float, *, under_way: bool = False) -> list[Suspicion]:
        """Judge what is over.

        Args:
            now: The present.
            under_way: The lock is being commanded right now, and whoever is let in may be in already.

        Returns:
            What is suspected, each once, oldest first.
        """
        found: list[Suspicion] = []
        for group in self._groups(now):
            if not self._is_due(group, now):
                continue
            if under_way and now < group[-1].end + PATIENCE_SECONDS:
                continue
            found += verdict(group, self._passages, [shut for _, shut in self._shut])
            judged = {one.opening.request_id for one in group}
            self._openings = [one for one in self._openings if one.request_id not in judged]
        self._forget(now)
        return found

    # --- windows ------------------------------------------------------------------------------------------

    def _groups(self, now: float) -> list[list[Window]]:
        """Windows that overlap, directly or through others, in the order in which they end."""
        windows = sorted(
            (Window(one, one.began - SLACK_SECONDS, self._end(one, now)) for one in self._openings),
            key=lambda window: window.begin,
        )
        groups: list[list[Window]] = []
        reach = float("-inf")
        for window in windows:
            if window.begin > reach:
                groups.append([])
            groups[-1].append(window)
            reach = max(reach, window.end)
        return [sorted(group, key=lambda window: window.end) for group in groups]

    def _end(self, opening: Opening, now: float) -> float:
        """When a window ends; infinite while its door stands open."""
        otherwise = opening.ended + self._window
        for opened, shut in self._shut:
            if shut > opening.began:
                if opened > otherwise or shut - max(opened, opening.began) > self._propped:
                    return otherwise
                return max(shut, opening.ended) + self._window
        since = self._open_since
        if since is None or since > otherwise or now - max(since, opening.began) > self._propped:
            return otherwise
        return float("inf")

    def _is_due(self, group: Sequence[Window], now: float) -> bool:
        return now >= group[-1].end + LATE_SECONDS

    def _forget(self, now: float) -> None:
        """Crossings that no window, not even one of a command under way, can reach any more."""
        oldest = min((one.began for one in self._openings), default=now) - SLACK_SECONDS
        oldest = min(oldest, now - PATIENCE_SECONDS)
        self._passages = [one for one in self._passages if one.at >= oldest]

    def _give_up_endless(self) -> None:
        if len(self._openings) > _MOST or len(self._passages) > _MOST:
            self._openings.clear()
            self._passages.clear()
