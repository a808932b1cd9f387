"""Money back: two people approve it, and a person pays it."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from arni_edge.actions.tickets import Errand
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import Kit, MemberId, Sentence, called
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Role

MOST_CENTS: Final = 100_000
"""A thousand euros: more is no refund of a gym but a typing error, or a fraud."""


class RefundArguments(Form):
    """To whom, how much, why."""

    member_id: MemberId
    cents: Annotated[int, Field(gt=0, le=MOST_CENTS, strict=True)]
    reason: Sentence


class Approved(Form):
    """A refund was approved.

    Attributes:
        ticket_id: What a person has to do about it.
    """

    ticket_id: str


class Refund(Tool[RefundArguments, Approved]):
    """Approves a refund; no money moves by itself."""

    name: ClassVar[str] = "refund"
    description: ClassVar[str] = "Approve a refund to a member; a person pays it out by hand."
    risk: ClassVar[Risk] = Risk.GRAVE
    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF
    repeatable: ClassVar[bool] = True
    word: ClassVar[str] = "refund"
    arguments = RefundArguments
    result = Approved

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def subject(self, arguments: RefundArguments) -> str | None:
        """Who gets the money."""
        return arguments.member_id

    async def consequence(self, arguments: RefundArguments, language: Language) -> str:
        """How much goes to whom.

        Raises:
            Refused: Nobody has this number.
        """
        return await self._words("tool.refund.consequence", arguments, language)

    async def run(self, arguments: RefundArguments, actor: Actor, action_id: str) -> Approved:
        """Ask a person to pay it.

        Raises:
            Refused: Nobody has this number any more.
            Unavailable: It could not be stored.
        """
        sentences = {one: await self._words("tool.refund.ticket", arguments, one) for one in Language}
        await self._kit.ask_person(
            Errand(action_id, self.name, sentences.__getitem__, arguments.member_id, actor.conversation)
        )
        return Approved(ticket_id=action_id)

    def told(self, result: Approved, language: Language) -> str | None:
        """That it is approved, and not paid yet."""
        del result
        return self._kit.text("tool.refund.approved", language)

    async def _words(self, key: str, arguments: RefundArguments, language: Language) -> str:
        member = await self._kit.member(arguments.member_id, language)
        euros = f"{arguments.cents // 100}.{arguments.cents % 100:02d}"
        return self._kit.text(
            key,
            language,
            amount=euros.replace(".", ",") if language is Language.GERMAN else euros,
            member=called(member),
            reason=arguments.reason,
        )
