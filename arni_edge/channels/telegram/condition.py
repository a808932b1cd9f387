"""How Telegram is doing, from those who poll, post and know the people."""

from collections.abc import Callable

from arni_edge.domain.health import State

_ORDER = (State.DOWN, State.DEGRADED, State.OK)


class Condition:
    """Makes one state of several: the worst one is told, with its reason."""

    def __init__(self, report: Callable[[State, str], None]) -> None:
        """Nothing is told before somebody says something.

        Args:
            report: Takes state and reason, for instance onto the health board.
        """
        self._report = report
        self._said: dict[str, tuple[State, str]] = {}

    def note(self, about: str, state: State, reason: str = "") -> None:
        """Say how one side of it is doing.

        Args:
            about: Which side; what was said of it before is forgotten.
            state: How it is.
            reason: Why, without personal data.
        """
        self._said[about] = (state, reason)
        worst = min(self._said.values(), key=lambda said: _ORDER.index(said[0]))
        self._report(*worst)
