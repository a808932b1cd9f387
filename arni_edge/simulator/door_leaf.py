"""The door of the simulated gym: what a smart lock moves and a door sensor sees."""

from collections.abc import Callable

_LEAF_CLOSER = 1.5  # seconds until the closer has shut the leaf after the last person


class DoorLeaf:
    """The leaf and the latch.

    From outside it opens only while the latch is released; from inside the handle always opens it.

    Attributes:
        is_open: What the door sensor says.
        propped: Something keeps the leaf from closing.
        swing: How far it stands open, 0..1: what a camera sees.
        releases: So often was the latch released.
        listeners: Called with True when the leaf opens and with False when it closes.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.propped = False
        self.listeners: list[Callable[[bool], None]] = []
        self._latch_left = 0.0
        self._close_in = 0.0
        self.swing = 0.0
        self.releases = 0

    @property
    def yields(self) -> bool:
        """Whether somebody outside gets through: the latch is released, or the leaf still stands open."""
        return self.is_open or self.latch_released

    @property
    def latch_released(self) -> bool:
        """Whether the door can be pushed open from outside now."""
        return self._latch_left > 0

    def release_latch(self, seconds: float) -> None:
        """Hold the latch back for that long, counted from now."""
        self._latch_left = max(self._latch_left, seconds)
        self.releases += 1

    def open(self) -> None:
        """Somebody pushes or pulls it open, or keeps it from closing by standing in it."""
        self._close_in = _LEAF_CLOSER
        self._move(to=True)

    def step(self, dt: float) -> None:
        """Let the latch fall back and the closer do its work."""
        self._latch_left = max(0.0, self._latch_left - dt)
        self._close_in = max(0.0, self._close_in - dt)
        if self.is_open and not self._close_in and not self.propped:
            self._move(to=False)
        target = 1.0 if self.is_open else 0.0
        self.swing += max(-3 * dt, min(3 * dt, target - self.swing))

    def _move(self, *, to: bool) -> None:
        if self.is_open is to:
            return
        self.is_open = to
        for listener in tuple(self.listeners):
            listener(to)
