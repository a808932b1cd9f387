"""From the order to a detector: reads, checks and loads the model."""

from arni_edge.vision.models import read_verified
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker.backends import load_backend
from arni_edge.vision.worker.backends.ultralytics_yolo import Ultralytics, brings_ultralytics
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.onnx_file import read_metadata


def load_detector(order: DetectorOrder) -> Detector:
    """Read, check and load the model.

    Args:
        order: Which model, library and device.

    Raises:
        ConfigurationError: The file, the library or the device is not there.
        Refused: The file is not the one that the manifest describes.
        InvalidInput: It is not a detector of people that we understand.
    """
    model = read_verified(order.model)
    if order.backend == "ultralytics" or brings_ultralytics(order):
        library = Ultralytics(order.model, order.device, order.threads)
        return Detector(library, library.metadata, order.confidence)
    metadata = read_metadata(model)  # before a library sees the file: ours says best what is wrong with it
    backend = load_backend(model, order.backend, order.threads, device=order.device, engines=order.engines)
    return Detector(backend, metadata, order.confidence)
