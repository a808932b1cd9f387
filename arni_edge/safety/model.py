"""What an alarm is, and the ports through which it reaches the building and people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.staff import Contact
from arni_edge.safety.matcher import Cause
from arni_edge.storage import Row, Transaction

OPEN: Final = "open"
ACKNOWLEDGED: Final = "acknowledged"
CLOSED: Final = "closed"

SYSTEM: Final = "system"
"""Who has done what no person did: ended a test that nobody answered, for instance."""


class Reporter(NamedTuple):
    """Whom to tell what becomes of an alarm.

    Attributes:
        channel: How they write.
        address: The channel's address of theirs; personal, never logged.
        language: In which language they are answered.
        reply_to: The channel's id of the message that the first answer quotes, or None.
    """

    channel: Channel
    address: str
    language: Language
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody or something reports an emergency.

    Attributes:
        source_key: Identity of the report: one report is one alarm, however often it is delivered.
        cause: What kind.
        source: Where it came from, for instance ``whatsapp``; read by staff.
        at: When it was reported, by the source's clock (aware).
        place: Id of the door, zone, camera or button, or None.
        reporter: Who wants to hear what becomes of it; None for a button.
        drill: It is a test: everybody is told so, and nothing is loud.
    """

    source_key: str
    cause: Cause
    source: str
    at: datetime
    place: str | None = None
    reporter: Reporter | None = None
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it stands on the disk.

    Attributes:
        alarm_id: Its id.
        cause: What kind; the words of :class:`Cause`.
        source: Where it came from.
        raised_at: When it was stored (aware).
        reported_at: When it was reported, by the source's clock (aware).
        state: ``open``, ``acknowledged`` or ``closed``.
        place: Id of where it is, or None.
        drill: A test.
        step: How many times others were called since.
        next_step_at: When that is due again; None when nobody need be.
        reports: How many reports it stands for.
        acknowledged_at: When somebody took it.
        acknowledged_by: Id of who.
        closed_at: When it was ended.
        closed_by: Id of who ended it.
        outcome: ``helped``, ``false_alarm``, ``test``, or None.
        note: What they wrote; read by staff only.
    """

    alarm_id: str
    cause: str
    source: str
    raised_at: datetime
    reported_at: datetime
    state: str = OPEN
    place: str | None = None
    drill: bool = False
    step: int = 0
    next_step_at: datetime | None = None
    reports: int = 1
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    outcome: str | None = None
    note: str | None = None

    @property
    def code(self) -> str:
        """What staff call it by."""
        return self.alarm_id[-6:]

    @property
    def public_cause(self) -> str:
        """What everybody in the building may know: that somebody is in a crisis is nobody's business."""
        return str(Cause.HELP) if self.cause == Cause.CRISIS else self.cause


@dataclass(frozen=True, slots=True)
class Call:
    """One person is called because of an alarm.

    Attributes:
        alarm: Which.
        contact: Who.
        text: What they are told, in their language.
        step: The how-manieth round of calls this is, 0 being the first.
        reminder: The how-manieth time they are reminded that it is not closed; 0: it is no reminder.
    """

    alarm: Alarm
    contact: Contact
    text: str
    step: int
    reminder: int = 0

    @property
    def key(self) -> str:
        """What is one call, however often it is tried; what the alarm turns out to be about is another."""
        reminder = f"/reminder{self.reminder}" if self.reminder else ""
        return f"{self.alarm.alarm_id}/{self.contact.id}/{self.step}/{self.alarm.cause}{reminder}"

    def by(self, sink: str) -> str:
        """Name of this call by a sink on record; a reminder leaves what became of the call itself."""
        return f"{sink}/{self.contact.id}" + ("/reminder" if self.reminder else "")


class LocalAct(Protocol):
    """Something in the building that helps at once: light, siren, loudspeaker."""

    @property
    def name(self) -> str:
        """Kind and id, for instance ``light/floor``. The kind ``siren`` stays silent in a drill or crisis."""
        ...

    @property
    def causes(self) -> Collection[Cause]:
        """For which it is done; normally all."""
        ...

    async def act(self, alarm: Alarm) -> str:
        """Do it; returns the evidence. Doing it twice does no harm.

        Raises:
            ArniError: It is not certain that it was done; it is tried again.
        """
        ...


class Sink(Protocol):
    """A way to reach a person."""

    @property
    def name(self) -> str:
        """Its kind, for instance ``telegram``; one word."""
        ...

    @property
    def from_step(self) -> int:
        """The first step at which it is used: 0 at once, 1 when nobody has acknowledged in time.

        Whom nothing else reaches is called by it at once.
        """
        ...

    def reaches(self, contact: Contact) -> bool:
        """Whether it has a way to this person."""
        ...

    async def store(self, tx: Transaction, call: Call) -> None:
        """Put what is durable of it into the alarm's own transaction; may do nothing."""
        ...

    async def deliver(self, call: Call) -> str:
        """Return the evidence as soon as the other side has accepted it. Asked again for the same call.

        Raises:
            ArniError: Not now; it is asked again for as long as nobody has acknowledged.
        """
        ...


class Display(Protocol):
    """Something that shows the state of all alarms to whoever looks: the broker, a panel on the wall."""

    @property
    def name(self) -> str:
        """For the proof log, for instance ``mqtt``."""
        ...

    async def show(self, alarms: Sequence[Alarm]) -> str:
        """Show these, all that are not closed; none: all is well. Returns the evidence.

        Raises:
            ArniError: Not now; it is asked again.
        """
        ...


def alarm_of(row: Row) -> Alarm:
    """An alarm from its row."""
    return Alarm(
        alarm_id=row["alarm_id"],
        cause=row["cause"],
        source=row["source"],
        raised_at=datetime.fromisoformat(row["raised_at"]),
        reported_at=datetime.fromisoformat(row["reported_at"] or row["raised_at"]),
        state=row["state"],
        place=row["place"],
        drill=bool(row["drill"]),
        step=row["step"],
        next_step_at=_moment(row["next_step_at"]),
        reports=row["reports"],
        acknowledged_at=_moment(row["acknowledged_at"]),
        acknowledged_by=row["acknowledged_by"],
        closed_at=_moment(row["closed_at"]),
        closed_by=row["closed_by"],
        outcome=row["outcome"],
        note=row["note"],
    )


def helps(act: LocalAct, alarm: Alarm) -> bool:
    """Whether an act is done for an alarm: a siren frightens who needs calm, or is only testing."""
    loud = act.name.startswith("siren/")
    return alarm.cause in act.causes and not (loud and (alarm.drill or alarm.cause == Cause.CRISIS))


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
