"""One-time codes that bind somebody's Telegram account to their name in the settings."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from arni_edge.channels.telegram.people import Roster
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.staff import Contact
from arni_edge.storage import Database, Transaction, telegram
from arni_edge.storage.audit import AuditLog

_CODE_BYTES = 24
"""192 bits; base64 makes 32 of the 64 characters of them that a link may carry."""
_CODE = re.compile(r"[A-Za-z0-9_-]{32}")
_VALID = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation.

    Attributes:
        code: What is sent to the bot as ``/start <code>``; it is shown once and kept nowhere.
        link: Address that does it with a tap, or None while we do not know what the bot is called.
        expires_at: It does not work from then on (aware).
    """

    code: str
    link: str | None
    expires_at: datetime


class StaffInvites:
    """Issues invitations, and takes them in.

    Attributes:
        bot: What the bot is called at Telegram, without ``@``; None until Telegram has told us.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: AuditLog,
        roster: Roster,
        people: Mapping[str, Contact],
    ) -> None:
        """Nothing is issued yet.

        Args:
            database: Keeps digests of the codes.
            clock: Of the box.
            audit: Where it is written down.
            roster: Who is who.
            people: All staff, by id.
        """
        self._database = database
        self._clock = clock
        self._audit = audit
        self._roster = roster
        self._people = people
        self.bot: str | None = None

    def introduce(self, bot: str) -> None:
        """Telegram has told us what the bot is called."""
        self.bot = bot

    async def issue(self, staff: str, *, ordered_by: str) -> Invite:
        """Invite somebody; an invitation that they have not used is void.

        Args:
            staff: Their id in the settings.
            ordered_by: Who wants it, as the audit names people: ``console:<login>``, ``staff:<id>``.

        Raises:
            Refused: There is nobody of that id, or the settings say already who they are.
            Unavailable: It could not be stored.
        """
        person = self._people.get(staff)
        if person is None:
            raise Refused(f"there is no [[staff]] table with the id '{staff}'")
        if person.telegram is not None:
            raise Refused(f"the settings name the Telegram number of '{staff}' already")
        now = self._clock.now()
        code, expires_at = secrets.token_urlsafe(_CODE_BYTES), now + _VALID

        async def store(tx: Transaction) -> None:
            await telegram.add_invite(tx, _digest(code), staff, expires_at)
            await self._audit.note(tx, now, actor=ordered_by, act="staff.invited", staff=staff)

        await self._database.write(store)
        link = f"https://t.me/{self.bot}?start={code}" if self.bot else None
        return Invite(code, link, expires_at)

    async def is_open(self, code: str) -> bool:
        """Whether a code would work now; one that has not even the form of a code never does."""
        if not _CODE.fullmatch(code):
            return False
        return await telegram.open_invite(self._database, _digest(code), self._clock.now())

    async def redeem(self, tx: Transaction, code: str, user: int, now: datetime) -> str | None:
        """Bind an account; the code is used, whoever else tries.

        Args:
            tx: The transaction of everything that belongs to it.
            code: What was sent.
            user: Telegram's number of who sent it.
            now: The moment.

        Returns:
            The id of staff; None when the code does not work.
        """
        staff = await self._roster.bind(tx, _digest(code), user, now)
        if staff is not None:
            await self._audit.note(tx, now, actor=f"staff:{staff}", act="staff.bound", channel="telegram")
        return staff


def _digest(code: str) -> str:
    """No key and no salt: nobody searches 192 bits."""
    return hashlib.sha256(code.encode()).hexdigest()
