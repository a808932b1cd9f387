"""Whether it is enough to open a camera's key frames, judged by the sizes of what comes in between.

What moves makes the frames between two key frames larger, long before anybody has decoded them.
"""

from collections import deque

# Key frames that come more rarely are not enough to look at: somebody could walk through in between.
_RAREST_KEY_SECONDS = 2.0

# Calm means that a frame in between is much smaller than a key frame. Where it is not, the camera fills a
# constant rate, or its picture is all noise: sizes say nothing then.
_LARGEST_SHARE = 0.3

# So much is seen before sizes are believed.
_FEWEST_KEYS = 3
_FEWEST_BETWEEN = 12

# Usual sizes that scatter by more than this share and so many bytes tell nothing either.
_STEADY = (0.2, 30.0)

# How a size is told from the usual: by this many times the usual deviation, this share of the usual size, and
# so many bytes, whichever is most. One frame alone has to stand out more than the last few together.
_ALONE = (6.0, 0.5, 60.0)
_TOGETHER = (3.0, 0.2, 30.0)

_LEARN = 0.05  # of the usual, per frame: it forgets in some twenty frames
_RECENT = 0.3
_AWAKE_SECONDS = 3.0


class Doze:
    """Keeps the usual sizes of one connection."""

    def __init__(self) -> None:
        self._key_at: float | None = None
        self._intervals: deque[float] = deque(maxlen=4)
        self._key_size = 0.0
        self._between = 0
        self._usual = self._deviation = self._recent = 0.0
        self._awake_until = 0.0
        self._holds_back = False

    def possible(self, at: float) -> bool:
        """Whether key frames are enough for now."""
        return (
            not self._holds_back
            and at >= self._awake_until
            and len(self._intervals) >= _FEWEST_KEYS
            and max(self._intervals) <= _RAREST_KEY_SECONDS
            and self._between >= _FEWEST_BETWEEN
            and self._usual <= _LARGEST_SHARE * self._key_size
            and self._deviation <= _STEADY[0] * self._usual + _STEADY[1]
        )

    def stirs(self, size: int, at: float, *, key: bool) -> bool:
        """Take note of a packet; whether it shows that something moves.

        Args:
            size: In bytes.
            at: When it came, in seconds.
            key: It is a key frame.
        """
        if key:
            if self._key_at is not None:
                self._intervals.append(at - self._key_at)
            self._key_at, self._key_size = at, float(size)
            return False
        self._between += 1
        if self._between == 1:
            self._usual = self._recent = float(size)
        self._recent += _RECENT * (size - self._recent)
        stirs = self._between > _FEWEST_BETWEEN and (
            self._more(size, _ALONE) or self._more(self._recent, _TOGETHER)
        )
        self._deviation += _LEARN * (abs(size - self._usual) - self._deviation)
        self._usual += _LEARN * (size - self._usual)
        if stirs:
            self._awake_until = at + _AWAKE_SECONDS
        return stirs

    def holds_back(self) -> None:
        """The decoder gives a picture only after the next (B-frames): a lone key frame would be late."""
        self._holds_back = True

    def _more(self, size: float, than: tuple[float, float, float]) -> bool:
        deviations, share, least = than
        return size - self._usual > max(deviations * self._deviation, share * self._usual, least)
