"""Everything of Telegram, made together: who is known first, what can be done last."""

from collections.abc import Callable, Mapping

from arni_edge.channels.telegram.binding import StaffInvites
from arni_edge.channels.telegram.client import BotApi, open_client
from arni_edge.channels.telegram.condition import Condition
from arni_edge.channels.telegram.desk import TelegramDesk
from arni_edge.channels.telegram.direct import DirectTelegram
from arni_edge.channels.telegram.people import Roster
from arni_edge.channels.telegram.poller import Poller
from arni_edge.channels.telegram.poster import Poster
from arni_edge.domain.clock import Clock
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, StaffAct, StaffCommand
from arni_edge.settings import Telegram
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.post_board import PostBoard
from arni_edge.supervision import Child


class TelegramLine:
    """The gym's bot.

    Attributes:
        roster: Who is who; says whom it reaches.
        invites: Codes that bind somebody's account.
    """

    def __init__(
        self,
        settings: Telegram,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        audit: AuditLog,
        *,
        people: Mapping[str, Contact],
        language: Language,
        health: Callable[[State, str], None],
        longest_backoff: float = 30.0,
    ) -> None:
        """Nothing runs before :meth:`children` do.

        Args:
            settings: Token, address, groups.
            database: The one database.
            clock: Of the box.
            catalogue: What people read.
            audit: Who did what.
            people: All staff, by id.
            language: The gym's.
            health: Is told how it goes.
            longest_backoff: Seconds between attempts at most, while Telegram is away.
        """
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._language = language
        self._longest_backoff = longest_backoff
        self._http = open_client()
        self._api = BotApi(settings, self._http, clock)
        self._condition = Condition(health)
        self.roster = Roster(database, people, settings.chats, self._condition)
        self.invites = StaffInvites(database, clock, audit, self.roster, people)

    def children(
        self, acts: Mapping[str, StaffAct], commands: Mapping[str, StaffCommand]
    ) -> tuple[Child, ...]:
        """What runs.

        Args:
            acts: What can be done with a button, by name.
            commands: What can be asked, by word without ``/``; not ``start``, ``help`` and ``cancel``.
        """
        desk = TelegramDesk(
            self._api,
            self._database,
            self._clock,
            self._catalogue,
            self.roster,
            self.invites,
            acts=acts,
            commands=commands,
            language=self._language,
        )
        poller = Poller(
            self._api,
            self._database,
            self._clock,
            desk.take,
            named=self.invites.introduce,
            condition=self._condition,
            longest_backoff=self._longest_backoff,
        )
        poster = Poster(
            self._api,
            PostBoard(self._database),
            self.roster,
            self._clock,
            self._condition,
            longest_backoff=self._longest_backoff,
        )
        return (
            Child("telegram-poster", poster.run),
            Child("telegram-desk", desk.run),
            Child("telegram-poller", poller.run),
        )

    def direct(self) -> DirectTelegram:
        """Says alarms without the board of posts."""
        return DirectTelegram(self._api, self.roster)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
