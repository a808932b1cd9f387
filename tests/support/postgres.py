"""A real PostgreSQL, from the distribution's package, with a database of its own for each test."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_START_SECONDS = 30.0
_UNPRIVILEGED = ("postgres", "nobody")


class Postgres:
    """A cluster in a folder of its own, on a free port of loopback."""

    def __init__(self, copy_of: "Postgres | None" = None) -> None:
        """Make the cluster; it does not run yet.

        Args:
            copy_of: A cluster that runs: this one becomes its streaming standby.
        """
        self._bin = _binaries()
        # PostgreSQL refuses to run as root, and pytest's folders are closed to everybody else.
        user = _somebody_else() if os.geteuid() == 0 else None
        self._uid = user.pw_uid if user else None
        self._gid = user.pw_gid if user else None
        self._groups: list[str | int] | None = [] if user else None
        self.folder = Path(tempfile.mkdtemp(prefix="arni-postgres-"))
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        if copy_of is not None:
            source = f"host=127.0.0.1 port={copy_of.port} user=relay"
            self._primary: str | None = f"{source} application_name=standby"
            self._run(
                "pg_basebackup", "--pgdata", str(self.folder / "data"), "--dbname", source,
                "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
            )  # fmt: skip
            return
        self._primary = None
        self._run(
            "initdb", "--pgdata", str(self.folder / "data"), "--auth", "trust", "--username", "relay",
            "--encoding", "UTF8", "--no-locale", "--no-sync", "--wal-segsize=1",
        )  # fmt: skip

    def start(self, **settings: str) -> None:
        """Start it, and wait until it answers.

        Args:
            settings: More lines of its configuration.
        """
        if self._primary is not None:
            settings = {"primary_conninfo": self._primary} | settings
        self._process = subprocess.Popen(
            [
                str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}",
                "-c", "shared_buffers=32MB", "-c", "max_connections=60", "-c", "logging_collector=off",
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ],
            stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"), cwd=self.folder,
            user=self._uid, group=self._gid, extra_groups=self._groups, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run(
            [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def stop(self, number: int) -> None:
        """Send a signal and wait for the end: SIGINT is its fast shutdown, SIGQUIT its immediate one."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(timeout=30)
        self._process = None

    def send(self, number: int) -> None:
        """A signal to all its processes: SIGKILL is a machine without power, SIGSTOP one that hangs."""
        assert self._process is not None
        for child in Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)
        self._process.send_signal(number)

    def promote(self) -> None:
        """Make a primary of a standby, and wait until it is one."""
        self._run("pg_ctl", "promote", "--pgdata", str(self.folder / "data"))

    def database(self) -> str:
        """Make an empty database; returns its address."""
        name = f"relay_{secrets.token_hex(4)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "relay", name)
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://relay@127.0.0.1:{self.port}/{name}"

    def remove(self) -> None:
        """Stop it, if it runs, and delete everything."""
        if self._process is not None:
            self.send(signal.SIGKILL)
            self._process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> str:
        return subprocess.run(
            [str(self._bin / program), *arguments], check=True, capture_output=True, text=True,
            cwd=self.folder, user=self._uid, group=self._gid, extra_groups=self._groups,
        ).stdout  # fmt: skip


def _binaries() -> Path:
    """Debian keeps them off the path, one folder per version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[4]))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    assert program, "PostgreSQL is not installed: apt install postgresql"
    return Path(program).parent


def _somebody_else() -> pwd.struct_passwd:
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError(f"none of the users {_UNPRIVILEGED} exists")


if __name__ == "__main__":  # a cluster to try things with, until Enter
    cluster = Postgres()
    try:
        cluster.start()
        print(cluster.database(), flush=True)
        input()
    finally:
        cluster.remove()
