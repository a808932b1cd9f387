"""Whose picture is looked at next: one detector, many cameras, fair shares."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

# A mere look to be sure waits for cameras where something happens, but no longer than this.
_PATIENCE_SECONDS = 1.0
_ROUNDING = 1e-3


class Rate:
    """At most so many a second. What comes late does not get the missed ones back."""

    def __init__(self, per_second: float) -> None:
        """The first one is due at once.

        Args:
            per_second: So many may be taken.
        """
        self._period = 1.0 / per_second
        self.next = float("-inf")

    def due(self, now: float) -> bool:
        """Whether one may be taken."""
        return now >= self.next - _ROUNDING

    def took(self, now: float) -> None:
        """Note that one was taken."""
        late = now - self.next
        self.next = self.next + self._period if late < self._period else now + self._period


@dataclass(frozen=True, slots=True)
class _Wish:
    since: float
    urgent: bool


class Turns:
    """Who is glanced at, and who is looked at.

    Glances are cheap: every camera gets them at its rate, one that waits for a look needs none. Looks are
    dear: a camera where something happens goes before one that is looked at to be sure, and among equals the
    one whose last look is the longest ago.
    """

    def __init__(self, cameras: Iterable[str], per_second: float) -> None:
        """Everybody is due at once.

        Args:
            cameras: Their ids.
            per_second: Glances, and so looks at most, per second and camera.
        """
        self._rates = {camera: Rate(per_second) for camera in cameras}
        self._looked_at = dict.fromkeys(self._rates, float("-inf"))
        self._wishes: dict[str, _Wish] = {}

    def due(self, waiting: Iterable[str], now: float) -> list[str]:
        """The cameras to glance at now.

        Args:
            waiting: Cameras with a new picture.
            now: Seconds on the monotonic clock.
        """
        return [camera for camera in waiting if camera not in self._wishes and self._rates[camera].due(now)]

    def glances(self, waiting: Iterable[str], now: float) -> list[str]:
        """The same, and takes note of it."""
        due = self.due(waiting, now)
        for camera in due:
            self._rates[camera].took(now)
        return due

    def wish(self, camera: str, now: float, *, urgent: bool) -> None:
        """Take note that a camera is to be looked at."""
        self._wishes[camera] = _Wish(now, urgent)

    def look(self, free: Collection[str], now: float) -> str | None:
        """The camera to look at now, and takes note of it; None when nobody is to be looked at.

        Args:
            free: Cameras that can be looked at now.
            now: Seconds on the monotonic clock.
        """
        wishing = [camera for camera in self._wishes if camera in free]
        if not wishing:
            return None
        camera = min(wishing, key=lambda one: (not self._is_urgent(one, now), self._looked_at[one]))
        del self._wishes[camera]
        self._looked_at[camera] = now
        return camera

    def forget(self, camera: str) -> None:
        """The camera is away: what it wished for is void."""
        self._wishes.pop(camera, None)

    def pause(self, now: float) -> float:
        """Seconds until somebody is to be glanced at, 0 when somebody is."""
        nexts = [pace.next for camera, pace in self._rates.items() if camera not in self._wishes]
        return max(0.0, min(nexts, default=now + _PATIENCE_SECONDS) - now)

    def _is_urgent(self, camera: str, now: float) -> bool:
        wish = self._wishes[camera]
        return wish.urgent or now - wish.since >= _PATIENCE_SECONDS
