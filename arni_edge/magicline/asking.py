"""One question to the Open API, and the answer read: what all calls of the client have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.magicline import wire
from arni_edge.magicline.errors import Missing
from arni_edge.magicline.model import Page
from arni_edge.magicline.operations import Effect, Operation
from arni_edge.magicline.scalars import Json
from arni_edge.magicline.transport import Request, Transport

T = TypeVar("T")

_LOG = structlog.get_logger(__name__)
_LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asking:
    """How questions are asked.

    Attributes:
        transport: By whom.
        language: In which refusals are worded where a question does not say otherwise.
        urgent: Somebody waits.
    """

    transport: Transport
    language: Language
    urgent: bool = False

    async def page(
        self,
        operation: Operation,
        read: Callable[[Json], T],
        offset: str | None,
        *numbers: int,
        params: dict[str, str] | None = None,
    ) -> Page[T]:
        """One slice of a long list, as large as Magicline gives it.

        Args:
            operation: What is asked.
            read: For one thing.
            offset: Of the page before, or None for the first.
            numbers: For the path.
            params: Behind the question mark, besides those of the slice.
        """
        question = {**(params or {}), "sliceSize": str(operation.slice_size)}
        if offset is not None:
            question["offset"] = offset
        content = await self.send(operation, *numbers, params=question)
        return _counted(operation, wire.read_page(operation, content, read, asked=offset))

    async def whole(
        self,
        operation: Operation,
        read: Callable[[Json], T],
        *numbers: int,
        params: dict[str, str] | None = None,
    ) -> Page[T]:
        """A list that comes whole.

        Args:
            operation: What is asked.
            read: For one thing.
            numbers: For the path.
            params: Behind the question mark.
        """
        content = await self.send(operation, *numbers, params=params)
        return _counted(operation, wire.read_list(operation, content, read))

    async def one(self, operation: Operation, read: Callable[[Json], T], *numbers: int) -> T | None:
        """A single thing, or None when there is none.

        Args:
            operation: What is asked.
            read: For the thing.
            numbers: For the path.
        """
        try:
            content = await self.send(operation, *numbers)
        except Missing:
            return None
        return wire.read_one(operation, content, read)

    async def done(
        self,
        operation: Operation,
        read: Callable[[Json], T],
        body: dict[str, Any],
        language: Language | None,
    ) -> T:
        """What Magicline says to something that is to be done or judged.

        Args:
            operation: What is asked.
            read: For the answer.
            body: What is sent.
            language: In which a refusal is worded.
        """
        content = await self.send(operation, body=body, language=language)
        return wire.read_one(operation, content, read)

    async def send(
        self,
        operation: Operation,
        *numbers: int,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        language: Language | None = None,
    ) -> bytes:
        """Send a question; gives the body of a good answer.

        Args:
            operation: What is asked.
            numbers: For the path.
            params: Behind the question mark.
            body: JSON.
            language: In which a refusal is worded.
        """
        request = Request(
            operation=operation,
            path=_filled(operation, numbers),
            params=params or {},
            body=body,
            language=(language or self.language).value,
            # Whatever is no mere reading is done because somebody wants it.
            urgent=self.urgent or operation.effect is not Effect.READ,
        )
        return await self.transport.ask(request)


def number(value: int) -> int:
    """A number of Magicline's, before it is sent.

    Raises:
        InvalidInput: It cannot be one.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_ID:
        raise InvalidInput("that is not a number of Magicline's")
    return value


def _counted(operation: Operation, page: Page[T]) -> Page[T]:
    if page.skipped:
        _LOG.warning("magicline.skipped", operation=operation.name, count=page.skipped)
    return page


def _filled(operation: Operation, numbers: tuple[int, ...]) -> str:
    """The path with its numbers in the place of their names."""
    head, *pieces = operation.path.split("{")
    assert len(pieces) == len(numbers)
    return head + "".join(
        f"{number(one)}{piece.partition('}')[2]}" for one, piece in zip(numbers, pieces, strict=True)
    )
