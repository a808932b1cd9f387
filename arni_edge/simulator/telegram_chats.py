"""Chats of the simulated Telegram: staff with their phones, and groups."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class ShownMessage:
    """A message of the bot as it looks now.

    Attributes:
        message_id: Telegram's, per chat.
        chat: In which chat.
        text: What it says.
        buttons: Rows of labels with what they carry.
        silent: It came without a sound.
        asks: The phone opens the reply to it.
        edits: How often its text was changed.
        deleted: Somebody has deleted it.
    """

    message_id: int
    chat: int
    text: str
    buttons: list[list[tuple[str, str]]]
    silent: bool = False
    asks: bool = False
    edits: int = 0
    deleted: bool = False

    @property
    def labels(self) -> list[str]:
        """What stands on its buttons."""
        return [label for row in self.buttons for label, _ in row]


class Server(Protocol):
    """What chats need of the server."""

    def happen(self, content: dict[str, Any], *, callback: bool = False) -> int | None:
        """Something happened that the bot is told of; returns the number of the update."""
        ...

    def new_query(self, phone: "SimulatedStaffPhone") -> str:
        """A press that may be answered; returns its id."""
        ...

    def unix_time(self) -> int:
        """The server's clock."""
        ...


@dataclass(slots=True)
class Chat:
    """A chat with the bot.

    Attributes:
        id: Telegram's.
        kind: ``private``, ``group`` or ``supergroup``.
        title: Of a group.
        inbox: What the bot has written, in order.
        refuses: Why the bot cannot write here, in the server's words; None: it can.
        moved_to: The chat that it became, or None.
    """

    id: int
    kind: str
    title: str = ""
    inbox: list[ShownMessage] = field(default_factory=list)
    refuses: str | None = None
    moved_to: int | None = None
    last_id: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def new_id(self) -> int:
        """The number of the next message."""
        self.last_id += 1
        return self.last_id

    def find(self, message_id: object) -> ShownMessage | None:
        """A message of the bot that is still there."""
        return next((one for one in self.inbox if one.message_id == message_id and not one.deleted), None)

    def look(self) -> None:
        """Something changed."""
        self.changed.set()

    def as_json(self) -> dict[str, Any]:
        """As Telegram shows it."""
        return {"id": self.id, "type": self.kind} | ({"title": self.title} if self.title else {})

    async def wait_for(
        self,
        predicate: Callable[[ShownMessage], bool],
        timeout: float,  # noqa: ASYNC109  # a phone in a test reads better with its deadline beside it
        *,
        after: int = 0,
    ) -> ShownMessage:
        """The first message that satisfies the predicate, as soon as it looks so.

        Args:
            predicate: What is waited for.
            timeout: Seconds.
            after: Leave out so many messages at the beginning.

        Raises:
            TimeoutError: It did not come to be.
        """
        async with asyncio.timeout(timeout):
            while True:
                self.changed.clear()
                for message in self.inbox[after:]:
                    if predicate(message):
                        return message
                await self.changed.wait()


