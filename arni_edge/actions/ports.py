"""What the one-way door needs of others."""

from datetime import datetime
from typing import Protocol

from arni_edge.actions.action import Action
from arni_edge.domain.staff import Contact, StaffPost
from arni_edge.storage.database import Transaction


class Outcomes(Protocol):
    """Tells people in their conversation what became of what they asked for."""

    async def tell(self, tx: Transaction, action: Action, sentence: str, now: datetime) -> None:
        """Store what is to be said to the conversation of an action; called once per end of an action.

        Args:
            tx: The transaction in which the action ends: both are there, or neither.
            action: As it is now. Its conversation is neither of staff nor the console: those see the board,
                and the answer of their command.
            sentence: What to say, in the action's language.
            now: The moment.
        """
        ...


class Tickets(Protocol):
    """Has a person do something by hand."""

    async def open(self, tx: Transaction, action: Action, kind: str, text: str, now: datetime) -> None:
        """Open a ticket about an action, and show it to staff.

        Args:
            tx: The transaction in which the action ends.
            action: Which.
            kind: ``unknown`` or ``stuck``.
            text: What has to be looked at; for staff.
            now: The moment.
        """
        ...


class Herald(Protocol):
    """Tells somebody of staff by every way that they have beside the board.

    Whoever has got hold of their account has not got hold of all of them.
    """

    async def store(self, tx: Transaction, contact: Contact, key: str, text: str, now: datetime) -> None:
        """Store what leaves by the ways that are durable.

        Args:
            tx: The transaction of what is told.
            contact: Whom.
            key: Unique; the same key again says nothing.
            text: What, in their language.
            now: The moment.
        """
        ...

    async def call(self, contact: Contact, key: str, text: str) -> None:
        """Bring it by the ways that are not; called once it is on the disk. One that fails is left out."""
        ...


class Board(Protocol):
    """Shows something to one person of staff: :func:`arni_edge.storage.staff_posts.put`."""

    async def __call__(self, tx: Transaction, contact: str, post: StaffPost, now: datetime) -> bool:
        """Show a post, or change what is shown."""
        ...
