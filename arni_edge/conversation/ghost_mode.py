"""Ghost mode put together: everything by which staff have a part in chats."""

from collections.abc import Mapping
from dataclasses import dataclass

from arni_edge.bus import Bus
from arni_edge.conversation.ghost import GhostDesk
from arni_edge.conversation.ghost_acts import ghost_acts
from arni_edge.conversation.ghost_drafts import DraftDesk
from arni_edge.conversation.ghost_takeover import Takeover
from arni_edge.conversation.ghost_view import GhostView, Mask
from arni_edge.conversation.handoff import HandoffDesk
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact, StaffAct
from arni_edge.safety import StaffLine
from arni_edge.settings import Site
from arni_edge.settings.staff import Ghost
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog


@dataclass(frozen=True, slots=True)
class GhostMode:
    """The desks, and what staff can do at them.

    Attributes:
        desk: Reads along, takes over, writes, hands back. Runs.
        held: Answers that wait; the desk releases them.
        handoffs: Wishes for a person. Runs.
        acts: For buttons and replies, by name.
    """

    desk: GhostDesk
    held: DraftDesk
    handoffs: HandoffDesk
    acts: Mapping[str, StaffAct]


def build_ghost_mode(
    database: Database,
    bus: Bus,
    clock: Clock,
    catalogue: Catalogue,
    *,
    site: Site,
    people: Mapping[str, Contact],
    rules: Ghost,
    audit: AuditLog,
    line: StaffLine,
    mask: Mask,
) -> GhostMode:
    """Make all of it; nothing runs by this.

    Args:
        database: The house's.
        bus: Is told what happens.
        clock: For how long things wait.
        catalogue: The words.
        site: Time zone and language of the gym.
        people: All staff by id.
        rules: ``[ghost]`` of the settings.
        audit: The house's.
        line: To staff.
        mask: What staff may read of what members write.
    """
    view = GhostView(catalogue, site.zone, people, mask)
    held = DraftDesk(database, bus, clock, view, rules=rules, audit=audit)
    takeover = Takeover(bus, clock, view=view, held=held, rules=rules, audit=audit, language=site.language)
    desk = GhostDesk(database, clock, view=view, held=held, takeover=takeover)
    handoffs = HandoffDesk(database, bus, clock, view=view, line=line, rules=rules, audit=audit)
    return GhostMode(desk, held, handoffs, ghost_acts(desk, held))
