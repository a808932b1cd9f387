"""What heaters and fans have in common: hysteresis, and minimum run times."""

from dataclasses import dataclass

from arni_edge.automation.picture import Moment


@dataclass(frozen=True, slots=True)
class Run:
    """How a machine is meant to run.

    Attributes:
        on: As it is wished; None until the first decision.
        since: When that last changed, on the clock that never jumps; None until it has.
    """

    on: bool | None = None
    since: float | None = None

    def turn(self, on: bool, moment: Moment) -> "Run":
        """Change over now, whatever the run times say; nothing changes when it is so already."""
        return self if self.on is on else Run(on, moment.seconds)

    def follow(self, on: bool, moment: Moment, *, minimum_on: float, minimum_off: float) -> "Run":
        """Change over as soon as the run times allow.

        Args:
            on: As it should be.
            moment: The present.
            minimum_on: Minutes for which it runs at least.
            minimum_off: Minutes for which it rests at least.
        """
        if self.on is not None and self.on is not on and self.since is not None:
            minimum = minimum_on if self.on else minimum_off
            if moment.seconds - self.since < minimum * 60:
                return self
        return self.turn(on, moment)


def below(value: float, low: float, high: float, *, before: bool) -> bool:
    """Hysteresis downwards: true below ``low``, false from ``high`` on, as before in between."""
    return value < low or (value < high and before)


def above(value: float, low: float, high: float, *, before: bool) -> bool:
    """Hysteresis upwards: true above ``high``, false up to ``low``, as before in between."""
    return value > high or (value > low and before)
