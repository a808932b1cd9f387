"""The operations that are simulated, one module per family."""

from typing import Final

from arni_edge.simulator.magicline.api import (
    appointments,
    classes,
    device,
    leads,
    members,
    memberships,
    pauses,
    payments,
    records,
    studio,
)
from arni_edge.simulator.magicline.asking import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *studio.OPERATIONS,
    *members.OPERATIONS,
    *records.OPERATIONS,
    *classes.OPERATIONS,
    *appointments.OPERATIONS,
    *memberships.OPERATIONS,
    *pauses.OPERATIONS,
    *payments.OPERATIONS,
    *leads.OPERATIONS,
    *device.OPERATIONS,
)
