"""Keeps what staff see of chats equal to what is said in them."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from arni_edge.conversation.ghost_view import GhostView, picture
from arni_edge.domain.clock import Clock
from arni_edge.domain.staff import Contact, Role, StaffPost
from arni_edge.storage import Database, Transaction, ghost, staff_posts
from arni_edge.storage.ghost import EVERY_CHAT, Chat

_ACTIVE: Final = timedelta(minutes=30)
_MOST_CHATS: Final = 20
"""Of those who read everything; the others come when somebody writes in them."""


class GhostPosts:
    """One post per chat and reader. It is edited, so that a lively chat is no flood."""

    def __init__(self, database: Database, clock: Clock, view: GhostView) -> None:
        """Nothing is shown before :meth:`show`.

        Args:
            database: Has the chats and what staff are shown.
            clock: Which chats are lively.
            view: How a chat looks.
        """
        self._database = database
        self._clock = clock
        self._view = view
        self._shown: dict[tuple[str, str], StaffPost] = {}
        self._commits = -1

    async def show(self) -> None:
        """Bring every reader's posts up to date; does nothing when nothing was stored since the last time."""
        seen = self._database.commits
        if seen == self._commits:
            return
        wanted: dict[tuple[str, str], StaffPost] = {}
        for chat in await self._chats():
            modes = await ghost.readers(self._database.read, chat.handle)
            known = [self._view.people[staff] for staff in modes if staff in self._view.people]
            readers = [one for one in known if one.role >= Role.STAFF]  # also of those who began as more
            if readers:
                now_seen = await picture(self._database.read, chat)
                for reader in readers:
                    post = self._view.chat_post(now_seen, reader, modes[reader.id])
                    wanted[reader.id, post.key] = post
        await self._put({place: post for place, post in wanted.items() if self._shown.get(place) != post})
        self._shown, self._commits = wanted, seen

    async def close(self, tx: Transaction, who: Contact, handle: str, now: datetime) -> None:
        """Take away what somebody saw who no longer reads along: the words as well."""
        ended = self._view.text("ghost.closed", who.language)
        prefix = "ghost" if handle == EVERY_CHAT else f"ghost/{handle}"
        for staff, key in await ghost.shown_to(tx.fetch, prefix):
            still = await ghost.readers(tx.fetch, key.removeprefix("ghost/"))
            if staff == who.id and staff not in still:
                await staff_posts.put(tx, staff, StaffPost(key, ended, silent=True), now)

    async def _chats(self) -> list[Chat]:
        """All that somebody reads, with those that were written in lately where somebody reads all."""
        handles = await ghost.read_handles(self._database.read)
        found = [await ghost.by_handle(self._database.read, handle) for handle in sorted(handles)]
        chats = {chat.handle: chat for chat in found if chat is not None}
        if EVERY_CHAT in handles:
            since = self._clock.now() - _ACTIVE
            lively = await ghost.recent(self._database.read, since, _MOST_CHATS)
            for channel, address, _ in lively:
                chat = await ghost.by_address(self._database.read, channel, address)
                if chat is None or not chat.handle:
                    chat = await self._database.write(partial(ghost.name, channel=channel, address=address))
                chats[chat.handle] = chat
        return list(chats.values())

    async def _put(self, posts: dict[tuple[str, str], StaffPost]) -> None:
        if not posts:
            return
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            for (staff, _), post in posts.items():
                await staff_posts.put(tx, staff, post, now)

        await self._database.write(store)
