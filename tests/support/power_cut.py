"""A disk whose cache forgets: what a power cut may leave of the files in a folder.

Built from what a process asked for (:mod:`support.strace`). It is as harsh as POSIX lets a file system be,
harsher than ext4 or XFS are: what is in a file is safe only after an ``fsync`` or ``fdatasync`` of that file,
and a name (made, moved, linked, removed) only after an ``fsync`` of the folder that it is in. Of everything
else any part may be lost, in any order and in pieces; a file may have its new length, and zeros in it.
A sync counts from its end, and for what was done before its beginning.

Two things are believed, as SQLite believes them: a disk that says that it has synced has, and bytes beside
those that are written to a sector do not change with them.
"""

import random
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.strace import Call, said

_SYNCS = {"fsync", "fdatasync"}


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost of what was not synced.

    Attributes:
        name: For people.
        data: How likely each piece that was written is still there.
        names: How likely each change of a folder is.
        lengths: How likely a file has its new length where its data are lost: zeros, then.
        piece: Bytes that are kept or lost together.
    """

    name: str
    data: float
    names: float
    lengths: float = 0.0
    piece: int = 4096


ALL = Loss("everything that was not synced", 0.0, 0.0)
NOTHING = Loss("nothing: only the process died", 1.0, 1.0)
LOSSES = (
    ALL,
    NOTHING,
    Loss("the data, not the names", 0.0, 1.0),
    Loss("the data, not the names and lengths", 0.0, 1.0, 1.0),
    Loss("the names, not the data", 1.0, 0.0),
    Loss("pages here and there", 0.5, 0.5, 0.5),
    Loss("sectors here and there", 0.5, 0.5, 0.5, 512),
    Loss("few sectors", 0.9, 0.9, 0.5, 512),
    Loss("nearly all sectors", 0.1, 0.5, 0.5, 512),
)


@dataclass(frozen=True, slots=True)
class _Write:
    at: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Length:
    at: int
    length: int
    grows_only: bool = False


@dataclass(frozen=True, slots=True)
class _Naming:
    """A name is given, or with no node taken away. A move is one change of both of its names."""

    at: int
    names: "tuple[tuple[str, _File | _Folder | None], ...]"


@dataclass(eq=False, slots=True)
class _File:
    durable: bytes = b""
    changes: "list[_Write | _Length]" = field(default_factory=list)

    def sync(self, begun: int) -> None:
        before = [one for one in self.changes if one.at < begun]
        self.durable = _changed(self.durable, before, NOTHING, random.Random(0))
        self.changes = self.changes[len(before) :]

    def left(self, loss: Loss, dice: random.Random) -> bytes:
        return _changed(self.durable, self.changes, loss, dice)

    @property
    def length(self) -> int:
        length = len(self.durable)
        for one in self.changes:
            end = one.length if isinstance(one, _Length) else one.offset + len(one.data)
            length = end if isinstance(one, _Length) and not one.grows_only else max(length, end)
        return length


@dataclass(eq=False, slots=True)
class _Folder:
    present: "dict[str, _File | _Folder]" = field(default_factory=dict)
    durable: "dict[str, _File | _Folder]" = field(default_factory=dict)
    changes: list[_Naming] = field(default_factory=list)

    def change(self, at: int, *names: "tuple[str, _File | _Folder | None]") -> None:
        self.changes.append(_Naming(at, names))
        _rename(self.present, names)

    def sync(self, begun: int) -> None:
        while self.changes and self.changes[0].at < begun:
            _rename(self.durable, self.changes.pop(0).names)

    def left(self, loss: Loss, dice: random.Random) -> "dict[str, _File | _Folder]":
        found = dict(self.durable)
        for change in self.changes:
            if dice.random() < loss.names:
                _rename(found, change.names)
        return found


@dataclass(slots=True)
class _Open:
    node: _File | _Folder
    offset: int = 0
    appends: bool = False


class Disk:
    """The files in one folder, which was empty and safe before the first call.

    Attributes:
        now: How many calls have been played.
    """

    def __init__(self, root: Path) -> None:
        """Nothing is in it.

        Args:
            root: Where the process saw it.
        """
        self.now = 0
        self._root = root
        self._folder = _Folder()
        self._open: dict[int, _Open] = {}

    def play(self, call: Call) -> None:
        """Let the next call happen."""
        if call.result >= 0:
            self._do(call)
        self.now += 1

    def left(self, loss: Loss, dice: random.Random) -> dict[str, bytes]:
        """The files that a power cut may leave now, by their paths below the folder."""
        return dict(_walk(self._folder.left(loss, dice), "", loss, dice, {}))

    # --- calls ----------------------------------------------------------------------------------------------

    def _do(self, call: Call) -> None:
        handle = getattr(self, f"_{call.name}", None)
        if handle is not None:
            handle(call)
            return
        root = self._root.as_posix().encode()
        ours = {one for one in call.arguments if isinstance(one, bytes) and one.startswith(root)}
        handles = {str(number) for number in self._open} & set(call.arguments[:1])
        assert not ours | handles, f"the disk does not know what {call.name} does"

    def _openat(self, call: Call) -> None:
        found = self._find(call, 1)
        if found is None:
            return
        folder, name = found
        flags = call.flags(2)
        node = folder.present.get(name) if name else folder
        if node is None:
            assert "O_CREAT" in flags, call
            node = _File()
            folder.change(self.now, (name, node))
        if "O_TRUNC" in flags and isinstance(node, _File) and node.length:
            node.changes.append(_Length(self.now, 0))
        self._open[call.result] = _Open(node, appends="O_APPEND" in flags)

    def _close(self, call: Call) -> None:
        self._open.pop(call.number(0), None)

    def _lseek(self, call: Call) -> None:
        if (file := self._open.get(call.number(0))) is not None:
            file.offset = call.result

    def _write(self, call: Call) -> None:
        file, node = self._file(call)
        if node is None or file is None:
            return
        start = node.length if file.appends else file.offset
        node.changes.append(_Write(self.now, start, call.text(1)[: call.result]))
        file.offset = start + call.result

    def _pwrite64(self, call: Call) -> None:
        _, node = self._file(call)
        if node is not None:
            node.changes.append(_Write(self.now, call.number(3), call.text(1)[: call.result]))

    def _ftruncate(self, call: Call) -> None:
        _, node = self._file(call)
        if node is not None:
            node.changes.append(_Length(self.now, call.number(1)))

    def _fallocate(self, call: Call) -> None:
        _, node = self._file(call)
        if node is not None:
            assert call.arguments[1] == "0", call
            node.changes.append(_Length(self.now, call.number(2) + call.number(3), grows_only=True))

    def _fsync(self, call: Call) -> None:
        if (file := self._open.get(call.number(0))) is not None:
            file.node.sync(call.begun)

    _fdatasync = _fsync

    def _mkdir(self, call: Call) -> None:
        self._name(self._find(call, 0), _Folder())

    def _unlink(self, call: Call) -> None:
        self._name(self._find(call, 0), None)

    _rmdir = _unlink

    def _unlinkat(self, call: Call) -> None:
        self._name(self._find(call, 1), None)

    def _rename(self, call: Call) -> None:
        self._move(self._find(call, 0), self._find(call, 1), stays=False)

    def _link(self, call: Call) -> None:
        self._move(self._find(call, 0), self._find(call, 1), stays=True)

    def _linkat(self, call: Call) -> None:
        self._move(self._find(call, 1), self._find(call, 3), stays=True)

    # --- names ----------------------------------------------------------------------------------------------

    def _file(self, call: Call) -> tuple[_Open | None, _File | None]:
        found = self._open.get(call.number(0))
        return found, found.node if found is not None and isinstance(found.node, _File) else None

    def _find(self, call: Call, place: int) -> tuple[_Folder, str] | None:
        """The folder and the name that a call is about; no name: the folder itself; None: none of ours."""
        path, folder = Path(call.text(place).decode()), self._folder
        if path.is_relative_to(self._root):
            path = path.relative_to(self._root)
        elif not path.is_absolute() and place and call.number(place - 1) in self._open:
            node = self._open[call.number(place - 1)].node
            assert isinstance(node, _Folder), call
            folder = node
        else:
            return None
        *above, name = path.parts or ("",)
        for part in above:
            inner = folder.present[part]
            assert isinstance(inner, _Folder), call
            folder = inner
        inside = folder.present.get(name)
        return (inside, "") if isinstance(inside, _Folder) and call.name == "openat" else (folder, name)

    def _name(self, found: tuple[_Folder, str] | None, node: _File | _Folder | None) -> None:
        if found is not None:
            found[0].change(self.now, (found[1], node))

    def _move(
        self, source: tuple[_Folder, str] | None, target: tuple[_Folder, str] | None, *, stays: bool
    ) -> None:
        if source is None and target is None:
            return
        assert source is not None, "the disk does not know moves into it"
        assert target is not None, "the disk does not know moves out of it"
        assert source[0] is target[0], "the disk does not know moves between folders"
        folder, name = source
        named = (target[1], folder.present[name])
        folder.change(self.now, named, *([] if stays else [(name, None)]))


# --- what is left -------------------------------------------------------------------------------------------


def _rename(
    names: "dict[str, _File | _Folder]", changes: "tuple[tuple[str, _File | _Folder | None], ...]"
) -> None:
    for name, node in changes:
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def _changed(durable: bytes, changes: "list[_Write | _Length]", loss: Loss, dice: random.Random) -> bytes:
    if not changes:
        return durable
    content = bytearray(durable)
    for change in changes:
        if isinstance(change, _Length):
            if dice.random() < max(loss.data, loss.lengths):
                _resize(content, max(len(content), change.length) if change.grows_only else change.length)
            continue
        end = change.offset + len(change.data)
        if len(content) < end and dice.random() < loss.lengths:
            _resize(content, end)
        for start, piece in _pieces(change, loss.piece):
            if dice.random() < loss.data:
                _resize(content, max(len(content), start + len(piece)))
                content[start : start + len(piece)] = piece
    return bytes(content)


def _pieces(write: _Write, size: int) -> Iterator[tuple[int, bytes]]:
    """The parts of a write by the sectors of the disk that they are in."""
    start, end = write.offset, write.offset + len(write.data)
    while start < end:
        until = min(end, (start // size + 1) * size)
        yield start, write.data[start - write.offset : until - write.offset]
        start = until


def _resize(content: bytearray, length: int) -> None:
    del content[length:]
    content.extend(bytes(length - len(content)))


def _walk(
    names: "dict[str, _File | _Folder]",
    above: str,
    loss: Loss,
    dice: random.Random,
    seen: "dict[_File, bytes]",
) -> Iterator[tuple[str, bytes]]:
    for name, node in sorted(names.items()):
        if isinstance(node, _Folder):
            yield from _walk(node.left(loss, dice), f"{above}{name}/", loss, dice, seen)
            continue
        if node not in seen:  # a file with two names is one
            seen[node] = node.left(loss, dice)
        yield above + name, seen[node]


# --- many cuts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remains:
    """What a power cut has left.

    Attributes:
        moment: How many calls had ended.
        loss: What was lost.
        files: Content by path.
        said: What the process had said before, or was just saying.
    """

    moment: int
    loss: Loss
    files: dict[str, bytes]
    said: tuple[str, ...]

    @contextmanager
    def laid(self, folder: Path) -> Iterator[Path]:
        """Put the files where they can be opened, for a while."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def __str__(self) -> str:
        """For whoever reads that it was wrong."""
        return f"power cut after call {self.moment}, lost: {self.loss.name}"


