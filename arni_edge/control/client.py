"""The command's end of the control socket. Blocking: the command does one thing and ends."""

import socket
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
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(orjson.dumps({"method": method, "params": params or {}}) + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
    except OSError as error:
        raise Unavailable(f"no daemon answers at {path} ({error}); is arni-edge running?") from None
    if not line:
        raise Unavailable(f"the daemon at {path} ended the connection")
    answer = orjson.loads(line)
    if "error" in answer:
        raise Refused(answer["error"])
    return answer["result"]
