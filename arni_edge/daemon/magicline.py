"""Magicline in the house: the mirror, what fills it, and the way there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from arni_edge.conversation.member_news import MemberNews
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.weather import reporter
from arni_edge.magicline import DeviceClient, MagiclineClient
from arni_edge.magicline.booking_writer import BookingWriter
from arni_edge.magicline.bookings import MagiclineBookings
from arni_edge.magicline.checkin_writer import CheckInWriter
from arni_edge.magicline.hints import HintDesk
from arni_edge.magicline.mirror import Mirror
from arni_edge.magicline.passes import MirrorPasses
from arni_edge.relay import Handler, RelayEvent
from arni_edge.safety.line_notices import LineNotices
from arni_edge.settings import Magicline, Settings
from arni_edge.storage.magicline.entries import LINE
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
        checkins: Checks in whoever came in by our doors; None without the settings of a card reader.
        aclose: Closes the way there, after everything has stopped.
    """

    client: MagiclineClient
    mirror: Mirror
    passes: MirrorPasses
    hints: HintDesk
    bookings: MagiclineBookings
    writer: BookingWriter
    checkins: CheckInWriter | None
    aclose: Callable[[], Awaitable[None]]

    @property
    def children(self) -> tuple[Child, ...]:
        """What of it runs."""
        return (
            Child("magicline-passes", self.passes.run, silence_seconds=_ONE_READING_SECONDS),
            Child("magicline-hints", self.hints.run, silence_seconds=_ONE_READING_SECONDS),
            Child("magicline-writer", self.writer.run),
            *(
                [Child("magicline-checkins", self.checkins.run, silence_seconds=_ONE_READING_SECONDS)]
                if self.checkins
                else []
            ),
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
    news = MemberNews(
        base.catalogue,
        zone=site.zone,
        language=site.language,
        template=settings.whatsapp.news_template if settings.whatsapp else "",
    )
    mirror = Mirror(
        client,
        base.database,
        base.clock,
        zone=site.zone,
        country=magicline.country,
        plans=[plan.id for plan in settings.access.plans],
        notices=notices,
        told=news,
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
        set_aside=lambda tx: notices.tell(tx, "magicline", "quarantined", base.clock.now()),
    )
    http, checkins = [client.aclose], None
    if magicline.device_url is not None:
        reader = DeviceClient(magicline, base.clock, language=site.language)
        http.append(reader.aclose)
        checkins = CheckInWriter(
            client,
            reader,
            base.database,
            base.clock,
            zone=site.zone,
            doors=[door.id for door in settings.doors if door.kind == "members"],
            within=timedelta(minutes=magicline.checkin_within_minutes),
            health=reporter(base.board, "magicline/checkins"),
            set_aside=lambda tx: notices.tell(tx, LINE, "quarantined", base.clock.now()),
        )

    async def aclose() -> None:
        for close in http:
            await close()

    return MagiclineRoom(client, mirror, passes, hints, bookings, writer, checkins, aclose)
