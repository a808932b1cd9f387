"""A double of Telegram's Bot API for one bot: its answers, limits and refusals, word for word."""

import asyncio
import itertools
import re
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import orjson
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.settings import Telegram, TelegramChat
from arni_edge.simulator.serve import drop_connection, serve
from arni_edge.simulator.telegram_chats import Chat, ShownMessage, SimulatedStaffPhone
from arni_edge.simulator.telegram_limits import (
    NOT_MODIFIED,
    ApiError,
    Limits,
    buttons_of,
    commands_of,
    text_of,
    units,
)
from arni_edge.simulator.telegram_queue import (
    CALLBACK_SECONDS,
    DAY_SECONDS,
    WEBHOOK_ACTIVE,
    WEBHOOK_SET,
    Conflict,
    UpdateQueue,
)

_FIRST_UPDATE = 892253001
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the bot asked.

    Attributes:
        method: As it wrote it.
        body: The parameters.
        at: Seconds of the event loop's clock.
    """

    method: str
    body: dict[str, Any]
    at: float


class SimulatedTelegram:
    """The Bot API on loopback. Use as ``async with SimulatedTelegram() as telegram``.

    Attributes:
        url: Where it is served; ``telegram.api_url`` of a box.
        down: The line is cut: every connection is dropped.
        hangs: Requests are taken and never answered.
        revoked: The token is not valid any more.
        limits: How fast the bot may write.
        requests: Everything that was asked, in order.
        menus: Commands by chat and language, as ``setMyCommands`` left them.
        queue: Updates that nobody has confirmed.
    """

    token: Final = "700000999:AAEsim-opens-the-simulated-bot-only"  # noqa: S105
    bot_name: Final = "arni_sim_bot"

    def __init__(self, *, clock: Clock | None = None, port: int = 0) -> None:
        """Nobody is there yet.

        Args:
            clock: The server's; :meth:`advance` moves it on.
            port: Where it is served; 0: where there is room.
        """
        self._clock = clock or SystemClock()
        self._shift = 0.0
        self._port = port
        self._bot = {"id": 700000999, "is_bot": True, "first_name": "Arni", "username": self.bot_name}
        self.queue = UpdateQueue(self._now, _FIRST_UPDATE)
        self.url = ""
        self.down = self.hangs = self.revoked = False
        self.limits = Limits()
        self.requests: list[Asked] = []
        self.menus: dict[tuple[int | None, str], list[dict[str, str]]] = {}
        self._webhook = ""
        self._phones: dict[int, SimulatedStaffPhone] = {}
        self._chats: dict[int, Chat] = {}
        self._queries: dict[str, tuple[SimulatedStaffPhone, float]] = {}
        self._query_numbers = itertools.count(3007238465192837465)
        self._failures: dict[str, deque[ApiError | int]] = {}
        self._drops: dict[str, deque[bool]] = {}
        self._released = asyncio.Event()
        self._stack = AsyncExitStack()
        self.app = Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST"])])

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.url = await stack.enter_async_context(serve(self.app, self._port))
            stack.callback(self._end_polls)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _end_polls(self) -> None:
        self.down = True
        self.queue.close()
        self._released.set()

    # --- what a test can order --------------------------------------------------------------------------

    def settings(self, *chats: TelegramChat) -> Telegram:
        """The ``[telegram]`` section for a box that uses this bot."""
        return Telegram(token=SecretStr(self.token), api_url=self.url, chats=list(chats))

    def add_phone(self, user_id: int, name: str, language: str = "de") -> SimulatedStaffPhone:
        """Somebody gets an account. The bot cannot write to them before they wrote to it."""
        phone = SimulatedStaffPhone(self, user_id, name, language, self._bot)
        self._phones[user_id] = phone
        self._chats[user_id] = phone.chat
        return phone

    def add_group(self, chat_id: int, title: str) -> Chat:
        """A group that the bot is in."""
        self._chats[chat_id] = Chat(chat_id, "group", title)
        return self._chats[chat_id]

    def upgrade(self, group: Chat, chat_id: int, *, told: bool = True) -> Chat:
        """A group becomes a supergroup with another id.

        Args:
            group: Which.
            chat_id: Its new id.
            told: Whether the bot gets the message that says so.
        """
        self._chats[chat_id] = Chat(chat_id, "supergroup", group.title)
        group.moved_to = chat_id
        if told:
            self.happen({"message": {
                "message_id": group.new_id(),
                "from": self._bot | {"id": 700000998, "is_bot": False},
                "chat": group.as_json(),
                "date": self.unix_time(),
                "migrate_to_chat_id": chat_id,
            }})  # fmt: skip
        return self._chats[chat_id]

    def advance(self, seconds: float) -> None:
        """The server's clock goes on by so much at once."""
        self._shift += seconds

    def cut(self, on: bool = True) -> None:
        """The line to Telegram breaks, or is repaired."""
        self.down = on

    def hang(self, on: bool = True) -> None:
        """Requests are not answered any more; those that hang are cut when it ends."""
        self.hangs = on
        if on:
            self._released.clear()
        else:
            self._released.set()

    def fail(
        self, method: str, code: int, description: str = "", *, times: int = 1, **parameters: int
    ) -> None:
        """Refuse the next calls of a method; without a description as a gateway does, in HTML."""
        failure = ApiError(code, description, **parameters) if description else code
        self._failures.setdefault(method, deque()).extend([failure] * times)

    def drop(self, method: str, *, accepted: bool, times: int = 1) -> None:
        """Cut the connection of the next calls of a method, before or after they are obeyed."""
        self._drops.setdefault(method, deque()).extend([accepted] * times)

    def set_webhook(self, url: str) -> None:
        """Somebody sets a webhook for this bot, or removes it."""
        self._webhook = url
        if url:
            self.queue.abort(WEBHOOK_SET)

    def asked(self, method: str) -> list[dict[str, Any]]:
        """The parameters of all calls of a method."""
        return [one.body for one in self.requests if one.method == method]

    # --- for the chats ----------------------------------------------------------------------------------

    def happen(self, content: dict[str, Any], *, callback: bool = False) -> int | None:
        """Something happened that the bot is told of."""
        return self.queue.add(content, seconds=CALLBACK_SECONDS if callback else DAY_SECONDS)

    def new_query(self, phone: SimulatedStaffPhone) -> str:
        """A press that may be answered for a while."""
        query_id = str(next(self._query_numbers))
        self._queries[query_id] = (phone, self._now() + _ANSWER_SECONDS)
        return query_id

    def unix_time(self) -> int:
        """The server's clock."""
        return int(self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp() + self._shift

    # --- the wire ---------------------------------------------------------------------------------------

    async def _serve(self, request: Request) -> Response:
        if self.down:
            await drop_connection(request)
            return Response()
        token, _, method = request.url.path.removeprefix("/bot").rpartition("/")
        try:
            content = await request.body()
        except ClientDisconnect:
            return Response()  # whoever asked has died
        if not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token):
            return _error(ApiError(404, "Not Found"))
        if token != self.token or self.revoked:
            return _error(ApiError(401, "Unauthorized"))
        body = orjson.loads(content) if content else dict(request.query_params)
        self.requests.append(Asked(method, body, asyncio.get_running_loop().time()))
        if self.hangs:
            await self._released.wait()
            await drop_connection(request)
            return Response()
        return await self._answer(request, method, body)

    async def _answer(self, request: Request, method: str, body: dict[str, Any]) -> Response:
        drop = self._drops[method].popleft() if self._drops.get(method) else None
        if drop is not False:
            answer = await self._obey(method, body)
        if drop is not None:
            await drop_connection(request)
            return Response()
        return answer

    async def _obey(self, method: str, body: dict[str, Any]) -> Response:
        obey = getattr(self, f"_do_{method.lower()}", None)
        if obey is None:
            return _error(ApiError(404, "Not Found"))
        if self._failures.get(method):
            return _error(self._failures[method].popleft())
        try:
            return JSONResponse({"ok": True, "result": await obey(body)})
        except ApiError as error:
            return _error(error)

    async def _do_getme(self, _: dict[str, Any]) -> dict[str, Any]:
        return self._bot | {"can_join_groups": True, "can_read_all_group_messages": False}

    async def _do_getupdates(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if self._webhook:
            await self.queue.hold_conflict()
            raise ApiError(409, WEBHOOK_ACTIVE)
        try:
            return await self.queue.get(
                int(body.get("offset", 0)),
                int(body.get("limit", 100)),
                float(body.get("timeout", 0)),
                body.get("allowed_updates"),
            )
        except Conflict as conflict:
            await self.queue.hold_conflict()
            raise ApiError(409, str(conflict)) from None

    async def _do_deletewebhook(self, _: dict[str, Any]) -> bool:
        self._webhook = ""
        return True

    async def _do_setmycommands(self, body: dict[str, Any]) -> bool:
        scope = body.get("scope", {"type": "default"})
        if scope["type"] == "chat":
            self._chat(scope["chat_id"])
        commands = commands_of(body)
        self.menus[scope.get("chat_id"), body.get("language_code", "")] = commands
        return True

    async def _do_answercallbackquery(self, body: dict[str, Any]) -> bool:
        phone, until = self._queries.pop(str(body.get("callback_query_id")), (None, 0.0))
        if phone is None or self._now() >= until:
            raise ApiError(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        if units(body.get("text", "")) > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        phone.answers[str(body["callback_query_id"])] = body.get("text", "")
        return True

    async def _do_sendmessage(self, body: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(body.get("chat_id"))
        self._let_write(chat)
        self.limits.check(chat.id)
        text, markup = text_of(body), body.get("reply_markup", {})
        buttons = buttons_of(markup)
        message = ShownMessage(
            chat.new_id(),
            chat.id,
            text,
            buttons,
            silent=body.get("disable_notification", False),
            asks=markup.get("force_reply", False),
        )
        chat.inbox.append(message)
        chat.look()
        return self._as_json(chat, message)

    async def _do_editmessagetext(self, body: dict[str, Any]) -> dict[str, Any]:
        chat, message = self._editable(body)
        text, buttons = text_of(body), buttons_of(body.get("reply_markup", {}))
        if (text, buttons) == (message.text, message.buttons):
            raise ApiError(400, NOT_MODIFIED)
        message.text, message.buttons = text, buttons
        message.edits += 1
        chat.look()
        return self._as_json(chat, message)

    async def _do_editmessagereplymarkup(self, body: dict[str, Any]) -> dict[str, Any]:
        chat, message = self._editable(body)
        buttons = buttons_of(body.get("reply_markup", {}))
        if buttons == message.buttons:
            raise ApiError(400, NOT_MODIFIED)
        message.buttons = buttons
        chat.look()
        return self._as_json(chat, message)

    # --- what Telegram refuses --------------------------------------------------------------------------

    def _chat(self, chat_id: object) -> Chat:
        chat = self._chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None:
            raise ApiError(400, "Bad Request: chat not found")
        return chat

    def _let_write(self, chat: Chat) -> None:
        if chat.moved_to is not None:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if chat.refuses is not None:
            raise ApiError(403, chat.refuses)

    def _editable(self, body: dict[str, Any]) -> tuple[Chat, ShownMessage]:
        chat = self._chat(body.get("chat_id"))
        self._let_write(chat)
        self.limits.check(chat.id)
        message = chat.find(body.get("message_id"))
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        if message.asks:
            raise ApiError(400, "Bad Request: message can't be edited")
        return chat, message

    def _as_json(self, chat: Chat, message: ShownMessage) -> dict[str, Any]:
        return {
            "message_id": message.message_id,
            "from": self._bot,
            "chat": chat.as_json(),
            "date": self.unix_time(),
            "text": message.text,
        }


def _error(error: ApiError | int) -> Response:
    if isinstance(error, int):
        return Response("<html>Bad Gateway</html>", error, media_type="text/html")
    return JSONResponse(error.body, error.body["error_code"])