class SimulatedStaffPhone:
    """The phone of somebody of staff: their own chat with the bot, and the groups that they write in.

    Attributes:
        user_id: Telegram's number of the person.
        chat: Their own chat with the bot.
        answers: What the presses were answered with, by the id of the press.
    """

    def __init__(self, server: Server, user_id: int, name: str, language: str, bot: dict[str, Any]) -> None:
        """Somebody who has never written to the bot.

        Args:
            server: Takes what they do.
            user_id: Their number.
            name: What they call themselves.
            language: What their app speaks.
            bot: The bot as Telegram shows it.
        """
        self.user_id = user_id
        self.chat = Chat(user_id, "private", refuses="Forbidden: bot can't initiate conversation with a user")
        self.answers: dict[str, str] = {}
        self._server = server
        self._name = name
        self._username = ""
        self._language = language
        self._bot = bot

    @property
    def inbox(self) -> list[ShownMessage]:
        """What the bot has written to them."""
        return self.chat.inbox

    async def wait_for(
        self,
        predicate: Callable[[ShownMessage], bool],
        timeout: float,  # noqa: ASYNC109  # as Chat.wait_for
        *,
        after: int = 0,
    ) -> ShownMessage:
        """As :meth:`Chat.wait_for`, in their own chat."""
        return await self.chat.wait_for(predicate, timeout, after=after)

    def start(self, code: str = "") -> None:
        """Open the chat with the bot, by its link or without."""
        self.chat.refuses = None
        self.write(f"/start {code}".strip())

    def rename(self, name: str, username: str = "") -> None:
        """Take another name: nothing that anybody is known by."""
        self._name = name
        self._username = username

    def write(
        self, text: str | None, *, chat: Chat | None = None, age: int = 0, **more: object
    ) -> dict[str, Any]:
        """Write; returns the message as Telegram shows it.

        Args:
            text: What; None: something else, which stands in ``more``.
            chat: Where; None: to the bot.
            age: It was written so many seconds ago.
            more: Further fields of the message, or other ones than usual.
        """
        chat = chat or self.chat
        message: dict[str, Any] = {
            "message_id": chat.new_id(),
            "from": self.as_json(),
            "chat": self._shown(chat),
            "date": self._server.unix_time() - age,
        }
        if text is not None:
            message["text"] = text
        if text is not None and text.startswith("/"):
            length = len(text.split(maxsplit=1)[0].encode("utf-16-le")) // 2
            message["entities"] = [{"offset": 0, "length": length, "type": "bot_command"}]
        message |= more
        self._server.happen({"message": message})
        return message

    def reply(self, message: ShownMessage, text: str, *, chat: Chat | None = None) -> None:
        """Reply to a message of the bot."""
        chat = chat or self.chat
        original = {
            "message_id": message.message_id,
            "from": self._bot,
            "chat": self._shown(chat),
            "date": self._server.unix_time(),
            "text": message.text,
        }
        self.write(text, chat=chat, reply_to_message=original)

    def press(self, label: str, message: ShownMessage | None = None, *, chat: Chat | None = None) -> str:
        """Press a button; returns the id of the press.

        Args:
            label: What stands on it.
            message: Under which message; None: the newest that has it.
            chat: Where; None: in their own chat.
        """
        chat = chat or self.chat
        found = message or next(one for one in reversed(chat.inbox) if label in one.labels)
        data = next(data for row in found.buttons for name, data in row if name == label)
        return self.press_raw(data, found, chat=chat)

    def press_raw(self, data: str, message: ShownMessage, *, chat: Chat | None = None) -> str:
        """Send a press that carries anything; a client may."""
        chat = chat or self.chat
        query_id = self._server.new_query(self)
        shown = {
            "message_id": message.message_id,
            "from": self._bot,
            "chat": self._shown(chat),
            "date": self._server.unix_time(),
            "text": message.text,
        }
        query = {"id": query_id, "from": self.as_json(), "message": shown, "chat_instance": "1", "data": data}
        self._server.happen({"callback_query": query}, callback=True)
        return query_id

    def block(self, on: bool = True) -> None:
        """Block the bot, or let it in again."""
        self.chat.refuses = "Forbidden: bot was blocked by the user" if on else None
        old, new = ("member", "kicked") if on else ("kicked", "member")
        self._server.happen({"my_chat_member": {
            "chat": self._shown(self.chat),
            "from": self.as_json(),
            "date": self._server.unix_time(),
            "old_chat_member": {"user": self._bot, "status": old},
            "new_chat_member": {"user": self._bot, "status": new},
        }})  # fmt: skip

    def delete(self, message: ShownMessage) -> None:
        """Delete a message of the bot."""
        message.deleted = True

    def as_json(self) -> dict[str, Any]:
        """As Telegram shows them."""
        person = {
            "id": self.user_id, "is_bot": False, "first_name": self._name, "language_code": self._language,
        }  # fmt: skip
        return person | ({"username": self._username} if self._username else {})

    def _shown(self, chat: Chat) -> dict[str, Any]:
        return chat.as_json() | ({"first_name": self._name} if chat.kind == "private" else {})
