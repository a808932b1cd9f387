"""Fetches a known model: nothing takes its name before size and checksum are right."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from arni_edge import files
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.vision.models import ModelEntry, record, settle

_TIMEOUT = httpx.Timeout(20.0, connect=10.0)
_CHUNK = 1 << 16
# A source that is slower than this hangs; a box behind a poor line still gets 4 MB in five minutes.
_SLOWEST_BYTES_PER_SECOND = 20_000
_GRACE_SECONDS = 60.0


def download(
    entry: ModelEntry,
    folder: Path,
    on_bytes: Callable[[int], None],
    *,
    timeout: httpx.Timeout = _TIMEOUT,
) -> Path:
    """Fetch a model into a folder, and its entry into the manifest there. Blocks.

    Args:
        entry: What to fetch, and how it is recognised.
        folder: Where it goes; made when it is not there.
        on_bytes: Hears how many bytes have come, for a progress bar.
        timeout: Of single steps of the connection.

    Returns:
        The file.

    Raises:
        Refused: The manifest names no source, or what came is not what was meant.
        Unavailable: The source cannot be reached, or the folder cannot be written.
    """
    if not entry.url:
        raise Refused(f"{entry.name} cannot be fetched: {entry.source}")
    path = folder / entry.file
    try:
        files.make_folder(folder)
        handle, unfinished = tempfile.mkstemp(prefix=f".{entry.file}.", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                _fetch(entry, file.write, on_bytes, timeout)
            record(folder, entry)  # first: between the two the old file is refused, and never used unchecked
            settle(Path(unfinished), path)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}") from error
    return path


def _fetch(
    entry: ModelEntry,
    write: Callable[[bytes], object],
    on_bytes: Callable[[int], None],
    timeout: httpx.Timeout,
) -> None:
    host = urlsplit(entry.url).hostname
    until = time.monotonic() + _GRACE_SECONDS + entry.bytes / _SLOWEST_BYTES_PER_SECOND
    digest, came = hashlib.sha256(), 0
    try:
        # As it is: a packed answer could unfold into more than was announced.
        headers = {"accept-encoding": "identity"}
        with httpx.stream(
            "GET", entry.url, follow_redirects=True, timeout=timeout, headers=headers
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                raise Unavailable(f"{host} answers {answer.status_code} for {entry.url}: it may have moved")
            for chunk in answer.iter_raw(_CHUNK):
                came += len(chunk)
                if came > entry.bytes:
                    raise Refused(f"{host} sends more than the {entry.bytes} bytes that {entry.name} has")
                if time.monotonic() > until:
                    raise Unavailable(f"{host} is too slow: {came} of {entry.bytes} bytes; try again")
                digest.update(chunk)
                write(chunk)
                on_bytes(came)
    except httpx.ConnectError as error:
        raise Unavailable(f"{host} cannot be reached: is this box connected to the internet?") from error
    except httpx.TimeoutException as error:
        raise Unavailable(f"{host} does not answer in time; try again") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{host}: the download broke off after {came} of {entry.bytes} bytes") from error
    if came != entry.bytes:
        raise Unavailable(f"{host} sent {came} of {entry.bytes} bytes; try again")
    if digest.hexdigest() != entry.sha256:
        raise Refused(
            f"what {host} sent is not {entry.name}: another checksum; the source was changed, or somebody "
            "sits in between. Nothing was kept"
        )
