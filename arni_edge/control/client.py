"""The command's end of the control socket. Blocking: the command does one thing and ends."""

import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from arni_edge.domain.errors import Refused, Unavailable


def call(path: Path, method: str, params: dict[str, Any] | None = None, *, timeout: float = 30.0) -> Any:
    """Ask the running daemon something.

    Args:
        path: The control socket.
        method: For instance ``status``.
        params: Its parameters.
        timeout: Seconds to wait for the answer.

    Raises:
        Unavailable: No daemon answers there.
        Refused: The daemon answered with an error; its words are in the message.
    """
    request = orjson.dumps({"method": method, "params": params or {}}) + b"\n"
    try:
        line = _exchange(path, request, timeout)
    except TimeoutError:
        raise Unavailable(f"the daemon at {path} gave no answer within {timeout:g} s") from None
    except PermissionError:
        raise Unavailable(f"you may not use {path}; use sudo, or join the group of that file") from None
    except OSError as error:
        raise Unavailable(f"no daemon answers at {path} ({error.strerror}); is arni-edge running?") from None
    # A daemon that is killed while it answers leaves half a line.
    if not line.endswith(b"\n"):
        raise Unavailable(f"the daemon at {path} ended the connection")
    answer = _tamed(orjson.loads(line))
    if "error" in answer:
        raise Refused(answer["error"])
    return answer["result"]


def _tamed(answer: Any) -> Any:
    """The same without what a terminal obeys: names, of members and devices alike, come from outside."""
    if isinstance(answer, str):
        return "".join(mark if mark.isprintable() or mark == "\n" else "\ufffd" for mark in answer)
    if isinstance(answer, list):
        return [_tamed(one) for one in answer]
    if isinstance(answer, dict):
        return {_tamed(name): _tamed(one) for name, one in answer.items()}
    return answer


def _exchange(path: Path, request: bytes, timeout: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        # A request that is refused for its length is answered before all of it was sent.
        with suppress(BrokenPipeError):
            connection.sendall(request)
        with suppress(ConnectionResetError), connection.makefile("rb") as answers:
            return answers.readline()
    return b""
