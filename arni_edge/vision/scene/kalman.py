"""Where a person will be: a Kalman filter of the four sides of their box, in seconds and body sizes.

People keep their pace for about a second and then may do anything. So the speed is one that fades (an
Ornstein-Uhlenbeck process): over short times this is the usual filter of constant speed, and whoever was not
seen for long is expected where they would have stopped, less and less certainly. The step is exact for any
length, so that neither the rate of the looks nor a gap in it matters.

All four sides are equally uncertain when that is told in sizes of the body, so one 2 by 2 covariance does.
"""

import math

from arni_edge.vision.scene.geometry import Box

Sides = tuple[float, float, float, float]
"""Left, top, right, bottom, in shares of the picture (or shares per second)."""

# Sizes of the body: widths to the side, half heights up and down.
_PACE = 2.0  # per second: somebody 0.5 m wide who walks 1 m/s, or comes two paces nearer
_PACE_SECONDS = 1.0  # so long people keep it
_JITTER = 0.07  # of a side of the detector's boxes, from one picture to the next; heights vary most
_LEAST_SIZE = 0.005  # a box thinner than this is all noise


def sides(box: Box) -> Sides:
    """The four sides of a box."""
    return box.left, box.top, box.right, box.bottom


class Motion:
    """How one person moves.

    Attributes:
        sides: Where the box is expected.
        speed: How its sides move.
        at: The moment that they are told for, in seconds.
        size: The size of the body: width, and half the height, in shares of the picture.
    """

    def __init__(self, box: Box, at: float) -> None:
        """Begin with somebody of whom it is not known where they are going."""
        self.sides = sides(box)
        self.speed: Sides = (0.0, 0.0, 0.0, 0.0)
        self.at = at
        self.size = _size(box)
        # Covariance of place and speed, in sizes of the body.
        self._place, self._both, self._speed = _JITTER**2, 0.0, _PACE**2

    @property
    def unsure(self) -> tuple[float, float]:
        """One standard deviation of every side, across and down, in shares of the picture."""
        deviation = math.sqrt(self._place)
        return deviation * self.size[0], deviation * self.size[1]

    def advance(self, at: float) -> None:
        """Expect where they are at another moment, seconds; the past changes nothing."""
        seconds = at - self.at
        if seconds <= 0:
            return
        self.at = at
        kept = math.exp(-seconds / _PACE_SECONDS)
        way = _PACE_SECONDS * (1 - kept)
        self.sides = _upright(_moved(self.sides, self.speed, way), self.size)
        self.speed = _moved((0.0, 0.0, 0.0, 0.0), self.speed, kept)
        wander = 2 * seconds / _PACE_SECONDS - 3 + 4 * kept - kept**2
        self._place += 2 * way * self._both + way**2 * self._speed + (_PACE * _PACE_SECONDS) ** 2 * wander
        self._both = kept * (self._both + way * self._speed) + _PACE**2 * way * (1 - kept)
        self._speed = kept**2 * self._speed + _PACE**2 * (1 - kept**2)

    def see(self, box: Box) -> None:
        """They were seen at the moment that was advanced to."""
        self.size = _size(box)
        off = _moved(sides(box), self.sides, -1.0)
        total = self._place + _JITTER**2
        place, speed = self._place / total, self._both / total
        self.sides = _moved(self.sides, off, place)
        self.speed = _moved(self.speed, off, speed)
        self._speed -= speed * self._both
        self._both *= 1 - place
        self._place *= 1 - place

    def rest(self, at: float) -> None:
        """Nothing has moved until this moment, seconds: they stand where they were."""
        self.at = max(at, self.at)
        self.speed = (0.0, 0.0, 0.0, 0.0)


def _size(box: Box) -> tuple[float, float]:
    return max(box.right - box.left, _LEAST_SIZE), max((box.bottom - box.top) / 2, _LEAST_SIZE)


def _moved(start: Sides, step: Sides, times: float) -> Sides:
    return (
        start[0] + step[0] * times,
        start[1] + step[1] * times,
        start[2] + step[2] * times,
        start[3] + step[3] * times,
    )


def _upright(expected: Sides, size: tuple[float, float]) -> Sides:
    """Sides in their order and in the picture, however far their different speeds have carried them."""
    left, right = _apart(expected[0], expected[2], size[0] / 2)
    top, bottom = _apart(expected[1], expected[3], size[1])
    return left, top, right, bottom


def _apart(low: float, high: float, least: float) -> tuple[float, float]:
    low, high = max(0.0, min(1.0 - least, low)), max(least, min(1.0, high))
    if high - low >= least:
        return low, high
    middle = (low + high) / 2
    return middle - least / 2, middle + least / 2
