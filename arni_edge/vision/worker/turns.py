"""Whose picture is looked at next: one detector, many cameras, fair shares."""

from collections.abc import Iterable


class Turns:
    """Gives each camera at most its rate; when there is too much to do, the longest waiting goes first."""

    def __init__(self, cameras: Iterable[str], per_second: float) -> None:
        """Everybody is due at once.

        Args:
            cameras: Their ids.
            per_second: Looks per second and camera.
        """
        self._period = 1.0 / per_second
        self._due = dict.fromkeys(cameras, float("-inf"))

    def next(self, waiting: Iterable[str], now: float) -> str | None:
        """The camera to serve now, or None.

        Args:
            waiting: Cameras with a new picture.
            now: Seconds on the monotonic clock.
        """
        due = [camera for camera in waiting if self._due[camera] <= now]
        return min(due, key=self._due.__getitem__, default=None)

    def served(self, camera: str, now: float) -> None:
        """Note a look; a camera that was late does not get the missed looks back."""
        due = self._due[camera]
        self._due[camera] = due + self._period if now - due < self._period else now + self._period

    def pause(self, now: float) -> float:
        """Seconds until somebody is due, 0 when somebody is."""
        return max(0.0, min(self._due.values(), default=now) - now)
