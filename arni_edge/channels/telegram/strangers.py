"""What people hear whom we do not know: one neutral sentence, and not often."""

from collections import OrderedDict, deque

from arni_edge.channels.telegram.client import BotApi
from arni_edge.channels.telegram.updates import Pressed, Wrote
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language

_SAME_PERSON_SECONDS = 3600.0
_MINUTE = 60.0
_PER_MINUTE = 5
_REMEMBERED = 1000
_WAITING = 10


class Strangers:
    """Answers strangers at most once an hour each, and a few a minute in all; the rest hears nothing."""

    def __init__(self, api: BotApi, clock: Clock, catalogue: Catalogue, language: Language) -> None:
        """Nobody was told yet.

        Args:
            api: The bot.
            clock: Of the box.
            catalogue: Has the sentence.
            language: The gym's, for whoever speaks neither.
        """
        self._api = api
        self._clock = clock
        self._text = catalogue.text
        self._language = language
        self._told: OrderedDict[int, float] = OrderedDict()
        self._lately: deque[float] = deque(maxlen=_PER_MINUTE)
        self._waiting: deque[tuple[str, dict[str, object]]] = deque(maxlen=_WAITING)

    def wrote(self, wrote: Wrote) -> None:
        """A stranger has written in their own chat with the bot."""
        if wrote.private and self._may(wrote.user):
            text = self._text("telegram.stranger", self._language_of(wrote))
            self._waiting.append(("sendMessage", {"chat_id": wrote.chat, "text": text}))

    def pressed(self, pressed: Pressed) -> None:
        """A stranger has pressed a button, for instance in a group."""
        if self._may(pressed.user):
            text = self._text("telegram.not_allowed", self._language)
            body: dict[str, object] = {"callback_query_id": pressed.query_id, "text": text}
            self._waiting.append(("answerCallbackQuery", body))

    async def tell(self) -> None:
        """Say what waits, once: what becomes of it matters to nobody here."""
        while self._waiting:
            await self._api.call(*self._waiting.popleft())

    def _may(self, user: int) -> bool:
        now = self._clock.monotonic()
        if now - self._told.get(user, -_SAME_PERSON_SECONDS) < _SAME_PERSON_SECONDS:
            return False
        if len(self._lately) == _PER_MINUTE and now - self._lately[0] < _MINUTE:
            return False
        self._lately.append(now)
        self._told[user] = now
        self._told.move_to_end(user)
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True

    def _language_of(self, wrote: Wrote) -> Language:
        spoken = wrote.language[:2].lower()
        return next((one for one in Language if one == spoken), self._language)
