"""What Magicline knows of a gym, in our own words: frozen, and without anything about banks.

Whatever says who somebody is stays out of ``repr``, so that no log line and no traceback can show it.
Times are aware, days are the studio's. Nothing here is complete because Magicline says so: what it left out
is None or empty, and an enumeration's value that is newer than this code is ``UNKNOWN``.

Source: Open API 1.5.0 (official description) and 1.11.0 (field tables of 2026-02-04).
"""

from arni_edge.magicline.model.page import Page
from arni_edge.magicline.model.people import (
    Account,
    CheckIn,
    Contract,
    ContractStatus,
    Customer,
    CustomerStatus,
    Employee,
    Medium,
    MediumKind,
    Pause,
    Restriction,
)
from arni_edge.magicline.model.studio import Closure, OpeningSpan, Studio, Utilization
from arni_edge.magicline.model.timetable import (
    Appointment,
    AppointmentSlot,
    Booking,
    BookingKind,
    BookingStatus,
    ClassKind,
    FitnessClass,
    Instructor,
    Participation,
    Slot,
    TakesPlace,
    Term,
    Validation,
)

__all__ = [
    "Account",
    "Appointment",
    "AppointmentSlot",
    "Booking",
    "BookingKind",
    "BookingStatus",
    "CheckIn",
    "ClassKind",
    "Closure",
    "Contract",
    "ContractStatus",
    "Customer",
    "CustomerStatus",
    "Employee",
    "FitnessClass",
    "Instructor",
    "Medium",
    "MediumKind",
    "OpeningSpan",
    "Page",
    "Participation",
    "Pause",
    "Restriction",
    "Slot",
    "Studio",
    "TakesPlace",
    "Term",
    "Utilization",
    "Validation",
]
