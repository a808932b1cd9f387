"""Alarms to Telegram without the board of posts: for when nothing can be stored.

There are no buttons: what a press would change could not be stored either. When the disk is back, the message
is taken over by the board, which edits it, buttons and all, instead of saying it once more.
"""

from collections import OrderedDict
from typing import Final

from arni_edge.channels.telegram.answers import Answer, Away, Done, Moved, Stop, Wait
from arni_edge.channels.telegram.client import BotApi
from arni_edge.channels.telegram.messages import plain
from arni_edge.channels.telegram.people import Roster
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.staff import Contact
from arni_edge.safety.model import Call
from arni_edge.safety.sinks import post_key
from arni_edge.storage import Transaction, staff_posts

_MOST: Final = 256
"""Messages that are remembered: a few people, a few alarms, a few times."""

_SECONDS: Final = 10.0


class DirectTelegram:
    """A message without buttons; done when Telegram has it."""

    name = "telegram"
    from_step = 0

    def __init__(self, api: BotApi, roster: Roster) -> None:
        """Nothing is said before :meth:`deliver`.

        Args:
            api: The bot.
            roster: Which chat is whose, from memory.
        """
        self._api = api
        self._roster = roster
        self._said: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()

    def reaches(self, contact: Contact) -> bool:
        """Whether the gym's bot can write to them."""
        return self._roster.reaches(contact)

    async def store(self, tx: Transaction, call: Call) -> None:
        """Let the board take over what was said."""
        said = self._said.get((call.alarm.alarm_id, call.contact.id))
        if said is not None:
            await staff_posts.take_over(tx, call.contact.id, post_key(call.alarm.alarm_id), *said)

    async def deliver(self, call: Call) -> str:
        """Say it.

        Raises:
            Unavailable: Telegram does not have it, as far as is known.
            Refused: It will not take it.
        """
        chat = self._roster.chat_of(call.contact.id)
        if chat is None:
            raise Refused("there is no chat with them")
        answer = await self._say(call, chat)
        if isinstance(answer, Moved):
            chat = answer.chat
            answer = await self._say(call, chat)
        match answer:
            case Done(result):
                message = result.get("message_id") if isinstance(result, dict) else None
                if isinstance(message, int) and not isinstance(message, bool):
                    self._remember(call, chat, message)
                return "shown without buttons"
            case Wait():
                raise Unavailable("Telegram limits the rate of this chat")
            case Away(reason) | Stop(reason):
                raise Unavailable(reason)
            case _:
                raise Refused("Telegram refused it")

    async def _say(self, call: Call, chat: int) -> Answer:
        return await self._api.call("sendMessage", plain(call.text, chat), deadline=_SECONDS)

    def _remember(self, call: Call, chat: int, message: int) -> None:
        self._said[call.alarm.alarm_id, call.contact.id] = chat, message
        while len(self._said) > _MOST:
            self._said.popitem(last=False)
