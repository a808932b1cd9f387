"""Writes the simulation detector's entry into ``manifest.toml`` and leaves every other entry as it is."""

import hashlib
import re
from pathlib import Path

_ENTRY = """[[model]]
name = "{name}"
file = "{file}"
kind = "simulation"
source = "trained by models/train_sim_detector.py"
licence = "AGPL-3.0-or-later"
sha256 = "{sha256}"
bytes = {size}
input = [1, 3, {height}, {width}]
classes = ["person"]
note = \"\"\"\\
For the simulated gym only: it was trained on the simulator's drawn figures and has never seen a person. \\
On a real camera it is blind; put an exported YOLOv8 there.\"\"\"
"""


def record(model: Path, width: int, height: int) -> None:
    """Add or replace the model's entry."""
    manifest = model.parent / "manifest.toml"
    content = model.read_bytes()
    entry = _ENTRY.format(
        name=model.stem, file=model.name, sha256=hashlib.sha256(content).hexdigest(), size=len(content),
        width=width, height=height,
    )  # fmt: skip
    before = (
        manifest.read_text() if manifest.exists() else "# The models of this project: where each is from.\n"
    )
    entries = re.split(r"(?m)^(?=\[\[model\]\])", before)
    others = [part.rstrip() + "\n" for part in entries if f'name = "{model.stem}"' not in part]
    manifest.write_text("\n".join([*others, entry]))
    print(f"{manifest.name}: {model.stem}, {len(content)} bytes")
