"""Words of the Shelly Gen2+ RPC dialect: frames and statuses (vendor pages *RPC Protocol*, *Notifications*).

Firmware differs, so nothing here raises on what a device may send: unknown keys pass through, what is not
understood becomes None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

_DEEPEST = 16
"""Levels of a status that are overlaid; real ones have four. Deeper, a value is replaced as a whole."""

Status = dict[str, Any]
"""A device's status: one object per component, for instance ``{"switch:0": {"id": 0, "output": false}}``."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request.

    Attributes:
        frame_id: The request's id, echoed.
        source: The device's true id, whatever its topic prefix.
        result: Its result; may be None although the call succeeded.
        error: None for success, otherwise the code; -1 where the device gave none.
        message: The device's words for the error, for the log.
    """

    frame_id: int | str
    source: str
    result: Any = None
    error: int | None = None
    message: str = ""

    @property
    def fields(self) -> Status:
        """The result where it is an object, otherwise an empty one."""
        return self.result if isinstance(self.result, dict) else {}


@dataclass(frozen=True, slots=True)
class Notification:
    """What a device says unasked.

    Attributes:
        source: The device's true id.
        method: ``NotifyStatus`` (a delta), ``NotifyFullStatus``, ``NotifyEvent``, or another.
        params: Its content.
    """

    source: str
    method: str
    params: Status = field(default_factory=dict)


def encode_request(frame_id: int, source: str, method: str, params: Mapping[str, object]) -> bytes:
    """A request frame. ``source`` is the base of the reply topic; without it there is no reply."""
    return orjson.dumps({"id": frame_id, "src": source, "method": method, "params": dict(params)})


def parse_object(payload: bytes) -> Status | None:
    """A JSON object, or None."""
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def parse_reply(payload: bytes) -> Reply | None:
    """A response frame, or None. Success is the presence of ``result``, even if it is null."""
    frame = parse_object(payload)
    if frame is None:
        return None
    frame_id, source = frame.get("id"), frame.get("src")
    if not isinstance(frame_id, int | str) or isinstance(frame_id, bool) or not isinstance(source, str):
        return None
    if "error" in frame:
        code, message = _parse_error(frame["error"])
        return Reply(frame_id, source, error=code, message=message)
    return Reply(frame_id, source, result=frame["result"]) if "result" in frame else None


def _parse_error(error: object) -> tuple[int, str]:
    if not isinstance(error, dict):
        return -1, str(error)
    code = error.get("code")
    return (code if isinstance(code, int) else -1), str(error.get("message", ""))


def parse_notification(payload: bytes) -> Notification | None:
    """A frame from ``<prefix>/events/rpc``, or None."""
    frame = parse_object(payload)
    if frame is None:
        return None
    source, method, params = frame.get("src"), frame.get("method"), frame.get("params")
    if not isinstance(source, str) or not isinstance(method, str) or not isinstance(params, dict):
        return None
    return Notification(source, method, params)


def overlay(base: Mapping[str, Any], delta: Mapping[str, Any], *, depth: int = _DEEPEST) -> Status:
    """Lay a delta over a status, recursively: objects are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in delta.items():
        old = merged.get(key)
        if depth > 0 and isinstance(old, dict) and isinstance(value, dict):
            merged[key] = overlay(old, value, depth=depth - 1)
        else:
            merged[key] = value
    return merged


def switch_output(status: Mapping[str, Any], switch: int) -> bool | None:
    """Whether a switch is on, None where the status does not say."""
    return component_output(status.get(f"switch:{switch}"))


def component_output(component: object) -> bool | None:
    """Whether a switch is on, from its own status object."""
    output = component.get("output") if isinstance(component, dict) else None
    return output if isinstance(output, bool) else None
