"""The monthly test of the alarm chain: staff are reminded until it was made; what it showed is kept."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Button, Contact, Role, StaffAct, StaffPost
from arni_edge.safety.model import Alarm
from arni_edge.safety.staff_line import Buttons, StaffLine
from arni_edge.storage import Database, Row, Transaction, alarm_tests, alarms, staff_posts, staff_told

_LOG = structlog.get_logger(__name__)

TEST: Final = "alarm.test"
"""Name of the act that starts one."""

_REMIND_AFTER: Final = (0, 3, 7)
"""Days after the day on which the test is due."""

_LOOK_SECONDS: Final = 20.0
_PROGRESS_SECONDS: Final = 2.0
_DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class TestPlan:
    """When the test is due: on a day of each month, at an hour of the studio's wall clock.

    Attributes:
        day: 1 to 28.
        hour: 0 to 23.
        zone: The studio's.
    """

    __test__ = False  # nothing of pytest's

    day: int
    hour: int
    zone: ZoneInfo

    def due(self, now: datetime) -> datetime:
        """The latest moment (aware, UTC) at which a test became due, at the present moment."""
        local = now.astimezone(self.zone)
        moment = self._at(local.year, local.month)
        if moment > now:
            year, month = (local.year, local.month - 1) if local.month > 1 else (local.year - 1, 12)
            moment = self._at(year, month)
        return moment

    def month(self, due: datetime) -> str:
        """The month of a test that was due then, ``YYYY-MM``."""
        return f"{due.astimezone(self.zone):%Y-%m}"

    def counts_from(self, due: datetime) -> datetime:
        """A test counts for this month if it was raised since then: since the first of the month."""
        local = due.astimezone(self.zone)
        return datetime(local.year, local.month, 1, tzinfo=self.zone).astimezone(UTC)

    def reminders(self, due: datetime, now: datetime) -> int:
        """How many reminders of a test that was due then should have been given by now."""
        # Days on the wall clock: across a change of the clocks a day has 23 or 25 hours.
        local = due.astimezone(self.zone).replace(tzinfo=None)
        moments = [(local + timedelta(days=days)).replace(tzinfo=self.zone) for days in _REMIND_AFTER]
        return sum(moment.astimezone(UTC) <= now for moment in moments)

    def _at(self, year: int, month: int) -> datetime:
        return datetime(year, month, self.day, self.hour, tzinfo=self.zone).astimezone(UTC)


class Drills(Protocol):
    """What is needed of the alarm desk."""

    async def drill(self, who: Contact) -> str:
        """Start a test; returns the alarm's id."""
        ...

    async def open(self) -> Sequence[Alarm]:
        """All alarms that are not closed."""
        ...


