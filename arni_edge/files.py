"""Files that a power cut leaves as they were or as they are to be, and that stay once they are kept.

What is in a file is on the disk only after a sync of the file, and its name only after a sync of the folder.
When one of these functions returns, both are. What is unfinished when a process dies keeps a name of its own
that begins with a dot, and is readable by its owner alone.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_NO_SYNC: Final = frozenset({errno.EINVAL, errno.EROFS})
"""A file system that is never written, as an image that is mounted as the root, knows no sync."""


def replace(path: Path, content: bytes, *, mode: int = 0o600, keep_owner: bool = False) -> None:
    """Write a file: whoever reads it sees the old or the new one, also after a power cut.

    Args:
        path: The file; its folder is there.
        content: All that is to be in it.
        mode: Its rights.
        keep_owner: It goes on belonging to whom it belongs, if we may give it away.

    Raises:
        OSError: It cannot be written; the old one is as it was.
    """
    with _draft(path, content) as draft:
        draft.chmod(mode)
        if keep_owner:
            with suppress(FileNotFoundError, PermissionError):  # not root: it stays ours
                owner = path.stat()
                os.chown(draft, owner.st_uid, owner.st_gid)
        settle(draft, path)


def create(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; one that is there is never replaced.

    Raises:
        FileExistsError: There is one already.
        OSError: It cannot be written.
    """
    with _draft(path, content) as draft:
        sync(draft)
        link(draft, path)


def link(path: Path, name: Path) -> None:
    """Give a file that is on the disk a second name in the same folder; one that is there is never replaced.

    Raises:
        FileExistsError: The name is taken, and will be after a power cut.
        OSError: It cannot be given.
    """
    try:
        os.link(path, name)
    finally:
        sync(name.parent)


def settle(unfinished: Path, path: Path) -> None:
    """Give a finished file its name, in the place of the file that has it.

    Args:
        unfinished: In the same folder.
        path: Its name.

    Raises:
        OSError: The disk does not take it.
    """
    sync(unfinished)
    unfinished.replace(path)
    sync(path.parent)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, if they are not there.

    Args:
        folder: Where.
        mode: Its rights, less the process's mask, when it has to be made.

    Raises:
        OSError: It cannot be made.
    """
    missing = [one for one in folder.parents if not one.exists()]
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    # Also when it is there: a life that was killed may have made it, and nobody has synced it since.
    for one in (folder, *missing):
        try:
            sync(one.parent)
        except PermissionError:  # whoever made it for us did so in a folder that we may not look into
            continue
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise


def sync(path: Path) -> None:
    """Have a file's content, or the names in a folder, on the disk.

    Raises:
        OSError: The disk does not take it, or it cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _draft(path: Path, content: bytes) -> Iterator[Path]:
    """A file beside another one, gone afterwards."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
