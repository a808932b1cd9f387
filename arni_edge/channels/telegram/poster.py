"""Makes what staff see at Telegram equal to what stands on the board of posts.

Telegram knows no key that makes a repetition harmless. So a new message is counted before it leaves. One
whose fate nobody knows is sent again: an alarm until it is accepted, everything else once. A message that is
there already is edited, and that may be repeated as often as it takes.
"""

import asyncio
import math
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog

from arni_edge.channels.telegram.answers import (
    Answer,
    Away,
    Done,
    Missing,
    Moved,
    Rejected,
    Stop,
    Unchanged,
    Unreachable,
    Wait,
)
from arni_edge.channels.telegram.client import BotApi
from arni_edge.channels.telegram.condition import Condition
from arni_edge.channels.telegram.messages import changed, cleared, new
from arni_edge.channels.telegram.pace import Pace
from arni_edge.channels.telegram.people import Roster
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.domain.messages import Priority
from arni_edge.storage.post_board import PostBoard, PostedItem

_log = structlog.get_logger(__name__)

_TICK_SECONDS = 1.0
_SOON_SECONDS = 0.2
"""How long until something that must not be said yet is looked at again."""
_IN_FLIGHT = {False: 6, True: 10}
"""Requests at once, each to another chat, by whether it is an alarm: notices that hang hold up none."""
_AGAIN = 2
"""In all, while nobody knows whether it arrived; an alarm is sent until it was accepted."""
_LONGEST_PAUSE = 5.0
_STOP_SECONDS = 30.0
_TOO_OLD = timedelta(hours=24)
"""Nobody waits for an answer or a notice of yesterday; an alarm is shown whenever it can be."""


