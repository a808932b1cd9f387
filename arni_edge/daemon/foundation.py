"""What outlives a change of the settings."""

from dataclasses import dataclass, field

from arni_edge.broker.managed import ManagedMosquitto
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.safety.buttons import ButtonLevels
from arni_edge.safety.reporting import OwedReports
from arni_edge.storage import Database
from arni_edge.storage.audit import AuditLog
from arni_edge.supervision import HealthBoard


@dataclass(frozen=True, slots=True)
class Foundation:
    """What outlives a change of the settings.

    Attributes:
        database: The one database.
        clock: The box's clock.
        bus: Carries events.
        board: Knows how every part is doing.
        catalogue: What people read and hear.
        mosquitto: The broker of managed mode, running or not: devices stay connected while we move.
        audit: Who did what.
        owed_reports: Of emergencies, by buttons and cameras, that the disk has not taken yet.
        button_levels: What wired SOS buttons read last.
    """

    database: Database
    clock: Clock
    bus: Bus
    board: HealthBoard
    catalogue: Catalogue
    mosquitto: ManagedMosquitto
    audit: AuditLog
    owed_reports: OwedReports = field(default_factory=OwedReports)
    button_levels: ButtonLevels = field(default_factory=ButtonLevels)
