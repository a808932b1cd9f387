"""Lives of a booking desk on one database, each in a process of its own that SIGKILL may end at a commit.

Every life does the same: it wishes for the same booking with the same key, or for its cancellation.
"""

from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from arni_edge.magicline import open_http
from arni_edge.settings import Magicline
from support.booking_desk import SOON, BookingDesk, introduce, member_id
from support.database import open_database
from support.nursery import Death, die_at, nurse

_TEMPLATE = Path()
"""One empty database, made once."""


@dataclass(frozen=True)
class Errand:
    """What every life does.

    Attributes:
        url: Of Magicline.
        key: Its.
        customer: Who.
        slot: The word for what is booked; empty: ``booking`` is cancelled.
        booking: The word for what is cancelled.
    """

    url: str
    key: str
    customer: int
    slot: str = ""
    booking: str = ""

    @property
    def order(self) -> list[Any]:
        """Fit for JSON."""
        return list(astuple(self))


async def _live(folder: Path, order: list[Any], death: Death | None, http: httpx.AsyncClient) -> None:
    errand = Errand(*order)
    async with open_database(folder / "arni.db") as database:
        await introduce(database, errand.customer)
        die_at(database, death)
        settings = Magicline(url=errand.url, api_key=SecretStr("sim-magicline-key"))
        desk = BookingDesk(database, settings, http, settle_seconds=0.01)
        desk.start()
        who = member_id(errand.customer)
        if errand.slot:
            await desk.bookings.book(who, errand.slot, errand.key, SOON)
        else:
            await desk.bookings.cancel(who, errand.booking, errand.key, SOON)
        await desk.crash()


if __name__ == "__main__":
    http = open_http()  # to make one takes long; each life has its own copy
    nurse(partial(_live, http=http))
