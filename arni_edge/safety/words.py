"""What an alarm says: to staff what is known, to whoever reported it only facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Button, Contact, Role
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import ACKNOWLEDGED, CLOSED, OPEN, SYSTEM, Alarm
from arni_edge.safety.staff_line import Buttons
from arni_edge.settings import Site

VIA: Final = ("telegram", "whatsapp", "sms", "phone")
"""Ways to people that have a name for whoever reported an alarm."""

_DELAYED: Final = timedelta(minutes=10)
"""A report that took longer says so: the acts are not done for it either."""


class AlarmWords:
    """The sentences of alarms, in the language of whoever reads them."""

    def __init__(
        self,
        catalogue: Catalogue,
        site: Site,
        *,
        places: Mapping[str, str] | None = None,
        people: Mapping[str, Contact] | None = None,
        doors: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is said by it.

        Args:
            catalogue: The words, ``alarm.*``.
            site: Name and time zone of the gym.
            places: Names of doors, zones, cameras and buttons by id.
            people: Staff by id; colleagues read their names, members never do.
            doors: Names by id of those that staff may open with one tap while an alarm runs.
        """
        self.text = catalogue.text
        self._site = site
        self._places = places or {}
        self._people = people or {}
        self._doors = doors or {}

    # --- to staff -----------------------------------------------------------------------------------------

    def call(self, alarm: Alarm, language: Language, *, step: int = 0) -> str:
        """What somebody of staff is told: what, where, when, and how it stands."""
        lines = [self._headline(alarm, language)]
        if alarm.drill:
            lines.insert(0, self.text("alarm.drill", language))
        if _is_delayed(alarm):
            lines.append(self.text("alarm.delayed", language, age=_age(alarm.raised_at - alarm.reported_at)))
        if alarm.reports > 1:
            lines.append(self.text("alarm.further", language, count=alarm.reports - 1))
        lines.append(self._standing(alarm, language, step))
        return "\n".join(lines)

    def reminder(self, alarm: Alarm, language: Language) -> str:
        """What somebody is told of an alarm that nobody ends."""
        return f"{self.call(alarm, language)}\n{self.text('alarm.reminder', language)}"

    def buttons(self, alarm: Alarm, contact: Contact, *, asking: bool = False) -> Buttons:
        """What somebody can do about it now.

        Args:
            alarm: The alarm as it stands.
            contact: Who reads it.
            asking: Somebody said that it is none, and has to confirm.
        """

        def button(act: str, key: str) -> Button:
            return Button(self.text(key, contact.language), act, alarm.alarm_id)

        if alarm.state == CLOSED:
            return ()
        more = (button("alarm.escalate", "alarm.button.escalate"),)
        ends: tuple[Button, ...] = ()
        if contact.role >= Role.STAFF:
            act = "cancel_confirm" if asking else "cancel"
            ends = (button(f"alarm.{act}", f"alarm.button.{act}"),)
        doors = self._door_buttons(alarm, contact)
        if alarm.state == OPEN:
            return ((button("alarm.acknowledge", "alarm.button.acknowledge"),), *doors, (*more, *ends))
        if contact.role >= Role.STAFF:
            ends = (button("alarm.close", "alarm.button.close"), *ends)
        return (*doors, ends, more) if ends else (more,)

    def _door_buttons(self, alarm: Alarm, contact: Contact) -> Buttons:
        """One tap for rescue services at the door; a test opens nothing."""
        if contact.role < Role.STAFF or alarm.drill:
            return ()
        return tuple(
            (
                Button(
                    self.text("alarm.door.button", contact.language, name=name),
                    "alarm.open_door",
                    f"{alarm.alarm_id}/{door}",
                ),
            )
            for door, name in self._doors.items()
        )

    def name(self, who: str | None) -> str:
        """What colleagues call somebody."""
        contact = self._people.get(who or "")
        return contact.name if contact else (who or "")

    def clock(self, moment: datetime | None) -> str:
        """A time of day in the gym."""
        return "" if moment is None else f"{moment.astimezone(self._site.zone):%H:%M}"

    def _headline(self, alarm: Alarm, language: Language) -> str:
        key = "alarm.staff_crisis" if alarm.cause == Cause.CRISIS else "alarm.staff"
        place = self._places.get(alarm.place, alarm.place) if alarm.place else None
        return self.text(
            key,
            language,
            gym=self._site.name,
            cause=self._known(f"alarm.cause.{alarm.cause}", language, alarm.cause),
            source=self._known(f"alarm.source.{alarm.source}", language, alarm.source),
            time=f"{alarm.reported_at.astimezone(self._site.zone):%d.%m.%Y %H:%M}",
            place=f" ({place})" if place else "",
            alarm=alarm.code,
        )

    def _known(self, key: str, language: Language, otherwise: str) -> str:
        """A word that may be missing: a gap in the catalogue keeps nobody from being called."""
        try:
            return self.text(key, language)
        except (KeyError, TypeError):
            return otherwise

    def _standing(self, alarm: Alarm, language: Language, step: int) -> str:
        if alarm.state == CLOSED and alarm.closed_by == SYSTEM:
            return self.text("alarm.standing.by_itself", language, time=self.clock(alarm.closed_at))
        if alarm.state == CLOSED:
            key = f"alarm.ended.{alarm.outcome}"
            how = self._known(key, language, alarm.outcome or "")
            return self.text(
                "alarm.standing.closed",
                language,
                name=self.name(alarm.closed_by),
                time=self.clock(alarm.closed_at),
                how=how,
                note=alarm.note or "",
            ).strip()
        if alarm.state == ACKNOWLEDGED:
            return self.text(
                "alarm.standing.acknowledged",
                language,
                name=self.name(alarm.acknowledged_by),
                time=self.clock(alarm.acknowledged_at),
            )
        if step:
            return self.text("alarm.standing.again", language, number=step + 1)
        return self.text("alarm.standing.open", language)

    # --- to whoever reported it ---------------------------------------------------------------------------

    def answer(self, alarm: Alarm, language: Language, *, notified: int, again: bool = False) -> str:
        """The first answer, and the one to a report that says it again.

        Args:
            alarm: The alarm as it stands.
            language: Of whoever reported it.
            notified: How many people are being told.
            again: It stands for an earlier report already.
        """
        crisis = alarm.cause == Cause.CRISIS
        if alarm.state == ACKNOWLEDGED:
            standing = self.text("alarm.fact.acknowledged", language)
        elif notified:
            standing = self.text("alarm.notified", language, count=notified)
        else:
            standing = self.text("alarm.nobody", language)
        if again:
            key = "alarm.crisis.again" if crisis else "alarm.again"
        else:
            key = "alarm.crisis.raised" if crisis else "alarm.raised"
        said = self.text(key, language, notified=standing)
        if not again and _is_delayed(alarm):
            said = f"{self.text('alarm.arrived_late', language, time=self.clock(alarm.reported_at))} {said}"
        return f"{self.text('alarm.drill', language)}\n{said}" if alarm.drill else said

    def too_late(self, cause: Cause, at: datetime, language: Language) -> str:
        """What came so late that nobody is called for it; a crisis gets the lines that help with one.

        Args:
            cause: What was reported.
            at: When it was written (aware).
            language: Of whoever wrote it.
        """
        time = f"{at.astimezone(self._site.zone):%d.%m. %H:%M}"
        lines = self.text("alarm.crisis.lines" if cause is Cause.CRISIS else "alarm.call_112", language)
        return f"{self.text('alarm.too_late', language, time=time)} {lines}"

    def acknowledged(self, alarm: Alarm, language: Language) -> str:
        """Somebody of the team has taken it."""
        return self._with_help("alarm.fact.acknowledged", alarm, language)

    def handed_on(self, alarm: Alarm, language: Language) -> str:
        """Nobody has it any more, and the next ones are called."""
        return self._with_help("alarm.fact.handed_on", alarm, language)

    def unanswered(self, alarm: Alarm, language: Language) -> str:
        """Nobody has, so far."""
        return self._with_help("alarm.fact.unanswered", alarm, language)

    def closed(self, alarm: Alarm, language: Language) -> str:
        """The team has ended it: whoever still needs help must know that nobody comes because of it."""
        return self._with_help("alarm.fact.closed", alarm, language)

    def undelivered(self, alarm: Alarm, language: Language, kinds: Sequence[str]) -> str:
        """What has not reached people yet."""
        ways = ", ".join(self.text(f"alarm.via.{kind}", language) for kind in kinds)
        return self._with_help("alarm.fact.undelivered", alarm, language, ways=ways)

    def dated(self, alarm: Alarm, fact: str, now: datetime, language: Language) -> str:
        """A fact with what it is about and the time at which it is one; a crisis is not named."""
        time = f"{now.astimezone(self._site.zone):%H:%M}"
        cause = "" if alarm.cause == Cause.CRISIS else self.text(f"alarm.cause.{alarm.cause}", language)
        return self.text("alarm.dated", language, time=time, about=cause and f" ({cause})", fact=fact)

    def _with_help(self, key: str, alarm: Alarm, language: Language, **values: object) -> str:
        crisis = alarm.cause == Cause.CRISIS
        lines = self.text("alarm.crisis.lines" if crisis else "alarm.call_112", language)
        return f"{self.text(key, language, **values)} {lines}"


def _is_delayed(alarm: Alarm) -> bool:
    return alarm.raised_at - alarm.reported_at >= _DELAYED


def _age(age: timedelta) -> str:
    hours, minutes = divmod(int(age.total_seconds() // 60), 60)
    return f"{hours}:{minutes:02}"
