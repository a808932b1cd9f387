"""The board of posts as their channel sees it: what is due, and what became of it."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.messages import Priority
from arni_edge.domain.staff import Button
from arni_edge.storage.database import Database, Row, Transaction
from arni_edge.storage.outbox import RANK

_TOKEN_BYTES = 16
"""128 bits: nobody guesses one. Base64 makes 22 characters of them."""


@dataclass(frozen=True, slots=True)
class PostedItem:
    """A post as its channel sees it.

    Attributes:
        contact: Id of the person, or ``chat:<id>``.
        key: Of the post.
        text: What is to be seen.
        buttons: Rows of buttons.
        priority: An alarm goes first.
        silent: Without a sound.
        asks: A text is asked for in reply.
        queued: Whether what is seen differs from this, as far as is known.
        revision: Of what stands here.
        utterance: How often it was to be said anew, the first time included.
        shown_utterance: How often it was said.
        chat: Where it is shown, or None.
        message_id: The message that shows it, or None.
        stale_id: The message before, while its buttons are there, or None.
        attempts: New messages whose fate nobody knows.
        delayed: Whether an attempt failed lately.
        updated_at: When it was last changed (aware).
    """

    contact: str
    key: str
    text: str
    buttons: tuple[tuple[Button, ...], ...]
    priority: Priority
    silent: bool
    asks: bool
    queued: bool
    revision: int
    utterance: int
    shown_utterance: int
    chat: int | None
    message_id: int | None
    stale_id: int | None
    attempts: int
    delayed: bool
    updated_at: datetime


class PostBoard:
    """The board as the channel sees it; every change is committed when its method returns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = -1

    async def wait(self) -> None:
        """Return when something was stored since the last return (or the start). Safe to cancel."""
        while self._database.commits == self._seen:
            await self._database.next_commit()
        self._seen = self._database.commits

    async def due(self, now: datetime) -> list[PostedItem]:
        """What may be brought to people now, alarms first: the first of each contact."""
        rows = await self._database.read(
            "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY contact"
            " ORDER BY state != 'queued', priority, updated_at) AS place FROM staff_posts"
            " WHERE (state = 'queued' OR stale_id IS NOT NULL)"
            " AND (not_before IS NULL OR not_before <= :now)) WHERE place = 1"
            " ORDER BY state != 'queued', priority, updated_at LIMIT 200",
            {"now": now.isoformat()},
        )
        return [_item(row) for row in rows]

    async def is_empty(self) -> bool:
        """Whether nothing waits, not even for later."""
        return not await self._database.read("SELECT 1 FROM staff_posts WHERE state = 'queued' LIMIT 1")

    async def begin(self, item: PostedItem) -> list[list[str]] | None:
        """Note that a new message is about to leave.

        Returns:
            What its buttons carry, row by row; None when the post has changed since it was read.
        """

        async def store(tx: Transaction) -> list[list[str]] | None:
            changed = await tx.execute(
                "UPDATE staff_posts SET attempts = attempts + 1"
                " WHERE contact = ? AND key = ? AND revision = ? AND state = 'queued'",
                (item.contact, item.key, item.revision),
            )
            return await _tokens(tx, item) if changed else None

        return await self._database.write(store, vital=item.priority is Priority.ALARM)

    async def tokens(self, item: PostedItem) -> list[list[str]]:
        """What its buttons carry, row by row; the same ones every time."""

        async def store(tx: Transaction) -> list[list[str]]:
            return await _tokens(tx, item)

        return await self._database.write(store, vital=item.priority is Priority.ALARM)

    async def mark_shown(self, item: PostedItem, chat: int, message_id: int) -> None:
        """Note that this revision is seen; a newer one stays queued."""
        await self._change(
            item,
            "shown_revision = :revision, shown_utterance = :utterance, attempts = 0, not_before = NULL,"
            " reason = NULL, state = CASE WHEN revision = :revision THEN 'shown' ELSE 'queued' END,"
            " stale_id = CASE WHEN chat = :chat AND message_id != :message THEN message_id ELSE stale_id END,"
            " chat = :chat, message_id = :message",
            chat=chat,
            message=message_id,
            utterance=item.utterance,
        )

    async def mark_lost(self, item: PostedItem) -> None:
        """Note that the message which showed it is gone: it must be said anew."""
        await self._change(item, "message_id = NULL, chat = NULL")

    async def mark_cleared(self, item: PostedItem) -> None:
        """Note that the message before the last one has no buttons any more."""
        await self._change(
            item, "stale_id = CASE WHEN stale_id = :stale THEN NULL ELSE stale_id END", stale=item.stale_id
        )

    async def mark_later(self, item: PostedItem, until: datetime, reason: str, *, arrived: bool) -> None:
        """Try again later.

        Args:
            item: What.
            until: Not before.
            reason: Why, for the owner.
            arrived: Whether a new message may have arrived all the same.
        """
        await self._change(
            item,
            "not_before = CASE WHEN revision = :revision THEN :until ELSE not_before END, reason = :reason,"
            " attempts = CASE WHEN revision = :revision THEN max(0, attempts - :certain) ELSE attempts END",
            until=until.isoformat(),
            reason=reason,
            certain=not arrived,
        )

    async def mark_failed(self, item: PostedItem, reason: str) -> None:
        """Give this revision up."""
        await self._change(
            item,
            "state = CASE WHEN revision = :revision THEN 'failed' ELSE state END, reason = :reason",
            reason=reason,
        )

    async def _change(self, item: PostedItem, assignments: str, **values: object) -> None:
        async def store(tx: Transaction) -> None:
            await tx.execute(
                f"UPDATE staff_posts SET {assignments} WHERE contact = :contact AND key = :key",  # noqa: S608
                {"contact": item.contact, "key": item.key, "revision": item.revision, **values},
            )

        await self._database.write(store, vital=item.priority is Priority.ALARM)


