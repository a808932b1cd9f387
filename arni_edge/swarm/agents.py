"""The agents: each answers its intents from facts and templates. None of them decides about a door."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol

from arni_edge.access import Entry
from arni_edge.access.words import public_text
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DenyReason
from arni_edge.domain.handoff import HandoffReason, handoff_wish
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import InboundMessage, Language
from arni_edge.domain.occupancy import Band, Occupancy, member_band
from arni_edge.settings import DAYS, Counting, Hours, Site
from arni_edge.swarm.errands import Errands, Person
from arni_edge.swarm.router import Intent
from arni_edge.swarm.wishes import claimed_in, code_in


class OccupancySource(Protocol):
    """Where the figure comes from."""

    def total(self) -> Occupancy:
        """People in the gym now, or unknown."""
        ...


class QuietWindow(Protocol):
    """The hours of a week with the fewest people."""

    @property
    def weekday(self) -> int:
        """0 = Monday."""
        ...

    @property
    def start(self) -> int:
        """First hour, on the studio's clock."""
        ...

    @property
    def end(self) -> int:
        """Hour at which it is over, up to 24."""
        ...


QuietTimes = Callable[[], QuietWindow | None]
"""The quietest hours as far as members may know them; None while too little is known."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent is given.

    Attributes:
        language: In which language to answer.
        enter: Asks the entry desk for the person of this conversation; the agent cannot ask for another.
        message: What was said.
        person: Who said it.
    """

    language: Language
    enter: Callable[[], Awaitable[Entry]]
    message: InboundMessage
    person: Person


class Handoff(Protocol):
    """Where a person of the gym is asked to take a conversation over."""

    async def ask(self, message: InboundMessage, reason: HandoffReason, language: Language) -> str:
        """Keep the wish, tell the team, and say what is so."""
        ...


_NOT_QUIET = frozenset({Band.MODERATE, Band.BUSY, Band.FULL})

Agent = Callable[[Question], Awaitable[str]]
Agents = Mapping[Intent, Agent]


