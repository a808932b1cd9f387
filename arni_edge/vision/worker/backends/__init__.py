"""The libraries that run a model, behind one small interface. Each is imported when it is asked for."""

from arni_edge.vision.worker.backends.base import Backend, Device, Library, Tensor
from arni_edge.vision.worker.backends.choice import build_engine, load_backend

__all__ = ["Backend", "Device", "Library", "Tensor", "build_engine", "load_backend"]
