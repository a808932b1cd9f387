"""What the broker answered to what, by message id."""

import asyncio

Codes = tuple[int, ...]
"""Reason codes of one answer; empty when the connection was lost before there was one."""


class Answers:
    """Brings answers and those who wait for them together, whoever comes first."""

    def __init__(self) -> None:
        self._expected: dict[int, asyncio.Future[Codes]] = {}

    async def of(self, mid: int) -> Codes:
        """Wait for the answer to this message. One waiter each; its place is gone afterwards."""
        try:
            return await self._place(mid)
        finally:
            del self._expected[mid]

    def ahead(self, mid: int) -> asyncio.Future[Codes]:
        """The answer to this message, for whoever may want it later; its place is gone once it is there."""
        place = self._place(mid)
        # Left behind it would answer the next message with this number.
        place.add_done_callback(lambda _: self._expected.pop(mid, None))
        return place

    def settle(self, mid: int, codes: Codes) -> None:
        """The answer has come, perhaps before anybody waits for it."""
        place = self._place(mid)
        if not place.done():
            place.set_result(codes)

    def give_up(self) -> None:
        """No more answers will come."""
        for mid in list(self._expected):
            self.settle(mid, ())

    def _place(self, mid: int) -> asyncio.Future[Codes]:
        return self._expected.setdefault(mid, asyncio.get_running_loop().create_future())
