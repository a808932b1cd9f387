"""Who is on call at a moment. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.settings import Alarms, Hours, Settings, on_call_contacts


@dataclass(frozen=True, slots=True)
class Roster:
    """The people of a gym, and when they are on call.

    Attributes:
        usual: Who is on call when no entry of the rota says otherwise, in the order in which they are called.
        shifts: Hours and who is on call in them; the first that holds decides.
        staff: All who work for the gym, by id.
        zone: The gym's time zone; hours are meant in it.
    """

    usual: tuple[Contact, ...]
    shifts: tuple[tuple[Hours, tuple[Contact, ...]], ...]
    staff: dict[str, Contact]
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings) -> "Roster":
        """The people that the settings name."""
        alarms, people, language = settings.alarms, settings.people, settings.site.language
        shifts = tuple(
            (shift.hours, _listed(alarms, number, people, language))
            for number, shift in enumerate(alarms.rota, start=1)
        )
        usual = _once(on_call_contacts(alarms.on_call, people, language))
        return cls(usual, shifts, people, settings.site.zone)

    def on_call(self, now: datetime) -> tuple[Contact, ...]:
        """Who is on call at a moment (aware), in the order in which they are called; maybe nobody."""
        local = now.astimezone(self.zone)
        for hours, people in self.shifts:
            if _within(hours, local):
                return people
        return self.usual

    def others(self, told: tuple[Contact, ...]) -> tuple[Contact, ...]:
        """Staff who may do more than look, and who are not among these."""
        ids = {one.id for one in told}
        return tuple(one for one in self.staff.values() if one.id not in ids and one.role >= Role.STAFF)

    @property
    def everybody(self) -> dict[str, Contact]:
        """All whom an alarm may ever be told to, by id."""
        listed = [*self.usual, *(one for _, people in self.shifts for one in people)]
        return {one.id: one for one in listed} | self.staff


def _listed(
    alarms: Alarms, number: int, people: dict[str, Contact], language: Language
) -> tuple[Contact, ...]:
    # Those who stand there by name are numbered per list: the first of one list is not the first of another.
    return _once(
        one if one.id in people else replace(one, id=f"rota-{number}-{one.id}")
        for one in on_call_contacts(alarms.rota[number - 1].on_call, people, language)
    )


def _once(people: Iterable[Contact]) -> tuple[Contact, ...]:
    """Whoever stands in a list twice is one person: called once, and counted once."""
    return tuple({one.id: one for one in people}.values())


def _within(hours: Hours, local: datetime) -> bool:
    """Whether a moment on the gym's wall clock is in these hours; an hour that comes twice, twice."""
    clock = local.time()
    return any(
        span.start <= clock and (clock < span.until or span.until == time.max)
        for span in hours.of(local.weekday())
    )
