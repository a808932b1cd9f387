"""Which library runs the model, and on which device: what the owner asked for, or the best that works."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from arni_edge.domain.errors import ArniError, ConfigurationError, InvalidInput
from arni_edge.vision.engines import EngineStore
from arni_edge.vision.worker.backends import onnx_runtime, open_vino
from arni_edge.vision.worker.backends.base import DEVICES, Backend, Device, Library, NoEngine

_LOG = structlog.get_logger(__name__)

_EXTRAS: dict[Library, str] = {"openvino": "openvino", "onnxruntime": "vision"}
_BY_PREFERENCE: tuple[Library, ...] = ("openvino", "onnxruntime")


@dataclass(frozen=True, slots=True)
class _Candidate:
    library: Library
    device: Device


def load_backend(
    model: bytes,
    choice: Literal["auto"] | Library,
    threads: int,
    *,
    device: Literal["auto"] | Device = "auto",
    engines: Path | None = None,
) -> Backend:
    """Load a model from an ONNX file.

    Args:
        model: Content of the file.
        choice: The library; ``auto`` takes OpenVINO where both can do the same.
        threads: So many may compute at once on the processor.
        device: ``auto`` takes the fastest that works. A broken driver costs speed, never sight: the reason is
            in the backend's ``notice``.
        engines: Folder of models that were compiled for this machine; only read.

    Raises:
        ConfigurationError: The library is not installed, or the device is not there.
        InvalidInput: The library cannot load the model.
    """
    store = None if engines is None else EngineStore(engines)
    failures: list[str] = []
    candidates = _candidates(choice, device)
    for candidate in candidates:
        try:
            backend = _load(candidate, model, threads, store)
        except Exception as error:  # the boundary to native libraries, whose errors have no common base
            if candidate is candidates[-1]:
                raise _as_ours(error, candidate) from error
            failures.append(f"{candidate.library} on {candidate.device}: {_first_line(error)}")
            _LOG.warning("device_not_used", device=candidate.device, reason=_first_line(error))
            continue
        if candidate.device == "cpu" and device == "auto" and not failures:
            failures += _unseen(choice)
        if failures:
            backend.notice = f"runs on {candidate.device}: {'; '.join(failures)}"
        return backend
    raise AssertionError  # there is always a candidate


def build_engine(
    model: bytes,
    choice: Literal["auto"] | Library,
    threads: int,
    *,
    device: Literal["auto"] | Device = "auto",
    engines: Path,
) -> str | None:
    """Compile the model for the device that :func:`load_backend` would like best; remove all other engines.

    Takes minutes for TensorRT, seconds elsewhere, and next to nothing when the engine is there. To be called
    by a process without cameras: it writes.

    Args:
        model: Content of the ONNX file.
        choice: As for loading.
        threads: As for loading.
        device: As for loading.
        engines: Folder of the engines.

    Returns:
        The engine's key; None where nothing can be prepared.

    Raises:
        ConfigurationError: The library is not installed, or the device is not there.
        InvalidInput: The library cannot load the model.
    """
    store = EngineStore(engines)
    key = None
    candidates = _candidates(choice, device)
    for candidate in candidates:
        try:
            key = _build(candidate, model, threads, store)
            break
        except Exception as error:  # as above
            if candidate is candidates[-1]:
                raise _as_ours(error, candidate) from error
            _LOG.warning("engine_not_built", device=candidate.device, reason=_first_line(error))
    store.keep_only(set() if key is None else {key})
    return key


def _candidates(choice: Literal["auto"] | Library, device: Literal["auto"] | Device) -> list[_Candidate]:
    """What may be tried, the best first."""
    if choice == "auto":
        installed = tuple(library for library in _BY_PREFERENCE if importlib.util.find_spec(library))
        libraries = installed or _BY_PREFERENCE
    else:
        libraries = (choice,)
    there: list[_Candidate] = []
    for library in libraries:
        try:
            there += [_Candidate(library, one) for one in _devices(library)]
        except ImportError as error:
            raise ConfigurationError(
                f"vision.backend: {library} is not installed here; install the extra '{_EXTRAS[library]}' or "
                "set vision.backend to another"
            ) from error
    # A stable order: where two libraries offer the same, the first one stays before the second.
    there.sort(key=lambda candidate: DEVICES.index(candidate.device))
    if device == "auto":
        return there
    wanted = [candidate for candidate in there if candidate.device == device]
    if not wanted:
        seen = ", ".join(dict.fromkeys(candidate.device for candidate in there))
        raise ConfigurationError(
            f"vision.device: there is no {device} for {' or '.join(libraries)} on this box, only: {seen}; "
            "install its driver and a library that knows it, or set vision.device to 'auto'"
        )
    if device == "tensorrt":  # until its engine is built
        wanted += [candidate for candidate in there if candidate.device == "cuda"]
    return wanted


def _devices(library: Library) -> tuple[Device, ...]:
    return open_vino.devices() if library == "openvino" else onnx_runtime.devices()


def _load(candidate: _Candidate, model: bytes, threads: int, store: EngineStore | None) -> Backend:
    kind = open_vino.OpenVino if candidate.library == "openvino" else onnx_runtime.OnnxRuntime
    return kind(model, candidate.device, threads, store)


def _build(candidate: _Candidate, model: bytes, threads: int, store: EngineStore) -> str | None:
    if candidate.library == "openvino":
        return open_vino.build(model, candidate.device, threads, store)
    return onnx_runtime.build(model, threads, store) if candidate.device == "tensorrt" else None


def _unseen(choice: Literal["auto"] | Library) -> list[str]:
    if choice == "onnxruntime" or importlib.util.find_spec("openvino") is None:
        return []
    reason = open_vino.unseen()
    return [reason] if reason else []


def _as_ours(error: Exception, candidate: _Candidate) -> ArniError:
    if isinstance(error, InvalidInput | ConfigurationError):
        return error
    if candidate.device == "cpu":
        return InvalidInput(f"{candidate.library} cannot load the model: {str(error)[:200]}")
    if isinstance(error, NoEngine):
        return ConfigurationError(f"vision.device: {candidate.device}: {error}")
    return ConfigurationError(f"vision.device: {candidate.device} cannot be used: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
