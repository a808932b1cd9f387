"""``arni-edge ghost``: the same desk from the box, over the real control socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.ghost import MIA, Desk, open_desk
from support.waiting import eventually
from typer.testing import CliRunner

from arni_edge.cli.ghost import app
from arni_edge.control import ControlServer
from arni_edge.daemon.ghost_methods import ghost_methods
from arni_edge.domain.errors import InvalidInput


@dataclass
class Box:
    config: Path
    desk: Desk

    async def run(self, *words: str) -> tuple[int, str]:
        """Type a command; its exit code and what it printed."""
        arguments = [*words, "--by", "root", "--config", str(self.config)]
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        said = "" if isinstance(result.exception, SystemExit | None) else str(result.exception)
        return result.exit_code, result.output + said

    async def ask(self, *words: str) -> Any:
        return orjson.loads((await self.run(*words, "--json"))[1])


@asynccontextmanager
async def a_box(folder: Path) -> AsyncIterator[Box]:
    config = folder / "arni.toml"
    config.write_text(f'[paths]\nruntime = "{folder}"\n')
    async with open_desk(folder) as desk:
        server = ControlServer(folder / "control.sock", ghost_methods(lambda: desk.mode.desk))
        running = asyncio.create_task(server.run(lambda: None))
        await eventually((folder / "control.sock").exists)
        try:
            yield Box(config, desk)
        finally:
            running.cancel()
            await asyncio.wait({running})


async def test_a_chat_from_the_list_to_the_hand_back(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        assert await box.run("list") == (0, "nobody has written in the last day\n")
        await box.desk.write(f"hallo, {MIA.phone}")
        (chat,) = await box.ask("list")
        handle = chat["handle"]
        assert (chat["face"], chat["human"], chat["mode"]) == ("Mia …110", False, "off")
        _, text = await box.run("read", handle)
        assert "Member: hallo" in text
        assert MIA.phone not in text
        for words, said in (
            (("whisper", handle, "locker 7"), "stored"),
            (("take", handle), "is yours"),
            (("say", handle, "Ich komme."), "Sent"),
            (("back", handle), "with the AI again"),
            (("hold", "all"), "wait for you"),
            (("off", "all"), "no longer"),
        ):
            code, text = await box.run(*words)
            assert (code, said in text) == (0, True), text
        assert "AI" in (await box.run("list"))[1]
        assert (await box.desk.said())[1].endswith("Ich komme.")
        assert {actor for actor, _ in await box.desk.audit()} == {"console:root"}


async def test_a_chat_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        code, text = await box.run("take", "zzzz")
        assert code != 0
        assert "no such chat" in text


async def test_what_cannot_be_understood_is_said(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"handle": "abcd"},
        {"handle": 7, "by": "kim", "text": "x"},
        {"handle": "x" * 17, "by": "kim", "text": "x"},
        {"handle": "abcd", "by": "k\nim", "text": "x"},
        {"handle": "abcd", "by": "kim", "text": ["x"]},
        {"handle": "abcd", "by": "kim", "text": "x" * 4097},
    ]
    async with open_desk(tmp_path) as desk:
        methods = ghost_methods(lambda: desk.mode.desk)
        for params in wrong:
            with pytest.raises(InvalidInput, match="must be a text"):
                await methods["ghost.say"](params)
