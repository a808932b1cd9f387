"""The commands that Telegram offers in each chat: those that whoever is there may use, in their language.

Nothing is set for everybody: a stranger who opens the bot sees no list of what it can do.
"""

from collections.abc import Mapping

import structlog

from arni_edge.channels.telegram.answers import Away, Wait
from arni_edge.channels.telegram.client import BotApi
from arni_edge.channels.telegram.messages import fit
from arni_edge.channels.telegram.people import Roster
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, StaffCommand

_log = structlog.get_logger(__name__)

_DESCRIPTION_LIMIT = 256
_AGAIN_SECONDS = 60.0
_BUILT_IN = ("help", "cancel")


class Menu:
    """Knows what somebody may ask, and tells Telegram."""

    def __init__(
        self,
        api: BotApi,
        clock: Clock,
        catalogue: Catalogue,
        roster: Roster,
        commands: Mapping[str, StaffCommand],
        language: Language,
    ) -> None:
        """Nothing is told yet.

        Args:
            api: The bot.
            clock: Of the box.
            catalogue: What the commands do.
            roster: Who has a chat.
            commands: What can be asked, by word.
            language: The gym's, for groups.
        """
        self._api = api
        self._clock = clock
        self._text = catalogue.text
        self._roster = roster
        self._commands = commands
        self._language = language
        self._due: dict[str, Contact] = {}
        self._begun = False
        self._not_before = clock.monotonic()

    def lines(self, person: Contact) -> list[tuple[str, str]]:
        """The commands that somebody may use, and what they do."""
        lines = [
            (name, self._text(command.help_key, person.language))
            for name, command in self._commands.items()
            if person.role >= command.role and name not in _BUILT_IN
        ]
        lines += [(name, self._text(f"telegram.help.{name}", person.language)) for name in _BUILT_IN]
        return lines

    def renew(self, person: Contact) -> None:
        """Tell one chat."""
        self._due[person.id] = person

    async def tell(self) -> None:
        """Tell Telegram what is due: at first every chat. What it does not take now is tried again."""
        if not self._begun:
            self._begun = True
            for one in (*self._roster.contacts, *self._roster.groups(self._language)):
                self.renew(one)
        if self._clock.monotonic() < self._not_before:
            return
        for contact in list(self._due.values()):
            chat = self._roster.chat_of(contact.id)
            commands = [
                {"command": name, "description": fit(what, _DESCRIPTION_LIMIT)}
                for name, what in self.lines(contact)
            ]
            body = {"commands": commands, "scope": {"type": "chat", "chat_id": chat}}
            answer = await self._api.call("setMyCommands", body)
            if isinstance(answer, Away | Wait):
                seconds = answer.seconds if isinstance(answer, Wait) else _AGAIN_SECONDS
                self._not_before = self._clock.monotonic() + seconds
                return
            # A chat that was never started has no menu yet; it gets one when they write.
            _log.debug("telegram_menu", contact=contact.id, answer=type(answer).__name__)
            self._due.pop(contact.id, None)
