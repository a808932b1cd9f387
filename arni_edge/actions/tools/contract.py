"""Contracts: what a member declares, and a person of the gym carries out until a provider is connected."""

from abc import abstractmethod
from typing import ClassVar, TypeVar

from arni_edge.actions.tickets import Errand
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import CONTRACT_IS_FRESH_FOR, Kit, MemberId, Sentence, called
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.domain.risk import Risk
from arni_edge.storage.magicline import own


class CancelArguments(Form):
    """Whose contract."""

    member_id: MemberId


class ChangeArguments(CancelArguments):
    """Whose contract, and what they want of it in their words."""

    wish: Sentence


class Received(Form):
    """A declaration was received.

    Attributes:
        ticket_id: What a person has to do about it.
        day: When it was received, as people write it.
    """

    ticket_id: str
    day: str


DeclaredT = TypeVar("DeclaredT", bound=CancelArguments)


class _Declaration(Tool[DeclaredT, Received]):
    """Receives what a member declares about their contract; a person carries it out."""

    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CODE
    repeatable: ClassVar[bool] = True
    result = Received
    received: ClassVar[str]
    """Catalogue key of what the member is told then."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def subject(self, arguments: DeclaredT) -> str | None:
        """The member whose contract it is."""
        return arguments.member_id

    async def run(self, arguments: DeclaredT, actor: Actor, action_id: str) -> Received:
        """Keep the declaration with its day; the same action again keeps it once.

        Raises:
            Refused: Nobody has this number any more.
            Unavailable: It could not be stored.
        """
        kit = self._kit
        member = await kit.member(arguments.member_id, actor.language)

        def words(language: Language) -> str:
            return self._errand(arguments, member, language)

        await kit.ask_person(Errand(action_id, self.name, words, member.member_id, actor.conversation))
        return Received(ticket_id=action_id, day=kit.today(actor.language))

    def told(self, result: Received, language: Language) -> str | None:
        """That it was received, and who does the rest."""
        return self._kit.text(self.received, language, day=result.day)

    @abstractmethod
    def _errand(self, arguments: DeclaredT, member: Member, language: Language) -> str:
        """What a person has to do."""

    async def _with_contract(self, arguments: DeclaredT, language: Language) -> Member:
        """The member; raises :class:`Refused` when there is no contract."""
        member = await self._kit.member(arguments.member_id, language)
        if member.state is MemberState.ENDED:
            raise Refused(self._kit.text("tool.contract.ended", language))
        return member


class CancelContract(_Declaration[CancelArguments]):
    """Receives a cancellation: it is declared from then on; a person enters it and names the end."""

    name: ClassVar[str] = "contract.cancel"
    description: ClassVar[str] = "Declare the cancellation of a member's contract to the gym."
    word: ClassVar[str] = "cancel_contract"
    arguments = CancelArguments
    received: ClassVar[str] = "tool.contract.cancelled"

    async def consequence(self, arguments: CancelArguments, language: Language) -> str:
        """What is declared, and what is not known yet.

        Raises:
            Refused: There is no contract to cancel, or it was cancelled already.
        """
        member = await self._with_contract(arguments, language)
        rows = await self._kit.database.read(
            "SELECT 1 FROM tickets WHERE kind = ? AND member_id = ? AND state = 'open' LIMIT 1",
            (self.name, member.member_id),
        )
        if rows:
            raise Refused(self._kit.text("tool.contract.declared", language))
        return self._kit.text(
            "tool.contract.cancel",
            language,
            member=called(member),
            today=self._kit.today(language),
            until=await self._until(member, language),
        )

    def _errand(self, arguments: CancelArguments, member: Member, language: Language) -> str:
        del arguments
        day = self._kit.today(language)
        return self._kit.text("tool.contract.cancel_ticket", language, member=called(member), day=day)

    async def _until(self, member: Member, language: Language) -> str:
        kit = self._kit
        if member.valid_until is None:
            return kit.text("tool.contract.end_unknown", language)
        end = kit.text("tool.contract.end_known", language, day=kit.day(member.valid_until, language))
        read_at = await own.read_at(kit.database, member.member_id)
        age = kit.as_of(read_at, language, fresh_for=CONTRACT_IS_FRESH_FOR)
        return f"{end} {age}".rstrip()


class ChangeContract(_Declaration[ChangeArguments]):
    """Receives the wish for a change of the contract."""

    name: ClassVar[str] = "contract.change"
    description: ClassVar[str] = "Ask the gym to change a member's contract (plan, pause, payment)."
    word: ClassVar[str] = "change"
    arguments = ChangeArguments
    received: ClassVar[str] = "tool.contract.changed"

    async def consequence(self, arguments: ChangeArguments, language: Language) -> str:
        """What is asked for.

        Raises:
            Refused: There is no contract to change.
        """
        member = await self._with_contract(arguments, language)
        return self._kit.text("tool.contract.change", language, member=called(member), wish=arguments.wish)

    def _errand(self, arguments: ChangeArguments, member: Member, language: Language) -> str:
        wish = arguments.wish
        return self._kit.text("tool.contract.change_ticket", language, member=called(member), wish=wish)
