"""What a process asked the kernel to do with its files, in the order in which that was done.

Needs ``strace`` and the right to trace one's own children, which every kernel gives unless it is told not to.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import environ, pathsep
from pathlib import Path
from typing import Final

_CALLS = (
    "open,openat,creat,close,dup,dup2,dup3,lseek,write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,"
    "copy_file_range,sendfile,fsync,fdatasync,sync_file_range,sync,syncfs,msync,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat"
)
STDOUT: Final = 1
_LONGEST = 1 << 21
"""No text in a trace may be cut short: what is written is what the disk is made of."""

_LINE = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?: resumed>|\()")
_END = re.compile(r"\) += (-?\d+)(?: [A-Z].*)?$")
_UNFINISHED = " <unfinished ...>"
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came to its end.

    Attributes:
        name: Of the call, as strace says it.
        arguments: Numbers and flags as text, texts as bytes.
        result: What it returned; negative when it failed.
        begun: How many calls had come to their end when this one began: all that it can count on.
    """

    name: str
    arguments: tuple[bytes | str, ...]
    result: int
    begun: int

    def text(self, place: int) -> bytes:
        """The argument at this place, which is text."""
        argument = self.arguments[place]
        assert isinstance(argument, bytes), self
        return argument

    def number(self, place: int) -> int:
        """The argument at this place, which is a number; the current folder counts as -100."""
        argument = self.arguments[place]
        assert isinstance(argument, str), self
        return -100 if argument == "AT_FDCWD" else int(argument, 0)

    def flags(self, place: int) -> set[str]:
        """The flags at this place."""
        argument = self.arguments[place]
        assert isinstance(argument, str), self
        return set(argument.split("|"))


def trace(module: str, *arguments: str, log: Path, seconds: float = 120) -> list[Call]:
    """Run a module as a process of its own, and return what it asked for.

    Args:
        module: With a ``__main__``.
        arguments: Of its command line.
        log: Where the trace is kept.
        seconds: How long it may take.
    """
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", str(_LONGEST), "-e", f"trace={_CALLS}"]
    try:
        ended = subprocess.run(
            [*command, "-o", str(log), "--", sys.executable, "-m", module, *arguments],
            env={**environ, "PYTHONPATH": pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            timeout=seconds,
        )
    except FileNotFoundError:
        raise AssertionError("strace is needed to see what is written when; apt install strace") from None
    complaint = ended.stderr.decode(errors="replace")
    assert not re.search("^.*strace: .*(ptrace|attach)", complaint, re.MULTILINE | re.IGNORECASE), (
        "this machine or container does not let a process trace its own children (seccomp without ptrace, or"
        f" kernel.yama.ptrace_scope = 3), so nobody can see what is written when: {complaint[-4000:]}"
    )
    assert ended.returncode == 0, f"{module} failed under strace: {complaint[-4000:]}"
    with log.open(encoding="ascii") as lines:
        return list(read(lines))


def said(calls: Sequence[Call]) -> list[tuple[int, str]]:
    """The lines of its standard output, each with the number of calls that had ended before it was said."""
    return [
        (call.begun, line)
        for call in calls
        if call.name == "write" and call.number(0) == STDOUT
        for line in call.text(1).decode().splitlines()
    ]


def read(lines: Iterator[str]) -> Iterator[Call]:
    """The calls of a trace, in the order of their ends."""
    waiting: dict[str, tuple[str, int]] = {}
    ended = 0
    for line in lines:
        found = _LINE.match(line)
        if found is None:  # a signal, or the end of a process
            continue
        process = line.partition(" ")[0]
        said, begun = line[found.end() :].rstrip("\n"), ended
        if "resumed>" in found.group():
            before, begun = waiting.pop(process)
            said = before + said
        if said.endswith(_UNFINISHED):
            waiting[process] = (said.removesuffix(_UNFINISHED), begun)
            continue
        if said.endswith("= ?"):  # its process ended in it
            continue
        end = _END.search(said)
        assert end is not None, line[:300]
        yield Call(found.group(1), _arguments(said[: end.start()]), int(end.group(1)), begun)
        ended += 1


def _arguments(said: str) -> tuple[bytes | str, ...]:
    assert '"...' not in said, "a text was cut short"
    return tuple(_argument(part.strip()) for part in said.split(",")) if said else ()


def _argument(part: str) -> bytes | str:
    text = _TEXT.search(part)
    return part if text is None else bytes.fromhex(text.group(1).replace("\\x", ""))
