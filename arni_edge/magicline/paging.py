"""Reading a long list to its end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from arni_edge.magicline.errors import Away
from arni_edge.magicline.model import Page

T = TypeVar("T")


async def every_page(
    fetch: Callable[[str | None], Awaitable[Page[T]]], offset: str | None = None
) -> AsyncIterator[Page[T]]:
    """All pages, one after the other.

    Args:
        fetch: Gets one page, for instance ``client.classes``.
        offset: Where to begin, for whoever was interrupted; None for the beginning.

    Raises:
        Away: A page could not be read, or leads back to one that was read before.
    """
    seen = {offset}
    while True:
        page = await fetch(offset)
        yield page
        offset = page.offset
        if offset is None:
            return
        if offset in seen:
            raise Away("Magicline's pages go round in circles")
        seen.add(offset)
