"""What runs on this machine, read from /proc."""

import socket
from contextlib import suppress
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    fields = _stat(pid)
    return fields is not None and fields[0] != "Z"


def group(leader: int) -> list[int]:
    """The living members of a process group."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if alive(pid) and (fields := _stat(pid)) and int(fields[2]) == leader]


def children(parent: int) -> list[int]:
    """The living children of a process."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if alive(pid) and (fields := _stat(pid)) and int(fields[1]) == parent]


def started_with(words: str) -> list[int]:
    """Living processes with these words in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words in line and alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def environment(pid: int) -> set[str]:
    """Names of the variables it was started with."""
    given = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    return {variable.partition("=")[0] for variable in given if variable}


def limits(pid: int) -> dict[str, str]:
    """Its soft limits by name, as in ``/proc/PID/limits``."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[26:47].strip() for line in lines}


def niceness(pid: int) -> int:
    """Its nice value."""
    fields = _stat(pid)
    assert fields is not None
    return int(fields[16])


def peers(pid: int) -> set[str]:
    """IPv4 and IPv6 addresses at the other ends of its TCP connections and connected UDP sockets."""
    own = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            own.add(str(link.readlink()))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            remote, _, port = fields[2].partition(":")
            if f"socket:[{fields[9]}]" in own and int(port, 16):
                found.add(_address(remote))
    return found


def _address(text: str) -> str:
    """As the kernel writes it: words of 32 bits in the order of the machine."""
    raw = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _stat(pid: int) -> list[str] | None:
    """The fields after its name: state, parent, group …; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
