"""Keeps a hostile reader from filling the disk with refusals."""

from typing import Final

_MOST: Final = 10
_WINDOW_SECONDS: Final = 60.0


class Ration:
    """Ten refusals a minute and door are written down one by one; of the others only how many they were."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, int]] = {}
        self._unwritten: dict[str, int] = {}

    def allows(self, door: str, now: float) -> bool:
        """Whether one more may be written down now.

        Args:
            door: Where.
            now: Seconds on a clock that never jumps.
        """
        began, number = self._windows.get(door, (now, 0))
        if now - began >= _WINDOW_SECONDS:
            began, number = now, 0
        self._windows[door] = (began, number)
        return number < _MOST

    def remark(self, door: str) -> str | None:
        """What the next one that is written down has to say of those that were not."""
        unwritten = self._unwritten.get(door, 0)
        return f"{unwritten} more before this one were not written down" if unwritten else None

    def note(self, door: str, *, written: bool) -> None:
        """One was written down, with the remark, or was not."""
        if not written:
            self._unwritten[door] = self._unwritten.get(door, 0) + 1
            return
        began, number = self._windows[door]
        self._windows[door] = (began, number + 1)
        self._unwritten.pop(door, None)
