"""Structured logs: a name and fields, with secrets and personal data masked before anything is written."""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import date, time, timedelta
from types import NoneType
from typing import Any

import orjson
import structlog

from arni_edge.domain.masking import SECRET, mask_log

# Field names that may only ever be masked, whatever their value looks like.
_PRIVATE = re.compile(
    r"(^|_)(password|passwd|secret|token|authorization|signature|phone|name|text|body|conversation|recipient|"
    r"reporter|email|iban|wa_id|from|to)$"
)
_MASK = SECRET
# What is written as it is: nothing that a person typed is of such a kind.
_PLAIN = (bool, int, float, date, time, timedelta, NoneType)


def _mask_value(key: str, value: Any) -> Any:
    if _PRIVATE.search(key) and value is not None:
        return _MASK
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return {str(mask_log(str(inner))): _mask_value(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask_value(key, item) for item in value]
    return mask_log(str(value))  # also of an exception, which may quote what it choked on


def mask_fields(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor for structlog: no secret and no personal datum leaves the process by way of the log."""
    for key, value in event.items():
        event[key] = mask_log(str(value)) if key in {"event", "exception"} else _mask_value(key, value)
    return event


def _to_json(event: MutableMapping[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str).decode()


def configure_logging(level: str, *, component: str = "core") -> None:
    """Send all logs of this process as JSON lines to stderr (systemd carries them into the journal).

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        component: Which process speaks: ``core``, ``vision`` …
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_fields,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_to_json)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # a reload may change the level
    )
    structlog.contextvars.bind_contextvars(component=component)
    # Libraries speak through logging; they go the same way, warnings and worse only.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_to_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))
