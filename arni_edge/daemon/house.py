"""The composition root: every part of the house is made here, once, from the ground up.

Read from top to bottom: ground → organs → judgement → mind → faces. Making a part starts nothing; parts that
run are listed in :attr:`House.children` in the order in which they start.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from arni_edge import __version__
from arni_edge.access import DoorReaders, DoorRetention, EntryDesk, EntryKeys, rules_of
from arni_edge.access.incidents import IncidentDesk
from arni_edge.access.patrol import DoorPatrol
from arni_edge.access.witness import LockWitness
from arni_edge.automation import AutomationDesk
from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.broker.accounts import DAEMON, VISION
from arni_edge.broker.discovery import HomeAssistant
from arni_edge.broker.managed import BrokerPlan, ManagedMosquitto, plan_broker
from arni_edge.broker.mirror import Mirror, daemon_will
from arni_edge.channels.whatsapp import SOURCE as WHATSAPP
from arni_edge.channels.whatsapp import (
    GraphApi,
    WhatsAppChannel,
    WhatsAppIntake,
    WhatsAppSender,
    open_client,
)
from arni_edge.conversation import Reception, Turns
from arni_edge.conversation.pipeline import build_pipeline
from arni_edge.daemon.acts import ALARM_ROLES, SwitchAct
from arni_edge.daemon.attention import Attention
from arni_edge.daemon.device_incidents import DeviceIncidents
from arni_edge.daemon.eyes import Eyes, build_eyes, build_onlookers
from arni_edge.daemon.figures import LockView, figures
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.hands import Hands, LockDriver, build_hands
from arni_edge.daemon.rights import doors_read_by_cameras, house_rights
from arni_edge.daemon.weather import reporter, watch_broker, watch_devices
from arni_edge.devices.strike import StrikeDriver
from arni_edge.domain.messages import Language
from arni_edge.relay import Handler, RelayClient, RelayDesk, RelayPull
from arni_edge.safety import AlarmDesk
from arni_edge.safety.notices import StaffNotices
from arni_edge.settings import Settings, WhatsApp
from arni_edge.storage.outbox import Outbox
from arni_edge.supervision import Child
from arni_edge.swarm.agents import Ops, Persona, Vision, swarm
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
        alarms: The alarm desk.
        eyes: Everything that sees.
        hands: Everything that acts in the building.
        automation: What it does by itself.
        mosquitto: The broker in managed mode; it runs beside the house.
        broker_plan: What the house needs of it.
        closers: What is to be closed after everything has stopped.
    """

    settings: Settings
    children: tuple[Child, ...]
    entry: EntryDesk
    alarms: AlarmDesk
    eyes: Eyes
    hands: Hands
    automation: AutomationDesk
    mosquitto: ManagedMosquitto | None
    broker_plan: BrokerPlan | None
    closers: tuple[Closer, ...]

    @property
    def occupancy(self) -> OccupancyBook:
        """Who is inside."""
        return self.eyes.occupancy

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
    entry = EntryDesk(
        base.database,
        bus,
        clock,
        rules=rules_of(settings),
        access=settings.access,
        keys=EntryKeys.keep(settings.paths.state / "entry-keys.json", clock.now()),
        locks=hands.controllers,
        inside=lambda: eyes.occupancy.total().reliable,
        capacity=site.capacity,
        rouse=broker.rouse,
    )
    children.extend(_around_the_doors(settings, base, broker, entry))
    template = settings.whatsapp.alarm_template if settings.whatsapp else ""
    alarms = AlarmDesk(
        base.database,
        bus,
        clock,
        base.catalogue,
        site=site,
        on_call=settings.alarms.on_call,
        acts=[SwitchAct(one, hands.switches[one.id]) for one in settings.shellies if one.role in ALARM_ROLES],
        template=template,
    )
    notices = StaffNotices(
        base.database,
        bus,
        clock,
        base.catalogue,
        settings=settings,
        template=template,
    )
    children.append(Child("staff-notices", notices.run, silence_seconds=None))
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

    # --- mind: the swarm ----------------------------------------------------------------------------------
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
    )

    # --- faces: the pipeline, the relay's line into it, the channels ----------------------------------------
    pipeline = build_pipeline(
        base.database, clock, base.catalogue, site=site, alarms=alarms, entry=entry, agents=agents
    )
    turns = Turns(base.database, clock, base.catalogue, pipeline, site.language)
    children.append(Child("turns", turns.run))
    reception = Reception(pipeline, turns, site.language)
    closers: list[Closer] = []
    if settings.relay is not None:
        relay = RelayClient(settings.relay, clock)
        desk = RelayDesk(base.database, _webhook_handlers(settings, base, reception))
        pull = RelayPull(relay, desk, clock=clock, health=reporter(board, "relay"))
        children.append(Child("relay-pull", pull.run))
        closers.append(relay.aclose)
        if settings.whatsapp is not None:
            sender, close = _whatsapp_sender(settings.whatsapp, base, pull, site.language)
            children.append(sender)
            closers.append(close)

    return House(
        settings,
        tuple(children),
        entry,
        alarms,
        eyes,
        hands,
        automation,
        base.mosquitto if managed else None,
        broker_plan,
        tuple(closers),
    )


def _around_the_doors(
    settings: Settings, base: Foundation, broker: BrokerSession, entry: EntryDesk
) -> tuple[Child, ...]:
    """Who hears what is shown at doors, writes down what is done there, and forgets it in time."""
    site = settings.site
    readers = DoorReaders(
        broker,
        entry,
        base.catalogue,
        site_id=site.id,
        language=site.language,
        doors=settings.doors,
        seen_by_cameras=doors_read_by_cameras(settings),
    )
    tailgating = settings.access.tailgating
    retention = DoorRetention(
        base.database,
        base.clock,
        days=settings.access.door_events_days,
        tailgating_days=tailgating.days if tailgating else 0,
    )
    witness = LockWitness(base.database, base.bus, base.clock)
    return (
        Child("door-readers", readers.run),
        Child("door-retention", retention.run),
        Child("lock-witness", witness.run, silence_seconds=None),
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


def _webhook_handlers(settings: Settings, base: Foundation, reception: Reception) -> Mapping[str, Handler]:
    """Who takes whose webhooks from the relay's line."""
    handlers: dict[str, Handler] = {}
    if settings.whatsapp is not None:
        intake = WhatsAppIntake(base.database, base.clock, reception)
        handlers[WHATSAPP] = WhatsAppChannel(settings.whatsapp, intake).consume
    return handlers


def _whatsapp_sender(
    settings: WhatsApp, base: Foundation, pull: RelayPull, language: Language
) -> tuple[Child, Closer]:
    """The way out to the Graph API; delivery reports come back through the relay."""
    http = open_client()
    sender = WhatsAppSender(
        GraphApi(settings, http),
        Outbox(base.database, base.clock),
        pull,
        clock=base.clock,
        resolve_seconds=settings.resolve_seconds,
        language=language,
        health=reporter(base.board, "whatsapp"),
    )
    return Child("whatsapp-sender", sender.run), http.aclose
