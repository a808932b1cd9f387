"""What must be right before the managed broker starts, said so that an owner can act on it."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket as sockets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from arni_edge.domain.errors import ConfigurationError, Unavailable

_SBIN: Final = "/usr/local/sbin:/usr/sbin"  # Debian keeps it off the path of ordinary users


def find_program(program: str) -> str:
    """Path of a program.

    Raises:
        ConfigurationError: It is not installed; names the Debian package.
    """
    found = shutil.which(program) or shutil.which(program, path=_SBIN)
    if found is None:
        package = "util-linux" if program == "setpriv" else "mosquitto"
        raise ConfigurationError(
            f"broker.mode = managed: {program} is not installed; apt install {package}, or use an external"
        )
    return found


def check_port(host: str, port: int) -> None:
    """Say clearly what Mosquitto would only say in its log.

    Raises:
        ConfigurationError: The port may not be used.
        Unavailable: Somebody else has the port, or the address is not there; perhaps only now.
    """
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    with sockets.socket(family, sockets.SOCK_STREAM) as probe:
        probe.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _port_problem(host, port, error) from error


def _port_problem(host: str, port: int, error: OSError) -> ConfigurationError | Unavailable:
    at = f"broker.listen_port = {port}"
    if error.errno == errno.EADDRNOTAVAIL:
        # Perhaps the cable is out: the address may come.
        return Unavailable(f"broker.listen_host = {host}: this box does not have that address now")
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            f"{at}: port {port} on {host} is taken by another program, perhaps by Debian's own broker "
            "(systemctl disable --now mosquitto); stop it, or choose another port"
        )
    return ConfigurationError(f"{at}: cannot listen on {host}: {error.strerror}")


@contextlib.contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Hold the directory; the kernel lets go of it when we die.

    Raises:
        ConfigurationError: A living daemon holds it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ConfigurationError(f"{directory}: another Arni Edge is running with it") from None
    try:
        yield
    finally:
        os.close(descriptor)
