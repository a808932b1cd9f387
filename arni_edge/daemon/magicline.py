"""Magicline in the house: the mirror, what fills it, and the way there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.weather import reporter
from arni_edge.magicline import MagiclineClient
from arni_edge.magicline.booking_writer import BookingWriter
from arni_edge.magicline.bookings import MagiclineBookings
from arni_edge.magicline.hints import HintDesk
from arni_edge.magicline.mirror import Mirror
from arni_edge.magicline.passes import MirrorPasses
from arni_edge.relay import Handler, RelayEvent
from arni_edge.safety.line_notices import LineNotices
from arni_edge.settings import Magicline, Settings
from arni_edge.supervision import Child

_ONE_READING_SECONDS: Final = 900.0
"""A request that waits for a closed endpoint to open, and is then repeated until Magicline is well again."""


@dataclass(frozen=True, slots=True)
class MagiclineRoom:
    """Everything about Magicline.

    Attributes:
        client: Asks and writes.
        mirror: What it knows, read one thing at a time.
        passes: Read everything, and what matters today.
        hints: Takes webhooks.
        bookings: What members book there.
        writer: Books and cancels what waits.
        aclose: Closes the way there, after everything has stopped.
    """

    client: MagiclineClient
    mirror: Mirror
    passes: MirrorPasses
    hints: HintDesk
    bookings: MagiclineBookings
    writer: BookingWriter
    aclose: Callable[[], Awaitable[None]]

    @property
    def children(self) -> tuple[Child, ...]:
        """What of it runs."""
        return (
            Child("magicline-passes", self.passes.run, silence_seconds=_ONE_READING_SECONDS),
            Child("magicline-hints", self.hints.run, silence_seconds=_ONE_READING_SECONDS),
            Child("magicline-writer", self.writer.run),
        )

    @property
    def handler(self) -> Handler:
        """Takes Magicline's webhooks from the relay's line; the relay has checked their key."""

        async def handle(event: RelayEvent) -> None:
            await self.hints.take(event.body)

        return handle


def build_magicline(
    settings: Settings, magicline: Magicline, base: Foundation, notices: LineNotices
) -> MagiclineRoom:
    """Make it.

    Args:
        settings: Of the house.
        magicline: ``[magicline]``.
        base: The ground.
        notices: To staff.
    """
    site = settings.site
    client = MagiclineClient(magicline, base.clock, zone=site.zone, language=site.language)
    mirror = Mirror(
        client,
        base.database,
        base.clock,
        zone=site.zone,
        plans=[plan.id for plan in settings.access.plans],
        notices=notices,
    )
    passes = MirrorPasses(
        mirror,
        client,
        base.database,
        base.clock,
        magicline,
        zone=site.zone,
        health=reporter(base.board, "magicline"),
        notices=notices,
    )
    hints = HintDesk(mirror, base.database, base.clock)
    bookings = MagiclineBookings(client, base.database, base.clock, zone=site.zone)
    writer = BookingWriter(
        client,
        base.database,
        base.clock,
        zone=site.zone,
        health=reporter(base.board, "magicline/bookings"),
    )
    return MagiclineRoom(client, mirror, passes, hints, bookings, writer, client.aclose)
