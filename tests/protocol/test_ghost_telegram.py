"""Ghost mode on staff's phones: one message that is edited, a reply that reaches the member, a button."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from support.ghost import KIM as STAFF_KIM
from support.ghost import Desk, open_desk
from support.telegram import KIM, Acts, Bot
from support.waiting import eventually_is

from arni_edge.conversation.ghost_mode import GhostMode
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.staff import StaffAct
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.storage.ghost import EVERY_CHAT


@dataclass
class _GhostActs(Acts):
    mode: GhostMode | None = field(default=None)

    def by_name(self) -> dict[str, StaffAct]:
        assert self.mode is not None
        return dict(self.mode.acts)


def _desk(folder: Path) -> AbstractAsyncContextManager[Desk]:
    """On the clock of the day: the simulated Telegram has no other."""
    return open_desk(folder, clock=SystemClock())  # type: ignore[arg-type]


async def _running(desk: Desk) -> "asyncio.Task[None]":
    return asyncio.create_task(desk.mode.desk.run(lambda: None))


async def test_staff_read_along_answer_by_a_reply_and_hand_back(tmp_path: Path) -> None:
    async with SimulatedTelegram() as telegram, _desk(tmp_path) as desk:
        kim = telegram.add_phone(KIM, "Kim")
        kim.chat.refuses = None
        await desk.mode.desk.read_along(STAFF_KIM, EVERY_CHAT)
        acts = _GhostActs(mode=desk.mode)
        looking = await _running(desk)
        async with Bot(telegram.settings(), desk.database, acts=acts) as bot:
            await desk.write("Mein Spind klemmt")
            shown = await kim.wait_for(lambda message: "Mein Spind klemmt" in message.text, 20)
            kim.reply(shown, "Ich komme gleich.")
            said = await eventually_is(desk.said, lambda said: len(said) == 2)
            assert said[1].endswith("Ich komme gleich.")
            same = await kim.wait_for(lambda message: "Team: " in message.text, 20)
            assert same.message_id == shown.message_id
            kim.press("Zurück an die KI", same)
            said = await eventually_is(desk.said, lambda said: len(said) == 3)
            assert said[2] == "Du schreibst wieder mit dem KI-Assistenten."
            await eventually_is(bot.open_updates, lambda left: left == 0)
        looking.cancel()
        await asyncio.wait({looking})


async def test_a_held_answer_is_changed_by_a_button_and_a_text(tmp_path: Path) -> None:
    async with SimulatedTelegram() as telegram, _desk(tmp_path) as desk:
        kim = telegram.add_phone(KIM, "Kim")
        kim.chat.refuses = None
        await desk.mode.desk.read_along(STAFF_KIM, EVERY_CHAT, "hold")
        async with Bot(telegram.settings(), desk.database, acts=_GhostActs(mode=desk.mode)):
            await desk.write("Könnt ihr das ändern?")
            held = await kim.wait_for(lambda message: "Ändern" in str(message.labels), 20)
            kim.press("Ändern", held)
            asked = await kim.wait_for(lambda message: "Wie soll die Antwort lauten" in message.text, 20)
            kim.reply(asked, "Ja, ab Montag.")
            said = await eventually_is(desk.said, lambda said: len(said) == 1)
            assert said[0].endswith("Ja, ab Montag.")
            await kim.wait_for(lambda message: "Von Kim geändert" in message.text, 20)
