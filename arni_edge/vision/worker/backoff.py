"""How long to leave a camera alone before knocking again."""

import random

_FIRST = 0.5
# A camera that reboots should be seen again soon; one that is gone for good is not worth more than this.
_LONGEST = 15.0
# Cameras lock accounts after a handful of wrong passwords.
_AFTER_REFUSAL = 30.0
_STABLE = 30.0


class Backoff:
    """Doubling waits with jitter, one per camera."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._failures = 0

    def after(self, lasted: float, *, refused: bool) -> float:
        """Seconds to wait after a connection has failed or ended.

        Args:
            lasted: For how many seconds pictures came; 30 s of them clear the record.
            refused: The camera does not let us in.
        """
        self._failures = 0 if lasted >= _STABLE else self._failures
        wait = min(_LONGEST, _FIRST * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return (_AFTER_REFUSAL if refused else wait) * self._dice.uniform(0.75, 1.25)
