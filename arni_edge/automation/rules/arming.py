"""After hours: who moves inside, opens a door or is seen, is an intruder."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from arni_edge.automation.picture import Moment, Picture, RaiseTrouble, SetGuard, Why
from arni_edge.automation.presence import Inside, certain_people, inside, noticed
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import DoorContact
from arni_edge.settings import Arming, Presence


class Phase(StrEnum):
    """Whether the house is on guard."""

    DISARMED = "disarmed"
    ARMED = "armed"


@dataclass(frozen=True, slots=True)
class ArmingState:
    """What the guard remembers. Times are on the clock that never jumps.

    Attributes:
        phase: Whether it is on guard.
        empty_since: Since when nobody has certainly been inside.
        noticed: Who was noticed first when, by the source's name, while on guard.
        raised: Sources that were told, with their evidence.
        anew: It was not disarmed yet in this life: an earlier one may have told of sources.
        order: What staff have ordered, and whether the gym was open then; None: nothing that still holds.
    """

    phase: Phase = Phase.DISARMED
    empty_since: float | None = None
    noticed: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    raised: frozenset[str] = frozenset()
    anew: bool = True
    order: tuple[bool, bool] | None = None


class ArmingRule:
    """Armed when the gym is closed and certainly empty; disarmed when it opens or somebody is let in.

    What staff order holds until the gym opens or closes next; whoever is let in ends an armed one, too.
    """

    name = "arming"

    def __init__(self, settings: Arming, presence: Presence) -> None:
        self._settings = settings
        self._presence = presence

    def begin(self) -> ArmingState:
        """The state in which nothing is guarded."""
        return ArmingState()

    def step(
        self, state: ArmingState, picture: Picture, moment: Moment
    ) -> tuple[ArmingState, Sequence[RaiseTrouble | SetGuard]]:
        """One look at the picture."""
        empty_since = None
        if inside(picture, self._presence) is Inside.NOBODY:
            empty_since = moment.seconds if state.empty_since is None else state.empty_since
        order = _standing(state.order, picture)
        if order is None:
            off = picture.hours.open or bool(picture.entered)
            why = Why.OPEN if picture.hours.open else Why.LET_IN
        else:
            off, why = not order[0], Why.ORDERED
        if off:
            told = state.raised.union(self._sources(picture)) if state.anew else state.raised
            return ArmingState(anew=False, order=order), [SetGuard(False, why), *map(_over, sorted(told))]
        state = replace(state, order=order)
        if order is not None:
            return self._guard(replace(state, phase=Phase.ARMED), empty_since, picture, moment)
        if state.phase is Phase.DISARMED:
            if not self._may_arm(empty_since, picture, moment):
                return replace(state, empty_since=empty_since), [SetGuard(False, Why.MAYBE_SOMEBODY)]
            state = replace(state, phase=Phase.ARMED, empty_since=empty_since)
            return state, [SetGuard(True, Why.AFTER_HOURS)]
        return self._guard(state, empty_since, picture, moment)

    def _may_arm(self, empty_since: float | None, picture: Picture, moment: Moment) -> bool:
        closed_at = picture.hours.closed_at
        if (
            closed_at is not None
            and (moment.at - closed_at).total_seconds() < self._settings.after_minutes * 60
        ):
            return False
        if any(picture.door(door).contact is DoorContact.OPEN for door in self._doors(picture)):
            return False  # a door that was left open is another incident, and would raise this one at once
        if not self._settings.only_when_empty:
            return True
        return empty_since is not None and moment.seconds - empty_since >= self._settings.empty_minutes * 60

    def _guard(
        self, state: ArmingState, empty_since: float | None, picture: Picture, moment: Moment
    ) -> tuple[ArmingState, Sequence[RaiseTrouble | SetGuard]]:
        """Tell each source once, after the time in which an allowed entry may still explain it."""
        noticed_now = {source: (moment.seconds, what) for source, what in self._notices(picture)}
        pending = {**noticed_now, **state.noticed}
        due = {
            source: what
            for source, (since, what) in pending.items()
            if source not in state.raised and moment.seconds - since >= self._settings.entry_delay_seconds
        }
        wishes = [RaiseTrouble(source, DeviceTrouble.INTRUSION, what) for source, what in due.items()]
        raised = state.raised | due.keys()
        state = replace(state, empty_since=empty_since, noticed=pending, raised=raised)
        why = Why.AFTER_HOURS if state.order is None else Why.ORDERED
        return state, [SetGuard(True, why), *wishes]

    def _sources(self, picture: Picture) -> Iterator[str]:
        """Whoever could be told of, by the name that it would be told by."""
        yield from (sensor.device for sensor in self._settings.sensors)
        yield from (f"door/{door}" for door in self._doors(picture))
        yield from (f"zone/{zone}" for zone in self._settings.zones or picture.zones)

    def _doors(self, picture: Picture) -> Collection[str]:
        return self._settings.doors or picture.doors.keys()

    def _notices(self, picture: Picture) -> Iterator[tuple[str, str]]:
        """Who or what is noticed now: source and evidence."""
        for sensor in self._settings.sensors:
            if noticed(picture.value(sensor)):
                yield sensor.device, sensor.entity
        for door in self._doors(picture):
            if picture.door(door).contact is DoorContact.OPEN or door in picture.opened:
                yield f"door/{door}", "open"
        for zone in self._settings.zones or picture.zones:
            if people := certain_people(picture.zones.get(zone)):
                yield f"zone/{zone}", f"people={people}"


def _standing(order: tuple[bool, bool] | None, picture: Picture) -> tuple[bool, bool] | None:
    """The order of staff, unless it is over."""
    if picture.ordered is not None:
        return picture.ordered, picture.hours.open
    if order is None or order[1] is not picture.hours.open or (order[0] and picture.entered):
        return None
    return order


def _over(source: str) -> RaiseTrouble:
    return RaiseTrouble(source, DeviceTrouble.INTRUSION, "disarmed", over=True)
