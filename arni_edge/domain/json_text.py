"""JSON that somebody else wrote."""

import json
from typing import Any

import orjson


def read_json(content: bytes) -> Any:
    """JSON from outside, or None when it is none.

    Half a character in one text must not keep everything else from being read: then it is read without it.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return _whole(json.loads(content.decode(errors="replace")))
    except (ValueError, RecursionError):
        return None


def _whole(value: Any) -> Any:
    """The same without halves of characters, which no database and no wire of ours takes."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(one) for key, one in value.items()}
    return value
