"""What staff do about actions by a button, whatever the channel."""

from collections.abc import Mapping
from typing import Protocol

from arni_edge.actions.action import STAFF, Action, Done, Waiting, read_button
from arni_edge.actions.confirmation import Reading, read
from arni_edge.actions.rules import No
from arni_edge.actions.staff_board import AGAIN, CONFIRM, DENY
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.people import Assurance
from arni_edge.domain.staff import Contact, Role, StaffAct


class Door(Protocol):
    """What is needed of the one-way door."""

    async def confirm(self, action_id: str, digest: str, actor: Actor, how: str) -> Done | Waiting:
        """Confirm an action."""
        ...

    async def confirm_again(self, action_id: str, digest: str, actor: Actor, text: str) -> Done:
        """Confirm it a second time, where there is nobody else."""
        ...

    async def deny(self, action_id: str, actor: Actor) -> Action:
        """Say no to it."""
        ...


def staff_buttons(door: Door, catalogue: Catalogue) -> Mapping[str, StaffAct]:
    """All acts by name; the argument is :attr:`Action.button`."""

    async def confirm(contact: Contact, argument: str, _: str) -> str:
        action_id, digest = _pressed(argument, contact, catalogue)
        became = await door.confirm(action_id, digest, _actor(contact), "button")
        return _said(became, contact, catalogue)

    async def again(contact: Contact, argument: str, text: str) -> str:
        if read(text, "") is Reading.DENY:
            return await deny(contact, argument, text)
        action_id, digest = _pressed(argument, contact, catalogue)
        became = await door.confirm_again(action_id, digest, _actor(contact), text)
        return _said(became, contact, catalogue)

    async def deny(contact: Contact, argument: str, _: str) -> str:
        action_id, _digest = _pressed(argument, contact, catalogue)
        await door.deny(action_id, _actor(contact))
        return catalogue.text("action.pressed.denied", contact.language)

    return {
        CONFIRM: StaffAct(Role.STAFF, confirm),
        AGAIN: StaffAct(Role.STAFF, again, "action.ask.word"),
        DENY: StaffAct(Role.STAFF, deny),
    }


def _pressed(argument: str, contact: Contact, catalogue: Catalogue) -> tuple[str, str]:
    """Id and digest that a button carries.

    Raises:
        Refused: It is none of ours.
    """
    button = read_button(argument)
    if button is None:
        raise Refused(catalogue.text(f"action.refused.{No.GONE}", contact.language))
    return button


def _said(became: Done | Waiting, contact: Contact, catalogue: Catalogue) -> str:
    # What the tool itself says is truer: that a door was commanded is not that it opened.
    return became.sentence or catalogue.text("action.pressed.done", contact.language)


def _actor(contact: Contact) -> Actor:
    return Actor(ActorKind.STAFF, contact.id, STAFF, Assurance.STAFF, contact.role, contact.language)
