"""Consent per purpose: none unless somebody gave it, and only to the words that they read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.storage import Database, Row, Transaction, consents
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.consents import Consenter

_LOG = structlog.get_logger(__name__)


class Purpose(StrEnum):
    """What somebody can agree to; what the contract itself needs is not among them."""

    MEMORY = "memory"
    HEALTH = "health"
    MARKETING = "marketing"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class Consent:
    """How somebody stands to a purpose.

    Attributes:
        granted: They agreed, to the words as they are now. To others they have not agreed.
        text_version: Which words they answered, or None when they were never asked.
        at: When (aware), or None.
    """

    granted: bool = False
    text_version: str | None = None
    at: datetime | None = None


class RestsOnConsent(Protocol):
    """A part that keeps something because somebody agreed."""

    async def forget(self, who: Consenter, purpose: Purpose) -> None:
        """Remove all of it; doing it twice does no harm.

        Raises:
            Unavailable: It could not be removed now; it will be asked again.
        """
        ...


class ConsentDesk:
    """Gives, takes back, and says how it stands."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        audit: AuditLog,
        *,
        gym: str,
        resting: Sequence[RestsOnConsent] = (),
    ) -> None:
        """Nothing is read before somebody asks.

        Args:
            database: Keeps every answer.
            clock: Says when.
            catalogue: The words, and their version.
            audit: Told of every change, in its transaction.
            gym: What it is called.
            resting: What is kept on the ground of consent.
        """
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._audit = audit
        self._gym = gym
        self._resting = tuple(resting)

    def words(self, purpose: Purpose, language: Language) -> str:
        """What somebody agrees to."""
        return self._catalogue.text(f"consent.text.{purpose}", language, gym=self._gym)

    def version(self, purpose: Purpose) -> str:
        """The version of the words; the same in every language."""
        return self._catalogue.text(f"consent.version.{purpose}", Language.GERMAN)

    async def grant(self, who: Consenter, purpose: Purpose) -> None:
        """Note that somebody agreed to the words as they are now.

        Raises:
            Unavailable: It could not be stored; then it is not so.
        """
        await self._note(who, purpose, granted=True)
        _LOG.info("consent_granted", purpose=purpose)

    async def revoke(self, who: Consenter, purpose: Purpose) -> None:
        """Take consent back, and remove what rests on it. It counts from the first moment.

        Raises:
            Unavailable: It could not be stored. What could not be removed now is removed by :meth:`resume`.
        """
        row_id = await self._note(who, purpose, granted=False)
        _LOG.info("consent_revoked", purpose=purpose)
        await self._forget(who, purpose, row_id)

    async def state(self, who: Consenter) -> Mapping[Purpose, Consent]:
        """How somebody stands to every purpose; a member by any of their addresses."""
        rows = await consents.newest(self._database, who)
        return self._stands({row["purpose"]: row for row in rows})

    async def state_of_member(self, member_id: str) -> Mapping[Purpose, Consent]:
        """How a member stands to every purpose."""
        rows = await consents.of_member(self._database, member_id)
        return self._stands({row["purpose"]: row for row in rows})

    async def allows(self, who: Consenter, purpose: Purpose) -> bool:
        """Whether somebody agrees to a purpose now."""
        return (await self.state(who))[purpose].granted

    async def resume(self) -> None:
        """Once at start: remove what a crash, or a failing part, has left of what was taken back."""
        for row in await consents.unforgotten(self._database):
            if row["purpose"] in set(Purpose):
                who = Consenter(row["channel"], row["address"], row["member_id"])
                await self._forget(who, Purpose(row["purpose"]), row["id"])

    def _stands(self, rows: Mapping[str, Row]) -> Mapping[Purpose, Consent]:
        return {purpose: self._consent(purpose, rows.get(purpose)) for purpose in Purpose}

    def _consent(self, purpose: Purpose, row: Row | None) -> Consent:
        if row is None:
            return Consent()
        current = row["text_version"] == self.version(purpose)
        return Consent(
            bool(row["granted"]) and current, row["text_version"], datetime.fromisoformat(row["at"])
        )

    async def _note(self, who: Consenter, purpose: Purpose, *, granted: bool) -> int:
        now, version = self._clock.now(), self.version(purpose)

        async def unit(tx: Transaction) -> int:
            await self._audit.note(
                tx,
                now,
                actor="member",
                act="consent.granted" if granted else "consent.revoked",
                member_id=who.member_id,
                purpose=str(purpose),
                version=version,
            )
            return await consents.add(tx, who, purpose, granted=granted, text_version=version, now=now)

        return await self._database.write(unit)

    async def _forget(self, who: Consenter, purpose: Purpose, row_id: int) -> None:
        try:
            for part in self._resting:
                await part.forget(who, purpose)
            now = self._clock.now()
            await self._database.write(lambda tx: consents.note_forgotten(tx, row_id, now))
        except Unavailable as error:
            _LOG.warning("consent_not_forgotten", purpose=purpose, reason=str(error))
