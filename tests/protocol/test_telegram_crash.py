"""SIGKILL at every commit on the way from Telegram to an act and back: nothing is lost, little is doubled."""

from collections import Counter
from pathlib import Path

from support.database import open_database
from support.nursery import Death
from support.telegram import KIM
from support.telegram_lives import done, open_nursery, show

from arni_edge.simulator.telegram import SimulatedTelegram

_DEATHS = [Death(commit, after=commit % 2 == 0) for commit in (4, 5, 6, 7, 8, 9)]


async def test_killed_at_every_commit(tmp_path: Path) -> None:
    """What was pressed and asked in each life is done at least once, answered, and shown as it ended."""
    async with SimulatedTelegram() as telegram, open_nursery() as nursery:
        telegram.limits.on = False
        kim = telegram.add_phone(KIM, "Kim")
        kim.chat.refuses = None
        async with open_database(tmp_path / "arni.db") as database:
            await show(database, "Notfall")
        last = telegram.happen({"new_kind": {}}) or 0
        assert await nursery.live(tmp_path, telegram.url, last)
        killed = 0
        for number, death in enumerate(_DEATHS):
            if number % 2:
                kim.press("Ich kümmere mich")
            kim.write(f"/status {number}")
            last = telegram.happen({"new_kind": {}}) or last + 1 + number % 2
            killed += not await nursery.live(tmp_path, telegram.url, last, death)
            if (
                number % 2
            ):  # what has gathered is few messages, so that nobody has to wait for the next second
                assert await nursery.live(tmp_path, telegram.url, last)

        assert killed >= len(_DEATHS) - 3  # commits that come together are one
        acts = Counter(done(tmp_path))
        assert acts["acknowledged7"] >= len(_DEATHS) // 2
        answers = Counter(message.text for message in kim.inbox)
        for number in range(len(_DEATHS)):
            # Twice only where the end came between Telegram's acceptance and our commit.
            assert 1 <= acts[f"status {number}"] <= 2
            assert 1 <= answers[f"Alles gut. {number}"] <= 2
        doubled = sum(answers.values()) - len(answers)
        assert doubled <= killed
        (alarm,) = [message for message in kim.inbox if message.text.startswith("Gesehen")]
        assert alarm.text == f"Gesehen: {acts['acknowledged7']}"
        assert telegram.queue.pending == 0
