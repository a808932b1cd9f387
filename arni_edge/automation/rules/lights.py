"""Lights by presence, and light on the way from the door."""

from collections.abc import Sequence
from dataclasses import dataclass

from arni_edge.automation.calendar import Calendar
from arni_edge.automation.picture import Moment, Picture, Priority, SetSwitch, Why
from arni_edge.automation.presence import Inside, area, inside
from arni_edge.settings import Light, PathLight, Presence


@dataclass(frozen=True, slots=True)
class LightState:
    """How long it has been certainly empty.

    Attributes:
        empty_since: On the clock that never jumps; None while somebody is, or may be, there.
        was_used: Whether anybody was, or might have been, there since the rule began.
    """

    empty_since: float | None = None
    was_used: bool = False


class LightRule:
    """On while somebody is or may be there; off only after minutes of certain emptiness."""

    def __init__(self, settings: Light, presence: Presence, calendar: Calendar) -> None:
        self._settings = settings
        self._presence = presence
        self._calendar = calendar
        self.name = f"light/{settings.id}"

    def begin(self) -> LightState:
        """The state in which nothing is known."""
        return LightState()

    def step(
        self, state: LightState, picture: Picture, moment: Moment
    ) -> tuple[LightState, Sequence[SetSwitch]]:
        """One look at the picture."""
        where = self._where(picture)
        since = None
        if where is Inside.NOBODY:
            since = moment.seconds if state.empty_since is None else state.empty_since
        state = LightState(since, state.was_used or where is not Inside.NOBODY)
        wish = self._wish(where, state, picture, moment)
        if wish is None:
            return state, ()
        on, why, priority = wish
        return state, [SetSwitch(device, on, why, priority=priority) for device in self._settings.devices]

    def _where(self, picture: Picture) -> Inside:
        if self._settings.everywhere:
            return inside(picture, self._presence)
        return area(picture, self._settings.zones, self._settings.sensors)

    def _wish(
        self, where: Inside, state: LightState, picture: Picture, moment: Moment
    ) -> tuple[bool, Why, Priority] | None:
        if picture.alarm:
            return True, Why.ALARM, Priority.ALARM
        if where is Inside.SOMEBODY:
            return True, Why.SOMEBODY, Priority.SAFETY_LIGHT
        if where is Inside.UNKNOWN or state.empty_since is None:
            return True, Why.MAYBE_SOMEBODY, Priority.SAFETY_LIGHT
        if self._calendar.within(self._settings.always_on, moment.at):
            return True, Why.SCHEDULE, Priority.OWNER
        if moment.seconds - state.empty_since < self._settings.empty_minutes * 60:
            # After a restart at night the gym need not light up, and what burns may burn a little longer.
            return (True, Why.JUST_EMPTY, Priority.SAFETY_LIGHT) if state.was_used else None
        return False, Why.EMPTY, Priority.OWNER


@dataclass(frozen=True, slots=True)
class PathState:
    """Until when the path is lit, on the clock that never jumps; None: it is not."""

    until: float | None = None


class PathLightRule:
    """On for a while after a door has opened, somebody was let in, or an alarm began."""

    name = "path_light"

    def __init__(self, settings: PathLight) -> None:
        self._settings = settings

    def begin(self) -> PathState:
        """The state in which nobody came."""
        return PathState()

    def step(
        self, state: PathState, picture: Picture, moment: Moment
    ) -> tuple[PathState, Sequence[SetSwitch]]:
        """One look at the picture."""
        doors = picture.opened | picture.entered
        if self._settings.doors:
            doors &= frozenset(self._settings.doors)
        if doors or picture.alarm:
            state = PathState(moment.seconds + self._settings.seconds)
        on = state.until is not None and moment.seconds < state.until
        why, priority = (Why.DOOR_OPENED if on else Why.PATH_OVER), Priority.OWNER
        if picture.alarm:
            why, priority = Why.ALARM, Priority.ALARM
        return state, [SetSwitch(device, on, why, priority=priority) for device in self._settings.devices]