def cuts(
    calls: Sequence[Call], root: Path, wanted: Collection[tuple[int, Loss]], seed: int
) -> Iterator[Remains]:
    """Cut the power at moments, and lose something each time; in the order of time.

    Args:
        calls: What the process asked for.
        root: The folder that it did so in.
        wanted: The moments (how many calls had ended), each with what is lost then.
        seed: Of the dice that decide what is lost.
    """
    words = said(calls)
    disk = Disk(root)
    for moment, loss in sorted(wanted, key=lambda one: one[0]):
        while disk.now < moment:
            disk.play(calls[disk.now])
        dice = random.Random(f"{seed} {moment} {loss.name}")
        before = tuple(line for begun, line in words if begun <= moment)
        yield Remains(moment, loss, disk.left(loss, dice), before)


def is_true_to(calls: Sequence[Call], root: Path) -> bool:
    """Whether what must be there when nothing is lost is what is really there."""
    (remains,) = cuts(calls, root, [(len(calls), NOTHING)], 0)
    return remains.files == {
        file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()
    }


def before_syncs(calls: Sequence[Call]) -> list[int]:
    """The moments at which most is not synced: right before each sync ends; and the last moment of all."""
    return [*(number for number, call in enumerate(calls) if call.name in _SYNCS), len(calls)]
