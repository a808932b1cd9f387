"""What systemd is told, and when: see ``sd_notify(3)``. Without ``$NOTIFY_SOCKET`` nothing is said."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

_LOG = structlog.get_logger(__name__)


class Notifier:
    """Sends datagrams to systemd's notification socket."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        env = os.environ if environment is None else environment
        address = env.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = env.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = env.get("WATCHDOG_USEC", "") if ours else ""
        self.watchdog_seconds = int(microseconds) / 1e6 if microseconds.isdigit() else None
        self._status = ""

    def ready(self) -> None:
        """Everything that must work does."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins; :meth:`ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """First act of a shutdown."""
        self._send("STOPPING=1")

    def status(self, sentence: str) -> None:
        """One line for ``systemctl status``; sent on change only. No personal data."""
        if sentence != self._status:
            self._status = sentence
            self._send(f"STATUS={sentence}")

    async def watch(self, late: Callable[[], list[str]]) -> None:
        """Ping the watchdog from the event loop for as long as nothing is late.

        Args:
            late: Names the parts that should have moved and have not.
        """
        if self.watchdog_seconds is None:
            return
        while True:
            names = late()
            if names:
                _LOG.critical("watchdog_withheld", parts=names)
                self._send(f"STATUS=no progress in {', '.join(names)}")
            else:
                self._send("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 3)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.sendto(message.encode(), self._address)
        except OSError as error:
            _LOG.warning("notify_failed", reason=error.strerror)
