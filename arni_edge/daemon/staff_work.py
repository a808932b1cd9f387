"""What staff ask about people and work: alarms, approvals, tickets, who is on call, quiet, chats."""

from datetime import timedelta
from typing import Final

from arni_edge.actions.action import STAFF
from arni_edge.daemon.staff_ports import StaffPorts
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.staff import Button, Contact, Role, Said
from arni_edge.storage import Transaction, staff_told
from arni_edge.storage.ghost import EVERY_CHAT

_MOST: Final = 8
_LONGEST_ITEM: Final = 350
_QUIET_MINUTES: Final = 60
_LONGEST_QUIET: Final = 1440


class Work:
    """Answers about what there is to do."""

    def __init__(self, ports: StaffPorts) -> None:
        self._ports = ports
        self._text = ports.catalogue.text

    async def alarms(self, who: Contact, _: str) -> Said:
        """Every alarm that nobody has ended, with what this person can do about it."""
        found = list(await self._ports.alarms.open())[:_MOST]
        if not found:
            return Said(self._text("staff.alarms.none", who.language))
        words = self._ports.alarm_words
        rows = [
            # With several under one message, each says which it is about.
            tuple(Button(f"{one.label} {alarm.code}", one.act, one.argument) for one in row)
            for alarm in found
            for row in words.buttons(alarm, who)
        ]
        return Said("\n\n".join(words.call(alarm, who.language) for alarm in found), tuple(rows))

    async def test(self, who: Contact, _: str) -> Said:
        """Test the alarm chain: everybody on call is told that it is a test."""
        alarm = await self._ports.alarms.drill(who)
        return Said(self._text("staff.test.begun", who.language, alarm=alarm[-6:]))

    async def approvals(self, who: Contact, _: str) -> Said:
        """What waits for a yes; what waits for a member's own is only counted."""
        waiting = await self._ports.executor.waiting()
        ours = [action for action in waiting if action.conversation == STAFF][:_MOST]
        lines = [f"{one.action_id[-6:]}: {_short(one.consequence)}" for one in ours]
        theirs = sum(action.conversation != STAFF for action in waiting)
        if theirs:
            lines.append(self._text("staff.approvals.members", who.language, number=theirs))
        rows = tuple(
            tuple(
                Button(f"{self._text(key, who.language)} {one.action_id[-6:]}", act, one.button)
                for key, act in (
                    ("action.button.confirm", "action.confirm"),
                    ("action.button.deny", "action.deny"),
                )
            )
            for one in ours
        )
        return Said("\n\n".join(lines) or self._text("staff.approvals.none", who.language), rows)

    async def tickets(self, who: Contact, _: str) -> Said:
        """What people have to do by hand, oldest first."""
        waiting = list(await self._ports.tickets.waiting())
        shown = waiting[:_MOST]
        lines = [f"{number}. {_short(str(one['text']))}" for number, one in enumerate(shown, start=1)]
        if len(waiting) > len(shown):
            lines.append(self._text("staff.tickets.more", who.language, number=len(waiting) - len(shown)))
        done = self._text("ticket.button", who.language)
        rows = tuple(
            (Button(f"{done} {number}", "ticket.done", str(one["ticket_id"])),)
            for number, one in enumerate(shown, start=1)
        )
        return Said("\n".join(lines) or self._text("staff.tickets.none", who.language), rows)

    async def rota(self, who: Contact, _: str) -> Said:
        """Who is called now, in their order."""
        people = self._ports.on_call(self._ports.clock.now())
        if not people:
            return Said(self._text("staff.rota.nobody", who.language))
        names = [f"{number}. {one.name}" for number, one in enumerate(people, start=1)]
        return Said("\n".join([self._text("staff.rota.now", who.language), *names]))

    async def quiet(self, who: Contact, text: str) -> Said:
        """No notices for a while; alarms come all the same."""
        wish = text.strip().lower()
        now = self._ports.clock.now()
        minutes = 0 if wish == "off" else _minutes(wish)
        if minutes is None:
            raise InvalidInput(self._text("staff.quiet.usage", who.language, longest=_LONGEST_QUIET))
        until = now + timedelta(minutes=minutes) if minutes else None

        async def store(tx: Transaction) -> None:
            await staff_told.be_quiet(tx, who.id, until)

        await self._ports.database.write(store)
        if until is None:
            return Said(self._text("staff.quiet.off", who.language))
        local = until.astimezone(self._ports.settings.site.zone)
        return Said(self._text("staff.quiet.on", who.language, time=f"{local:%H:%M}"))

    async def ghost(self, who: Contact, text: str) -> Said:
        """The latest chats; or read one along (``on``), hold its risky answers, or stop that (``off``)."""
        handle, _, word = text.strip().lower().partition(" ")
        if not handle:
            return await self._chats(who)
        handle = EVERY_CHAT if handle in {"all", "alle", EVERY_CHAT} else handle
        desk, wish = self._ports.ghost, word.strip() or "on"
        if wish == "off":
            return Said(await desk.look_away(who, handle))
        if wish not in {"on", "hold"}:
            raise InvalidInput(self._text("staff.ghost.usage", who.language))
        return Said(await desk.read_along(who, handle, "hold" if wish == "hold" else "read"))

    async def say(self, who: Contact, text: str) -> Said:
        """Write to the member of a chat: handle, then the words."""
        handle, _, words = text.strip().partition(" ")
        return Said(await self._ports.ghost.say(who, handle.lower(), words))

    async def _chats(self, who: Contact) -> Said:
        language, zone = who.language, self._ports.settings.site.zone
        chats = await self._ports.ghost.chats(who, _MOST)
        if not chats:
            return Said(self._text("staff.ghost.none", language))
        lines = []
        for one in chats:
            line = f"{one.handle} · {one.face} · {one.at.astimezone(zone):%H:%M} · {one.state}"
            mode = "" if one.mode == "off" else self._text(f"staff.ghost.{one.mode}", language)
            lines.append(f"{line} · {mode}" if mode else line)
        label = self._text("ghost.button.read", language)
        rows = tuple(
            (Button(f"{label} {one.handle}", "ghost.read", one.handle),)
            for one in chats
            if one.mode == "off" and who.role >= Role.STAFF
        )
        return Said("\n".join([*lines, "", self._text("staff.ghost.usage", language)]), rows)


def _minutes(wish: str) -> int | None:
    """How long; None when that is no number of minutes."""
    if not wish:
        return _QUIET_MINUTES
    if not (wish.isascii() and wish.isdigit() and len(wish) <= 4):
        return None
    return int(wish) if 1 <= int(wish) <= _LONGEST_QUIET else None


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_ITEM else f"{text[: _LONGEST_ITEM - 1]}…"
