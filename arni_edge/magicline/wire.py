"""What Magicline answers, and what that means: pure, so that most of it can be tested without a socket."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from arni_edge.domain.errors import ArniError
from arni_edge.domain.json_text import read_json
from arni_edge.magicline.errors import Away, Conflict, MaybeDone, Missing, NotAllowed, Rejected
from arni_edge.magicline.model import Page
from arni_edge.magicline.operations import Effect, Operation
from arni_edge.magicline.scalars import Json, Unreadable, flag, line, prose

T = TypeVar("T")

_LONGEST_SENTENCE: Final = 300
_LONGEST_OFFSET: Final = 500
_CODE: Final = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)
_PERHAPS_ARRIVED: Final = frozenset({408})
"""A gateway's "timeout": it may have passed the request on."""
_TOO_EARLY: Final = 425


def failure(
    operation: Operation, status: int, content: bytes, retry_after: float | None, credential: str
) -> ArniError | None:
    """What is wrong with an answer, or None when it is a good one (2xx).

    Args:
        operation: What was asked.
        status: The HTTP status.
        content: The body; JSON with ``errorMessage``, HTML, or nothing.
        retry_after: Seconds from the header of that name, or None.
        credential: What the key is called in the settings.
    """
    if 200 <= status < 300:
        return None
    about = f"{operation.name}: HTTP {status}"
    if status in {429, _TOO_EARLY}:
        return Away(f"{about}: Magicline's limit for requests is used up", retry_after=retry_after)
    if not 400 <= status < 500 or status in _PERHAPS_ARRIVED:
        return unknown(operation, f"{about}: Magicline has a problem", retry_after)
    body = read_json(content)
    fields: Json = body if isinstance(body, dict) else {}
    code, trace = _plain(fields.get("errorCode")), _plain(fields.get("traceId"))
    about = " ".join((about, *([f"({code})"] if code else []), *([f"trace {trace}"] if trace else [])))
    if status == 409:
        return Conflict(f"{about}: somebody else changed it at the same time")
    kind, reason = _kind_of(operation, status, credential)
    sentence = prose(fields.get("errorMessage"))[:_LONGEST_SENTENCE]
    return kind(f"{about}: {reason}", status=status, code=code, sentence=sentence, trace=trace)


def _kind_of(operation: Operation, status: int, credential: str) -> tuple[type[Rejected], str]:
    if status == 401:
        return NotAllowed, f"Magicline does not accept the key; check the credential '{credential}'"
    if status == 403:
        return NotAllowed, f"the key lacks the scope {operation.scope or 'for this'}"
    if status == 404:
        return Missing, "there is no such thing"
    return Rejected, "Magicline refuses the request"


def unknown(operation: Operation, reason: str, retry_after: float | None = None) -> ArniError:
    """What an attempt comes to that was sent and not properly answered.

    Args:
        operation: What was asked.
        reason: What happened, fit for logs.
        retry_after: Seconds, where somebody said so.
    """
    if operation.effect is Effect.WRITE:
        return MaybeDone(reason)
    return Away(reason, retry_after=retry_after)


def read_page(
    operation: Operation, content: bytes, read: Callable[[Json], T], *, asked: str | None
) -> Page[T]:
    """One slice of a long list.

    Args:
        operation: What was asked.
        content: The body.
        read: For one thing; raises :class:`Unreadable` for one that is none.
        asked: The offset that was asked with.

    Raises:
        Away: This is no slice, or asking on would give the same one again.
    """
    body = read_json(content)
    fields: Json = body if isinstance(body, dict) else {}
    things, more = fields.get("result"), flag(fields.get("hasNext"))
    if not isinstance(things, list) or more is None:
        raise Away(f"{operation.name}: the answer cannot be understood")
    if not more:
        return _collect(things, read, None)
    offset = fields.get("offset")
    following = str(offset) if isinstance(offset, str | int) and not isinstance(offset, bool) else ""
    if not 0 < len(following) <= _LONGEST_OFFSET or following == asked:
        # Reading on from nowhere would lose everybody behind this page without a word.
        raise Away(f"{operation.name}: the pages do not go on")
    return _collect(things, read, following)


def read_list(operation: Operation, content: bytes, read: Callable[[Json], T]) -> Page[T]:
    """A list that comes whole: a bare array.

    Args:
        operation: What was asked.
        content: The body.
        read: For one thing; raises :class:`Unreadable` for one that is none.

    Raises:
        Away: This is no list.
    """
    things = read_json(content)
    if not isinstance(things, list):
        raise Away(f"{operation.name}: the answer cannot be understood")
    return _collect(things, read, None)


def read_one(operation: Operation, content: bytes, read: Callable[[Json], T]) -> T:
    """A single thing.

    Args:
        operation: What was asked.
        content: The body.
        read: For the thing; raises :class:`Unreadable` when it is none.

    Raises:
        Away: It cannot be read.
        MaybeDone: It cannot be read, and stands for something that was to be done.
    """
    thing = read_json(content)
    found = _one(thing, read)
    if found is None:
        raise unknown(operation, f"{operation.name}: the answer cannot be understood")
    return found


def _collect(things: list[Any], read: Callable[[Json], T], offset: str | None) -> Page[T]:
    found = [_one(thing, read) for thing in things]
    items = tuple(one for one in found if one is not None)
    return Page(items, offset, skipped=len(found) - len(items))


def _one(thing: object, read: Callable[[Json], T]) -> T | None:
    if not isinstance(thing, dict):
        return None
    try:
        return read(thing)
    except Unreadable:
        return None


def read_retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from a ``Retry-After`` header, which may also be a date; None when there is nothing to read.

    Args:
        header: Its text, or None.
        now: Aware.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _plain(value: object) -> str:
    """A word of Magicline's machinery; whatever else stands there is not repeated."""
    text = prose(line(value))
    return text if _CODE.fullmatch(text) else ""
