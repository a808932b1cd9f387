"""Who is who at Telegram: by Telegram's own number, never by a name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from arni_edge.channels.telegram.condition import Condition
from arni_edge.domain.health import State
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.settings import TelegramChat
from arni_edge.storage import Database, Transaction, staff_posts, telegram

GROUP = "chat:"
"""How a contact that is a group begins; behind it stands its id from the settings."""
_MOST_MOVES = 10


class Roster:
    """Staff and their chats, in memory as in the database.

    Somebody is known by the number in the settings, else by the number that a one-time code has bound.
    Whoever is not in the settings (any more) is a stranger, whatever is bound.
    """

    def __init__(
        self,
        database: Database,
        people: Mapping[str, Contact],
        chats: Sequence[TelegramChat],
        condition: Condition,
    ) -> None:
        """Nothing is read before :meth:`load`.

        Args:
            database: Keeps what was bound, and where groups went.
            people: All staff, by id.
            chats: The groups of the settings.
            condition: Where it is told whom we cannot reach.
        """
        self._database = database
        self._people = people
        self._groups = {one.id: one for one in chats}
        self._condition = condition
        self._by_number = {one.telegram: one.id for one in people.values() if one.telegram is not None}
        self._bound: dict[int, str] = {}
        self._moves: dict[int, int] = {}
        self._unreachable: dict[int, str] = {}
        self._loaded = False

    async def ready(self) -> None:
        """Read what was stored, unless that was done.

        Raises:
            Unavailable: The database cannot be read.
        """
        if not self._loaded:
            await self.load()

    async def load(self) -> None:
        """Read what is stored; before the first time, only the settings count.

        Raises:
            Unavailable: The database cannot be read.
        """

        async def tidy(tx: Transaction) -> None:
            await telegram.keep_bindings_of(tx, list(self._people))

        await self._database.write(tidy, vital=True)  # before it, nobody can be shown an alarm
        self._bound = await telegram.bindings(self._database)
        self._moves = await telegram.moves(self._database)
        self._unreachable = await telegram.unreachable(self._database)
        self._loaded = True
        self._tell()

    # --- who and where ----------------------------------------------------------------------------------

    def who(self, user: int) -> Contact | None:
        """Who of staff has this number, or None."""
        if staff := self._by_number.get(user):
            return self._people[staff]
        bound = self._people.get(self._bound.get(user, ""))
        return bound if bound is not None and bound.telegram is None else None

    def chat_of(self, contact: str) -> int | None:
        """The chat of a contact: its own, or the group's; None when it has none.

        Args:
            contact: Id of the person, or ``chat:<id>``.
        """
        if contact.startswith(GROUP):
            group = _group_id(contact)
            return self._moved(group) if group in self._groups else None
        person = self._people.get(contact)
        if person is None:
            return None
        if person.telegram is not None:
            return person.telegram
        return next((user for user, staff in self._bound.items() if staff == contact), None)

    def reaches(self, contact: Contact) -> bool:
        """Whether what is shown to somebody can be expected to arrive."""
        chat = self.chat_of(contact.id)
        return chat is not None and chat not in self._unreachable

    def group(self, chat: int) -> TelegramChat | None:
        """The group of the settings that has this id now, or None."""
        return next((one for id_, one in self._groups.items() if self._moved(id_) == chat), None)

    def boards(self, language: Language) -> list[Contact]:
        """The groups that are shown alarms, as contacts.

        Args:
            language: The gym's.
        """
        return [one for one in self.groups(language) if self._groups[_group_id(one.id)].alarms]

    def groups(self, language: Language) -> list[Contact]:
        """All groups of the settings, as contacts.

        Args:
            language: The gym's.
        """
        return [
            Contact(f"{GROUP}{one.id}", "", one.rights, language=language) for one in self._groups.values()
        ]

    def here(self, user: int, chat: int, *, private: bool) -> tuple[Contact, str] | None:
        """Who somebody is in a chat, with the rights that they have there.

        Args:
            user: Telegram's number of the person.
            chat: Telegram's number of the chat.
            private: Whether it is their own chat with the bot.

        Returns:
            The person, whose role is the lower one of their own and the group's, and the contact that what is
            said in this chat is shown to. None for strangers, and in groups that are not in the settings.
        """
        person = self.who(user)
        if person is None:
            return None
        if private:
            return person, person.id
        group = self.group(chat)
        if group is None:
            return None
        return replace(person, role=Role(min(person.role, group.rights))), f"{GROUP}{group.id}"

    @property
    def contacts(self) -> list[Contact]:
        """All staff who have a chat."""
        return [one for one in self._people.values() if self.chat_of(one.id) is not None]

    def _moved(self, chat: int) -> int:
        for _ in range(_MOST_MOVES):
            chat = self._moves.get(chat, chat)
        return chat

    def _contact_of(self, chat: int) -> str | None:
        if person := self.who(chat):
            return person.id
        group = self.group(chat)
        return f"{GROUP}{group.id}" if group else None

    # --- what changes -----------------------------------------------------------------------------------

    async def bind(self, tx: Transaction, digest: str, user: int, now: datetime) -> str | None:
        """Use an invitation; call :meth:`load` when it is stored. Returns the id of staff, or None."""
        staff = await telegram.use_invite(tx, digest, user, now)
        person = self._people.get(staff or "")
        if person is None or person.telegram is not None:
            return None
        await telegram.note_reachable(tx, user)
        return person.id

    async def move(self, chat: int, moved_to: int) -> None:
        """A group has another id from now on; of others than ours nothing is kept."""
        if self.group(chat) is None or chat == moved_to or self._moved(moved_to) == chat:
            return
        await self._database.write(lambda tx: telegram.note_move(tx, chat, moved_to))
        self._moves[chat] = moved_to

    async def lost(self, chat: int, reason: str, now: datetime) -> None:
        """A chat takes nothing from us."""
        if chat in self._unreachable or self._contact_of(chat) is None:
            return
        await self._database.write(lambda tx: telegram.note_unreachable(tx, chat, reason, now))
        self._unreachable[chat] = reason
        self._tell()

    async def found(self, chat: int, now: datetime) -> None:
        """A chat lets us in: what could not be shown there lately is shown now."""
        contact = self._contact_of(chat)
        if chat not in self._unreachable or contact is None:
            return

        async def store(tx: Transaction) -> None:
            await telegram.note_reachable(tx, chat)
            await staff_posts.revive(tx, contact, now)

        await self._database.write(store)
        self._unreachable.pop(chat, None)
        self._tell()

    def _tell(self) -> None:
        """Say whom we cannot reach, by the ids of the settings."""
        lost = sorted(
            f"{contact} {reason}"
            for chat, reason in self._unreachable.items()
            if (contact := self._contact_of(chat)) is not None
        )
        self._condition.note("people", State.DEGRADED if lost else State.OK, "; ".join(lost[:5]))


def _group_id(contact: str) -> int:
    return int(contact.removeprefix(GROUP))
