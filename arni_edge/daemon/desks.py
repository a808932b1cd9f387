"""The desks of the house: what members and staff can ask for, and who steps into a chat."""

from dataclasses import dataclass

from arni_edge.actions.saga import Saga
from arni_edge.actions.tools import CONTACTORS, LIGHTS, switchable
from arni_edge.actions.tools import Hands as ToolHands
from arni_edge.actions.tools.bookings import Bookings
from arni_edge.automation import AutomationDesk
from arni_edge.conversation.front_office import FrontOffice, build_front_office
from arni_edge.conversation.ghost_mode import GhostMode, build_ghost_mode
from arni_edge.daemon.alarm_room import AlarmRoom
from arni_edge.daemon.entrance import Entrance
from arni_edge.daemon.eyes import Eyes
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.hands import Hands
from arni_edge.daemon.privacy import Privacy
from arni_edge.daemon.staff_commands import staff_command_acts, staff_commands
from arni_edge.daemon.staff_ports import StaffPorts
from arni_edge.domain.masking import mask_for_staff
from arni_edge.privacy.erasure import ErasureOrders
from arni_edge.settings import Settings
from arni_edge.supervision import Child


@dataclass(frozen=True, slots=True)
class Desks:
    """What members and staff can ask for.

    Attributes:
        office: Who is who, the one-way door, tickets.
        ghost: Staff in a chat.
        children: What of it runs.
    """

    office: FrontOffice
    ghost: GhostMode
    children: tuple[Child, ...]


def build_desks(
    settings: Settings,
    base: Foundation,
    hands: Hands,
    entrance: Entrance,
    room: AlarmRoom,
    automation: AutomationDesk,
    eyes: Eyes,
    privacy: Privacy,
    bookings: Bookings | None,
) -> Desks:
    """Make the desks, and what staff do at them on Telegram.

    Args:
        settings: Of the house.
        base: The ground.
        hands: What acts in the building.
        entrance: Opens doors; its secrets are those of codes, too.
        room: Everything about alarms.
        automation: Guards the house.
        eyes: Who is inside.
        privacy: Erases and exports.
        bookings: Whoever keeps them, or None: then nobody can ask for one.
    """
    site = settings.site
    lights = switchable(settings.shellies, hands.switches, LIGHTS)
    office = build_front_office(
        base.database,
        base.bus,
        base.clock,
        base.catalogue,
        site=site,
        people=settings.people,
        audit=base.audit,
        pepper=entrance.keys.pepper,
        hands=ToolHands(
            doors=[door.id for door in settings.doors],
            entrance=entrance.entry,
            guard=automation if settings.automation.arming else None,
            lights=lights,
            contactors=switchable(settings.shellies, hands.switches, CONTACTORS),
            erasure=ErasureOrders(privacy.erasure),
            export=privacy.export,
            bookings=None if bookings is None else (bookings, Saga(base.database, base.clock)),
        ),
        sms=room.sms,
        line=room.line,
        code_template=settings.whatsapp.code_template if settings.whatsapp else "",
    )
    ghost = build_ghost_mode(
        base.database,
        base.bus,
        base.clock,
        base.catalogue,
        site=site,
        people=settings.people,
        rules=settings.ghost,
        audit=base.audit,
        line=room.line,
        mask=mask_for_staff,
    )
    children = [
        Child("actions", office.executor.run),
        Child("identity-codes", office.codes.run),
        Child("ghost", ghost.desk.run),
        Child("handoffs", ghost.handoffs.run),
    ]
    if room.telegram is not None:
        ports = StaffPorts(
            database=base.database,
            clock=base.clock,
            catalogue=base.catalogue,
            settings=settings,
            board=base.board,
            eyes=eyes.occupancy,
            locks=hands.locks,
            patrols=hands.patrols,
            lights=list(lights),
            alarms=room.alarms,
            alarm_words=room.words,
            executor=office.executor,
            tickets=office.tickets,
            ghost=ghost.desk,
            on_call=room.line.on_call,
        )
        acts = {**room.acts, **office.acts, **ghost.acts, **staff_command_acts(ports)}
        children.extend(room.telegram.children(acts, staff_commands(ports)))
    return Desks(office, ghost, tuple(children))
