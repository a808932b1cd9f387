"""What can be asked about tasks and staff over the control socket."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from arni_edge.actions.tickets import TicketDesk
from arni_edge.control import Method
from arni_edge.daemon.params import line
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact
from arni_edge.storage import Database

_LONGEST_NAME: Final = 64
_LONGEST_TICKET: Final = 80


class Invitation(Protocol):
    """A one-time code that binds somebody's account."""

    @property
    def code(self) -> str:
        """Shown once, kept nowhere."""
        ...

    @property
    def link(self) -> str | None:
        """Does it with a tap, where that is known."""
        ...

    @property
    def expires_at(self) -> object:
        """It does not work from then on."""
        ...


class Invites(Protocol):
    """Issues invitations."""

    async def issue(self, staff: str, *, ordered_by: str) -> Invitation:
        """Invite somebody of staff; raises :class:`Refused` when there is nobody of that id."""
        ...


class TicketsHouse(Protocol):
    """What of the present house is about tasks and staff."""

    @property
    def tickets(self) -> TicketDesk:
        """What a person has to do by hand."""
        ...

    @property
    def people(self) -> Mapping[str, Contact]:
        """All staff by id."""
        ...

    @property
    def invites(self) -> Invites | None:
        """Binds accounts of staff; None without Telegram."""
        ...


def tickets_methods(database: Database, house: Callable[[], TicketsHouse]) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        database: Knows which accounts are bound.
        house: The present house.
    """

    async def tickets(_: Mapping[str, Any]) -> list[dict[str, Any]]:
        keys = ("ticket_id", "kind", "text", "member_id", "created_at")
        return [{key: one[key] for key in keys} for one in await house().tickets.waiting()]

    async def ticket_done(params: Mapping[str, Any]) -> str:
        by = line(params, "by", _LONGEST_NAME)
        ticket = line(params, "ticket", _LONGEST_TICKET)
        return await house().tickets.end(ticket, f"console:{by}", by, Language.ENGLISH)

    async def staff(_: Mapping[str, Any]) -> list[dict[str, Any]]:
        bound = await database.read("SELECT staff, channel, bound_at FROM staff_channels")
        return [
            {
                "id": one.id,
                "name": one.name,
                "role": one.role.name.lower(),
                "phone": one.phone is not None,
                "telegram": one.telegram is not None or any(row["staff"] == one.id for row in bound),
            }
            for one in house().people.values()
        ]

    async def invite(params: Mapping[str, Any]) -> dict[str, Any]:
        invites = house().invites
        if invites is None:
            raise Refused("there is no bot: set the credential 'telegram_token' first")
        by = line(params, "by", _LONGEST_NAME)
        made = await invites.issue(line(params, "staff", _LONGEST_NAME), ordered_by=f"console:{by}")
        return {"code": made.code, "link": made.link, "expires_at": made.expires_at}

    return {
        "tickets.list": tickets,
        "tickets.done": ticket_done,
        "staff.list": staff,
        "staff.invite": invite,
    }
