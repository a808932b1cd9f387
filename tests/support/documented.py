"""What docs/operations.md promises to programs."""

import re
from pathlib import Path

_OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"


def json_words(command: str) -> set[str]:
    """The words in code marks of the row about a command in the table of ``--json``."""
    lines = _OPERATIONS.read_text("utf-8").splitlines()
    table = lines[lines.index("| `--json` of | keys |") :]
    row = next(line for line in table if line.startswith(f"| `{command}`"))
    return set(re.findall(r"`([a-z_]+)`", row.split("|")[2]))
