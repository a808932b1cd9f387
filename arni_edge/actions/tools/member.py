"""What concerns a member as a person: a ban, erasure, and what we know of them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

from arni_edge.actions.action import CONSOLE
from arni_edge.actions.tickets import Errand
from arni_edge.actions.tool import Actor, ActorKind, Form, Tool
from arni_edge.actions.tools.base import Kit, MemberId, Sentence, called
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance, MemberState
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Role
from arni_edge.storage import Transaction, identities, members


class Proof(Protocol):
    """That somebody was erased."""

    @property
    def erasure_id(self) -> str:
        """Its number; says nothing about who it was."""
        ...

    @property
    def state(self) -> str:
        """``begun``: ordered, not over; ``proven``: nothing was found afterwards; ``incomplete``."""
        ...


class Erasure(Protocol):
    """Erases somebody from every tier, and searches afterwards."""

    async def erase(self, member_id: str, ordered_by: str) -> Proof:
        """Erase them, or see to it that they are as soon as they were answered. Ordered twice, it is once.

        Raises:
            Refused: Nobody has this number, or the law wants something kept.
            Unavailable: It could not be done now.
        """
        ...


class Export(Protocol):
    """Gathers everything that is known of somebody."""

    async def export(self, member_id: str) -> Mapping[str, Any]:
        """All of it (Art. 15 and 20 GDPR), with the entries by kind under ``data``.

        Raises:
            Refused: Nobody has this number.
            Unavailable: It could not be read.
        """
        ...


class MemberArguments(Form):
    """Whom it concerns."""

    member_id: MemberId


# --- ban ----------------------------------------------------------------------------------------------------


class BanArguments(Form):
    """Whom, and why."""

    member_id: MemberId
    reason: Sentence


class Banned(Form):
    """The doors stay shut for them."""


class BanMember(Tool[BanArguments, Banned]):
    """Bans somebody from the house: every door stays shut for them from then on."""

    name: ClassVar[str] = "member.ban"
    description: ClassVar[str] = "Ban a member from the house: no door opens for them any more."
    risk: ClassVar[Risk] = Risk.GRAVE
    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.OWNER
    repeatable: ClassVar[bool] = True
    word: ClassVar[str] = "ban"
    arguments = BanArguments
    result = Banned

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def subject(self, arguments: BanArguments) -> str | None:
        """Who is banned."""
        return arguments.member_id

    async def consequence(self, arguments: BanArguments, language: Language) -> str:
        """For whom the doors stay shut.

        Raises:
            Refused: Nobody has this number, or they are banned already.
        """
        member = await self._kit.member(arguments.member_id, language)
        if member.state is MemberState.BANNED:
            raise Refused(self._kit.text("tool.ban.already", language))
        return self._kit.text(
            "tool.ban.consequence", language, member=called(member), reason=arguments.reason
        )

    async def run(self, arguments: BanArguments, actor: Actor, action_id: str) -> Banned:
        """Note it in the mirror, and forget what they have proven.

        Raises:
            Refused: Nobody has this number any more.
            Unavailable: It could not be stored.
        """
        del action_id

        async def unit(tx: Transaction) -> bool:
            await identities.forget_member(tx, arguments.member_id)
            return await members.ban(tx, arguments.member_id)

        if not await self._kit.database.write(unit):
            raise Refused(self._kit.text("tool.nobody", actor.language))
        return Banned()


# --- erasure ------------------------------------------------------------------------------------------------


class Erased(Form):
    """Somebody was erased.

    Attributes:
        erasure_id: Number of the proof.
        state: Of the proof.
    """

    erasure_id: str
    state: Literal["begun", "proven", "incomplete"]


class EraseMyself(Tool[MemberArguments, Erased]):
    """Erases whoever asks for it."""

    name: ClassVar[str] = "member.erase"
    description: ClassVar[str] = "Erase everything that the box knows of a member, at their own wish."
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CODE
    repeatable: ClassVar[bool] = True
    word: ClassVar[str] = "erase"
    seconds: ClassVar[float] = 120.0
    arguments = MemberArguments
    result = Erased

    def __init__(self, kit: Kit, erasure: Erasure) -> None:
        self._kit = kit
        self._erasure = erasure

    def subject(self, arguments: MemberArguments) -> str | None:
        """Who is erased."""
        return arguments.member_id

    async def consequence(self, arguments: MemberArguments, language: Language) -> str:
        """What will be gone.

        Raises:
            Refused: Nobody has this number.
        """
        await self._kit.member(arguments.member_id, language)
        return self._kit.text("tool.erase.own", language)

    async def run(self, arguments: MemberArguments, actor: Actor, action_id: str) -> Erased:
        """Erase them.

        Raises:
            Refused: Somebody else asks, or the law wants something kept.
            Unavailable: It could not be done now.
        """
        del action_id
        if not self._may(actor, arguments):
            raise Refused(self._kit.text("tool.erase.not_yours", actor.language))
        proof = await self._erasure.erase(arguments.member_id, _orderer(actor))
        return Erased.model_validate({"erasure_id": proof.erasure_id, "state": proof.state})

    def told(self, result: Erased, language: Language) -> str | None:
        """How far it is, and the number of the proof."""
        return self._kit.text(f"tool.erase.{result.state}", language, proof=result.erasure_id)

    def _may(self, actor: Actor, arguments: MemberArguments) -> bool:
        """One confirmation is enough for oneself only; for others there is :class:`EraseMember`."""
        return actor.kind is ActorKind.MEMBER and actor.id == arguments.member_id


class EraseMember(EraseMyself):
    """Erases a member at the order of staff; two people confirm it."""

    name: ClassVar[str] = "member.erase_by_staff"
    description: ClassVar[str] = "Erase everything that the box knows of a member, by order of staff."
    risk: ClassVar[Risk] = Risk.GRAVE
    assurance: ClassVar[Assurance] = Assurance.STAFF
    role: ClassVar[Role | None] = Role.STAFF

    async def consequence(self, arguments: MemberArguments, language: Language) -> str:
        """Who will be gone, and what.

        Raises:
            Refused: Nobody has this number.
        """
        member = await self._kit.member(arguments.member_id, language)
        return self._kit.text("tool.erase.consequence", language, member=called(member))

    def _may(self, actor: Actor, arguments: MemberArguments) -> bool:
        """Staff, for anybody: the executor has seen two of them say yes."""
        del arguments
        return actor.kind is ActorKind.STAFF


def _orderer(actor: Actor) -> str:
    """Who ordered it, for a proof that must not say who it was."""
    if actor.kind is ActorKind.MEMBER:
        return "member"
    return actor.id if actor.conversation == CONSOLE else actor.name


# --- export -------------------------------------------------------------------------------------------------


class Exported(Form):
    """What is known of somebody.

    Attributes:
        counts: How many entries of which kind.
        data: All of it, for staff; None for a member, who gets it handed over by a person.
    """

    counts: dict[str, int]
    data: dict[str, Any] | None = None


class ExportMember(Tool[MemberArguments, Exported]):
    """Gathers what is known of a member; a chat is no place to hand it over, so a person does."""

    name: ClassVar[str] = "member.export"
    description: ClassVar[str] = "Everything that the box knows of a member (Art. 15 and 20 GDPR)."
    risk: ClassVar[Risk] = Risk.READ
    assurance: ClassVar[Assurance] = Assurance.CODE
    repeatable: ClassVar[bool] = True
    arguments = MemberArguments
    result = Exported

    def __init__(self, kit: Kit, export: Export) -> None:
        self._kit = kit
        self._export = export

    def subject(self, arguments: MemberArguments) -> str | None:
        """Whose data."""
        return arguments.member_id

    async def consequence(self, arguments: MemberArguments, language: Language) -> str:
        """Nothing changes; the executor asks for no confirmation."""
        del arguments
        return self._kit.text("tool.export.consequence", language)

    async def run(self, arguments: MemberArguments, actor: Actor, action_id: str) -> Exported:
        """Gather it; for a member, ask a person to hand it over.

        Raises:
            Refused: Nobody has this number.
            Unavailable: It could not be read.
        """
        data = dict(await self._export.export(arguments.member_id))
        counts = {kind: len(entries) for kind, entries in data["data"].items()}
        if actor.kind is not ActorKind.MEMBER:
            return Exported(counts=counts, data=data)
        member = await self._kit.member(arguments.member_id, actor.language)

        def words(language: Language) -> str:
            return self._kit.text("tool.export.ticket", language, member=called(member))

        # One that is open already is enough, however often they ask.
        ticket = f"{self.name}/{action_id}"
        rows = await self._kit.database.read(
            "SELECT ticket_id FROM tickets WHERE kind = ? AND member_id = ? AND state = 'open' LIMIT 1",
            (self.name, member.member_id),
        )
        if not rows:
            await self._kit.ask_person(Errand(ticket, self.name, words, member.member_id, actor.conversation))
        return Exported(counts=counts)
