"""What staff are shown of a chat: masked, in their own language, a few lines of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Member
from arni_edge.domain.staff import Button, Contact, Role, StaffPost
from arni_edge.storage import whispers
from arni_edge.storage.drafts import Draft
from arni_edge.storage.ghost import Chat, Face, Fetch, Line, face, lines
from arni_edge.storage.handoffs import Handoff
from arni_edge.swarm.wishes import code_in, without_code

Mask = Callable[[str, Member | None], str]
"""Takes out of a text whatever says who somebody is, and what staff need not know."""

_LINES: Final = 8
_LONGEST_LINE: Final = 300
_LONGEST_DRAFT: Final = 2500


@dataclass(frozen=True, slots=True)
class Picture:
    """A chat as it is now.

    Attributes:
        chat: Which.
        face: Who is on the other side.
        lines: What was said last, unmasked.
        hint: What became of the last whisper: ``waiting``, ``heard``, ``unheard``; None: there was none.
    """

    chat: Chat
    face: Face
    lines: tuple[Line, ...]
    hint: str | None


async def picture(fetch: Fetch, chat: Chat) -> Picture:
    """Look at a chat."""
    row = await whispers.last(fetch, chat)
    hint = None
    if row is not None:
        hint = "waiting" if row["used_at"] is None else "heard" if row["heard"] else "unheard"
    return Picture(
        chat,
        await face(fetch, chat.channel, chat.address),
        tuple(await lines(fetch, chat, _LINES)),
        hint,
    )


class GhostView:
    """Makes posts out of chats, drafts and wishes for a person. Nothing in them says who the member is."""

    def __init__(
        self, catalogue: Catalogue, zone: ZoneInfo, people: Mapping[str, Contact], mask: Mask
    ) -> None:
        """Keep what every post needs.

        Args:
            catalogue: The words, ``ghost.*`` and ``handoff.*``.
            zone: The gym's, for times.
            people: All staff by id.
            mask: For everything that a member or the assistant wrote.
        """
        self.text = catalogue.text
        self.people = people
        self._zone = zone
        self._mask = mask

    def face(self, face: Face, language: Language) -> str:
        """First name and last three digits: ``Mia …110``."""
        first = face.member.name.split()[0] if face.member and face.member.name.split() else ""
        digits = f"…{face.digits}" if face.digits else ""
        return f"{first} {digits}".strip() or self.text("ghost.somebody", language)

    def name(self, staff: str | None, language: Language) -> str:
        """What colleagues call somebody of staff."""
        if staff is None:
            return self.text("ghost.team", language)
        known = self.people.get(staff)
        return known.name if known else staff

    def clock(self, moment: datetime) -> str:
        """The gym's wall clock."""
        return f"{moment.astimezone(self._zone):%H:%M}"

    def line(self, line: Line, member: Member | None, language: Language) -> str:
        """One line of a chat, masked and of bounded length."""
        # A code proves that it is them for as long as it is good: it is for the assistant alone.
        text = without_code(line.text) if code_in(line.text) else line.text
        said = self._masked(text, member, _LONGEST_LINE)
        if not said:
            said = self.text("ghost.no_text", language, kind=line.kind)
        who = self.text(f"ghost.line.{line.who}", language)
        return f"{self.clock(line.at)} {who}: {said}"

    def exchange(self, seen: Picture, language: Language) -> list[str]:
        """The last lines of a chat."""
        return [self.line(line, seen.face.member, language) for line in seen.lines]

    def state(self, chat: Chat, language: Language) -> str:
        """Who writes for the gym."""
        if not chat.human:
            return self.text("ghost.state.bot", language)
        name = self.name(chat.taken_by, language)
        if chat.taken_until is None:
            return self.text("ghost.state.human", language, name=name)
        return self.text("ghost.state.until", language, name=name, time=self.clock(chat.taken_until))

    def chat_post(self, seen: Picture, reader: Contact, mode: str) -> StaffPost:
        """The chat for somebody who reads along."""
        chat, language = seen.chat, reader.language
        head = f"{chat.handle} · {self.face(seen.face, language)} · {self.state(chat, language)}"
        rows = [head, "", *self.exchange(seen, language)]
        if seen.hint:
            rows += ["", self.text(f"ghost.hint.{seen.hint}", language)]
        return StaffPost(
            f"ghost/{chat.handle}", "\n".join(rows), self._chat_buttons(chat, reader, mode), silent=True
        )

    def draft_post(
        self, draft: Draft, handle: str, face: Face, reader: Contact, *, editable: bool
    ) -> StaffPost:
        """An answer that is held, or what became of it; ``editable``: whether other words may be said."""
        language, key = reader.language, f"draft/{draft.id}"
        who = f"{handle} · {self.face(face, language)}"
        said = self._masked(draft.text, face.member, _LONGEST_DRAFT)
        if draft.state != "held":
            return StaffPost(key, f"{who}\n{self.became(draft, language)}\n\n{said}".strip())
        until = self.text("ghost.draft.held", language, time=f"{draft.release_at.astimezone(self._zone):%X}")
        first = ("approve", "edit") if editable else ("approve",)
        buttons = tuple(
            tuple(self._button(name, f"ghost.{name}", draft.id, language) for name in row)
            for row in (first, ("stop",))
        )
        return StaffPost(key, f"{who}\n{until}\n\n{said}", buttons)

    def became(self, draft: Draft, language: Language) -> str:
        """What became of an answer that was held, and through whom."""
        if draft.ended_by:
            return self.text(f"ghost.draft.{draft.state}", language, name=self.name(draft.ended_by, language))
        # Nobody of staff: its time was over, or its question was taken back.
        became = "taken_back" if draft.state == "withdrawn" else "released"
        return self.text(f"ghost.draft.{became}", language)

    def handoff_text(self, handoff: Handoff, handle: str, face: Face, language: Language) -> str:
        """A wish for a person, or who has taken it."""
        values = {
            "handle": handle,
            "face": self.face(face, language),
            "reason": self.text(f"handoff.reason.{handoff.reason}", language),
            "time": self.clock(handoff.asked_at),
            "name": self.name(handoff.taken_by, language),
        }
        return self.text(f"handoff.staff.{handoff.state}", language, **values)

    def handoff_buttons(self, handoff: Handoff, language: Language) -> tuple[tuple[Button, ...], ...]:
        """To take it, while nobody has."""
        if handoff.state not in {"asked", "late"}:
            return ()
        return ((self._button("take", "handoff.take", handoff.id, language),),)

    def chat_choices(self, chats: Sequence[Chat], language: Language) -> tuple[tuple[Button, ...], ...]:
        """A row per chat: read along."""
        label = self.text("ghost.button.read", language)
        return tuple((Button(f"{label} {chat.handle}", "ghost.read", chat.handle),) for chat in chats)

    def _chat_buttons(self, chat: Chat, reader: Contact, mode: str) -> tuple[tuple[Button, ...], ...]:
        language, handle = reader.language, chat.handle
        if reader.role < Role.STAFF:
            return ()

        def button(name: str, act: str) -> Button:
            return self._button(name, act, handle, language)

        first: tuple[Button, ...]
        if not chat.human:
            first = (button("take", "ghost.take"), button("whisper", "ghost.whisper"))
        elif chat.taken_by == reader.id:
            first = (button("say", "ghost.say"), button("back", "ghost.back"))
        else:
            first = (button("back", "ghost.back"),)
        toggle = button("read_only", "ghost.read") if mode == "hold" else button("hold", "ghost.hold")
        return (first, (toggle, button("off", "ghost.off")))

    def _button(self, label: str, act: str, argument: str, language: Language) -> Button:
        return Button(self.text(f"ghost.button.{label}", language), act, argument)

    def _masked(self, text: str, member: Member | None, longest: int) -> str:
        # Cut behind the mask: half of a number would be none that it knows.
        said = self._mask(text, member).strip()
        return said if len(said) <= longest else f"{said[: longest - 1]}…"
