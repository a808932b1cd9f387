"""The ways to people that go through the database: Telegram's posts and WhatsApp's outbox.

Both are durable: what is to be said is stored with the alarm; their own senders bring it out, and here is
only looked whether the other side has it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.messages import Priority
from arni_edge.domain.staff import Contact, StaffPost
from arni_edge.safety.model import Alarm, Call
from arni_edge.safety.staff_line import StaffLine
from arni_edge.safety.words import AlarmWords
from arni_edge.storage import Database, Transaction, outbox, staff_posts, staff_told

_ACCEPT_SECONDS: Final = 4.5
"""Whoever reported the alarm hears within 5 s of what has not arrived."""

_LOOK_SECONDS: Final = 0.05
_NOT_SENT: Final = frozenset({"", "failed", "expired", "quarantined", "dropped"})
_MOST_TEMPLATES: Final = 10
"""So often is a template that Meta refuses for good sent again, for one call."""


def post_key(alarm_id: str) -> str:
    """Of the post that staff see of an alarm."""
    return f"alarm/{alarm_id}"


class TelegramSink:
    """A post with buttons; done when it is shown."""

    name = "telegram"
    from_step = 0

    def __init__(self, database: Database, clock: Clock, line: StaffLine, words: AlarmWords) -> None:
        """Nothing is shown before :meth:`store`.

        Args:
            database: Has the posts.
            clock: For when.
            line: Knows who has Telegram, and takes posts.
            words: For the buttons.
        """
        self._database = database
        self._clock = clock
        self._line = line
        self._words = words

    def reaches(self, contact: Contact) -> bool:
        """Whether the gym's bot can write to them."""
        return self._line.has_telegram(contact)

    async def store(self, tx: Transaction, call: Call) -> None:
        """Put the post; at a later step it is said anew, with a sound."""
        await self._put(tx, call, anew=call.step > 0)

    async def deliver(self, call: Call) -> str:
        """Wait until it is shown.

        Raises:
            Unavailable: It is not, so far.
        """
        if await self._state(call) in {"failed", ""}:
            await self._database.write(lambda tx: self._put(tx, call, anew=True), vital=True)

        async def look() -> str | None:
            state = await self._state(call)
            if state == "failed":
                raise Unavailable("Telegram refused it")
            return "shown" if state == "shown" else None

        return await _until(self._database, look, "not shown yet")

    async def _put(self, tx: Transaction, call: Call, *, anew: bool) -> None:
        buttons = self._words.buttons(call.alarm, call.contact)
        post = StaffPost(post_key(call.alarm.alarm_id), call.text, buttons, Priority.ALARM, anew=anew)
        await self._line.post(tx, call.contact, post, self._clock.now())

    async def _state(self, call: Call) -> str:
        rows = await self._database.read(
            "SELECT CASE WHEN shown_utterance >= utterance THEN 'shown' ELSE state END AS state"
            " FROM staff_posts WHERE contact = ? AND key = ?",
            (call.contact.id, post_key(call.alarm.alarm_id)),
        )
        return str(rows[0]["state"]) if rows else ""


class WhatsAppSink:
    """A template through the outbox; done when Meta has accepted it."""

    name = "whatsapp"
    from_step = 0

    def __init__(self, database: Database, clock: Clock, line: StaffLine) -> None:
        """Nothing is sent before :meth:`store`.

        Args:
            database: Has the outbox.
            clock: For when.
            line: Knows who has WhatsApp, and takes templates.
        """
        self._database = database
        self._clock = clock
        self._line = line

    def reaches(self, contact: Contact) -> bool:
        """Whether there is a number, and a template."""
        return self._line.has_whatsapp(contact)

    async def store(self, tx: Transaction, call: Call) -> None:
        """Queue the template; once per person and step, however often this life ends."""
        await self._queue(tx, call, 0)

    async def deliver(self, call: Call) -> str:
        """Wait until Meta has it.

        Raises:
            Unavailable: It has not, so far.
        """
        count, state, reason = await outbox.newest_of(self._database, _beginning(call))
        if state in _NOT_SENT:
            if count >= _MOST_TEMPLATES:
                raise Unavailable(f"Meta refuses it: {reason}")
            await self._database.write(lambda tx: self._queue(tx, call, count), vital=True)

        async def look() -> str | None:
            _, state, reason = await outbox.newest_of(self._database, _beginning(call))
            if state in _NOT_SENT:
                raise Unavailable(f"Meta refused it: {reason}")
            return "accepted by Meta" if state == "sent" else None

        return await _until(self._database, look, "not accepted yet")

    async def _queue(self, tx: Transaction, call: Call, number: int) -> None:
        key = f"{_beginning(call)}{number}"
        await self._line.send(tx, call.contact, key, call.text, self._clock.now(), Priority.ALARM)


class AlarmPosts:
    """Changes what staff are shown of an alarm, whoever they are."""

    def __init__(self, clock: Clock, words: AlarmWords, everybody: dict[str, Contact]) -> None:
        """Nothing is changed by it.

        Args:
            clock: For when.
            words: What is shown.
            everybody: All who may be shown an alarm, by id; groups among them.
        """
        self._clock = clock
        self._words = words
        self._everybody = everybody

    async def edit(
        self, tx: Transaction, alarm: Alarm, *, anew: bool = False, asking: str | None = None
    ) -> None:
        """Make all posts of an alarm say how it stands.

        Args:
            tx: The transaction of what changed.
            alarm: As it stands now.
            anew: Say it again, with a sound.
            asking: Id of who said that it is none, and has to confirm; groups are asked, too.
        """
        key = post_key(alarm.alarm_id)
        for who in await staff_told.posted_to(tx, key):
            contact = self._everybody.get(who)
            if contact is None:
                continue
            text = self._words.call(alarm, contact.language, step=alarm.step)
            asked = asking is not None and (contact.id == asking or contact.id.startswith("chat:"))
            buttons = self._words.buttons(alarm, contact, asking=asked)
            post = StaffPost(key, text, buttons, Priority.ALARM, anew=anew)
            await staff_posts.put(tx, who, post, self._clock.now())

    async def say(self, tx: Transaction, alarm: Alarm, contact: Contact, text: str) -> None:
        """Show somebody an alarm as a new message, with a sound and with what they can do about it.

        Args:
            tx: The transaction.
            alarm: As it stands now.
            contact: Whom; they have Telegram.
            text: What it says.
        """
        buttons = self._words.buttons(alarm, contact)
        post = StaffPost(post_key(alarm.alarm_id), text, buttons, Priority.ALARM, anew=True)
        await staff_posts.put(tx, contact.id, post, self._clock.now())


def call_key(alarm_id: str) -> str:
    """How the keys of all templates of an alarm begin."""
    return f"alarm:{alarm_id}:call:"


def _beginning(call: Call) -> str:
    return f"{call_key(call.alarm.alarm_id)}{call.contact.id}:{call.step}/"


async def _until(database: Database, look: Callable[[], Awaitable[str | None]], otherwise: str) -> str:
    """Look at every commit until there is something to see.

    Raises:
        Unavailable: There was not, in time.
    """
    try:
        async with asyncio.timeout(_ACCEPT_SECONDS):
            while True:
                seen = database.commits
                if (found := await look()) is not None:
                    return found
                if database.commits == seen:
                    await database.next_commit()
                # In a storm of commits a few are looked at together.
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise Unavailable(f"{otherwise} after {_ACCEPT_SECONDS:g} s") from None
