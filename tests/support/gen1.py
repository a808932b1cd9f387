"""What Shellys of generation 1 said in recordings, and somebody who listens to one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arni_edge.devices.shelly.gen1 import Gen1Reader
from arni_edge.domain.readings import Interpretation, Value

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shelly"
DEVICE = "shelly:34945472A643"


def recorded(name: str) -> Iterator[tuple[str, bytes]]:
    """Leaf and payload of every line below a device's own prefix."""
    for text in (FIXTURES / f"{name}.jsonl").read_text().splitlines():
        line = json.loads(text)
        _, _, leaf = line["topic"].split("/", 2) if line["topic"].count("/") > 1 else ("", "", "")
        if leaf:
            yield leaf, line["payload"].encode()


class Listener:
    """One reader and what it said of one device."""

    def __init__(self) -> None:
        self.reader = Gen1Reader()
        self.values: dict[str, Value] = {}
        self.units: dict[str, str | None] = {}
        self.events: list[tuple[str, str]] = []

    def hear(self, leaf: str, payload: Any, *, retained: bool = False) -> Interpretation:
        raw = payload if isinstance(payload, bytes) else _wire(payload)
        said = self.reader.read(DEVICE, leaf, raw, retained=retained)
        assert said.device == DEVICE
        for update in said.updates:
            self.values[update.entity] = update.value
            self.units[update.entity] = update.unit
        self.events += [(event.name, event.entity) for event in said.events]
        return said


def _wire(payload: Any) -> bytes:
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
