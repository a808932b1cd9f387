"""The relay in the house: the line from it, who takes what comes over it, and what is forgotten there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from arni_edge.channels.whatsapp import SOURCE as WHATSAPP
from arni_edge.channels.whatsapp import WhatsAppChannel
from arni_edge.conversation.turn import WANT_NO_ANSWER
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.magicline import MagiclineRoom
from arni_edge.daemon.weather import reporter
from arni_edge.magicline.webhooks import SOURCE as MAGICLINE
from arni_edge.relay import Handler, Papers, RelayClient, RelayDesk, RelayEraser, RelayPull
from arni_edge.safety.line_notices import LineNotices
from arni_edge.settings import Relay, Settings
from arni_edge.storage import Transaction, actions, credentials, identities, inbox, outbox_reports
from arni_edge.storage.relay_cursor import Reread
from arni_edge.supervision import Child


@dataclass(frozen=True, slots=True)
class RelayRoom:
    """Everything about the relay.

    Attributes:
        client: Asks it.
        desk: Hands events out, and owns the cursor.
        pull: Fetches.
        eraser: Has forgotten there what was forgotten here.
        aclose: Closes the way there, after everything has stopped.
    """

    client: RelayClient
    desk: RelayDesk
    pull: RelayPull
    eraser: RelayEraser
    aclose: Callable[[], Awaitable[None]]

    @property
    def children(self) -> tuple[Child, ...]:
        """What of it runs."""
        return Child("relay-pull", self.pull.run), Child("relay-eraser", self.eraser.run)


async def after_restore(tx: Transaction, reread: Reread) -> None:
    """This database is a backup: what was used, sent or decided since is not to be so a second time.

    A box that is new has nothing of the kind.
    """
    if not reread.restored:
        return
    await credentials.void(tx, reread.at)
    await identities.void(tx, reread.at)
    await actions.end_all_proposals(tx, reread.at)
    await inbox.leave_open_ones(tx, WANT_NO_ANSWER, reread.at)
    await outbox_reports.doubt(tx, WHATSAPP, reread.at)


def build_relay(
    settings: Settings,
    relay: Relay,
    base: Foundation,
    notices: LineNotices,
    *,
    whatsapp: WhatsAppChannel | None,
    magicline: MagiclineRoom | None,
) -> RelayRoom:
    """Make it.

    Args:
        settings: Of the house.
        relay: ``[relay]``.
        base: The ground.
        notices: To staff, of what is lost. Magicline is read anew by itself after a loss.
        whatsapp: Takes Meta's webhooks.
        magicline: Takes Magicline's.
    """
    handlers: dict[str, Handler] = {}
    urgent: dict[str, Handler] = {}
    if whatsapp is not None:
        handlers[WHATSAPP], urgent[WHATSAPP] = whatsapp.consume, whatsapp.heed
    if magicline is not None:
        handlers[MAGICLINE] = magicline.handler

    async def tell(tx: Transaction, now: datetime) -> None:
        await notices.tell(tx, "relay", "lost", now)

    client = RelayClient(relay, base.clock, Papers(settings.paths.relay))
    desk = RelayDesk(base.database, handlers, urgent=urgent, on_loss=[tell], on_reread=[after_restore])
    pull = RelayPull(client, desk, clock=base.clock, health=reporter(base.board, "relay"))
    eraser = RelayEraser(client, desk, base.database, health=reporter(base.board, "relay-eraser"))
    return RelayRoom(client, desk, pull, eraser, client.aclose)
