"""Doors in an emergency: prepared at once, opened only by a person."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

from arni_edge.access import Entry
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, LockState, Outcome
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact, Role, StaffAct
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Alarm
from arni_edge.settings import Door

OPEN_DOOR: Final = "alarm.open_door"
"""Name of the act; its argument is ``<alarm id>/<door id>``."""

_LOOKS: Final = 16
_LOOK_SECONDS: Final = 0.05
"""A session that has just come back needs up to 0.8 s to hear its locks."""

_ONE_TAP_SECONDS: Final = 15
"""A tap that is delivered twice opens once; after this it is another one."""


class Lock(Protocol):
    """What every kind of lock says of itself."""

    @property
    def live(self) -> bool:
        """Whether it is there now."""
        ...


@runtime_checkable
class SaysState(Protocol):
    """A lock with a bolt and, maybe, a door sensor."""

    @property
    def state(self) -> LockState:
        """What it says live."""
        ...

    @property
    def contact(self) -> DoorContact:
        """What its door sensor says live."""
        ...


class DoorAct:
    """Makes sure that a door can be opened by one tap, and says how it is. Nothing is opened from outside.

    No lock of ours has a command that takes the bolt back and leaves the door shut, so that there is none
    here either: who may come in is the entry policy's business, and from inside the door opens by hand.

    Attributes:
        name: ``door/<id>``.
        causes: All.
    """

    causes: Collection[Cause] = frozenset(Cause)

    def __init__(self, door: Door, lock: Lock, rouse: Callable[[], None]) -> None:
        """Nothing is asked yet.

        Args:
            door: From the settings.
            lock: Its driver.
            rouse: Asks the broker for a sign of life, so that a command may go out at once.
        """
        self._lock = lock
        self._rouse = rouse
        self.name = f"door/{door.id}"

    async def act(self, _alarm: Alarm) -> str:
        """Rouse the session with the broker and look at the lock; returns how it is.

        Raises:
            Unavailable: The lock is not heard: somebody has to bring a key.
        """
        self._rouse()
        for _ in range(_LOOKS):
            if self._lock.live:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            raise Unavailable("the lock is not heard; it may have to be opened with a key")
        how = f"{self._lock.state}, contact {self._lock.contact}" if isinstance(self._lock, SaysState) else ""
        return f"live{', ' if how else ''}{how}; opens with one tap by staff"


class Entries(Protocol):
    """The entry desk, as staff use it."""

    async def open_by_staff(self, door: str, *, staff: str, reason: str, request_id: str) -> Entry:
        """Open a door from afar, once per request."""
        ...


class Alarms(Protocol):
    """What is needed of the alarm desk."""

    async def open(self) -> Sequence[Alarm]:
        """All alarms that are not closed."""
        ...


class AlarmDoors:
    """Lets staff open a door while an alarm runs: for rescue services, or for themselves."""

    def __init__(
        self,
        entries: Entries,
        alarms: Alarms,
        clock: Clock,
        catalogue: Catalogue,
        *,
        doors: Mapping[str, str],
    ) -> None:
        """Nothing opens by itself.

        Args:
            entries: The only one who opens doors; it decides and records.
            alarms: Knows what is open.
            clock: Tells one tap from the next.
            catalogue: The words.
            doors: Names by id.
        """
        self._entries = entries
        self._alarms = alarms
        self._clock = clock
        self._text = catalogue.text
        self._doors = dict(doors)

    def staff_acts(self) -> Mapping[str, StaffAct]:
        """``alarm.open_door``."""
        return {OPEN_DOOR: StaffAct(Role.STAFF, lambda who, argument, _: self.open(who, argument))}

    async def open(self, who: Contact, argument: str) -> str:
        """Open a door because of an alarm.

        Args:
            who: Who opens.
            argument: ``<alarm id>/<door id>``.

        Returns:
            What became of it, in their language.

        Raises:
            InvalidInput: There is no such door.
            Refused: There is no such alarm any more, or the policy says no.
            Unavailable: The decision could not be stored; then nothing was opened.
        """
        alarm_id, _, door = argument.partition("/")
        if door not in self._doors:
            raise InvalidInput(self._text("alarm.door.unknown", who.language))
        name = self._doors[door]
        if alarm_id not in {one.alarm_id for one in await self._alarms.open() if not one.drill}:
            raise Refused(self._text("alarm.door.over", who.language, name=name))
        tap = int(self._clock.now().timestamp()) // _ONE_TAP_SECONDS
        entry = await self._entries.open_by_staff(
            door,
            staff=who.id,
            reason=f"alarm {alarm_id}",
            request_id=f"alarm:{alarm_id}:{door}:{who.id}:{tap}",
        )
        if entry.denied is not None or entry.asked is not None:
            raise Refused(self._text("alarm.door.refused", who.language, name=name))
        key = "opened" if entry.outcome is Outcome.CONFIRMED else "unseen"
        if entry.outcome in {Outcome.OFFLINE, Outcome.NOT_PERMITTED, Outcome.FAILED}:
            key = "failed"
        return self._text(f"alarm.door.{key}", who.language, name=name)
