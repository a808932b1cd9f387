"""What is known of an erasure: nothing in it says who it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from arni_edge.storage import Row


@dataclass(frozen=True, slots=True)
class Proof:
    """What was removed and what the search found: nothing in it says who it was.

    Attributes:
        erasure_id: Its id.
        at: When it was ordered (aware).
        state: ``proven``: nothing was found; ``incomplete``: something was, or nobody could look;
            ``begun``: it is not over.
        removed: Rows by table.
        searched: Files, bytes, texts, what was looked for and in how many spellings.
        found: How often something was found.
        where: In which files and tables.
        left_out: What was not looked for, and why.
        elsewhere: What this box cannot reach.
    """

    erasure_id: str
    at: datetime
    state: str
    removed: Mapping[str, int] = field(default_factory=dict)
    searched: Mapping[str, int] = field(default_factory=dict)
    found: int = 0
    where: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def proof_of(row: Row) -> Proof:
    """The proof as its row in the database tells it."""
    searched = json.loads(row["searched"])
    return Proof(
        erasure_id=row["erasure_id"],
        at=datetime.fromisoformat(row["at"]),
        state=row["state"],
        removed=json.loads(row["removed"]),
        searched={name: value for name, value in searched.items() if isinstance(value, int)},
        found=row["found"],
        where=tuple(searched.get("where", ())) + tuple(searched.get("unreadable", ())),
        left_out=tuple(searched.get("left_out", ())),
        elsewhere=tuple(searched.get("elsewhere", ())),
    )