@dataclass(frozen=True, slots=True)
class Pressable:
    """What stands behind a button.

    Attributes:
        contact: To whom it was shown: id of the person, or ``chat:<id>``.
        key: The post that it stood under.
        act: Name of a staff act.
        argument: What it is about.
    """

    contact: str
    key: str
    act: str
    argument: str


async def find_button(database: Database, token: str) -> Pressable | None:
    """What stands behind a token; None when it is nobody's, or the post is long gone."""
    rows = await database.read(
        "SELECT contact, key, act, argument FROM staff_buttons WHERE token = ?", (token,)
    )
    return Pressable(*rows[0]) if rows else None


async def _tokens(tx: Transaction, item: PostedItem) -> list[list[str]]:
    tokens: list[list[str]] = []
    for row in item.buttons:
        tokens.append([])
        for one in row:
            await tx.execute(
                "INSERT INTO staff_buttons (token, contact, key, act, argument) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (contact, key, act, argument) DO NOTHING",
                (secrets.token_urlsafe(_TOKEN_BYTES), item.contact, item.key, one.act, one.argument),
            )
            found = await tx.fetch(
                "SELECT token FROM staff_buttons WHERE contact = ? AND key = ? AND act = ? AND argument = ?",
                (item.contact, item.key, one.act, one.argument),
            )
            tokens[-1].append(str(found[0]["token"]))
    return tokens


def _item(row: Row) -> PostedItem:
    return PostedItem(
        contact=row["contact"],
        key=row["key"],
        text=row["text"],
        buttons=tuple(tuple(Button(*one) for one in line) for line in json.loads(row["buttons"])),
        priority=next(name for name, rank in RANK.items() if rank == row["priority"]),
        silent=bool(row["silent"]),
        asks=bool(row["asks"]),
        queued=row["state"] == "queued",
        revision=row["revision"],
        utterance=row["utterance"],
        shown_utterance=row["shown_utterance"],
        chat=row["chat"],
        message_id=row["message_id"],
        stale_id=row["stale_id"],
        attempts=row["attempts"],
        delayed=row["not_before"] is not None,
        updated_at=datetime.fromisoformat(row["updated_at"]),
    )
