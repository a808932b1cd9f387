"""The end of the notification socket that systemd holds."""

import socket
import tempfile
from pathlib import Path

from support.waiting import eventually


class Systemd:
    """Listens to a real notification socket, in a path short enough for one (108 bytes)."""

    def __init__(self, *, abstract: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="arni-sd-", dir="/tmp")
        path = str(Path(self._folder.name) / "notify")
        self.address = f"@{path}" if abstract else path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address.replace("@", "\0", 1))
        self._socket.setblocking(False)
        self._said: list[str] = []

    @property
    def said(self) -> list[str]:
        """All datagrams so far."""
        while True:
            try:
                datagram = self._socket.recv(1 << 16)
            except BlockingIOError:
                return self._said
            self._said.append(datagram.decode())

    def count(self, message: str) -> int:
        """How often it was said."""
        return self.said.count(message)

    async def hears(self, message: str, *, times: int = 1, within: float = 20.0) -> None:
        """Wait until it was said so often."""
        await eventually(
            lambda: self.count(message) >= times,
            within=within,
            otherwise=f"{message!r} was not said {times} times; said was {self._said}",
        )

    def close(self) -> None:
        """Stop listening: whoever talks is refused."""
        self._socket.close()
        self._folder.cleanup()
