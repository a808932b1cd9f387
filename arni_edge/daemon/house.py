"""The composition root: every part of the house is made here, once, from the ground up.

Read from top to bottom: ground → organs → judgement → mind → faces. Making a part starts nothing; parts that
run are listed in :attr:`House.children` in the order in which they start.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from arni_edge.access import EntryDesk, Rules
from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.broker.accounts import DAEMON, VISION, reply_topic
from arni_edge.broker.managed import ManagedMosquitto, managed_broker
from arni_edge.broker.mirror import Mirror, daemon_will
from arni_edge.bus import Bus
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
from arni_edge.daemon.acts import SwitchAct
from arni_edge.daemon.weather import reporter, watch_broker, watch_devices
from arni_edge.devices import NukiLockDriver, ShellyRpc, ShellySwitch
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.relay import Handler, RelayClient, RelayDesk, RelayPull
from arni_edge.safety import AlarmDesk
from arni_edge.settings import Settings, WhatsApp
from arni_edge.storage import Database
from arni_edge.storage.outbox import Outbox
from arni_edge.supervision import Child, HealthBoard, WorkerProcess
from arni_edge.swarm.agents import Ops, Persona, Vision, swarm
from arni_edge.vision.occupancy import OccupancyBook
from arni_edge.vision.process import worker_spec

Closer = Callable[[], Awaitable[None]]
"""Closes something that outlives the task that used it."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What outlives a change of the settings.

    Attributes:
        database: The one database.
        clock: The box's clock.
        bus: Carries events.
        board: Knows how every part is doing.
        catalogue: What people read and hear.
    """

    database: Database
    clock: Clock
    bus: Bus
    board: HealthBoard
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class House:
    """One house, made from one configuration.

    Attributes:
        settings: What it was made from.
        children: Everything that runs, in the order in which it starts.
        entry: The entry desk.
        alarms: The alarm desk.
        occupancy: Who is inside.
        locks: Locks by door id.
        switches: Relays by id.
        mosquitto: The broker in managed mode.
        vision: The vision worker, if there are cameras.
        closers: What is to be closed after everything has stopped.
    """

    settings: Settings
    children: tuple[Child, ...]
    entry: EntryDesk
    alarms: AlarmDesk
    occupancy: OccupancyBook
    locks: Mapping[str, NukiLockDriver]
    switches: Mapping[str, ShellySwitch]
    mosquitto: ManagedMosquitto | None
    vision: WorkerProcess | None
    closers: tuple[Closer, ...]


def build_house(settings: Settings, base: Foundation) -> House:
    """Make all parts of the house.

    Raises:
        ConfigurationError: The settings cannot be turned into a house.
    """
    site, clock, bus, board = settings.site, base.clock, base.bus, base.board
    children: list[Child] = []

    # --- ground: the broker ---------------------------------------------------------------------------
    mosquitto = managed_broker(settings) if settings.broker.mode == "managed" else None
    if mosquitto is not None:
        children.append(Child("mosquitto", mosquitto.run))
    broker = BrokerSession(
        _address(settings, mosquitto, DAEMON),
        client_id=f"arni-edge-{site.id}",
        clock=clock,
        will=daemon_will(site.id),
    )
    children.append(Child("broker-session", broker.run))
    children.append(Child("broker-weather", lambda progress: watch_broker(broker, board, progress)))
    children.append(Child("mirror", Mirror(broker, bus, site.id).run, silence_seconds=None))

    # --- organs: eyes and hands -------------------------------------------------------------------------
    zones = {zone.id: zone.name for camera in settings.cameras for zone in camera.zones}
    occupancy = OccupancyBook(site.id, zones, broker, bus, clock)
    children.append(Child("occupancy", occupancy.run))
    vision: WorkerProcess | None = None
    if settings.vision.enabled and settings.cameras:
        vision = WorkerProcess(worker_spec(settings, _address(settings, mosquitto, VISION)), board, clock)
        children.append(Child("vision", vision.run))
    locks = {door.id: NukiLockDriver(door, broker, bus, clock) for door in settings.doors}
    rpc = ShellyRpc(broker, reply_topic(site.id))
    children.append(Child("shelly-rpc", rpc.run))
    switches = {one.id: ShellySwitch(one, rpc, broker, bus, clock) for one in settings.shellies}
    devices = [f"lock/{name}" for name in locks] + [f"shelly/{name}" for name in switches]
    children.append(
        Child("device-weather", lambda _: watch_devices(devices, bus, board), silence_seconds=None)
    )

    # --- judgement: who comes in, what is an emergency --------------------------------------------------
    entry = EntryDesk(base.database, bus, clock, rules=_rules(settings), locks=locks)
    alarms = AlarmDesk(
        base.database,
        bus,
        clock,
        base.catalogue,
        site=site,
        on_call=settings.alarms.on_call,
        acts=[SwitchAct(one, switches[one.id]) for one in settings.shellies],
        template=settings.whatsapp.alarm_template if settings.whatsapp else "",
    )

    # --- mind: the swarm ----------------------------------------------------------------------------------
    agents = swarm(
        Vision(base.catalogue, occupancy, site),
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
        occupancy,
        locks,
        switches,
        mosquitto,
        vision,
        tuple(closers),
    )


def _address(settings: Settings, mosquitto: ManagedMosquitto | None, username: str) -> BrokerAddress:
    """How one of our processes reaches the broker; an external one knows us by a single account."""
    if mosquitto is not None:
        return mosquitto.address(username)
    broker = settings.broker
    return BrokerAddress(broker.host, broker.port, broker.username, broker.password, broker.socket)


def _rules(settings: Settings) -> Rules:
    return Rules(
        zone=settings.site.zone,
        windows={day: [(span.start, span.until) for span in settings.hours.of(day)] for day in range(7)},
        doors=frozenset(door.id for door in settings.doors),
        mirror_max_age=timedelta(hours=settings.access.mirror_max_age_hours),
    )


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
