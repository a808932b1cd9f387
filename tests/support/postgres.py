"""A real PostgreSQL, from the distribution's package, with a database of its own for each test."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

_START_SECONDS = 30.0
_UNPRIVILEGED = ("postgres", "nobody")


class Postgres:
    """A cluster in a folder of its own, on a free port of loopback."""

    def __init__(self) -> None:
        """Make the cluster; it does not run yet."""
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
        self._run(
            "initdb", "--pgdata", str(self.folder / "data"), "--auth", "trust", "--username", "relay",
            "--encoding", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}",
                "-c", "shared_buffers=32MB", "-c", "max_connections=60", "-c", "logging_collector=off",
            ],
            stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"), cwd=self.folder,
            user=self._uid, group=self._gid, extra_groups=self._groups,
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
            self._process.kill()
            self._process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments], check=True, capture_output=True, cwd=self.folder,
            user=self._uid, group=self._gid, extra_groups=self._groups,
        )  # fmt: skip


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
