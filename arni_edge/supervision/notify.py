"""What systemd is told, and when: see ``sd_notify(3)``. Without ``$NOTIFY_SOCKET`` nothing is said."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, MutableMapping

import structlog

_LOG = structlog.get_logger(__name__)

# The event loop waits this long at most for a systemd that does not read.
_SEND_SECONDS = 0.1
# ``systemctl status`` shows one line.
_STATUS_LENGTH = 500


class Notifier:
    """Sends datagrams to systemd's notification socket.

    Attributes:
        watchdog_seconds: Without a ping for so long systemd kills us; None: nobody waits for pings.
    """

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        """Take systemd's variables out of the environment.

        Our children must not have them: Debian's Mosquitto would say READY in our name.

        Args:
            environment: Instead of the process's own, for tests.
        """
        env = os.environ if environment is None else environment
        address = env.pop("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = env.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        interval = env.pop("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(interval) / 1e6 if ours and interval.isdecimal() else None
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
        # A line break would begin another assignment.
        line = " ".join(sentence.split())[:_STATUS_LENGTH]
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    async def watch(self, late: Callable[[], list[str]]) -> None:
        """Ping the watchdog from the event loop for as long as nothing is late.

        Args:
            late: Names the parts that should have moved and have not.
        """
        if not self.watchdog_seconds:
            return
        withheld: list[str] = []
        while True:
            names = late()
            if not names:
                self._send("WATCHDOG=1")
            elif names != withheld:
                _LOG.critical("watchdog_withheld", parts=names)
            withheld = names
            await asyncio.sleep(self.watchdog_seconds / 3)

    def _send(self, message: str) -> bool:
        """Whether it was sent, or nobody listens."""
        if not self._address:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(_SEND_SECONDS)
                channel.sendto(message.encode(), self._address)
        except OSError as error:
            _LOG.warning("notify_failed", reason=str(error))
            return False
        return True
