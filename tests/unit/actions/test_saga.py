"""Steps and their way back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.actions import MIA, Door, open_door
from support.clock import ManualClock

from arni_edge.actions.action import Done
from arni_edge.actions.saga import Saga, Step, Stuck
from arni_edge.domain.errors import Refused, Unavailable

OF_MIA = {"member_id": "M-1"}


async def outcome(door: Door) -> tuple[str, str]:
    ((row),) = await door.rows("SELECT state, outcome FROM actions")
    return row["state"], row["outcome"]


def done(door: Door) -> list[str]:
    return [line.partition(" ")[0] for line in door.effects.had()]


async def test_all_steps(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        became = await door.executor.do("move", OF_MIA, MIA)
        assert isinstance(became, Done)
        assert became.result.model_dump() == {"what": "take pay free"}
        assert done(door) == ["do:take", "do:pay", "do:free"]
        assert await outcome(door) == ("done", "done")


async def test_a_step_that_is_refused_takes_the_others_back_in_reverse(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        door.trouble["free"] = Refused("Zu spät.")
        with pytest.raises(Refused, match="Zu spät"):
            await door.executor.do("move", OF_MIA, MIA)
        assert done(door) == ["do:take", "do:pay", "undo:pay", "undo:take"]
        assert await outcome(door) == ("failed", "refused")
        rows = await door.rows("SELECT name, state FROM saga_steps ORDER BY step")
        assert [row["state"] for row in rows] == ["undone", "undone", "failed"]


async def test_a_step_that_nobody_knows_about_is_taken_back_as_well(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        door.trouble["pay"] = RuntimeError("bug")
        with pytest.raises(Unavailable):
            await door.executor.do("move", OF_MIA, MIA)
        assert done(door) == ["do:take", "undo:pay", "undo:take"]
        assert await outcome(door) == ("failed", "unavailable")


async def test_what_cannot_be_taken_back_goes_to_a_person(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        door.trouble.update({"free": Refused("Zu spät."), "undo:pay": Unavailable("away")})
        with pytest.raises(Refused, match="Aufgabe"):
            await door.executor.do("move", OF_MIA, MIA)
        assert done(door) == ["do:take", "do:pay"]
        assert await outcome(door) == ("failed", "stuck")
        (ticket,) = await door.rows("SELECT * FROM tickets")
        assert ticket["kind"] == "action.stuck"
        assert "take, pay" in ticket["text"]


async def test_taking_back_is_tried_again(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        tries: list[Any] = []

        async def do(so_far: Mapping[str, Any], key: str) -> int:
            return 7

        async def fail(so_far: Mapping[str, Any], key: str) -> None:
            assert so_far == {"first": 7}
            raise Refused("no")

        async def undo(result: Any, key: str) -> None:
            tries.append((result, key))
            if len(tries) < 4:
                raise Unavailable("away")

        became = await door.executor.do("book", OF_MIA, MIA)
        assert isinstance(became, Done)
        assert became.action is not None
        action_id = became.action.action_id
        saga = Saga(door.database, ManualClock(), first_wait=0.001)
        steps = [Step("first", do, undo), Step("second", fail, None)]
        with pytest.raises(Refused, match="no"):
            await saga.run(action_id, steps)
        assert tries == [(7, f"{action_id}/first")] * 4
        with pytest.raises(Refused, match="no"):  # it is known how it ended
            await saga.run(action_id, steps)
        assert len(tries) == 4


async def test_a_last_step_without_a_way_back_that_breaks_is_stuck(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:

        async def do(so_far: Mapping[str, Any], key: str) -> None:
            raise RuntimeError("bug")

        became = await door.executor.do("book", OF_MIA, MIA)
        assert isinstance(became, Done)
        assert became.action is not None
        with pytest.raises(Stuck):
            await Saga(door.database, ManualClock()).run(became.action.action_id, [Step("only", do, None)])


async def test_only_the_last_step_may_lack_a_way_back(tmp_path: Path) -> None:
    async def do(so_far: Mapping[str, Any], key: str) -> None:
        raise AssertionError

    async with open_door(tmp_path) as door:
        saga = Saga(door.database, ManualClock())
        for steps in ([Step("a", do, None), Step("b", do, None)], [Step("a", do, None)] * 2):
            with pytest.raises(ValueError, match="way back"):
                await saga.run("x", steps)
