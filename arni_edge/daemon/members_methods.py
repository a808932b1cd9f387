"""What can be asked about members over the control socket."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from arni_edge.control import Method
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.people import Member, MemberState, normalise_phone
from arni_edge.settings.base import Identifier
from arni_edge.storage import Database, members


def one_line(text: str) -> str:
    """Text that may be shown on a screen: it cannot move the cursor or look like two lines.

    Raises:
        ValueError: It could.
    """
    if not text.isprintable() or not text.strip():
        raise ValueError("must be text in one line")
    return text


class MemberInput(BaseModel):
    """A member as the command hands them over."""

    model_config = ConfigDict(extra="forbid")

    member_id: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(one_line)]
    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line)]
    phone: str
    state: MemberState = MemberState.ACTIVE
    valid_from: date | None = None
    valid_until: date | None = None
    plan: Identifier | None = None
    groups: Annotated[tuple[Identifier, ...], Field(max_length=20)] = ()
    arrears: bool = False
    paused_from: date | None = None
    paused_until: date | None = None

    def member(self) -> Member:
        """As the house knows members.

        Raises:
            InvalidInput: The phone number is not international.
        """
        return Member(**{**dict(self), "phone": normalise_phone(self.phone)})


class Ground(Protocol):
    """What of the foundation is needed here."""

    @property
    def database(self) -> Database:
        """The one database."""
        ...

    @property
    def clock(self) -> Clock:
        """The box's clock."""
        ...


def members_methods(base: Ground) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        base: What outlives a reload.
    """

    async def put(params: Mapping[str, Any]) -> int:
        given = params.get("members")
        if not isinstance(given, list):
            raise InvalidInput("'members' must be a list")
        people = [_member(raw) for raw in given]
        now = base.clock.now()
        await base.database.write(lambda tx: members.put_by_hand(tx, people, now))
        return len(people)

    async def everybody(_: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [asdict(member) for member in await members.everybody(base.database)]

    return {"members.put": put, "members.list": everybody}


def _member(raw: object) -> Member:
    try:
        return MemberInput.model_validate(raw).member()
    except ValidationError as error:
        wrong = ", ".join(".".join(str(part) for part in problem["loc"]) for problem in error.errors())
        raise InvalidInput(f"a member is not complete or not right: {wrong}") from None
