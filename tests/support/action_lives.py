"""Lives of the one-way door on one database, each in a process of its own that SIGKILL may end.

Every life does the same: it takes up what the one before left, and reads the same message again, as the turns
do with a message whose answer was not stored.
"""

import asyncio
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from arni_edge.actions.action import Proposed, Waiting
from arni_edge.domain.errors import ArniError, Refused
from support.actions import KIM, MIA, Door, open_door, staff
from support.nursery import Death, die_at, nurse

_TEMPLATE = Path()
"""One empty database, made once."""
_OF_MIA = {"member_id": "M-1", "note": "x"}

SCRIPTS = {
    "cancel": "cancel",
    "book": "book",
    "leave": "leave",
    "move": "move",
    "a move whose last step is refused": "move",
    "a move whose last step breaks": "move",
    "a move that cannot be undone": "move",
}
"""What is asked for, by name of the script."""

_TROUBLE: dict[str, dict[str, Exception]] = {
    "a move whose last step is refused": {"free": Refused("Zu spät.")},
    "a move whose last step breaks": {"free": RuntimeError("bug")},
    "a move that cannot be undone": {"free": Refused("Zu spät."), "undo:pay": RuntimeError("bug")},
}


async def _prepare(template: Path) -> None:
    async with open_door(template):
        pass


async def _live(folder: Path, script: str, death: Death | None) -> None:
    if not (folder / "arni.db").exists():
        shutil.copytree(_TEMPLATE, folder, dirs_exist_ok=True)
    async with open_door(folder) as door:
        door.trouble.update(_TROUBLE.get(script, {}))
        die_at(door.database, death)
        await door.executor.resume()
        await door.executor.idle()
        with suppress(ArniError):  # refused, or decided in an earlier life
            await _ask(door, SCRIPTS[script])
        await door.executor.idle()


async def _ask(door: Door, name: str) -> None:
    became = await door.executor.do(name, _OF_MIA, MIA, key="w1")
    if not isinstance(became, Proposed):
        return
    action = became.action
    answer = await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    if isinstance(answer, Waiting):
        await door.executor.confirm(action.action_id, action.digest, staff(KIM), "button")


if __name__ == "__main__":
    _TEMPLATE = Path(sys.argv[1])
    nurse(_live, lambda: asyncio.run(_prepare(_TEMPLATE)))
