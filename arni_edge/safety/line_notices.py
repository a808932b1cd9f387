"""Tells staff what is wrong with a line out of the house, in the transaction of what it is about."""

from datetime import datetime, timedelta
from typing import Final

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language, Priority
from arni_edge.safety.staff_line import StaffLine
from arni_edge.storage import Transaction, kept_notices, staff_told

_QUIET: Final = timedelta(hours=1)
"""A token that has expired is told of by the hour, not with every message that it keeps from leaving."""

_MOST_KEPT: Final = 100


class LineNotices:
    """Tells who is on call, else whoever can be told; else it waits for the first who can."""

    def __init__(self, line: StaffLine, catalogue: Catalogue, *, gym: str) -> None:
        """Nothing is told by it.

        Args:
            line: Takes what staff are told.
            catalogue: The words, ``notice.line.<trouble>``.
            gym: Its name.
        """
        self._line = line
        self._text = catalogue.text
        self._gym = gym

    async def tell(self, tx: Transaction, line: str, trouble: str, now: datetime, about: str = "") -> None:
        """Tell it, unless the same was told within the hour.

        Args:
            tx: The transaction of what it is about: both are stored, or neither.
            line: Which, for instance ``whatsapp``.
            trouble: What, a key below ``notice.line``.
            now: The moment.
            about: More of it, in a word; what is about something else is told all the same.
        """
        what = "/".join(filter(None, ("line", line, trouble, about)))
        subject = f"notice:{what}:"
        if await staff_told.told_between(tx, subject, now - _QUIET, now):
            return

        def words(language: Language) -> str:
            name = self._text(f"line.{line}", language)
            return self._text(f"notice.line.{trouble}", language, line=name, about=about)

        key = f"{subject}{new_id()}"
        for people in (self._line.on_call(now), list(self._line.roster.everybody.values())):
            if await self._line.tell(
                tx,
                people,
                key,
                lambda language: f"{self._gym}: {words(language)}",
                priority=Priority.ALARM,
                now=now,
            ):
                return
        kept = {language.value: words(language) for language in Language}
        await kept_notices.keep(tx, what, kept, now, most=_MOST_KEPT)
