"""Codes for people who are no members: deliveries, cleaners, trades."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from arni_edge.access.codes import VISIT_DIGITS, digest_of, matching, random_digits
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Windows
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.storage import Database, Transaction, credentials
from arni_edge.storage.credentials import Visit

_SALT_BYTES = 16
_LONGEST_LABEL = 100
_LONGEST = timedelta(days=400)
_MOST = 200
_MOST_USES = 1_000_000


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the owner wants a visitor to be able to do.

    Attributes:
        label: What the owner calls it, for instance ``cleaners``.
        doors: Doors it opens.
        windows: When, in the studio's time.
        valid_from: Not before (aware).
        valid_until: Not from then on (aware).
        max_uses: How often it opens, or None.
    """

    label: str
    doors: tuple[str, ...]
    windows: Windows
    valid_from: datetime
    valid_until: datetime
    max_uses: int | None = None


class Visits:
    """Makes, lists and withdraws the codes of visits."""

    def __init__(self, database: Database, clock: Clock, pepper: bytes, *, doors: Collection[str]) -> None:
        self._database = database
        self._clock = clock
        self._pepper = pepper
        self._doors = doors

    async def add(self, invitation: Invitation) -> tuple[str, str]:
        """Make a code; returns the visit's id and the digits, which are nowhere else.

        Raises:
            InvalidInput: The invitation opens nothing, or for ever.
            Refused: There are too many visits.
            Unavailable: It could not be stored.
        """
        self._check(invitation)
        now = self._clock.now()

        async def unit(tx: Transaction) -> tuple[str, str]:
            kept = await credentials.visits(tx)
            if len(kept) >= _MOST:
                raise Refused(f"there are {_MOST} visits already; revoke some")
            digits = random_digits(VISIT_DIGITS)
            while matching(self._pepper, digits, kept) is not None:
                digits = random_digits(VISIT_DIGITS)
            salt = secrets.token_bytes(_SALT_BYTES)
            visit = Visit(
                f"v-{secrets.token_hex(4)}",
                invitation.label.strip(),
                invitation.doors,
                invitation.windows,
                invitation.valid_from,
                invitation.valid_until,
                invitation.max_uses,
                salt,
                digest_of(self._pepper, salt, digits),
            )
            await credentials.add_visit(tx, visit, now)
            return visit.visit_id, digits

        return await self._database.write(unit)

    async def kept(self) -> list[Visit]:
        """All visits that are kept, oldest first."""
        return await credentials.list_visits(self._database)

    async def revoke(self, visit_id: str) -> bool:
        """Withdraw a visit; returns False when there is none with this id that was not withdrawn before."""
        now = self._clock.now()
        return await self._database.write(lambda tx: credentials.revoke_visit(tx, visit_id, now))

    def _check(self, invitation: Invitation) -> None:
        unknown = sorted(set(invitation.doors) - set(self._doors))
        if unknown:
            raise InvalidInput(f"there is no door '{unknown[0]}' in the settings")
        label = invitation.label.strip()
        if not 0 < len(label) <= _LONGEST_LABEL or not label.isprintable():
            raise InvalidInput(f"'label' must have 1 to {_LONGEST_LABEL} characters, in one line")
        if not invitation.doors:
            raise InvalidInput("a visit needs at least one door")
        if not any(invitation.windows.values()):
            raise InvalidInput("a visit needs at least one weekday with hours")
        if not timedelta(0) < invitation.valid_until - invitation.valid_from <= _LONGEST:
            raise InvalidInput(f"a visit ends after it begins, and within {_LONGEST.days} days")
        if invitation.max_uses is not None and not 1 <= invitation.max_uses <= _MOST_USES:
            raise InvalidInput(f"'max_uses' must be 1 to {_MOST_USES}")
