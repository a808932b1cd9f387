"""What can be asked about chats over the control socket: the same desk that staff use from afar."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from arni_edge.control import Method
from arni_edge.conversation.ghost import GhostDesk
from arni_edge.conversation.ghost_names import AT_CONSOLE
from arni_edge.daemon.params import line
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.storage.ghost import EVERY_CHAT

_LONGEST_NAME: Final = 64
_LONGEST_HANDLE: Final = 16
_LONGEST_TEXT: Final = 4096
_MOST_CHATS: Final = 50


def ghost_methods(desk: Callable[[], GhostDesk]) -> Mapping[str, Method]:
    """All methods by name. Whoever asks stands in the audit as ``console:<name>``.

    Args:
        desk: Of the present house.
    """

    async def chats(params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "handle": one.handle,
                "face": one.face,
                "at": one.at.isoformat(),
                "state": one.state,
                "human": one.chat.human,
                "taken_by": one.chat.taken_by,
                "taken_until": one.chat.taken_until.isoformat() if one.chat.taken_until else None,
                "mode": one.mode,
            }
            for one in await desk().chats(_who(params), _MOST_CHATS)
        ]

    async def read(params: Mapping[str, Any]) -> list[str]:
        return await desk().look(_who(params), _handle(params))

    async def hold(params: Mapping[str, Any]) -> str:
        return await desk().read_along(_who(params), _handle(params, every=True), "hold")

    async def off(params: Mapping[str, Any]) -> str:
        return await desk().look_away(_who(params), _handle(params, every=True))

    async def take(params: Mapping[str, Any]) -> str:
        return await desk().take(_who(params), _handle(params))

    async def back(params: Mapping[str, Any]) -> str:
        return await desk().back(_who(params), _handle(params))

    async def say(params: Mapping[str, Any]) -> str:
        return await desk().say(_who(params), _handle(params), _words(params))

    async def whisper(params: Mapping[str, Any]) -> str:
        return await desk().whisper(_who(params), _handle(params), _words(params))

    return {
        "ghost.list": chats,
        "ghost.read": read,
        "ghost.hold": hold,
        "ghost.off": off,
        "ghost.take": take,
        "ghost.back": back,
        "ghost.say": say,
        "ghost.whisper": whisper,
    }


def _who(params: Mapping[str, Any]) -> Contact:
    """Whoever sits at the console: not a colleague from the list, whatever name they give."""
    name = line(params, "by", _LONGEST_NAME)
    return Contact(f"{AT_CONSOLE}{name}", name, Role.OWNER, language=Language.ENGLISH)


def _handle(params: Mapping[str, Any], *, every: bool = False) -> str:
    handle = line(params, "handle", _LONGEST_HANDLE).lower()
    if every and handle == "all":
        return EVERY_CHAT
    return handle


def _words(params: Mapping[str, Any]) -> str:
    text = params.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= _LONGEST_TEXT:
        raise InvalidInput(f"'text' must be a text of 1 to {_LONGEST_TEXT} characters")
    return text
