"""Many things at once."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One answer with many things.

    Attributes:
        items: Those that could be understood, in Magicline's order.
        offset: What to ask the next page with, verbatim; None when this was the last.
        skipped: How many things on this page could not be understood and are missing from ``items``.
    """

    items: tuple[T, ...]
    offset: str | None = None
    skipped: int = 0
