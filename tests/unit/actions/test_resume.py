"""What another life makes of what one left behind, and how a life ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.actions import MIA, Door, open_door
from support.clock import ManualClock
from support.waiting import eventually_is

from arni_edge.actions import effects
from arni_edge.actions.action import Action, Proposed
from arni_edge.storage import actions

OF_MIA = {"member_id": "M-1", "note": "x"}


async def left_behind(folder: Path, name: str, state: str, runs: int = 1) -> Action:
    """A life that ended with an action in a state."""
    async with open_door(folder) as door:
        became = await door.executor.do(name, OF_MIA, MIA)
        assert isinstance(became, Proposed)
        now = door.clock.now().isoformat()

        async def leave(tx: Any) -> None:
            await tx.execute("UPDATE actions SET state = ?, confirmed_at = ?, runs = ?", (state, now, runs))

        await door.database.write(leave)
        return became.action


async def resumed(door: Door) -> None:
    await door.executor.resume()
    await door.executor.idle()
    await door.executor.resume()
    await door.executor.idle()


async def test_what_was_just_confirmed_is_done_once(tmp_path: Path) -> None:
    action = await left_behind(tmp_path, "cancel", "confirmed", 0)
    async with open_door(tmp_path) as door:
        door.clock.advance(119)
        await resumed(door)
        assert door.effects.had() == [f"cancel {action.action_id}"]
        assert len(await door.told()) == 1


async def test_what_was_confirmed_long_ago_is_not_done_any_more_and_said(tmp_path: Path) -> None:
    action = await left_behind(tmp_path, "cancel", "confirmed", 0)
    async with open_door(tmp_path) as door:
        door.clock.advance(121)
        await resumed(door)
        assert door.effects.had() == []
        assert await door.state(action.action_id) == "expired"
        assert len(await door.told()) == 1


async def test_what_may_be_repeated_goes_on_with_its_key(tmp_path: Path) -> None:
    action = await left_behind(tmp_path, "change", "executing")
    async with open_door(tmp_path) as door:
        door.clock.advance(86_400)
        await resumed(door)
        assert door.effects.had() == [f"change {action.action_id}"]
        assert await door.state(action.action_id) == "done"


async def test_what_may_not_is_unknown_and_somebody_has_to_look(tmp_path: Path) -> None:
    action = await left_behind(tmp_path, "cancel", "executing")
    async with open_door(tmp_path) as door:
        await resumed(door)
        assert door.effects.had() == []
        assert [row["outcome"] for row in await door.rows("SELECT outcome FROM actions")] == ["unknown"]
        assert [row["kind"] for row in await door.rows("SELECT kind FROM tickets")] == ["action.unknown"]
        assert len(await door.told()) == 1
        assert await door.state(action.action_id) == "failed"


async def test_what_kills_us_each_time_is_given_up(tmp_path: Path) -> None:
    await left_behind(tmp_path, "change", "executing", runs=5)
    async with open_door(tmp_path) as door:
        await resumed(door)
        assert door.effects.had() == []
        assert [row["outcome"] for row in await door.rows("SELECT outcome FROM actions")] == ["unknown"]


async def test_a_tool_that_is_gone_is_not_run(tmp_path: Path) -> None:
    await left_behind(tmp_path, "change", "executing")
    async with open_door(tmp_path) as door:
        del door.executor._tools["change"]
        await resumed(door)
        assert [row["outcome"] for row in await door.rows("SELECT outcome FROM actions")] == ["unknown"]


async def test_a_tool_that_wants_something_else_now_does_nothing(tmp_path: Path) -> None:
    await left_behind(tmp_path, "change", "confirmed", 0)
    async with open_door(tmp_path) as door:

        async def older(tx: Any) -> None:
            await tx.execute("""UPDATE actions SET arguments = '{"somebody":1}'""")

        await door.database.write(older)
        await resumed(door)
        assert door.effects.had() == []
        assert [row["outcome"] for row in await door.rows("SELECT outcome FROM actions")] == ["refused"]


async def test_it_runs_by_itself(tmp_path: Path) -> None:
    """The part that runs resumes, and ends what is over; stopping it lets effects end."""
    action = await left_behind(tmp_path, "change", "executing")
    async with open_door(tmp_path) as door:
        moved = asyncio.Event()
        open_one = await door.executor.do("cancel", OF_MIA, MIA)
        assert isinstance(open_one, Proposed)
        door.clock.advance(301)
        part = asyncio.create_task(door.executor.run(moved.set))
        await moved.wait()

        async def states() -> list[str]:
            rows = await door.rows("SELECT state FROM actions ORDER BY action_id")
            return [row["state"] for row in rows]

        await eventually_is(states, lambda found: found == ["done", "expired"])
        assert door.effects.had() == [f"change {action.action_id}"]
        part.cancel()
        await asyncio.wait({part})
        assert part.cancelled()


async def test_an_effect_that_does_not_end_is_cut_off_and_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "_STOP_SECONDS", 0.01)
    clock = ManualClock()
    async with open_door(tmp_path, clock) as door:
        reached = asyncio.Event()

        async def hang(*_: Any) -> None:
            reached.set()
            await asyncio.Event().wait()

        door.tools["change"].run = hang  # type: ignore[method-assign,assignment]
        became = await door.executor.do("change", OF_MIA, MIA)
        assert isinstance(became, Proposed)
        action = became.action
        part = asyncio.create_task(door.executor.run(lambda: None))
        asking = asyncio.create_task(door.executor.confirm(action.action_id, action.digest, MIA, "word"))
        await reached.wait()
        part.cancel()
        await asyncio.wait({part, asking})
        assert await door.state(action.action_id) == "executing"
    async with open_door(tmp_path, clock) as door:
        assert [row["runs"] for row in await actions.under_way(door.database)] == [1]
        await resumed(door)
        assert door.effects.had() == [f"change {action.action_id}"]
