"""What can be asked about actions over the control socket.

Whoever may open the socket sits at the box: one person called ``console:<login>``, with the owner's rights
over what was proposed there. What needs two people cannot be confirmed at it, whatever names are given.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from arni_edge.actions.action import CONSOLE, Action, Done, Proposed, Started, Waiting
from arni_edge.actions.executor import Executor
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.control import Method
from arni_edge.daemon.params import line
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.staff import Role
from arni_edge.storage import Database, Row, actions

CONFIRM_SECONDS: Final = 320.0
"""The slowest door takes 125 s, the slowest saga 300 s."""

_LONGEST_NAME: Final = 64
_ENDING: Final = re.compile(r"[0-9a-f]{4,26}")


class ActionsHouse(Protocol):
    """What of the present house is about actions."""

    @property
    def executor(self) -> Executor:
        """The one-way door."""
        ...


def actions_methods(database: Database, house: Callable[[], ActionsHouse]) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        database: Has the actions.
        house: The present house.
    """

    async def waiting(_: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [_line(action) for action in await house().executor.waiting()]

    async def tools(_: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                **tool.schema(),
                "risk": tool.risk,
                "role": None if tool.role is None else tool.role.name.lower(),
            }
            for tool in house().executor.tools.values()
        ]

    async def show(params: Mapping[str, Any]) -> dict[str, Any]:
        row = await _known(database, params)
        confirmed = await database.read(
            "SELECT who, how, at, again_at FROM confirmations WHERE action_id = ? ORDER BY at",
            (row["action_id"],),
        )
        return {**_row(row), "confirmations": [dict(one) for one in confirmed]}

    async def propose(params: Mapping[str, Any]) -> dict[str, Any]:
        arguments = params.get("arguments")
        if not isinstance(arguments, dict):
            raise InvalidInput("'arguments' must be an object")
        became = await house().executor.do(str(params.get("tool")), arguments, _console(params))
        return _became(became)

    async def confirm(params: Mapping[str, Any]) -> dict[str, Any]:
        row = await _known(database, params)
        became = await house().executor.confirm(row["action_id"], row["digest"], _console(params), "console")
        if isinstance(became, Waiting):
            return {"action": row["action_id"], "state": "waiting", "sentence": became.sentence}
        sentence = became.sentence  # a door that nobody saw open is done, too
        return {"action": row["action_id"], "state": "done", "result": _result(became), "sentence": sentence}

    async def deny(params: Mapping[str, Any]) -> dict[str, Any]:
        row = await _known(database, params)
        action = await house().executor.deny(row["action_id"], _console(params))
        return {"action": action.action_id, "state": action.state}

    return {
        "actions.list": waiting,
        "actions.tools": tools,
        "actions.show": show,
        "actions.propose": propose,
        "actions.confirm": confirm,
        "actions.deny": deny,
    }


def _became(became: Done | Proposed | Started) -> dict[str, Any]:
    """What became of a request, as the command shows it."""
    if isinstance(became, Proposed):
        return {"state": "proposed", "action": became.action.action_id, "sentence": became.question}
    if isinstance(became, Started):
        return {"state": "started", "action": became.action.action_id, "sentence": became.sentence}
    return {
        "state": "done",
        "action": became.action.action_id if became.action else None,
        "sentence": became.sentence,
        "result": _result(became),
    }


def _console(params: Mapping[str, Any]) -> Actor:
    """Whoever sits at the box; no colleague from the list, whatever name they give."""
    by = line(params, "by", _LONGEST_NAME)
    return Actor(ActorKind.STAFF, f"console:{by}", CONSOLE, Assurance.STAFF, Role.OWNER, Language.ENGLISH)


async def _known(database: Database, params: Mapping[str, Any]) -> Row:
    """An action by its id, or by the end of it."""
    wanted = line(params, "action", _LONGEST_NAME)
    if not _ENDING.fullmatch(wanted):
        raise InvalidInput("'action' must be an id, or at least its last four characters")
    found = await database.read(
        "SELECT action_id FROM actions WHERE substr(action_id, -length(:end)) = :end"
        " ORDER BY state = 'proposed' DESC, action_id DESC LIMIT 2",
        {"end": wanted},
    )
    if not found:
        raise InvalidInput("there is no such action; arni-edge approvals list shows what waits")
    if len(found) > 1:
        raise InvalidInput("several actions end with that; give the whole id")
    row = await actions.find(database, found[0]["action_id"])
    assert row is not None
    return row


def _line(action: Action) -> dict[str, Any]:
    return {
        "action": action.action_id,
        "tool": action.tool,
        "risk": action.risk,
        "needed": action.risk.confirmations,
        "where": _where(action.conversation),
        "expires_at": action.expires_at,
        "consequence": action.consequence,
    }


def _row(row: Row) -> dict[str, Any]:
    sentences: dict[str, str] = json.loads(row["consequence"])
    consequence = sentences.get(Language.ENGLISH) or next(iter(sentences.values()), "")
    keys = ("tool", "risk", "digest", "state", "outcome", "proposed_at", "expires_at", "ended_at")
    return {
        "action": row["action_id"],
        **{key: row[key] for key in keys},
        "where": _where(row["conversation"]),
        "member_id": row["member_id"],
        "consequence": consequence,
    }


def _where(conversation: str) -> str:
    """A conversation without the number in it."""
    channel, _, address = conversation.partition(":")
    return f"{channel} …{address[-3:]}" if address else channel


def _result(done: Done) -> dict[str, Any]:
    result: dict[str, Any] = done.result.model_dump(mode="json")
    return result
