"""Who may ask for what, and who may confirm it (pure)."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from arni_edge.actions.action import CONSOLE, STAFF, Action
from arni_edge.actions.tool import Actor, ActorKind, Described
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact, Role

COOLING: Final = timedelta(minutes=10)
"""So much later does the same person say it again where there is nobody else: long enough that a stolen
account is noticed on another telephone."""


class No(StrEnum):
    """Why not; the key of a sentence below ``action.refused`` in the catalogues."""

    STRANGER = "stranger"
    NOT_YOURS = "not_yours"
    ROLE = "role"
    ASSURANCE = "assurance"
    SYSTEM = "system"
    GONE = "gone"
    CONSOLE = "console"
    MEMBER_FIRST = "member_first"
    SAME_PERSON = "same_person"


def is_type_2(risk: Risk) -> bool:
    """Whether it stops until it was confirmed."""
    return risk.confirmations > 0


def least_role(tool: Described) -> Role:
    """The least role of staff who may ask for something or confirm it."""
    return Role.STAFF if tool.role is None else tool.role


def person(actor: Actor) -> str:
    """One name per person, whatever the channel."""
    return f"{actor.kind}:{actor.id}"


def colleague(contact: Contact) -> str:
    """The same, of somebody of staff who is not there."""
    return f"{ActorKind.STAFF}:{contact.id}"


def why_not_ask(
    tool: Described, actor: Actor, subject: str | None, people: Mapping[str, Contact]
) -> No | None:
    """Why somebody may not ask for something; None: they may.

    Args:
        tool: What they ask for.
        actor: Who asks.
        subject: The member whom it concerns, or None.
        people: All staff by id.
    """
    if actor.kind is ActorKind.STAFF:
        role = _role(actor, people)
        if role is None or role < least_role(tool):
            return No.ROLE
    elif tool.role is not None:
        return No.ROLE
    if actor.kind is ActorKind.MEMBER:
        is_stranger = not actor.id
        if is_stranger and (is_type_2(tool.risk) or subject is not None or tool.assurance > 0):
            return No.STRANGER
        if subject is not None and subject != actor.id:
            return No.NOT_YOURS
        if actor.conversation in {STAFF, CONSOLE}:
            return No.ROLE
    if actor.kind is ActorKind.SYSTEM and is_type_2(tool.risk) and actor.conversation != STAFF:
        return No.SYSTEM
    return No.ASSURANCE if actor.assurance < tool.assurance else None


def why_not_decide(
    action: Action, tool: Described | None, actor: Actor, people: Mapping[str, Contact]
) -> No | None:
    """Why somebody may have no say about an action at all; None: they may confirm or deny it.

    Args:
        action: What waits.
        tool: Its tool as it is now; None when there is none any more.
        actor: Who wants to decide.
        people: All staff by id.
    """
    if actor.kind is ActorKind.SYSTEM:
        return No.SYSTEM
    if tool is None or tool.risk is not action.risk:
        return No.GONE
    if actor.kind is ActorKind.MEMBER:
        # Nobody learns that there is something to confirm in somebody else's conversation.
        is_theirs = actor.id and person(actor) == person(action.proposer)
        return None if is_theirs and actor.conversation == action.conversation else No.GONE
    role = _role(actor, people)
    if role is None or role < least_role(tool):
        return No.ROLE
    if action.risk is Risk.GRAVE:
        return None if actor.conversation in {STAFF, CONSOLE} else No.GONE
    return None if actor.conversation == action.conversation else No.GONE


def why_not_confirm(
    action: Action,
    tool: Described | None,
    actor: Actor,
    confirmed: Collection[str],
    people: Mapping[str, Contact],
) -> No | None:
    """Why somebody may not confirm an action; None: their confirmation counts.

    Args:
        action: What waits.
        tool: Its tool as it is now; None when there is none any more.
        actor: Who wants to confirm.
        confirmed: Who has confirmed so far (:func:`person`).
        people: All staff by id.
    """
    why = why_not_decide(action, tool, actor, people)
    if why is not None:
        return why
    if actor.assurance < action.assurance:
        return No.ASSURANCE
    if actor.kind is ActorKind.STAFF:
        if action.risk is Risk.GRAVE and actor.conversation != STAFF:
            # Whoever sits at the box can say to be anybody: two names from there are not two people.
            return No.CONSOLE
        if action.proposer.kind is ActorKind.MEMBER and person(action.proposer) not in confirmed:
            return No.MEMBER_FIRST
        me = people.get(actor.id)
        others = [one for one in confirmed if one != person(actor)]
        if me is not None and any(_is_same(me, one, action, people) for one in others):
            return No.SAME_PERSON
    return None


def is_alone(action: Action, role: Role, me: Contact, people: Mapping[str, Contact]) -> bool:
    """Whether somebody of staff is the only person who could ever confirm what needs two.

    Then the same person says it twice, with :data:`COOLING` between. Wherever a second one is configured who
    has the role, it takes two; so it does where a member has asked for it, whose yes is the first one.

    Args:
        action: What waits.
        role: The least role of staff who may confirm it.
        me: Who is asked about.
        people: All staff by id.
    """
    able = [one for one in people.values() if one.role >= role]
    return action.risk is Risk.GRAVE and me in able and all(_is_one(me, one) for one in able)


def _role(actor: Actor, people: Mapping[str, Contact]) -> Role | None:
    """What somebody of staff may do: no more than the settings say, nor than where they are allows."""
    if actor.role is None:
        return None
    known = people.get(actor.id)
    if known is not None:
        return min(actor.role, known.role)
    return actor.role if actor.conversation == CONSOLE else None


def _is_same(me: Contact, other: str, action: Action, people: Mapping[str, Contact]) -> bool:
    """Whether somebody of staff is the person who confirmed under another name."""
    kind, _, name = other.partition(":")
    if kind == ActorKind.MEMBER:
        return me.phone is not None and action.conversation.endswith(f":{me.phone}")
    contact = people.get(name)
    return contact is not None and _is_one(me, contact)


def _is_one(me: Contact, other: Contact) -> bool:
    """Whether two entries are one person."""
    return (
        me.id == other.id
        or (me.phone is not None and me.phone == other.phone)
        or (me.telegram is not None and me.telegram == other.telegram)
    )
