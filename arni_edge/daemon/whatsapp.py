"""WhatsApp in the house: the way to Meta, what staff hear of it, and the marks on what is being answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from arni_edge.channels.whatsapp import (
    GraphApi,
    HeardWindows,
    Letters,
    MediaFetcher,
    ReadMarks,
    RelayView,
    WhatsAppChannel,
    WhatsAppIntake,
    WhatsAppSender,
    open_client,
)
from arni_edge.conversation import Reception
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.weather import reporter
from arni_edge.domain.messages import Channel, Language
from arni_edge.safety.line_notices import LineNotices
from arni_edge.settings import WhatsApp
from arni_edge.storage.outbox_messages import MessageOutbox
from arni_edge.supervision import Child


@dataclass(frozen=True, slots=True)
class WhatsAppRoom:
    """Everything about WhatsApp.

    Attributes:
        settings: ``[whatsapp]``.
        base: The ground.
        graph: The way to Meta.
        marks: Shows what is being answered.
        recordings: Fetches voice notes, for whoever can listen to them.
        notices: To staff, of what is wrong with the line.
        aclose: Closes the way to Meta, after everything has stopped.
    """

    settings: WhatsApp
    base: Foundation
    graph: GraphApi
    marks: ReadMarks
    recordings: MediaFetcher
    notices: LineNotices
    aclose: Callable[[], Awaitable[None]]

    def channel(self, reception: Reception) -> WhatsAppChannel:
        """Takes Meta's webhooks from the relay's line."""
        base = self.base
        intake = WhatsAppIntake(base.database, base.clock, reception, self.notices)
        return WhatsAppChannel(self.settings, intake)

    def children(self, relay: RelayView, language: Language) -> tuple[Child, ...]:
        """The way out; delivery reports come back through the relay.

        Args:
            relay: Its line.
            language: The gym's.
        """
        base = self.base
        sender = WhatsAppSender(
            self.graph,
            MessageOutbox(base.database, base.clock, Channel.WHATSAPP),
            relay,
            clock=base.clock,
            resolve_seconds=self.settings.resolve_seconds,
            letters=Letters(base.catalogue, language),
            windows=HeardWindows(base.database),
            notices=self.notices,
            health=reporter(base.board, "whatsapp"),
        )
        return Child("whatsapp-sender", sender.run), Child("whatsapp-marks", self.marks.run)


def build_whatsapp(settings: WhatsApp, base: Foundation, notices: LineNotices) -> WhatsAppRoom:
    """Make the parts that do not need the relay.

    Args:
        settings: ``[whatsapp]``.
        base: The ground.
        notices: To staff.
    """
    http = open_client()
    graph = GraphApi(settings, http)
    marks, recordings = ReadMarks(graph, base.clock), MediaFetcher(settings, http)
    return WhatsAppRoom(settings, base, graph, marks, recordings, notices, http.aclose)
