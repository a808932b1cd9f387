"""The composition root: every part of the house is made here, once, from the ground up.

Read from top to bottom: ground → organs → judgement → mind → faces. Making a part starts nothing; parts that
run are listed in :attr:`House.children` in the order in which they start.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from arni_edge import __version__
from arni_edge.access import EntryDesk
from arni_edge.access.incidents import IncidentDesk
from arni_edge.access.patrol import DoorPatrol
from arni_edge.actions.executor import Executor
from arni_edge.actions.tickets import TicketDesk
from arni_edge.automation import AutomationDesk
from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.broker.accounts import DAEMON, VISION
from arni_edge.broker.discovery import HomeAssistant
from arni_edge.broker.managed import BrokerPlan, ManagedMosquitto, plan_broker
from arni_edge.broker.mirror import Mirror, daemon_will
from arni_edge.channels.telegram import StaffInvites
from arni_edge.conversation import Reception, Turns
from arni_edge.conversation.pipeline import ANSWER_WITHIN, build_pipeline
from arni_edge.daemon.alarm_room import AlarmRoom, build_alarm_room
from arni_edge.daemon.attention import Attention
from arni_edge.daemon.desks import Desks, build_desks
from arni_edge.daemon.device_incidents import DeviceIncidents
from arni_edge.daemon.entrance import build_entrance
from arni_edge.daemon.eyes import Eyes, build_eyes, build_onlookers
from arni_edge.daemon.figures import LockView, figures
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.hands import Hands, LockDriver, build_hands
from arni_edge.daemon.magicline import MagiclineRoom, build_magicline
from arni_edge.daemon.privacy import Privacy, build_privacy
from arni_edge.daemon.relay import RelayRoom, build_relay
from arni_edge.daemon.rights import house_rights
from arni_edge.daemon.weather import watch_broker, watch_devices
from arni_edge.daemon.whatsapp import build_whatsapp
from arni_edge.devices.strike import StrikeDriver
from arni_edge.domain.staff import Contact
from arni_edge.safety import AlarmDesk
from arni_edge.safety.line_notices import LineNotices
from arni_edge.safety.self_test import SelfTest
from arni_edge.settings import Settings
from arni_edge.supervision import Child
from arni_edge.swarm.agents import Contracts, Ops, Persona, Vision, swarm
from arni_edge.vision.occupancy import OccupancyBook

Closer = Callable[[], Awaitable[None]]
"""Closes something that outlives the task that used it."""


@dataclass(frozen=True, slots=True)
class House:
    """One house, made from one configuration.

    Attributes:
        settings: What it was made from.
        children: Everything that runs, in the order in which it starts.
        entry: The entry desk.
        room: Everything about alarms.
        desks: What members and staff can ask for, and what is kept of people.
        eyes: Everything that sees.
        hands: Everything that acts in the building.
        automation: What it does by itself.
        privacy: What is kept of people, and how it goes.
        magicline: The mirror of Magicline, and what fills it; None without ``[magicline]``.
        relay: The line from the relay; None without ``[relay]``.
        mosquitto: The broker in managed mode; it runs beside the house.
        broker_plan: What the house needs of it.
        closers: What is to be closed after everything has stopped.
    """

    settings: Settings
    children: tuple[Child, ...]
    entry: EntryDesk
    room: AlarmRoom
    desks: Desks
    eyes: Eyes
    hands: Hands
    automation: AutomationDesk
    privacy: Privacy
    magicline: MagiclineRoom | None
    relay: RelayRoom | None
    mosquitto: ManagedMosquitto | None
    broker_plan: BrokerPlan | None
    closers: tuple[Closer, ...]

    @property
    def occupancy(self) -> OccupancyBook:
        """Who is inside."""
        return self.eyes.occupancy

    @property
    def alarms(self) -> AlarmDesk:
        """The alarm desk."""
        return self.room.alarms

    @property
    def self_test(self) -> SelfTest:
        """The monthly test of the alarm chain."""
        return self.room.self_test

    @property
    def executor(self) -> Executor:
        """The one-way door."""
        return self.desks.office.executor

    @property
    def tickets(self) -> TicketDesk:
        """What a person has to do by hand."""
        return self.desks.office.tickets

    @property
    def people(self) -> Mapping[str, Contact]:
        """All staff by id."""
        return self.settings.people

    @property
    def invites(self) -> StaffInvites | None:
        """Binds accounts of staff; None without Telegram."""
        return self.room.telegram.invites if self.room.telegram else None

    @property
    def locks(self) -> Mapping[str, LockDriver]:
        """Drivers of the locks, by door id."""
        return self.hands.locks

    @property
    def patrols(self) -> Mapping[str, DoorPatrol]:
        """Who watches the doors, by door id."""
        return self.hands.patrols

    @property
    def incidents(self) -> IncidentDesk:
        """What is wrong at doors and devices."""
        return self.hands.incidents


def build_house(settings: Settings, base: Foundation) -> House:
    """Make all parts of the house.

    Raises:
        ConfigurationError: The settings cannot be turned into a house.
    """
    site, clock, bus, board = settings.site, base.clock, base.bus, base.board
    children: list[Child] = []

    # --- ground: the broker ---------------------------------------------------------------------------
    managed = settings.broker.mode == "managed"
    broker_plan = plan_broker(settings, house_rights(settings)) if managed else None
    broker = BrokerSession(
        _address(settings, broker_plan, DAEMON),
        client_id=f"arni-edge-{site.id}",
        clock=clock,
        will=daemon_will(site.id),
    )
    children.append(Child("broker-session", broker.run))
    children.append(Child("broker-weather", lambda progress: watch_broker(broker, board, progress)))
    children.append(Child("mirror", Mirror(broker, bus, site.id).run, silence_seconds=None))

    # --- organs: eyes and hands -------------------------------------------------------------------------
    eyes = build_eyes(settings, base, broker, _address(settings, broker_plan, VISION))
    children.extend(eyes.children)
    hands = build_hands(settings, base, broker, _address(settings, broker_plan, DAEMON))
    children.extend((*hands.children, *build_onlookers(settings, base, eyes, hands)))
    children.append(
        Child("device-weather", lambda _: watch_devices(hands.parts, bus, board), silence_seconds=None)
    )
    attention = Attention(hands.incidents, bus, board)
    children.append(Child("attention", attention.run, silence_seconds=None))
    shown = figures(
        settings,
        _with_bolts(hands),
        eyes.occupancy,
        lambda: board.overall,
        attention.of,
        attention.of_camera,
    )
    home_assistant = HomeAssistant(
        broker,
        clock,
        shown,
        site_id=site.id,
        site_name=site.name,
        version=__version__,
        prefix=settings.broker.home_assistant_prefix,
        enabled=settings.broker.home_assistant,
    )
    children.append(Child("home-assistant", home_assistant.run))

    # --- judgement: who comes in, what is an emergency --------------------------------------------------
    entrance = build_entrance(settings, base, broker, hands, lambda: eyes.occupancy.total().reliable)
    entry = entrance.entry
    children.extend(entrance.children)
    room = build_alarm_room(settings, base, broker, hands, entry)
    children.extend(room.children)
    automation = AutomationDesk(
        settings,
        bus,
        clock,
        switches=hands.switches,
        eyes=eyes.occupancy,
        incidents=DeviceIncidents(hands.incidents),
        bolts=hands.controllers,
    )
    children.append(Child("automation", automation.run))
    privacy = build_privacy(settings, base, clock_is_set=hands.timekeeping.clock_is_set)
    children.extend(privacy.children)

    # --- mind: actions, the swarm, staff in a chat ---------------------------------------------------------
    notices = LineNotices(room.line, base.catalogue, gym=site.name)
    magicline = build_magicline(settings, settings.magicline, base, notices) if settings.magicline else None
    children.extend(magicline.children if magicline else ())
    bookings = magicline.bookings if magicline else None
    desks = build_desks(settings, base, hands, entrance, room, automation, eyes, privacy, bookings)
    children.extend(desks.children)
    agents = swarm(
        Vision(
            base.catalogue,
            eyes.occupancy,
            site,
            clock,
            settings.counting,
            lambda: eyes.history.quietest,
        ),
        Ops(base.catalogue, clock, site, settings.hours),
        Persona(base.catalogue, site),
        Contracts(base.catalogue, desks.office.errands),
        desks.ghost.handoffs,
    )

    # --- faces: the pipeline, the relay's line into it, the channels ----------------------------------------
    whatsapp = build_whatsapp(settings.whatsapp, base, notices) if settings.whatsapp else None
    pipeline = build_pipeline(
        base.database,
        clock,
        base.catalogue,
        site=site,
        alarms=room.alarms,
        entry=entry,
        agents=agents,
        known=desks.office.known,
        approvals=desks.office.executor,
        ghost=desks.ghost,
        answer_within=_answer_within(settings),
        recordings=whatsapp.recordings if whatsapp else None,
        answering=whatsapp.marks.answering if whatsapp else None,
    )
    turns = Turns(base.database, clock, base.catalogue, pipeline, site.language)
    children.append(Child("turns", turns.run))
    reception = Reception(pipeline, turns, site.language)
    closers: list[Closer] = [*room.closers, *(one.aclose for one in (magicline, whatsapp) if one is not None)]
    relay = None
    if settings.relay is not None:
        channel = whatsapp.channel(reception) if whatsapp else None
        relay = build_relay(settings, settings.relay, base, notices, whatsapp=channel, magicline=magicline)
        children.extend(relay.children)
        closers.append(relay.aclose)
        if whatsapp is not None:
            children.extend(whatsapp.children(relay.pull, site.language))

    return House(
        settings,
        tuple(children),
        entry,
        room,
        desks,
        eyes,
        hands,
        automation,
        privacy,
        magicline,
        relay,
        base.mosquitto if managed else None,
        broker_plan,
        tuple(closers),
    )


def _with_bolts(hands: Hands) -> dict[str, LockView]:
    """Locks that say more than that they are there; a strike has no state."""
    return {door: lock for door, lock in hands.locks.items() if not isinstance(lock, StrikeDriver)}


def _address(settings: Settings, plan: BrokerPlan | None, username: str) -> BrokerAddress:
    """How one of our processes reaches the broker; an external one knows us by a single account."""
    if plan is not None:
        return plan.address(username)
    broker = settings.broker
    return BrokerAddress(broker.host, broker.port, broker.username, broker.password, broker.socket)


def _answer_within(settings: Settings) -> timedelta:
    if settings.whatsapp is None:
        return ANSWER_WITHIN
    return timedelta(minutes=settings.whatsapp.answer_within_minutes)
