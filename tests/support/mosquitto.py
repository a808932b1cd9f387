"""A real Mosquitto for one test, which the test may kill, freeze and start again."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import SecretStr

from arni_edge.broker import BrokerAddress

_READY_SECONDS = 20.0


class Mosquitto:
    """One broker with its own port, Unix socket and accounts.

    Attributes:
        port: On 127.0.0.1; the same after every :meth:`start`.
        socket: Its Unix socket, in a path short enough for one (108 bytes).
    """

    def __init__(self, acl: str | None = None, persistence: Sequence[str] | None = None) -> None:
        """Take a port; nothing runs before :meth:`start`.

        Args:
            acl: Text of an ACL file; None: every account may do everything.
            persistence: Further lines of the configuration of a broker that keeps its database on the disk,
                for instance ``autosave_interval 1``; without any it is as Debian has it. None: it keeps
                nothing.
        """
        self._directory = Path(tempfile.mkdtemp(prefix="arni-mq-", dir="/tmp"))
        self._acl = acl
        self._persistence = persistence
        self._passwords: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.port = free_port()
        self.socket = self._directory / "mqtt.sock"

    # --- accounts -----------------------------------------------------------------------------------------

    def address(self, username: str = "arni-edge", *, tcp: bool = False) -> BrokerAddress:
        """Where and as whom; the account is made when its name is first asked for."""
        if username not in self._passwords:
            self._passwords[username] = secrets.token_urlsafe(12)
            self._write_passwords()
            self._reload()
        password = SecretStr(self._passwords[username])
        return BrokerAddress("127.0.0.1", self.port, username, password, None if tcp else self.socket)

    def _write_passwords(self) -> None:
        file = self._directory / "passwords"
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}:{password}\n" for name, password in self._passwords.items()))
        if self._passwords:
            subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True, timeout=20)

    def _reload(self) -> None:
        if self._process is None:
            return
        assert not self._stopped, "ask for the address before pausing the broker"
        before = self.log.count("Reloading config")
        self._process.send_signal(signal.SIGHUP)
        self._wait(lambda: self.log.count("Reloading config") > before, "did not read its accounts again")

    # --- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until it listens."""
        assert self._process is None, "it runs already"
        self._write_passwords()
        config = self._directory / "mosquitto.conf"
        config.write_text(self._config())
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(["mosquitto", "-c", str(config)], stdout=log, stderr=log)
        self._wait(self._listens, "did not start")

    def stop(self) -> None:
        """SIGTERM: it says goodbye to its clients."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, as by a power cut; also when paused."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it is there, and does nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self._stopped = True

    def resume(self) -> None:
        """SIGCONT: it goes on as if nothing had been."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._stopped = False

    def save(self) -> None:
        """SIGUSR1: it writes its database to the disk now."""
        assert self._process is not None
        before = self.log.count("Saving in-memory database")
        self._process.send_signal(signal.SIGUSR1)
        self._wait(lambda: self.log.count("Saving in-memory database") > before, "did not save")

    def remove(self) -> None:
        """Kill it if it runs, and leave nothing behind."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._directory)

    @property
    def log(self) -> str:
        """Everything it said so far."""
        return (self._directory / "log").read_text(errors="replace")

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(how)
        self._process.wait(timeout=20)
        self._process = None
        self._stopped = False

    def _config(self) -> str:
        lines = [
            "per_listener_settings false",
            "allow_anonymous false",
            f"password_file {self._directory / 'passwords'}",
            *self._kept(),
            "log_dest stderr",
            "log_type all",
            f"listener 0 {self.socket}",
            f"listener {self.port} 127.0.0.1",
        ]
        if self._acl is not None:
            acl = self._directory / "acl"
            acl.write_text(self._acl)
            acl.chmod(0o600)
            lines.insert(0, f"acl_file {acl}")
        if os.geteuid() == 0:
            # It would become the user mosquitto, who may not read this directory.
            lines.insert(0, "user root")
        return "\n".join(lines) + "\n"

    def _kept(self) -> list[str]:
        if self._persistence is None:
            return ["persistence false"]
        return ["persistence true", f"persistence_location {self._directory}/", *self._persistence]

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0 and self.socket.exists()

    def _wait(self, true: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not true():
            assert time.monotonic() < deadline, f"Mosquitto {otherwise}:\n{self.log}"
            time.sleep(0.01)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
