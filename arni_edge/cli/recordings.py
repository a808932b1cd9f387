"""What ``arni-edge evaluate vision`` does: loads the detector, plays the clips, prints the scores."""

import sys
from pathlib import Path

import typer

from arni_edge.domain.errors import ArniError, ConfigurationError, InvalidInput
from arni_edge.settings import Camera, Vision, load_cameras, settings_path
from arni_edge.vision.evaluation.play import Player, cast
from arni_edge.vision.evaluation.score import summary
from arni_edge.vision.evaluation.truth import Truth
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.loading import load_detector

_SIMULATED = Path(__file__).parents[2] / "models" / "sim-person-yolov8.onnx"
_BESIDE = "truth.json"
_OFTEN = 15.0
"""Looks a second."""
_SHOWN = "frames frames_labelled count_exact count_mean_error entries exits person_down intrusion".split()


def play(
    clips: list[Path],
    file: Path | None,
    model: Path | None,
    truth: Path | None,
    *,
    rate: float | None,
    speed: float,
    closed: bool,
    json: bool,
) -> bool:
    """Play and print; returns whether every clip could be played.

    Raises:
        ConfigurationError: The cameras, or the model that they are configured with, cannot be used.
        InvalidInput: The model that was given, or the truth, cannot be read; or it cannot be told which
            camera a clip is.
    """
    cameras, vision = _eyes(file, model, rate)
    beside = (clip.parent / _BESIDE for clip in clips)
    labels = truth or next((file for file in beside if file.is_file()), None)
    pairs = list(cast(clips, cameras))
    known = Truth.read(labels) if labels else Truth()
    order = _order(vision)
    detector = _detector(order, given=model is not None)
    player = Player(detector, vision, truth=known, armed=closed, speed=speed, on_progress=_progress)
    scores, complete = [], True
    for clip, camera in pairs:
        try:
            scores.append(player.play(clip, camera))
        except InvalidInput as error:
            complete = False
            typer.echo(f"arni-edge: {error}", err=True)
        else:
            _print(scores[-1].as_dict(), json=json)
            if damaged := scores[-1].damaged:
                complete = False
                typer.echo(f"arni-edge: {clip} is damaged: {damaged} parts cannot be read", err=True)
    figures = {
        **summary(scores),
        "model": order.model.name,
        "backend": detector.backend,
    }
    _print({"summary": figures} if json else {"clip": "all", **figures}, json=json)
    return complete


def _eyes(file: Path | None, model: Path | None, rate: float | None) -> tuple[list[Camera], Vision]:
    """Cameras and detector: from the file, else what the box itself uses, else what ships."""
    cameras, vision = [], Vision()
    if file is not None:
        settings = load_cameras(file)
        cameras, vision = settings.cameras, settings.vision
        if not cameras:
            raise ConfigurationError(f"{file}: has no [[cameras]]")
    elif model is None and settings_path().is_file():
        vision = load_cameras(settings_path()).vision
    else:
        # Nobody says how often: a recording can wait, so that hardly a picture need be left out.
        vision = vision.model_copy(update={"frames_per_second": _OFTEN})
    chosen = model or vision.model
    if chosen is None:
        typer.echo(
            f"arni-edge: no --model: {_SIMULATED.name}, which sees only the simulated gym's people", err=True
        )
        chosen = _SIMULATED
    changes = {"model": chosen, **({} if rate is None else {"frames_per_second": rate})}
    return cameras, vision.model_copy(update=changes)


def _order(vision: Vision) -> DetectorOrder:
    if vision.model is None:  # _eyes has chosen one
        raise ConfigurationError("vision.model: is needed")
    return DetectorOrder(
        model=vision.model.absolute(),
        backend=vision.backend,
        device=vision.device,
        threads=vision.threads,
        frames_per_second=vision.frames_per_second,
        confidence=vision.confidence,
    )


def _detector(order: DetectorOrder, *, given: bool) -> Detector:
    try:
        return load_detector(order)
    except ArniError as error:
        if not given:
            raise
        # It was named on the command line: that is no fault of the configuration's.
        said = str(error).removeprefix("vision.model: ")
        shown = "--model" if str(order.model) in said else f"--model {order.model}"
        raise InvalidInput(f"{shown}: {said}") from None


def _progress(clip: str, frames: int) -> None:
    if sys.stderr.isatty() and frames % 10 == 0:
        typer.echo(f"\r{clip}: {frames} pictures", nl=False, err=True)


def _print(figures: dict[str, object], *, json: bool) -> None:
    if json:
        import orjson  # noqa: PLC0415 - the text output does without

        typer.echo(orjson.dumps(figures).decode())
        return
    if sys.stderr.isatty():
        typer.echo("\r\033[K", nl=False, err=True)
    typer.echo(f"{figures['clip']}: " + ", ".join(f"{name} {figures[name]}" for name in _SHOWN))
