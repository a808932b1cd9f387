"""What staff can do about chats by a button or a word, whatever the channel."""

from collections.abc import Awaitable, Callable, Mapping

from arni_edge.conversation.ghost import LONGEST_TEXT, GhostDesk
from arni_edge.conversation.ghost_drafts import DraftDesk
from arni_edge.domain.staff import Contact, Role, StaffAct

_Plain = Callable[[Contact, str], Awaitable[str]]


def ghost_acts(desk: GhostDesk, held: DraftDesk) -> Mapping[str, StaffAct]:
    """All acts by name. The argument is a handle, the id of a draft, or the id of a wish for a person.

    A reply to the post ``ghost/<handle>`` is ``ghost.say`` with the handle and the reply's text.

    Args:
        desk: Has the chats.
        held: Has the drafts.
    """

    async def edit(who: Contact, draft: str, text: str) -> str:
        return await held.edit(who, draft, desk.checked(who, text, LONGEST_TEXT))

    async def hold(who: Contact, handle: str) -> str:
        return await desk.read_along(who, handle, "hold")

    plain: dict[str, _Plain] = {
        "ghost.approve": held.approve,
        "ghost.stop": desk.stop,
        "ghost.read": desk.read_along,
        "ghost.hold": hold,
        "ghost.off": desk.look_away,
        "ghost.take": desk.take,
        "ghost.back": desk.back,
        "handoff.take": desk.take_handoff,
    }
    return {name: StaffAct(Role.STAFF, _without_text(do)) for name, do in plain.items()} | {
        "ghost.edit": StaffAct(Role.STAFF, edit, "ghost.ask.edit"),
        "ghost.say": StaffAct(Role.STAFF, desk.say, "ghost.ask.say"),
        "ghost.whisper": StaffAct(Role.STAFF, desk.whisper, "ghost.ask.whisper"),
    }


def _without_text(do: _Plain) -> Callable[[Contact, str, str], Awaitable[str]]:
    async def act(who: Contact, argument: str, _: str) -> str:
        return await do(who, argument)

    return act
