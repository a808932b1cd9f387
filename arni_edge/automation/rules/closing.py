"""The closing routine: announcements, then doors and sockets, and a word to the staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from arni_edge.automation.picture import (
    Announce,
    Audience,
    LockDoor,
    Moment,
    Notice,
    Picture,
    SetSwitch,
    Why,
    Wish,
)
from arni_edge.automation.presence import Inside, inside, people
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.settings import Closing, Presence

_SETTLED_SECONDS = 120.0
"""A door must have been closed for so long before it is locked: nobody is just going through it."""

_LATE = timedelta(minutes=2)
"""An announcement that is later than this (the box stood still) would say something wrong."""

_STAFF_WINDOW = timedelta(hours=1)
"""So long after closing the staff may still be told: a box that starts at three at night wakes nobody."""


@dataclass(frozen=True, slots=True)
class ClosingState:
    """What was done about the present closing.

    Attributes:
        last: The wall clock at the step before; None at the first.
        said: What was said: the closing and the minutes, or the closing and what the staff was told.
        closed_doors: Since when each door has been closed, on the clock that never jumps.
    """

    last: datetime | None = None
    said: frozenset[tuple[datetime, str]] = frozenset()
    closed_doors: Mapping[str, float] = field(default_factory=dict)


class ClosingRule:
    """Announces the end of the day, switches off what nobody needs then, and locks up behind the last."""

    name = "closing"

    def __init__(self, settings: Closing, presence: Presence) -> None:
        self._settings = settings
        self._presence = presence

    def begin(self) -> ClosingState:
        """The state in which nothing was said."""
        return ClosingState()

    def step(
        self, state: ClosingState, picture: Picture, moment: Moment
    ) -> tuple[ClosingState, Sequence[Wish]]:
        """One look at the picture."""
        state = replace(state, closed_doors=self._closed_doors(state, picture, moment))
        where = inside(picture, self._presence)
        wishes: list[Wish] = [*self._sockets(picture, where), *self._locks(state, picture, moment)]
        said: dict[tuple[datetime, str], Announce | None] = {
            **self._announcements(state, picture, moment, where),
            **self._staff(state, picture, moment, where),
        }
        wishes += [announce for key, announce in said.items() if announce is not None]
        # What was said of closings long ago need not be remembered.
        kept = {key for key in state.said | said.keys() if abs(key[0] - moment.at) < timedelta(days=1)}
        return replace(state, last=moment.at, said=frozenset(kept)), wishes

    # --- before -------------------------------------------------------------------------------------------

    def _announcements(
        self, state: ClosingState, picture: Picture, moment: Moment, where: Inside
    ) -> dict[tuple[datetime, str], Announce | None]:
        """The marks that have been passed since the last step; None where it is better not to speak."""
        closes_at, opened_at = picture.hours.closes_at, picture.hours.opened_at
        if closes_at is None or opened_at is None or state.last is None:
            return {}
        passed: dict[tuple[datetime, str], Announce | None] = {}
        for minutes in self._settings.announce_minutes:
            mark, key = closes_at - timedelta(minutes=minutes), (closes_at, str(minutes))
            if mark < opened_at or not state.last < mark <= moment.at or key in state.said:
                continue
            speak = moment.at - mark <= _LATE and not picture.quiet and where is not Inside.NOBODY
            passed[key] = Announce(Audience.INSIDE, Notice.CLOSING_SOON, minutes) if speak else None
        return passed

    # --- after --------------------------------------------------------------------------------------------

    def _sockets(self, picture: Picture, where: Inside) -> list[SetSwitch]:
        """On from opening; off after closing, but only when certainly nobody is inside."""
        if picture.hours.open:
            on, why = True, Why.OPEN
        elif where is Inside.NOBODY:
            on, why = False, Why.CLOSED
        else:
            on, why = True, Why.SOMEBODY if where is Inside.SOMEBODY else Why.MAYBE_SOMEBODY
        return [SetSwitch(device, on, why) for device in self._settings.switch_off]

    def _locks(self, state: ClosingState, picture: Picture, moment: Moment) -> list[LockDoor]:
        """Lock what is closed. From inside every door opens by hand: the settings see to that."""
        if picture.hours.closed_at is None or picture.alarm:
            return []  # open, or helpers may be on their way
        return [
            LockDoor(door, Why.CLOSED)
            for door in self._settings.lock_doors
            if picture.door(door).lock is LockState.UNLOCKED
            and door in state.closed_doors
            and moment.seconds - state.closed_doors[door] >= _SETTLED_SECONDS
        ]

    def _closed_doors(self, state: ClosingState, picture: Picture, moment: Moment) -> dict[str, float]:
        return {
            door: state.closed_doors.get(door, moment.seconds)
            for door in self._settings.lock_doors
            if picture.door(door).contact is DoorContact.CLOSED
        }

    def _staff(
        self, state: ClosingState, picture: Picture, moment: Moment, where: Inside
    ) -> dict[tuple[datetime, str], Announce | None]:
        """Once per closing: somebody is still inside, or a door is still not locked."""
        closed_at, patience = picture.hours.closed_at, self._settings.staff_minutes
        if closed_at is None or patience is None:
            return {}
        if not timedelta(minutes=patience) <= moment.at - closed_at < _STAFF_WINDOW:
            return {}
        found: dict[tuple[datetime, str], Announce | None] = {}
        if where is Inside.SOMEBODY:
            count = people(picture, ())
            found[closed_at, Notice.STILL_INSIDE] = Announce(Audience.STAFF, Notice.STILL_INSIDE, count)
        elif where is Inside.UNKNOWN and self._presence.complete:
            found[closed_at, Notice.UNSURE_INSIDE] = Announce(Audience.STAFF, Notice.UNSURE_INSIDE)
        for door in self._settings.lock_doors:
            if picture.door(door).lock is not LockState.LOCKED:
                key = (closed_at, f"{Notice.NOT_LOCKED}/{door}")
                found[key] = Announce(Audience.STAFF, Notice.NOT_LOCKED, subject=door)
        return {key: announce for key, announce in found.items() if key not in state.said}
