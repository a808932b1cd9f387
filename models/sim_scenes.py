"""Random scenes of the simulated gym, and what a detector should find on their pictures.

Used by ``train_sim_detector.py`` only. Scenes for training are strewn at random (people stand where nobody
would, in crowds the gym never has), so that the detector learns what a person is and not where stations are.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from arni_edge.simulator.people import Figure, Look
from arni_edge.simulator.plan import ON_FEET, CameraView, GymPlan
from arni_edge.simulator.projection import Outline
from arni_edge.simulator.render import Light, Rendering
from arni_edge.simulator.world import Scene, World

_MOST_PEOPLE = 12
_MIN_IN_PICTURE = 0.4  # share of a box inside the picture below which nobody could draw it
_MIN_UNCOVERED = 0.25  # share of a box not covered by nearer people


@dataclass
class StillClock:
    """A clock that only the caller moves."""

    time: float = 0.0

    def now(self) -> datetime:
        """The same, as a date: nothing here depends on it."""
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic(self) -> float:
        """The time it was set to."""
        return self.time


def strewn(view: CameraView, plan: GymPlan, dice: random.Random) -> Scene:
    """Up to twelve people anywhere in front of a camera."""
    count = dice.choice((0, 1, 2, 3, 4, 5, 6, 8, 10, _MOST_PEOPLE))
    stations = dice.sample(plan.stations, min(count, len(plan.stations)))
    figures = []
    for i in range(count):
        if view.name == "door":
            x, y, exercise = dice.uniform(-5.5, 5.5), dice.uniform(-3.0, 4.0), None
        elif dice.random() < 0.7:
            x, y, exercise = stations[i].x, stations[i].y, stations[i].exercise
        else:
            x, y, exercise = dice.uniform(-8.5, 8.5), dice.uniform(9.0, 19.0), dice.choice((*ON_FEET, None))
        heading, phase = dice.uniform(-3.14, 3.14), dice.uniform(0, 6.28)
        walking = exercise is None and dice.random() < 0.6
        figures.append(Figure(f"p{i}", Look.random(dice), x, y, heading, phase, walking, exercise))
    return Scene(tuple(figures), dice.choice((0.0, 0.0, dice.random(), 1.0)), lights_on=True)


def random_light(dice: random.Random) -> Light:
    """From lamps off at dusk to a sunny noon, in warm or cold colours."""
    return Light(dice.uniform(0.4, 1.25), (dice.uniform(0.92, 1.08), 1.0, dice.uniform(0.92, 1.08)))


def labels(rendering: Rendering, view: CameraView) -> Iterator[Outline]:
    """The boxes that a person with a pencil would draw, clipped to the picture."""
    people = rendering.people
    for i, seen in enumerate(people):
        clipped = seen.box.clipped(view)
        nearer = sum(_shared(clipped, other.box.clipped(view)) for other in people[i + 1 :])
        area = _area(clipped)
        if area > _MIN_IN_PICTURE * _area(seen.box) and nearer < (1 - _MIN_UNCOVERED) * area:
            yield clipped


def evening(world: World, clock: StillClock, people: int, step: float) -> Iterator[Scene]:
    """A real evening, moment by moment: people come one after another, train, and go."""
    waiting = [f"m{i}" for i in range(people)]
    for name in waiting:
        world.arrive(name)
    moments = int((people * 6 + 60) / step)
    for moment in range(moments):
        if moment % int(6 / step) == 0 and moment * step < people * 6:
            world.send_in(waiting[int(moment * step / 6)])
            world.door.release_latch(6.0)
        if moment == int((people * 6 + 30) / step):
            for name in waiting[: people // 2]:
                world.send_out(name)
        clock.time += step
        world.step(step)
        yield world.scene


def _area(box: Outline) -> float:
    return max(0.0, box.right - box.left) * max(0.0, box.bottom - box.top)


def _shared(a: Outline, b: Outline) -> float:
    left, top = max(a.left, b.left), max(a.top, b.top)
    return _area(Outline(left, top, min(a.right, b.right), min(a.bottom, b.bottom)))
