"""The front office put together: who is who, what may be asked for, and who does by hand what no part can."""

from collections.abc import Mapping
from dataclasses import dataclass

from arni_edge.access.couriers import CodeCourier, Sms, SmsCourier, WhatsAppCourier
from arni_edge.access.identity import Identities
from arni_edge.access.identity_codes import IdentityCodes
from arni_edge.access.vouching import Vouching
from arni_edge.actions.executor import Executor
from arni_edge.actions.tickets import TicketDesk
from arni_edge.actions.tools import Hands, build_tools
from arni_edge.actions.tools.base import Kit
from arni_edge.bus import Bus
from arni_edge.conversation.herald import StaffHerald
from arni_edge.conversation.outcomes import OutboxOutcomes
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact, StaffAct
from arni_edge.safety import StaffLine
from arni_edge.settings import Site
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog
from arni_edge.swarm.errands import Errands


@dataclass(frozen=True, slots=True)
class FrontOffice:
    """The desks, and what staff can do at them.

    Attributes:
        known: Who is who.
        codes: Codes that prove it. Runs.
        tickets: What a person has to do by hand.
        executor: The one-way door. Runs.
        errands: Brings wishes of members to it.
        acts: For buttons, by name.
    """

    known: Identities
    codes: IdentityCodes
    tickets: TicketDesk
    executor: Executor
    errands: Errands
    acts: Mapping[str, StaffAct]


def build_front_office(
    database: Database,
    bus: Bus,
    clock: Clock,
    catalogue: Catalogue,
    *,
    site: Site,
    people: Mapping[str, Contact],
    audit: AuditLog,
    pepper: bytes,
    hands: Hands,
    sms: Sms | None,
    line: StaffLine,
    code_template: str = "",
) -> FrontOffice:
    """Make all of it; nothing runs by this.

    Args:
        database: The house's.
        bus: Is told what happens.
        clock: For how long things hold.
        catalogue: The words.
        site: Name, time zone and language of the gym.
        people: All staff by id.
        audit: The house's.
        pepper: The box's secret for digests of codes.
        hands: What tools work on.
        sms: Who sends short messages, or None.
        line: To staff.
        code_template: WhatsApp's template for codes; empty: there is none.
    """
    known = Identities(database, clock, audit, pepper)
    couriers: list[CodeCourier] = [] if sms is None else [SmsCourier(sms)]
    couriers.append(WhatsAppCourier(database, clock, template=code_template))
    codes = IdentityCodes(database, clock, catalogue, known, pepper, gym=site.name, couriers=couriers)
    vouching = Vouching(
        database, clock, catalogue, known, audit, pepper, people=people, reaches=line.has_telegram
    )
    tickets = TicketDesk(database, clock, catalogue, audit, people=people, language=site.language)
    kit = Kit(database, clock, catalogue, site.zone, audit, tickets)
    executor = Executor(
        database,
        bus,
        clock,
        catalogue,
        audit=audit,
        tools=build_tools(kit, hands).values(),
        people=people,
        outcomes=OutboxOutcomes(),
        tickets=tickets,
        herald=StaffHerald(line, sms),
        language=site.language,
    )
    errands = Errands(database, clock, catalogue, doer=executor, known=known, codes=codes, vouching=vouching)
    acts = {**executor.staff_acts(), **errands.staff_acts(), **tickets.staff_acts()}
    return FrontOffice(known, codes, tickets, executor, errands, acts)
