"""Writes the simulation detector's entry into ``manifest.toml`` and leaves every other entry as it is."""

import hashlib
from pathlib import Path

from arni_edge.vision.models import ModelEntry, record

_NOTE = (
    "For the simulated gym only: it was trained on the simulator's drawn figures and has never seen a "
    "person. On a real camera it is blind; put an exported YOLOv8 there."
)


def record_detector(model: Path, width: int, height: int) -> None:
    """Add or replace the model's entry."""
    content = model.read_bytes()
    entry = ModelEntry(
        name=model.stem,
        file=model.name,
        kind="simulation",
        source="trained by models/train_sim_detector.py",
        licence="AGPL-3.0-or-later",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        input=(1, 3, height, width),
        classes=("person",),
        note=_NOTE,
    )
    record(model.parent, entry)
    print(f"manifest.toml: {model.stem}, {len(content)} bytes")
