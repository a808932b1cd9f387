"""How a camera copes with the light: exposure, infrared at night, and a hand before the lens.

A camera with night sight puts its infrared filter away when it gets dark and lights the room itself: the
picture is grey. When the lamps go on it is dazzled for a moment until it has noticed; when they go off it
sees next to nothing for a moment. These jumps of the whole picture are what must not be taken for people.
"""

from arni_edge.simulator.render import LAMPS_OFF, Light
from arni_edge.simulator.world import Scene

_DUSK = 0.15  # brightness of the room below which a camera turns to infrared
_DAWN = 0.25  # and above which it turns back: not the same, or it would go to and fro at dusk
_MAKES_SURE = 1.2  # seconds that it stays so before the filter moves
_INFRARED = 0.75
_COVERED = 0.03  # what gets past a hand before the lens


def brightness(scene: Scene) -> float:
    """Of the room, 1 with all lamps on."""
    return 1.0 if scene.lights_on else LAMPS_OFF * scene.daylight


class Exposure:
    """One camera's; call :meth:`light` with moments in order.

    Attributes:
        covered: Something is before the lens.
        infrared: It sees by infrared now.
    """

    def __init__(self, *, night_sight: bool = True) -> None:
        self.covered = False
        self.infrared = False
        self._night_sight = night_sight
        self._unfit_since: float | None = None

    def light(self, scene: Scene, at: float) -> Light:
        """How the picture of a moment comes out.

        Args:
            scene: The moment.
            at: When, in seconds.
        """
        room = brightness(scene)
        unfit = room > _DAWN if self.infrared else self._night_sight and room < _DUSK
        if not unfit:
            self._unfit_since = None
        elif self._unfit_since is None:
            self._unfit_since = at
        elif at - self._unfit_since >= _MAKES_SURE:
            self.infrared, self._unfit_since = not self.infrared, None
        if self.covered:
            return Light(_COVERED, grey=self.infrared)
        if self.infrared:
            return Light(_INFRARED + room, grey=True)
        return Light(room)
