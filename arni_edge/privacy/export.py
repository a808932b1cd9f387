"""Everything that the box holds about one member, as JSON (Art. 15 and 20 GDPR)."""

from typing import Any

from arni_edge import __version__
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.privacy.kept import JOBS
from arni_edge.privacy.record import recipients
from arni_edge.settings import Settings
from arni_edge.storage import Database, held, personal


class ExportDesk:
    """Collects; who may have it is decided by whoever asks for it."""

    def __init__(self, database: Database, clock: Clock, catalogue: Catalogue, settings: Settings) -> None:
        """Nothing is read before somebody asks.

        Args:
            database: Has nearly all of it.
            clock: Says when.
            catalogue: Words.
            settings: How long things are kept, and who else gets them.
        """
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._settings = settings

    async def require(self, member_id: str) -> None:
        """Make sure that there is such a member.

        Raises:
            Refused: There is none.
            Unavailable: It cannot be read now.
        """
        if await personal.find(self._database, member_id) is None:
            unknown = self._catalogue.text("privacy.refused.unknown", self._settings.site.language)
            raise Refused(unknown)

    async def export(self, member_id: str, language: Language | None = None) -> dict[str, Any]:
        """All rows by table, how long each is kept, and who else has any of it.

        What is about others is not in it: who of staff did what, digests of codes, a number that another
        member has, too.

        Args:
            member_id: Who.
            language: Of the sentences; None: the gym's.

        Raises:
            Refused: There is no such member.
            Unavailable: It cannot be read now.
        """
        speaks = language or self._settings.site.language
        person = await personal.find(self._database, member_id)
        if person is None:
            raise Refused(self._catalogue.text("privacy.refused.unknown", speaks))
        days = {job.kept.table: job.days(self._settings) for job in JOBS}
        tables = await held.everything(self._database, person)
        return {
            "format": "arni-edge-export-1",
            "version": __version__,
            "at": self._clock.now().isoformat(),
            "gym": self._settings.site.name,
            "controller": self._settings.privacy.controller,
            "contact": self._settings.privacy.contact,
            "member_id": member_id,
            "data": tables,
            "kept_days": {table: days.get(table) for table in tables},
            "recipients": recipients(self._settings, self._catalogue, speaks),
            "left_out": [self._catalogue.text("privacy.left_out.phone_shared", speaks)]
            if person.shared_phone
            else [],
            "rights": self._catalogue.text("privacy.sign.rights", speaks),
        }
