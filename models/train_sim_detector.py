r"""Trains the detector of the simulated gym: a narrow YOLOv8 that knows only the simulator's figures.

It is a stand-in, so that every demo and test runs a real YOLOv8 through the real pipeline without downloading
anything. It sees no people: on a real camera use an exported YOLOv8.

Training needs PyTorch, which the product itself never does. In a throw-away environment::

    python3 -m venv /tmp/train && . /tmp/train/bin/activate
    pip install torch --index-url https://download.pytorch.org/whl/cpu
    pip install --no-deps ultralytics       # with its dependencies comes an OpenCV that wants a screen
    pip install opencv-python-headless numpy onnx onnxslim onnxruntime pyyaml requests pillow psutil \
        matplotlib scipy polars
    python models/train_sim_detector.py     # about a quarter of an hour on two cores

torchvision is not needed: the wheel on PyPI is built for PyTorch with CUDA and does not load beside a CPU
one. The two things that Ultralytics takes from it, a version string and non-maximum suppression, are given to
it here. (Made with PyTorch 2.13 and Ultralytics 8.4.190 on Python 3.11.)

The script writes ``models/sim-person-yolov8.onnx`` and its entry in ``models/manifest.toml``; ``--verify``
only measures the model that is there.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import random
import shutil
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import cv2

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import sim_manifest  # noqa: E402  (after the path is set)
import sim_scenes  # noqa: E402
import sim_verify  # noqa: E402

from arni_edge.simulator.plan import default_plan  # noqa: E402
from arni_edge.simulator.render import Renderer  # noqa: E402

MODEL = HERE / "sim-person-yolov8.onnx"
WIDTH, HEIGHT = 320, 192  # 640x360 halved, and padded to multiples of 32
PICTURES = 3000
THREADS = 2

# YOLOv8 as published, at half the width of "n": 0.8 million parameters.
SCALE = [0.33, 0.125, 1024]


def main() -> None:
    """Render, train, export, verify, record."""
    arguments = argparse.ArgumentParser(description="Train the simulation detector.")
    arguments.add_argument("--verify", action="store_true", help="only measure the model that is there")
    arguments.add_argument("--epochs", type=int, default=12)
    arguments.add_argument("--work", type=Path, help="keep the data set and the run in this folder")
    options = arguments.parse_args()
    os.nice(15)
    if not options.verify:
        work = options.work or Path(tempfile.mkdtemp(prefix="sim-detector-"))
        data = render_data_set(work / "data")
        shutil.copy(train(data, work, options.epochs), MODEL)
        if not options.work:
            shutil.rmtree(work)
    if not sim_verify.verify(MODEL, WIDTH, HEIGHT):
        sys.exit("The model is not good enough to be used; it is not recorded in the manifest.")
    if not options.verify:
        sim_manifest.record_detector(MODEL, WIDTH, HEIGHT)


def render_data_set(folder: Path) -> Path:
    """Random scenes of both cameras with their labels, in the layout that Ultralytics reads."""
    description = folder / "data.yaml"
    if description.exists():
        return description
    plan, dice = default_plan(), random.Random(20)  # noqa: S311  (scenes, not secrets)
    renderers = [Renderer(view, plan, seed=i) for i, view in enumerate(plan.cameras)]
    for part, count in (("train", PICTURES), ("val", PICTURES // 30)):
        for kind in ("images", "labels"):
            (folder / kind / part).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            # The floor has more people and smaller ones: it gets two pictures of three.
            renderer = renderers[0 if number % 3 == 0 else 1]
            _write_example(renderer, folder, part, number, dice)
    description.write_text(f"path: {folder}\ntrain: images/train\nval: images/val\nnames: {{0: person}}\n")
    return description


def _write_example(renderer: Renderer, folder: Path, part: str, number: int, dice: random.Random) -> None:
    view = renderer.view
    scene = sim_scenes.strewn(view, default_plan(), dice)
    rendering = renderer.draw(scene, sim_scenes.random_light(dice))
    # JPEG of changing quality stands for what H.264 does to a picture.
    quality = [cv2.IMWRITE_JPEG_QUALITY, dice.randint(45, 95)]
    cv2.imwrite(str(folder / "images" / part / f"{number:05}.jpg"), rendering.frame, quality)
    lines = [
        f"0 {(box.left + box.right) / 2 / view.width:.5f} {(box.top + box.bottom) / 2 / view.height:.5f}"
        f" {(box.right - box.left) / view.width:.5f} {(box.bottom - box.top) / view.height:.5f}\n"
        for box in sim_scenes.labels(rendering, view)
    ]
    (folder / "labels" / part / f"{number:05}.txt").write_text("".join(lines))


def train(data: Path, work: Path, epochs: int) -> Path:
    """Train with Ultralytics and export; returns the ONNX file."""
    stand_in_for_torchvision()
    import torch  # noqa: PLC0415  (only here: --verify does not need it)
    from ultralytics import YOLO  # noqa: PLC0415

    torch.set_num_threads(THREADS)
    model = YOLO(str(_architecture(work)), task="detect")
    model.train(
        data=str(data), epochs=epochs, imgsz=WIDTH, rect=True, batch=16, device="cpu", workers=0, cache="ram",
        optimizer="AdamW", lr0=0.003, lrf=0.02, cos_lr=True, warmup_epochs=1, amp=False,
        val=False, plots=False,
        mosaic=0.0, scale=0.1, translate=0.05, erasing=0.0, hsv_h=0.02, hsv_s=0.4, hsv_v=0.3, fliplr=0.5,
        project=str(work), name="run", exist_ok=True, seed=1, verbose=False,
    )  # fmt: skip
    trained = YOLO(str(work / "run" / "weights" / "last.pt"), task="detect")
    return Path(trained.export(format="onnx", imgsz=(HEIGHT, WIDTH), opset=17, dynamic=False, batch=1))


def _architecture(work: Path) -> Path:
    """The published YOLOv8 description with one class and our scale in place of n, s, m, l, x."""
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415
    from ultralytics.utils import ROOT  # noqa: PLC0415

    description = yaml.safe_load((ROOT / "cfg" / "models" / "v8" / "yolov8.yaml").read_text())
    description["nc"] = 1
    description["scales"] = {"sim": SCALE}
    work.mkdir(parents=True, exist_ok=True)
    path = work / "yolov8-sim.yaml"
    path.write_text(yaml.safe_dump(description))
    return path


def stand_in_for_torchvision() -> None:
    """Give Ultralytics the version string and the one function that it needs of torchvision."""
    if importlib.util.find_spec("torchvision"):
        return
    ask = importlib.metadata.version

    def version(distribution_name: str) -> str:
        return "0.0.0" if distribution_name == "torchvision" else ask(distribution_name)

    importlib.metadata.version = version
    package, ops = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
    package.__version__ = "0.0.0"  # type: ignore[attr-defined]
    package.__spec__ = importlib.util.spec_from_loader("torchvision", None)
    ops.nms = _suppress  # type: ignore[attr-defined]
    package.ops = ops  # type: ignore[attr-defined]
    sys.modules.update({"torchvision": package, "torchvision.ops": ops})


def _suppress(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """``torchvision.ops.nms`` in plain PyTorch: good for the few hundred boxes of a validation picture."""
    import torch  # noqa: PLC0415

    order, kept = scores.argsort(descending=True), []
    while order.numel():
        best, rest = order[0], order[1:]
        kept.append(best)
        low = torch.maximum(boxes[best, :2], boxes[rest, :2])
        high = torch.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
        order = rest[shared / (areas[best] + areas[rest] - shared + 1e-9) <= iou_threshold]
    return torch.stack(kept) if kept else order


if __name__ == "__main__":
    main()
