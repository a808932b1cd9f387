"""A knock at a camera's door: is anybody there to whom it is worth connecting?"""

import socket
import time
from enum import Enum
from urllib.parse import urlsplit

_PORTS = {"rtsp": 554, "rtsps": 322}

# Long enough for a packet that has to be sent again, short enough that a camera that comes back is seen soon.
KNOCK_SECONDS = 3.0


class Answer(Enum):
    """What came of it."""

    SPOKE = "spoke"
    """Something speaks there."""
    SILENT = "silent"
    """The connection was accepted, and nothing was said."""
    REFUSED = "refused"
    """There is a host, but nothing at this port."""
    NOBODY = "nobody"
    """There is no host, or no way to it."""


def knock(url: str, seconds: float = KNOCK_SECONDS) -> Answer:
    """Ask a camera what it can do (RTSP ``OPTIONS``, which needs no password); any answer will do.

    A connection that is made to a camera while it is away hangs for as long as slow cameras may take. This
    one does not, and takes up none of the few sessions that a camera has.

    Args:
        url: Of its stream.
        seconds: That it may take.
    """
    parts = urlsplit(url)
    host, deadline = parts.hostname or "", time.monotonic() + seconds
    try:
        line = socket.create_connection((host, parts.port or _PORTS.get(parts.scheme, 554)), seconds)
    except ConnectionRefusedError:
        return Answer.REFUSED
    except (OSError, UnicodeError):  # UnicodeError: a name that cannot be one
        return Answer.NOBODY
    with line:
        if parts.scheme == "rtsps":  # the speaking is left to who has the keys
            return Answer.SPOKE
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        try:
            line.settimeout(max(0.1, deadline - time.monotonic()))
            line.sendall(f"OPTIONS {bare} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            return Answer.SPOKE if line.recv(1) else Answer.SILENT
        except OSError:
            return Answer.SILENT
