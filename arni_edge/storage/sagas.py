"""How far an action with several steps has come."""

import json
from datetime import datetime
from typing import Any

from arni_edge.storage.database import Database, Row, Transaction


async def steps_of(database: Database, action_id: str) -> list[Row]:
    """What is on file of an action's steps, first step first."""
    return await database.read("SELECT * FROM saga_steps WHERE action_id = ? ORDER BY step", (action_id,))


async def put(
    tx: Transaction, action_id: str, step: int, name: str, state: str, result: Any, now: datetime
) -> None:
    """Store where a step is.

    Args:
        tx: The transaction.
        action_id: Of which action; it is on file.
        step: Its number, from 0.
        name: Its name.
        state: ``begun``, ``done``, ``failed``, ``undoing``, ``undone`` or ``stuck``.
        result: What is known of it, fit for JSON; None keeps what is on file.
        now: The moment.
    """
    await tx.execute(
        "INSERT INTO saga_steps (action_id, step, name, state, result, at)"
        " VALUES (:action, :step, :name, :state, :result, :now)"
        " ON CONFLICT (action_id, step) DO UPDATE SET state = excluded.state, at = excluded.at,"
        " result = CASE WHEN excluded.result = '' THEN result ELSE excluded.result END",
        {
            "action": action_id,
            "step": step,
            "name": name,
            "state": state,
            "result": "" if result is None else json.dumps(result, ensure_ascii=False),
            "now": now.isoformat(),
        },
    )
