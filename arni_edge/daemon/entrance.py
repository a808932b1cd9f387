"""The entrance of the house: who decides who comes in, hears what is shown at doors, and writes it down."""

from collections.abc import Callable
from dataclasses import dataclass

from arni_edge.access import DoorReaders, EntryDesk, EntryKeys, rules_of
from arni_edge.access.witness import LockWitness
from arni_edge.broker import BrokerSession
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.hands import Hands
from arni_edge.daemon.rights import doors_read_by_cameras
from arni_edge.settings import Settings
from arni_edge.supervision import Child


@dataclass(frozen=True, slots=True)
class Entrance:
    """The entrance.

    Attributes:
        entry: Decides, records, opens and confirms.
        keys: The box's secrets for what people show.
        children: What of it runs.
    """

    entry: EntryDesk
    keys: EntryKeys
    children: tuple[Child, ...]


def build_entrance(
    settings: Settings,
    base: Foundation,
    broker: BrokerSession,
    hands: Hands,
    inside: Callable[[], int | None],
) -> Entrance:
    """Make the entry desk and what is around the doors.

    Args:
        settings: Of the house.
        base: The ground.
        broker: Our session.
        hands: Has the locks.
        inside: People in the gym now; None when nobody knows.
    """
    site = settings.site
    keys = EntryKeys.keep(settings.paths.state / "entry-keys.json", base.clock.now())
    entry = EntryDesk(
        base.database,
        base.bus,
        base.clock,
        rules=rules_of(settings),
        access=settings.access,
        keys=keys,
        locks=hands.controllers,
        inside=inside,
        capacity=site.capacity,
        rouse=broker.rouse,
    )
    readers = DoorReaders(
        broker,
        entry,
        base.catalogue,
        site_id=site.id,
        language=site.language,
        doors=settings.doors,
        seen_by_cameras=doors_read_by_cameras(settings),
    )
    witness = LockWitness(base.database, base.bus, base.clock)
    children = (
        Child("door-readers", readers.run),
        Child("lock-witness", witness.run, silence_seconds=None),
    )
    return Entrance(entry, keys, children)
