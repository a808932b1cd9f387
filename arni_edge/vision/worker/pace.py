"""Whether pictures come when they are made, or from a buffer somewhere on the way."""

# Pictures that come this much later than the quickest ones did are old.
_LATE_SECONDS = 1.0

# A camera's clock may run wrong by this share, and its pictures are still not late. Silence is not counted:
# what was held up in it is late, whatever the camera's clock does.
_WRONG_SHARE = 0.1
_SILENCE_SECONDS = 0.5

# After the connection, pictures that come faster than they were made are from a buffer. So long none may do
# so.
_SETTLE_SECONDS = 0.5
_JITTER_SECONDS = 0.15
_BEGINNING_SECONDS = 10.0

# A camera whose stamps go back has set its clock; pictures that overtake each other (B-frames) differ by
# less.
_BACK_SECONDS = 1.0


class Pace:
    """Compares a camera's stamps with the arrival of its pictures, over one connection.

    The clocks need not agree, only their pace. Sources of old pictures: recorders and cameras that send what
    they had buffered before a client came, and connections that were held up and then deliver all at once.
    """

    def __init__(self) -> None:
        self._quickest: float | None = None
        self._began: float | None = None
        self._arrived = self._stamp = 0.0
        self._settled_from = 0.0
        self._settled_at = 0.0

    def late(self, stamp: float | None, arrived: float) -> bool:
        """Whether a picture is old.

        Args:
            stamp: When it was made, in seconds of the camera's clock; None: it does not say.
            arrived: When it came, in seconds of ours.
        """
        if self._began is None:
            self._began, self._settled_at = arrived, arrived + _SETTLE_SECONDS
        if stamp is None:  # the first of a connection has none, and it may well be from a buffer
            return arrived < self._settled_at
        offset = arrived - stamp
        if self._quickest is None:
            self._quickest = self._settled_from = offset
        elif stamp < self._stamp - _BACK_SECONDS:
            self._quickest = offset
        else:
            regular = min(arrived - self._arrived, _SILENCE_SECONDS)
            self._quickest = min(offset, self._quickest + _WRONG_SHARE * regular)
            if arrived - self._began < _BEGINNING_SECONDS:
                self._settle(offset, arrived)
        self._arrived, self._stamp = arrived, stamp
        return arrived < self._settled_at or offset - self._quickest > _LATE_SECONDS

    def _settle(self, offset: float, arrived: float) -> None:
        if self._settled_from - offset > _JITTER_SECONDS:
            self._settled_from, self._settled_at = offset, arrived + _SETTLE_SECONDS