class Poster:
    """Brings posts to chats: alarms first, one after the other, never faster than Telegram likes."""

    def __init__(
        self,
        api: BotApi,
        board: PostBoard,
        roster: Roster,
        clock: Clock,
        condition: Condition,
        *,
        longest_backoff: float = 30.0,
    ) -> None:
        """Nothing is said yet.

        Args:
            api: The bot.
            board: What is to be seen.
            roster: Which chat is whose.
            clock: Of the box.
            condition: Is told how it goes.
            longest_backoff: Seconds between attempts at most; never more than an alarm may wait.
        """
        self._api = api
        self._board = board
        self._roster = roster
        self._clock = clock
        self._condition = condition
        self._pace = Pace()
        self._backoff = Backoff(first=0.5, longest=min(longest_backoff, _LONGEST_PAUSE))
        self._paused_until = clock.monotonic()
        self._in_flight: set[tuple[str, bool]] = set()
        self._well = False
        self._look_at = math.inf

    async def run(self, progress: Progress) -> None:
        """Post for ever. Returns only by cancellation; what is then under way may have arrived."""
        while True:
            try:
                await self._drain(progress)
            except* Unavailable:
                _log.exception("staff_posts_unavailable")
                self._note(State.DOWN, "the posts for staff cannot be read or written")
            await asyncio.sleep(_TICK_SECONDS)

    async def _drain(self, progress: Progress) -> None:
        await self._roster.ready()
        async with asyncio.TaskGroup() as sends:
            while True:
                progress()
                if self._clock.monotonic() >= self._look_at:
                    self._look_at = math.inf
                await self._start(sends)
                seconds = min(_TICK_SECONDS, max(0.0, self._look_at - self._clock.monotonic()))
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._board.wait()

    async def _start(self, sends: asyncio.TaskGroup) -> None:
        """Begin what may begin."""
        now = self._clock.monotonic()
        due = await self._board.due(self._clock.now())
        if not due and not self._well and await self._board.is_empty():
            self._note(State.OK)
        for item in due:
            alarm = item.priority is Priority.ALARM
            if (item.contact, alarm) in self._in_flight:
                self._look_in(_SOON_SECONDS)
                continue
            chat = self._roster.chat_of(item.contact)
            if hopeless := self._hopeless(item, chat):
                await self._give_up(item, hopeless)
            elif chat is None:
                await self._board.mark_cleared(item)  # whoever it was shown to is not of staff any more
            elif not self._open(item) or not self._pace.may(chat, now, alarm=alarm):
                self._look_in(_SOON_SECONDS)
            elif len(self._in_flight) < _IN_FLIGHT[alarm]:
                self._pace.said(chat, now)
                # An alarm goes out beside a notice that hangs.
                self._in_flight.add((item.contact, alarm))
                sends.create_task(self._bring(item, chat))

    def _hopeless(self, item: PostedItem, chat: int | None) -> str | None:
        """Why a post is given up without another attempt, or None."""
        if not item.queued:
            return None
        if chat is None:
            return "there is no chat with them"
        if item.priority is Priority.ALARM:
            return None
        if item.attempts >= _AGAIN:
            return "nobody knows whether it arrived"
        return "too old" if self._clock.now() - item.updated_at > _TOO_OLD else None

    def _open(self, item: PostedItem) -> bool:
        """During a pause only an alarm that has not been tried yet."""
        fresh_alarm = item.priority is Priority.ALARM and not item.delayed
        return fresh_alarm or self._clock.monotonic() >= self._paused_until

    # --- one post ---------------------------------------------------------------------------------------

    async def _bring(self, item: PostedItem, chat: int) -> None:
        try:
            if not item.queued:
                await self._clear(item, chat)
            elif item.message_id is not None and item.chat == chat and item.utterance == item.shown_utterance:
                await self._edit(item, chat, item.message_id)
            else:
                await self._say(item, chat)
        except Unavailable as error:
            # A notice that cannot be noted must not cut off the alarm that is leaving beside it.
            _log.warning("staff_post_unavailable", post=item.key, reason=str(error))
            self._note(State.DOWN, "the posts for staff cannot be read or written")
            self._look_in(_TICK_SECONDS)
        finally:
            self._in_flight.discard((item.contact, item.priority is Priority.ALARM))

    async def _say(self, item: PostedItem, chat: int) -> None:
        tokens = await self._board.begin(item)
        if tokens is None:
            return
        answer = await self._api.call("sendMessage", new(item, chat, tokens))
        if not isinstance(answer, Done):
            await self._settle(item, chat, answer)
        elif (message_id := _message_id(answer.result)) is None:
            await self._settle(item, chat, Away("Telegram's answer names no message", arrived=True))
        else:
            await self._shown(item, chat, message_id)

    async def _edit(self, item: PostedItem, chat: int, message_id: int) -> None:
        tokens = await self._board.tokens(item)
        answer = await self._api.call("editMessageText", changed(item, chat, message_id, tokens))
        if isinstance(answer, Done | Unchanged):
            await self._shown(item, chat, message_id)
        else:
            await self._settle(item, chat, answer)

    async def _clear(self, item: PostedItem, chat: int) -> None:
        """Take the buttons from the message before the last one: who sees it must not press there."""
        if item.stale_id is None:
            return
        answer = await self._api.call("editMessageReplyMarkup", cleared(chat, item.stale_id))
        if isinstance(answer, Away | Wait | Stop):
            await self._settle(item, chat, answer)
        else:
            await self._board.mark_cleared(item)

    async def _shown(self, item: PostedItem, chat: int, message_id: int) -> None:
        await self._board.mark_shown(item, chat, message_id)
        await self._roster.found(chat, self._clock.now())
        self._backoff.forget()
        self._paused_until = self._clock.monotonic()
        self._note(State.OK)

    async def _settle(self, item: PostedItem, chat: int, answer: Answer) -> None:
        """Commit what became of a request that did not do what it was to do."""
        match answer:
            case Missing():
                await self._board.mark_lost(item)
            case Wait(seconds):
                _log.info("telegram_waits", seconds=seconds)
                self._pace.hold(chat, self._clock.monotonic() + seconds)
                await self._again(item, seconds, "Telegram limits the rate of this chat", arrived=False)
            case Moved(moved_to):
                await self._roster.move(chat, moved_to)
                await self._again(item, 0.0, "the group has moved", arrived=False)
            case Unreachable(reason):
                await self._roster.lost(chat, reason, self._clock.now())
                await self._give_up(item, reason)
            case Stop(reason):
                self._pause(_STOP_SECONDS, State.DOWN, reason)
                await self._again(item, _STOP_SECONDS, reason, arrived=False)
            case Rejected(reason):
                await self._give_up(item, reason)
            case Away(reason, arrived):
                seconds = self._backoff.next()
                self._pause(0.0 if arrived else seconds, State.DEGRADED, reason)
                await self._again(item, seconds, reason, arrived=arrived)
            case _:
                await self._give_up(item, "Telegram answers something that makes no sense here")

    async def _again(self, item: PostedItem, seconds: float, reason: str, *, arrived: bool) -> None:
        until = self._clock.now() + timedelta(seconds=seconds)
        self._look_in(seconds)
        await self._board.mark_later(item, until, reason, arrived=arrived)

    def _look_in(self, seconds: float) -> None:
        """Look at the board again by then, though no commit may tell that something is due."""
        self._look_at = min(self._look_at, self._clock.monotonic() + seconds)

    async def _give_up(self, item: PostedItem, reason: str) -> None:
        # The key of a post is made of ids.
        _log.warning("staff_post_failed", contact=item.contact, post=item.key, reason=reason)
        await self._board.mark_failed(item, reason)

    def _pause(self, seconds: float, state: State, reason: str) -> None:
        """Everything else would meet the same."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)
        self._note(state, reason)

    def _note(self, state: State, reason: str = "") -> None:
        self._well = state is State.OK
        self._condition.note("post", state, reason)


def _message_id(result: Any) -> int | None:
    message_id = result.get("message_id") if isinstance(result, dict) else None
    return message_id if isinstance(message_id, int) and not isinstance(message_id, bool) else None
