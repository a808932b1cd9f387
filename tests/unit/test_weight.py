"""The daemon stays light: what belongs to workers and to the command is not loaded with it."""

import subprocess
import sys

# Rich is not among them: httpx and structlog load it whenever it is installed.
_HEAVY = {"numpy", "cv2", "av", "onnxruntime", "openvino", "typer", "starlette", "uvicorn", "asyncpg"}


def test_the_daemon_loads_nothing_heavy() -> None:
    code = "import sys, arni_edge.daemon; print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "sqlite3" in loaded.split()
    assert not _HEAVY & set(loaded.split())
