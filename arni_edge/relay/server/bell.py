"""Who waits for events, and what wakes them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from arni_edge.relay.server.boxes import Position


class Seat:
    """One waiting poll.

    Attributes:
        known: How the gym stood when the poll last looked; None: it has not looked.
        gone: It must end now: a newer poll of the same box has come, or the relay stops.
    """

    def __init__(self) -> None:
        self.known: Position | None = None
        self.gone = False
        self._woken = asyncio.Event()

    def look(self) -> None:
        """Before looking: whatever rings from now on is heard."""
        self._woken.clear()

    def ring(self) -> None:
        """Something may have changed."""
        self._woken.set()

    def end(self) -> None:
        """Wait no longer."""
        self.gone = True
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass


class Bell:
    """One seat per gym: a box has one line, and a connection that died without a word gives way to the next.

    Attributes:
        closing: The relay stops: nobody sits down any more.
    """

    def __init__(self) -> None:
        self._seats: dict[str, Seat] = {}
        self.closing = False

    def __len__(self) -> int:
        return len(self._seats)

    @contextmanager
    def seat(self, gym: str) -> Iterator[Seat]:
        """Sit down, in place of whoever sits there."""
        seat = Seat()
        seat.gone = self.closing
        if before := self._seats.get(gym):
            before.end()
        self._seats[gym] = seat
        try:
            yield seat
        finally:
            if self._seats.get(gym) is seat:
                del self._seats[gym]

    def ring(self, gym: str | None) -> None:
        """Wake who waits for this gym; None: everybody."""
        if gym is None:
            for seat in self._seats.values():
                seat.ring()
        elif seat_of := self._seats.get(gym):
            seat_of.ring()

    def waiting(self) -> dict[str, Position]:
        """What those who wait have seen last."""
        return {gym: seat.known for gym, seat in self._seats.items() if seat.known is not None}

    def close(self) -> None:
        """End all waiting, for good."""
        self.closing = True
        for seat in self._seats.values():
            seat.end()
