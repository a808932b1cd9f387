"""What a member may know of their own membership: contract, pause, whether money is owed, what is booked."""

from datetime import date, timedelta
from typing import ClassVar, Final, TypeVar

from pydantic import AwareDatetime

from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import CONTRACT_IS_FRESH_FOR, Kit, MemberId
from arni_edge.domain.messages import Language
from arni_edge.domain.moments import day_and_time
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.domain.risk import Risk
from arni_edge.storage.magicline import own

BOOKINGS_ARE_FRESH_FOR: Final = timedelta(hours=1)
"""Bookings change all day; that webhooks tell of it within minutes is not certain."""

_MOST_BOOKINGS: Final = 10


class AskArguments(Form):
    """Whose."""

    member_id: MemberId


ToldT = TypeVar("ToldT", bound=Form)


class _Asked(Tool[AskArguments, ToldT]):
    """What members ask about themselves.

    Attributes:
        nothing: Key of the sentence that says that nothing changes.
    """

    risk: ClassVar[Risk] = Risk.READ
    repeatable: ClassVar[bool] = True
    nothing: ClassVar[str]
    arguments = AskArguments

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def subject(self, arguments: AskArguments) -> str | None:
        """Whose."""
        return arguments.member_id

    async def consequence(self, arguments: AskArguments, language: Language) -> str:
        """Nothing changes; the executor asks for no confirmation."""
        del arguments
        return self._kit.text(self.nothing, language)


class Membership(Form):
    """How somebody stands.

    Attributes:
        state: Of the contract: ``active``, ``ended``, ``banned``, or ``paused`` where the gym says so.
        until: Last day, or None where no end is known.
        paused_from: First day of the pause, or None.
        paused_until: Its last day, or None when it has none.
        pause_keeps_out: Whether the doors stay shut meanwhile.
        owes: Money is owed; how much is for staff.
        read_at: When Magicline was asked, or None when the gym keeps the members itself.
    """

    state: MemberState
    until: date | None
    paused_from: date | None
    paused_until: date | None
    pause_keeps_out: bool
    owes: bool
    read_at: AwareDatetime | None


class ShowMembership(_Asked[Membership]):
    """Says how somebody stands, to themselves: why a door stays shut is answered by it, too."""

    name: ClassVar[str] = "member.membership"
    description: ClassVar[str] = "A member's own contract, pause, and whether money is owed."
    assurance: ClassVar[Assurance] = Assurance.CODE
    nothing: ClassVar[str] = "tool.membership.consequence"
    result = Membership

    async def run(self, arguments: AskArguments, actor: Actor, action_id: str) -> Membership:
        """Look it up.

        Raises:
            Refused: Nobody has this number.
            Unavailable: It could not be read.
        """
        del action_id
        member = await self._kit.member(arguments.member_id, actor.language)
        today = self._kit.clock.now().astimezone(self._kit.zone).date()
        pause = await own.pause(self._kit.database, member.member_id, today) or _by_hand(member)
        return Membership(
            state=member.state,
            until=member.valid_until,
            paused_from=None if pause is None else pause.start,
            paused_until=None if pause is None else pause.end,
            pause_keeps_out=pause is not None and pause.keeps_out,
            owes=member.arrears,
            read_at=await own.read_at(self._kit.database, member.member_id),
        )

    def told(self, result: Membership, language: Language) -> str | None:
        """All of it, in sentences, with how old it is."""
        words = [self._contract(result, language)]
        if result.paused_from is not None or result.paused_until is not None:
            words.append(self._pause(result, language))
        words.append(self._kit.text(f"tool.membership.owes_{'some' if result.owes else 'nothing'}", language))
        words.append(self._kit.as_of(result.read_at, language, fresh_for=CONTRACT_IS_FRESH_FOR))
        return " ".join(filter(None, words))

    def _contract(self, result: Membership, language: Language) -> str:
        if result.state is MemberState.ACTIVE and result.until is not None:
            day = self._kit.day(result.until, language)
            return self._kit.text("tool.membership.until", language, day=day)
        return self._kit.text(f"tool.membership.{result.state}", language)

    def _pause(self, result: Membership, language: Language) -> str:
        key = "pause" if result.pause_keeps_out else "pause_open"
        start = result.paused_from and self._kit.day(result.paused_from, language)
        end = result.paused_until and self._kit.day(result.paused_until, language)
        if start and end:
            return self._kit.text(f"tool.membership.{key}", language, start=start, end=end)
        return self._kit.text(
            f"tool.membership.{key}_{'endless' if start else 'until'}", language, start=start, end=end
        )


def _by_hand(member: Member) -> own.OwnPause | None:
    """The pause that the gym has put on file itself."""
    if member.paused_from is None and member.paused_until is None:
        return None
    return own.OwnPause(member.paused_from, member.paused_until, keeps_out=True)


class Listed(Form):
    """A booking of somebody.

    Attributes:
        title: Of what; empty where nobody said.
        start: When it begins.
        waiting: Only on the waiting list.
    """

    title: str
    start: AwareDatetime
    waiting: bool


class OwnBookings(Form):
    """What somebody has booked.

    Attributes:
        bookings: What comes, the next first.
        read_at: When Magicline was asked, or None: never.
    """

    bookings: tuple[Listed, ...]
    read_at: AwareDatetime | None


class ShowBookings(_Asked[OwnBookings]):
    """Says what somebody has booked."""

    name: ClassVar[str] = "booking.list"
    description: ClassVar[str] = "A member's own bookings that are still to come."
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    nothing: ClassVar[str] = "tool.bookings.consequence"
    result = OwnBookings

    async def run(self, arguments: AskArguments, actor: Actor, action_id: str) -> OwnBookings:
        """Look it up.

        Raises:
            Unavailable: It could not be read.
        """
        del actor, action_id
        now = self._kit.clock.now()
        found = await own.bookings(self._kit.database, arguments.member_id, now, _MOST_BOOKINGS)
        return OwnBookings(
            bookings=tuple(Listed(title=one.title, start=one.start, waiting=one.waiting) for one in found),
            read_at=await own.read_at(self._kit.database, arguments.member_id),
        )

    def told(self, result: OwnBookings, language: Language) -> str | None:
        """A line each, with how old it is."""
        lines = [self._line(one, language) for one in result.bookings]
        if result.read_at is None:
            return self._kit.text("tool.bookings.unknown", language)
        head = self._kit.text(f"tool.bookings.{'some' if lines else 'none'}", language)
        age = self._kit.as_of(result.read_at, language, fresh_for=BOOKINGS_ARE_FRESH_FOR)
        return "\n".join(filter(None, (head, *lines, age)))

    def _line(self, one: Listed, language: Language) -> str:
        when = day_and_time(one.start.astimezone(self._kit.zone), language)
        session = f"{one.title}, {when}" if one.title else when
        return self._kit.text(
            "tool.bookings.waiting" if one.waiting else "tool.bookings.one", language, session=session
        )
