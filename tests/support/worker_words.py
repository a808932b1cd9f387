"""What the vision worker says on the wire, as a test would say it."""

import json
from typing import Any

from arni_edge.broker import Received

AT = "2026-11-18T11:00:00Z"


def said(topic: str, fields: dict[str, Any], *, retained: bool = False, site: str = "gym") -> Received:
    """One message as the broker's session hands it over."""
    return Received(f"arni/{site}/vision/{topic}", json.dumps(fields).encode(), retained, 1)


def line(
    entries: int,
    exits: int,
    direction: str | None = None,
    *,
    name: str = "door",
    epoch: str = "first",
    together: int = 0,
    at: str = AT,
    retained: bool = False,
) -> Received:
    """Totals of a line; with a direction, about one crossing."""
    fields = {
        "line": name,
        "camera": "cam",
        "epoch": epoch,
        "entries": entries,
        "exits": exits,
        "sequence": 0,
    }
    return said(
        f"line/{name}", fields | {"direction": direction, "together": together, "at": at}, retained=retained
    )


def camera(state: str, name: str = "cam") -> Received:
    """How a camera is doing."""
    return said(f"camera/{name}", {"camera": name, "state": state, "at": AT})


def down(people: int, name: str = "cam", *, retained: bool = False) -> Received:
    """How many people seem to lie before a camera."""
    fields = {"camera": name, "down": people, "zone": "floor", "evidence": "lying", "seconds": 20.0, "at": AT}
    return said(f"person_down/{name}", fields, retained=retained)


def zone(count: int | None, sequence: int, *, name: str = "floor", **more: Any) -> Received:
    """A zone's count."""
    fields = {"zone": name, "camera": "cam", "count": count, "at": AT, "sequence": sequence}
    return said(f"zone/{name}", fields | more)


def online(word: str) -> Received:
    """Beginning and end of a worker's life."""
    return Received("arni/gym/vision/online", word.encode(), retained=False, session=1)