class Vision:
    """Answers how busy it is: a band and the age of the figure, never a number; and when it is quieter."""

    def __init__(
        self,
        catalogue: Catalogue,
        source: OccupancySource,
        site: Site,
        clock: Clock,
        counting: Counting,
        quiet_times: QuietTimes = lambda: None,
    ) -> None:
        self._text = catalogue.text
        self._source = source
        self._site = site
        self._clock = clock
        self._counting = counting
        self._quiet_times = quiet_times

    async def how_busy(self, question: Question) -> str:
        """The band of the gym now, with the quietest hours of the week where it is not quiet."""
        occupancy = self._source.total()
        seen_at = self._clock.now() - timedelta(seconds=occupancy.age or 0)
        name = member_band(
            occupancy.count,
            self._site.capacity,
            local=seen_at.astimezone(self._site.zone).time(),
            withhold_below=self._counting.withhold_below,
            withhold_hours=self._counting.withhold_hours,
        )
        minutes = int((occupancy.age or 0) // 60)
        age = self._text("age.minutes", question.language, count=minutes) if minutes else ""
        answer = self._text(f"occupancy.{name}", question.language, age=age)
        return answer + (self._quieter(question.language) if name in _NOT_QUIET else "")

    def _quieter(self, language: Language) -> str:
        window = self._quiet_times()
        if window is None:
            return ""
        day = self._text(f"day.{DAYS[window.weekday]}", language)
        return self._text("occupancy.quietest", language, day=day, start=window.start, end=window.end)


class Ops:
    """Answers about hours, and carries a wish to come in to the entry desk."""

    def __init__(self, catalogue: Catalogue, clock: Clock, site: Site, hours: Hours) -> None:
        self._catalogue = catalogue
        self._text = catalogue.text
        self._clock = clock
        self._site = site
        self._hours = hours

    async def hours(self, question: Question) -> str:
        """Today's hours."""
        return self._today(question.language, self._clock.now().astimezone(self._site.zone))

    async def door(self, question: Question) -> str:
        """Ask for the door and say what became of it; a refusal says nothing private."""
        entry = await question.enter()
        if entry.denied is DenyReason.OUTSIDE_HOURS:
            today = self._today(question.language, self._clock.now().astimezone(self._site.zone))
            return self._text("door.denied.outside_hours", question.language, hours=today)
        return public_text(self._catalogue, entry, question.language)

    def _today(self, language: Language, local: datetime) -> str:
        day = self._text(f"day.{DAYS[local.weekday()]}", language)
        spans: Sequence[str] = [
            self._text(
                "hours.until", language, start=f"{span.start:%H:%M}", end=self._end(span.until, language)
            )
            for span in self._hours.of(local.weekday())
        ]
        if not spans:
            return self._text("hours.closed_today", language, day=day)
        joined = self._text("hours.and", language).join(spans)
        return self._text("hours.today", language, day=day, spans=joined)

    def _end(self, until: time, language: Language) -> str:
        return self._text("hours.midnight", language) if until == time.max else f"{until:%H:%M}"


class Persona:
    """Small talk that stays with the gym; says what it is."""

    def __init__(self, catalogue: Catalogue, site: Site) -> None:
        self._text = catalogue.text
        self._site = site

    def saying(self, key: str) -> Agent:
        """An agent that says one sentence of the catalogue."""

        async def say(question: Question) -> str:
            return self._text(f"talk.{key}", question.language, gym=self._site.name)

        return say


class Contracts:
    """Carries wishes about contract, data and identity to whoever may grant them."""

    def __init__(self, catalogue: Catalogue, errands: Errands) -> None:
        self._text = catalogue.text
        self._errands = errands

    def wishing(self, tool: str) -> Agent:
        """An agent that asks for something in the name of whoever writes, for themselves."""

        async def wish(question: Question) -> str:
            return await self._errands.wish(question.person, tool)

        return wish

    def explaining(self, key: str) -> Agent:
        """An agent that says how something is done, and does not do it."""

        async def explain(question: Question) -> str:
            return self._text(f"talk.how.{key}", question.language)

        return explain

    async def verify(self, question: Question) -> str:
        """A code came back."""
        return await self._errands.verify(question.person, code_in(question.message.text) or "")

    async def claim(self, question: Question) -> str:
        """A member number was named."""
        return await self._errands.claim(question.person, claimed_in(question.message.text) or "")

    async def number(self, question: Question) -> str:
        """They sent their own number."""
        return await self._errands.number(question.person)

    async def vouch(self, question: Question) -> str:
        """Staff should say who it is."""
        return await self._errands.vouch(question.person)


def handing_over(handoff: Handoff) -> Agent:
    """An agent that brings in a person."""

    async def hand_over(question: Question) -> str:
        reason = handoff_wish(question.message.text) or HandoffReason.ASKED
        return await handoff.ask(question.message, reason, question.language)

    return hand_over


def swarm(vision: Vision, ops: Ops, persona: Persona, contracts: Contracts, handoff: Handoff) -> Agents:
    """Who answers what. Every intent has somebody."""
    return {
        Intent.OCCUPANCY: vision.how_busy,
        Intent.HOURS: ops.hours,
        Intent.DOOR: ops.door,
        Intent.GREETING: persona.saying("greeting"),
        Intent.THANKS: persona.saying("thanks"),
        Intent.ASK_AI: persona.saying("ai"),
        Intent.CANCEL_CONTRACT: contracts.wishing("contract.cancel"),
        Intent.ASK_CANCEL: contracts.explaining("cancel"),
        Intent.ERASE_ME: contracts.wishing("member.erase"),
        Intent.ASK_ERASE: contracts.explaining("erase"),
        Intent.EXPORT_ME: contracts.wishing("member.export"),
        Intent.MEMBERSHIP: contracts.wishing("member.membership"),
        Intent.OWN_BOOKINGS: contracts.wishing("booking.list"),
        Intent.VERIFY: contracts.verify,
        Intent.CLAIM: contracts.claim,
        Intent.VOUCH: contracts.vouch,
        Intent.NUMBER: contracts.number,
        Intent.HUMAN: handing_over(handoff),
        Intent.UNKNOWN: persona.saying("unknown"),
    }
