"""Compiles the model for this machine's device: a short-lived process that sees no camera, and may write.

Gets one line of JSON, the :class:`DetectorOrder`, and answers with one: ``{"engine": key or null}``, or
``{"error": reason}``. Started by :mod:`arni_edge.vision.engine_keeper`.
"""

import sys

import orjson
import structlog
from pydantic import ValidationError

from arni_edge.domain.errors import ArniError
from arni_edge.logs import configure_logging
from arni_edge.vision.models import read_verified
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker.backends import build_engine
from arni_edge.vision.worker.backends.ultralytics_yolo import brings_ultralytics
from arni_edge.vision.worker.onnx_file import read_description

_LOG = structlog.get_logger(__name__)


def main() -> None:
    """Build what the order on standard input asks for."""
    configure_logging("info", component="engine_builder")
    try:
        answer: dict[str, str | None] = {
            "engine": _build(DetectorOrder.model_validate_json(sys.stdin.read()))
        }
    except ArniError as error:
        answer = {"error": str(error)}
    except (OSError, ValidationError) as error:
        answer = {"error": f"the engine cannot be kept: {str(error)[:200]}"}
    sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    sys.stdout.flush()


def _build(order: DetectorOrder) -> str | None:
    if order.backend == "ultralytics" or brings_ultralytics(order) or order.engines is None:
        # Ultralytics exports its engines itself.
        return None
    model = read_verified(order.model)
    read_description(model)  # ours says best what is wrong with a file
    return build_engine(model, order.backend, order.threads, device=order.device, engines=order.engines)
