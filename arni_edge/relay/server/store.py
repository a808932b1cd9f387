"""What the relay needs of a database. SQLite and PostgreSQL are two of them; the SQL is the same for both."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from arni_edge.domain.health import Progress

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Parameters = Mapping[str, Any]
"""By name: the SQL says ``:name``."""

Heard = Callable[[str | None], None]
"""Is told the id of a gym whose log or box has changed; None: any may have."""


class Row(Protocol):
    """One row, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a column."""
        ...


class Transaction(Protocol):
    """What a unit of work may do, and all that it may await."""

    async def execute(self, sql: str, parameters: Parameters = ...) -> int:
        """Run one statement; returns the number of changed rows."""
        ...

    async def fetch(self, sql: str, parameters: Parameters = ...) -> Sequence[Row]:
        """Run one query, or a change with RETURNING; returns all rows."""
        ...


class Unit(Protocol[T_co]):
    """Runs inside one transaction; raising undoes all of it."""

    def __call__(self, tx: Any, /) -> Awaitable[T_co]:
        """Do it, by a :class:`Transaction`."""
        ...


class Store(Protocol):
    """A database.

    Attributes:
        poll_seconds: How often whoever waits looks for changes that nobody has told of.
    """

    poll_seconds: float

    async def read(self, sql: str, parameters: Parameters) -> Sequence[Row]:
        """Query what is committed, as of one moment.

        Raises:
            Unavailable: The database does not answer.
        """
        ...

    async def write(self, unit: Unit[T], *, deadline: float = ...) -> T:
        """Run a unit of work; returns its result once it would survive a power cut.

        Raises:
            Unavailable: It could not be stored, or (deadline, broken connection) nobody knows whether it was.
        """
        ...

    async def scrub(self) -> None:
        """Make what was erased unreadable on the disk too, as far as this database can.

        Raises:
            Unavailable: It could not be done.
        """
        ...

    def announce(self, gym: str) -> None:
        """Tell other processes soon that something of this gym has changed; losing it costs only time."""
        ...

    async def run(self, heard: Heard, progress: Progress) -> None:
        """What has to go on while the store is used, until cancelled.

        Args:
            heard: Is told of changes by other processes.
            progress: Called every few seconds.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
