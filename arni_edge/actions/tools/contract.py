"""Contracts: what a member declares, and a person of the gym carries out until a provider is connected."""

from typing import ClassVar

from arni_edge.actions.tickets import Errand
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import Kit, MemberId, Sentence, called
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.domain.risk import Risk


class CancelArguments(Form):
    """Whose contract."""

    member_id: MemberId


class Received(Form):
    """A declaration was received.

    Attributes:
        ticket_id: What a person has to do about it.
        day: When it was received, as people write it.
    """

    ticket_id: str
    day: str


class CancelContract(Tool[CancelArguments, Received]):
    """Receives a cancellation: it is declared from then on; a person enters it and names the end."""

    name: ClassVar[str] = "contract.cancel"
    description: ClassVar[str] = "Declare the cancellation of a member's contract to the gym."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CODE
    repeatable: ClassVar[bool] = True
    word: ClassVar[str] = "cancel_contract"
    arguments = CancelArguments
    result = Received

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def subject(self, arguments: CancelArguments) -> str | None:
        """The member whose contract it is."""
        return arguments.member_id

    async def consequence(self, arguments: CancelArguments, language: Language) -> str:
        """What is declared, and what is not known yet.

        Raises:
            Refused: There is no contract to cancel, or it was cancelled already.
        """
        member = await self._kit.member(arguments.member_id, language)
        if member.state is MemberState.ENDED:
            raise Refused(self._kit.text("tool.contract.ended", language))
        rows = await self._kit.database.read(
            "SELECT 1 FROM tickets WHERE kind = ? AND member_id = ? AND state = 'open' LIMIT 1",
            (self.name, member.member_id),
        )
        if rows:
            raise Refused(self._kit.text("tool.contract.declared", language))
        today = self._kit.today(language)
        return self._kit.text(
            "tool.contract.cancel",
            language,
            member=called(member),
            today=today,
            until=self._until(member, language),
        )

    async def run(self, arguments: CancelArguments, actor: Actor, action_id: str) -> Received:
        """Keep the declaration with its day; the same action again keeps it once.

        Raises:
            Refused: Nobody has this number any more.
            Unavailable: It could not be stored.
        """
        kit = self._kit
        member = await kit.member(arguments.member_id, actor.language)

        def words(language: Language) -> str:
            return kit.text(
                "tool.contract.cancel_ticket", language, member=called(member), day=kit.today(language)
            )

        await kit.ask_person(Errand(action_id, self.name, words, member.member_id, actor.conversation))
        return Received(ticket_id=action_id, day=kit.today(actor.language))

    def told(self, result: Received, language: Language) -> str | None:
        """That it was received, and who does the rest."""
        return self._kit.text("tool.contract.cancelled", language, day=result.day)

    def _until(self, member: Member, language: Language) -> str:
        if member.valid_until is None:
            return self._kit.text("tool.contract.end_unknown", language)
        day = self._kit.day(member.valid_until, language)
        return self._kit.text("tool.contract.end_known", language, day=day)


class ChangeArguments(Form):
    """Whose contract, and what they want of it in their words."""

    member_id: MemberId
    wish: Sentence


class ChangeContract(Tool[ChangeArguments, Received]):
    """Receives the wish for a change of the contract; a person carries it out."""

    name: ClassVar[str] = "contract.change"
    description: ClassVar[str] = "Ask the gym to change a member's contract (plan, pause, payment)."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CODE
    repeatable: ClassVar[bool] = True
    word: ClassVar[str] = "change"
    arguments = ChangeArguments
    result = Received

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def subject(self, arguments: ChangeArguments) -> str | None:
        """The member whose contract it is."""
        return arguments.member_id

    async def consequence(self, arguments: ChangeArguments, language: Language) -> str:
        """What is asked for.

        Raises:
            Refused: There is no contract to change.
        """
        member = await self._kit.member(arguments.member_id, language)
        if member.state is MemberState.ENDED:
            raise Refused(self._kit.text("tool.contract.ended", language))
        return self._kit.text("tool.contract.change", language, member=called(member), wish=arguments.wish)

    async def run(self, arguments: ChangeArguments, actor: Actor, action_id: str) -> Received:
        """Keep the wish.

        Raises:
            Refused: Nobody has this number any more.
            Unavailable: It could not be stored.
        """
        kit = self._kit
        member = await kit.member(arguments.member_id, actor.language)

        def words(language: Language) -> str:
            return kit.text(
                "tool.contract.change_ticket", language, member=called(member), wish=arguments.wish
            )

        await kit.ask_person(Errand(action_id, self.name, words, member.member_id, actor.conversation))
        return Received(ticket_id=action_id, day=kit.today(actor.language))

    def told(self, result: Received, language: Language) -> str | None:
        """That it was received, and who does the rest."""
        return self._kit.text("tool.contract.changed", language, day=result.day)
