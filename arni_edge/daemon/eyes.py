"""Everything that sees, and what the house makes of it: made here, once, from the settings."""

from dataclasses import dataclass

from arni_edge.access.tailgating_desk import TailgatingDesk
from arni_edge.automation.rulebook import calendar_of
from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.broker.retained import PublicFacts
from arni_edge.daemon.camera_incidents import CameraIncidents
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.hands import Hands
from arni_edge.daemon.public_facts import public_facts
from arni_edge.safety.lone import LonePersonDesk
from arni_edge.settings import Settings
from arni_edge.storage.occupancy import HeadcountStore
from arni_edge.supervision import Child, WorkerProcess
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.engine_keeper import EngineKeeper
from arni_edge.vision.history import OccupancyHistory
from arni_edge.vision.occupancy import OccupancyBook
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.process import worker_spec
from arni_edge.vision.scene.ownership import same_floor


@dataclass(frozen=True, slots=True)
class Eyes:
    """What sees and counts.

    Attributes:
        occupancy: Who is inside.
        history: How it was, and how it usually is.
        worker: The vision worker, if there are cameras.
        children: What of it runs.
    """

    occupancy: OccupancyBook
    history: OccupancyHistory
    worker: WorkerProcess | None
    children: tuple[Child, ...]


def build_eyes(
    settings: Settings, base: Foundation, broker: BrokerSession, worker_address: BrokerAddress
) -> Eyes:
    """Make everything that sees.

    Args:
        settings: Of this box.
        base: What outlives the settings.
        broker: The daemon's session, which must not run yet.
        worker_address: The broker, with the vision worker's account.

    Raises:
        ConfigurationError: The settings name no model.
    """
    site, clock = settings.site, base.clock
    zones = {zone.id: zone.name for camera in settings.cameras for zone in camera.zones}
    occupancy = OccupancyBook(
        site.id,
        zones,
        broker,
        base.bus,
        clock,
        plan=CountingPlan.of(settings, _overlapping(settings)),
        keeper=HeadcountStore(base.database, clock),
    )
    history = OccupancyHistory(settings, occupancy, base.database, clock)
    facts = PublicFacts(broker, clock, public_facts(settings, occupancy), site_id=site.id)
    children = [
        Child("occupancy", occupancy.run),
        Child("occupancy-history", history.run),
        Child("public-facts", facts.run),
    ]
    worker: WorkerProcess | None = None
    if settings.vision.enabled and settings.cameras:
        worker = WorkerProcess(worker_spec(settings, worker_address), base.board, clock)
        children.append(Child("vision", worker.run))
        if settings.vision.device != "cpu":
            engines = EngineKeeper(DetectorOrder.of(settings), base.board)
            children.append(Child("engines", engines.run))
    return Eyes(occupancy, history, worker, tuple(children))


def _overlapping(settings: Settings) -> tuple[frozenset[str], ...]:
    return same_floor({zone.id: zone.same_as for camera in settings.cameras for zone in camera.zones})


def build_onlookers(settings: Settings, base: Foundation, eyes: Eyes, hands: Hands) -> tuple[Child, ...]:
    """Make those who judge what is seen: cameras that fail, somebody alone, somebody who came in behind."""
    bus, clock, hours = base.bus, base.clock, calendar_of(settings)
    incidents = CameraIncidents(
        hands.incidents,
        bus,
        clock,
        cameras=settings.cameras if settings.vision.enabled else [],
        blind_minutes=settings.counting.camera_minutes,
        open_since=lambda at: hours.view(at).opened_at,
    )
    children = [Child("camera-incidents", incidents.run)]
    if settings.counting.lone_minutes:
        lone = LonePersonDesk(bus, clock, total=eyes.occupancy.total, minutes=settings.counting.lone_minutes)
        children.append(Child("lone-person", lone.run))
    if settings.access.tailgating is not None:
        tailgating = TailgatingDesk(
            base.database,
            bus,
            clock,
            settings=settings.access.tailgating,
            doors=settings.doors,
            cameras=settings.cameras,
            contact=lambda door: hands.patrols[door].contact,
        )
        children.append(Child("tailgating", tailgating.run))
    return tuple(children)
