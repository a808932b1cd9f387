"""Makes an ONNX file of a YOLOv8, with Ultralytics in an environment of its own.

Ultralytics and PyTorch are 2 GB and AGPL-3.0; our own environment never holds them. The tool environment is
made with ``uv`` once, beside the state, and can be deleted at any time.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from arni_edge.domain.errors import ConfigurationError, InvalidInput, Unavailable
from arni_edge.vision.models import ModelEntry, put, record
from arni_edge.vision.worker.layout import read_layout
from arni_edge.vision.worker.onnx_file import read_description

LICENCE_NOTE = (
    "YOLOv8 is licensed under AGPL-3.0 by Ultralytics, weights and exports included. Their reading: whoever "
    "uses it, in any form, publishes all of the source under that licence or buys an Enterprise licence "
    "(https://www.ultralytics.com/license). A model without that condition: arni-edge models pull yolox-nano"
)

_NAMES = re.compile(r"^yolov8[nsmlx]$")
_SCRIPT = Path(__file__).with_name("tool_export.py")
_COMPLETE = "arni-edge-complete"
_STRIDE = 32
_INSTALL_SECONDS = 3600.0
_EXPORT_SECONDS = 1800.0
# onnx and onnxslim: the export would install them by itself otherwise.
_PACKAGES = ("ultralytics>=8.3,<9", "onnx>=1.16", "onnxslim>=0.1.50", "opencv-python-headless>=4.10")
# The OpenCV that Ultralytics asks for needs the libraries of a screen.
_OVERRIDES = "opencv-python ; sys_platform == 'never'\n"
# Our secrets and our Python are none of its business.
_INHERITED = re.compile(
    r"^(PATH|HOME|LANG|LC_.*|TMPDIR|SSL_CERT_.*|REQUESTS_CA_BUNDLE|UV_.*|.*_proxy|.*_PROXY)$"
)
_ALONE = {"YOLO_AUTOINSTALL": "false", "ORT_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1"}

Say = Callable[[str], None]
"""Hears what the tools print, line by line."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was made.

    Attributes:
        path: The file.
        entry: What the manifest beside it now says.
        layout: How our reader understands it.
    """

    path: Path
    entry: ModelEntry
    layout: str


def export(name: str, size: tuple[int, int], folder: Path, tools: Path, say: Say) -> Exported:
    """Export a YOLOv8 to ONNX. Blocks for minutes, the first time longer.

    Args:
        name: ``yolov8n``, ``s``, ``m``, ``l`` or ``x``, or the path of own weights (``.pt``).
        size: Height and width of the pictures that it is to take, multiples of 32.
        folder: Where the file and its entry in the manifest go.
        tools: Folder of tool environments.
        say: Hears the tools.

    Raises:
        InvalidInput: The name, the size, or what came out of the export cannot be used; or the weights cannot
            be read.
        ConfigurationError: ``uv`` is missing.
        Unavailable: The tools could not be installed, or the export failed.
    """
    weights = _weights(name)
    height, width = size
    if height % _STRIDE or width % _STRIDE or not 0 < height <= 4096 or not 0 < width <= 4096:
        raise InvalidInput(f"{height}x{width}: height and width must be multiples of {_STRIDE}, 4096 at most")
    python = _environment(tools / "ultralytics", say)
    with tempfile.TemporaryDirectory(prefix="arni-edge-export-") as work:
        # Ultralytics writes beside the weights and into where it is run: both are thrown away.
        if isinstance(weights, Path):
            _copy(weights, Path(work, weights.name))
        command = [str(python), "-I", str(_SCRIPT), _file_name(weights), str(height), str(width)]
        code, last = _run(command, Path(work), say, _EXPORT_SECONDS)
        if code:
            raise Unavailable(f"the export failed (code {code}): {last or 'it said nothing'}")
        made = Path(work, last)
        if not last.endswith(".onnx") or not made.is_file():
            raise Unavailable(f"the export made no ONNX file; it ended with: {last[:200]}")
        content = made.read_bytes()
    return _keep(content, Path(_file_name(weights)).stem, size, folder)


def _weights(name: str) -> str | Path:
    if _NAMES.match(name):
        return name
    path = Path(name)
    if path.suffix in {".pt", ".yaml"} and path.is_file():
        return path
    raise InvalidInput(
        f"{name}: must be yolov8n, yolov8s, yolov8m, yolov8l, yolov8x, or a file of weights (.pt)"
    )


def _copy(weights: Path, to: Path) -> None:
    try:
        shutil.copyfile(weights, to)
    except OSError as error:
        raise InvalidInput(f"{weights} cannot be copied to {to.parent}: {error.strerror}") from None


def _file_name(weights: str | Path) -> str:
    return f"{weights}.pt" if isinstance(weights, str) else weights.name


def _keep(content: bytes, stem: str, size: tuple[int, int], folder: Path) -> Exported:
    """Believe nothing that our own reader does not understand."""
    description = read_description(content)
    layout = read_layout(
        [port.shape for port in description.inputs],
        [port.shape for port in description.outputs],
        description.metadata,
    )
    if (layout.height, layout.width) != size:
        raise InvalidInput(f"the export takes {layout.height}x{layout.width} instead of {size[0]}x{size[1]}")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", f"{stem}-{size[0]}x{size[1]}").lstrip("._-")
    version = description.metadata.get("version", "")
    entry = ModelEntry(
        name=name,
        file=f"{name}.onnx",
        kind="detector",
        source=f"exported from {stem} with Ultralytics {version}".rstrip(),
        licence="AGPL-3.0",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        input=(1, 3, *size),
        classes=layout.classes,
    )
    path = folder / entry.file
    put(path, content)
    record(folder, entry)
    return Exported(path, entry, layout.head(description.outputs[0].shape).value)


def _environment(folder: Path, say: Say) -> Path:
    """Python of the tool environment; it is made when it is not there, or was not finished."""
    python = folder / "bin" / "python"
    if (folder / _COMPLETE).exists() and python.exists():
        return python
    uv = shutil.which("uv")
    if uv is None:
        raise ConfigurationError(
            "exporting needs 'uv', which makes an environment for Ultralytics: install it "
            "(https://docs.astral.sh/uv/), or export on another computer with 'yolo export model=yolov8n.pt "
            "format=onnx imgsz=384,640' and copy the file"
        )
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        overrides = folder.parent / "overrides.txt"
        overrides.write_text(_OVERRIDES)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}") from error
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    steps: list[Sequence[str]] = [
        (uv, "venv", "--python", version, "--allow-existing", str(folder)),
        # PyTorch for processors: the usual one brings 3 GB of CUDA along.
        (
            *(uv, "pip", "install", "--python", str(python), "--torch-backend", "cpu"),
            *("--override", str(overrides), *_PACKAGES),
        ),
    ]
    for step in steps:
        code, last = _run(step, folder.parent, say, _INSTALL_SECONDS)
        if code:
            raise Unavailable(
                f"the tool environment could not be made ({' '.join(step[1:3])}): {last or 'no reason'}; is "
                "this box connected to the internet? If not, export on another computer and copy the file"
            )
    (folder / _COMPLETE).touch()
    return python


def _run(command: Sequence[str], where: Path, say: Say, longest_seconds: float) -> tuple[int, str]:
    """Run a tool to its end, passing its lines on.

    Returns:
        Its exit code and its last line.

    Raises:
        Unavailable: It took too long, and was ended.
    """
    environment = {name: value for name, value in os.environ.items() if _INHERITED.match(name)}
    process = subprocess.Popen(  # noqa: S603 - our own command, no shell
        command,
        cwd=where,
        env={**environment, **_ALONE, "YOLO_CONFIG_DIR": str(where)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process.pid)

    timer = threading.Timer(longest_seconds, end)
    timer.start()
    last = ""
    try:
        for line in process.stdout:
            if line.strip():
                last = line.strip()
                say(last)
        code = process.wait()
    finally:
        timer.cancel()
        _kill(process.pid)
        process.wait()
    if late.is_set():
        raise Unavailable(f"{Path(command[0]).name} took longer than {longest_seconds / 60:.0f} minutes")
    return code, last


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