class SelfTest:
    """Reminds staff of the test, starts it for them, and keeps what it showed. A restart forgets nothing."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        line: StaffLine,
        drills: Drills,
        *,
        plan: TestPlan | None,
        gym: str,
    ) -> None:
        """Nobody is reminded before :meth:`run`.

        Args:
            database: Remembers.
            clock: When it is due.
            catalogue: The words, ``alarm.test.*``.
            line: Tells staff.
            drills: The alarm desk.
            plan: When it is due; None: nobody is reminded.
            gym: The studio's name.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._line = line
        self._drills = drills
        self._plan = plan
        self._gym = gym

    # --- starting one -------------------------------------------------------------------------------------

    def staff_acts(self) -> Mapping[str, StaffAct]:
        """``alarm.test``."""
        return {TEST: StaffAct(Role.STAFF, lambda who, _argument, _text: self.start(who))}

    async def start(self, who: Contact) -> str:
        """Start a test alarm.

        Returns:
            A sentence for them.

        Raises:
            Refused: One is running.
            Unavailable: It could not be stored.
        """
        if any(one.drill for one in await self._drills.open()):
            raise Refused(self._text("alarm.test.running", who.language))
        alarm_id = await self._drills.drill(who)
        return self._text("alarm.test.started", who.language, alarm=alarm_id[-6:])

    # --- reminding ----------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Remind, and keep results, until cancelled."""
        look_at = self._clock.monotonic()
        while True:
            progress()
            if self._plan is not None and self._clock.monotonic() >= look_at:
                look_at = self._clock.monotonic() + _LOOK_SECONDS
                try:
                    await self.look(self._plan)
                except Unavailable as error:
                    _LOG.warning("alarm_test_not_looked_after", reason=str(error))
            await asyncio.sleep(_PROGRESS_SECONDS)

    async def look(self, plan: TestPlan) -> None:
        """Remind now if it is time, or note what the test showed.

        Args:
            plan: When it is due.

        Raises:
            Unavailable: The disk does not take it; nothing was said.
        """
        now = self._clock.now()
        due = plan.due(now)
        month, wanted = plan.month(due), plan.reminders(due, now)

        async def unit(tx: Transaction) -> None:
            known = await alarm_tests.begin(tx, month, wanted)
            if known["alarm_id"] is not None:
                return
            drill = await alarm_tests.first_drill(tx, plan.counts_from(due))
            if drill is not None:
                await self._note(tx, month, known["reminders"], drill, now)
            # With nobody on call, or all of them quiet, it waits until there is somebody to remind.
            elif wanted > known["reminders"] and await self._remind(tx, month, wanted, now):
                await alarm_tests.remind(tx, month, wanted, now)

        await self._database.write(unit)

    async def _remind(self, tx: Transaction, month: str, number: int, now: datetime) -> int:
        """Remind whoever is on call; returns how many are told."""

        def text_of(language: Language) -> str:
            key = "alarm.test.due" if number == 1 else "alarm.test.still_due"
            return self._text(key, language, gym=self._gym, month=month)

        def buttons_of(language: Language) -> Buttons:
            return ((Button(self._text("alarm.test.button", language), TEST),),)

        people = self._line.on_call(now)
        told = await self._line.tell(tx, people, _key(month, number), text_of, buttons=buttons_of, now=now)
        if told:
            _LOG.info("alarm_test_due", month=month, reminder=number, told=told)
        return told

    async def _note(self, tx: Transaction, month: str, reminders: int, drill: Row, now: datetime) -> None:
        """Keep what a test showed, and take the question out of the reminders."""
        result = result_of(drill, await alarms.sinks_in(tx, drill["alarm_id"]))
        await alarm_tests.done(tx, month, drill["alarm_id"], json.dumps(result), now)
        _LOG.info("alarm_test_done", month=month, alarm=drill["alarm_id"], failed=result["failed"])
        everybody = self._line.roster.everybody
        for number in range(1, reminders + 1):
            for who in await staff_told.posted_to(tx, _key(month, number)):
                language = everybody[who].language if who in everybody else Language.GERMAN
                post = StaffPost(_key(month, number), self._words(month, result, language), silent=True)
                await staff_posts.put(tx, who, post, now)

    def _words(self, month: str, result: Mapping[str, Any], language: Language) -> str:
        took = result["acknowledged_seconds"]
        missing = self._text("alarm.test.nobody", language)
        return self._text(
            "alarm.test.done",
            language,
            month=month,
            done=result[_DONE],
            all=result["tried"],
            seconds=missing if took is None else f"{took:.0f} s",
            failed=", ".join(result["failed"]) or self._text("alarm.test.none", language),
        )


def result_of(drill: Row, sinks: Sequence[Row]) -> dict[str, Any]:
    """What a test showed: which ways worked, how quickly, and how soon somebody answered.

    Of a way that had come to no end when somebody answered, it showed nothing.

    Args:
        drill: Row of the alarm.
        sinks: Rows of its sinks.
    """
    ways = {
        row["sink"]: {"state": row["state"], "seconds": row["seconds"], "attempts": row["attempts"]}
        for row in sinks
    }
    answered = drill["acknowledged_at"]
    seconds = (
        None
        if answered is None
        else (datetime.fromisoformat(answered) - datetime.fromisoformat(drill["raised_at"])).total_seconds()
    )
    return {
        "sinks": ways,
        _DONE: sum(way["state"] == _DONE for way in ways.values()),
        "tried": sum(way["state"] != alarms.NOT_NEEDED for way in ways.values()),
        "failed": sorted(
            name for name, way in ways.items() if way["state"] not in {_DONE, alarms.NOT_NEEDED}
        ),
        "acknowledged_seconds": seconds,
    }


def _key(month: str, number: int) -> str:
    return f"alarm-test/{month}/{number}"
