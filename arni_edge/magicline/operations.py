"""The requests that we can send, one line each: what the tests hold against the official description."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Effect(Enum):
    """What a request does at Magicline."""

    READ = "reads; may be repeated"
    ASK = "changes nothing, but is no GET; never repeated by itself"
    WRITE = "changes something; never repeated by itself"


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request. Magicline counts each against a limit of its own.

    Attributes:
        name: Ours, for logs.
        method: HTTP.
        path: With the names of its numbers in braces.
        scope: What the key must allow.
        effect: What it does.
        slice_size: How many things we ask for at once: the most that is allowed. None when not sliced.
    """

    name: str
    method: str
    path: str
    scope: str
    effect: Effect = Effect.READ
    slice_size: int | None = None

    @property
    def endpoint(self) -> str:
        """What Magicline counts requests by."""
        return f"{self.method} {self.path}"


CUSTOMERS: Final = Operation("customers", "GET", "/v1/customers", "CUSTOMER_READ", slice_size=500)
CUSTOMER: Final = Operation("customer", "GET", "/v1/customers/{customerId}", "CUSTOMER_READ")
CONTRACTS: Final = Operation(
    "contracts", "GET", "/v1/customers/{customerId}/contracts", "CUSTOMER_CONTRACT_READ"
)
CHECKINS: Final = Operation(
    "checkins", "GET", "/v1/customers/{customerId}/activities/checkins", "CHECKIN_READ", slice_size=50
)
ACCOUNT: Final = Operation(
    "account", "GET", "/v1/customers/{customerId}/account/balances", "CUSTOMER_ACCOUNT_READ"
)
PAUSE_RULES: Final = Operation(
    "pause_refuses",
    "GET",
    "/v1/memberships/{contractId}/self-service/idle-periods/config",
    "MEMBERSHIP_SELF_SERVICE_IDLE_PERIOD_CONFIG_READ",
)
EMPLOYEES: Final = Operation("employees", "GET", "/v1/employees", "EMPLOYEE_READ", slice_size=100)

CLASSES: Final = Operation("classes", "GET", "/v1/classes", "CLASSES_READ", slice_size=100)
ALL_SLOTS: Final = Operation("all_slots", "GET", "/v1/classes/slots", "CLASSES_READ", slice_size=100)
SLOTS: Final = Operation("slots", "GET", "/v1/classes/{classId}/slots", "CLASSES_READ", slice_size=100)
CLASS_SLOT: Final = Operation(
    "class_slot", "GET", "/v1/classes/{classId}/slots/{classSlotId}", "CLASSES_READ"
)
CLASS_BOOKINGS: Final = Operation("class_bookings", "GET", "/v1/classes/booking", "CLASSES_READ")
CLASS_BOOKING: Final = Operation("class_booking", "GET", "/v1/classes/booking/{bookingId}", "CLASSES_READ")
VALIDATE_CLASS: Final = Operation(
    "validate_class", "POST", "/v1/classes/booking/validate", "CLASSES_READ", Effect.ASK
)
BOOK_CLASS: Final = Operation("book_class", "POST", "/v1/classes/booking/book", "CLASSES_WRITE", Effect.WRITE)
CANCEL_CLASS: Final = Operation(
    "cancel_class", "DELETE", "/v1/classes/booking/{bookingId}", "CLASSES_WRITE", Effect.WRITE
)

APPOINTMENTS: Final = Operation(
    "appointments", "GET", "/v1/appointments/bookable", "BOOKABLE_APPOINTMENTS_READ", slice_size=100
)
APPOINTMENT_SLOTS: Final = Operation(
    "appointment_slots",
    "GET",
    "/v1/appointments/bookable/{bookableAppointmentId}/slots",
    "BOOKABLE_APPOINTMENTS_READ",
)
APPOINTMENT_BOOKINGS: Final = Operation(
    "appointment_bookings", "GET", "/v1/appointments/booking", "APPOINTMENTS_READ"
)
APPOINTMENT_BOOKING: Final = Operation(
    "appointment_booking", "GET", "/v1/appointments/booking/{bookingId}", "APPOINTMENTS_READ"
)
VALIDATE_APPOINTMENT: Final = Operation(
    "validate_appointment",
    "POST",
    "/v1/appointments/bookable/validate",
    "BOOKABLE_APPOINTMENTS_READ",
    Effect.ASK,
)
BOOK_APPOINTMENT: Final = Operation(
    "book_appointment", "POST", "/v1/appointments/booking/book", "APPOINTMENTS_WRITE", Effect.WRITE
)
CANCEL_APPOINTMENT: Final = Operation(
    "cancel_appointment",
    "DELETE",
    "/v1/appointments/booking/{bookingId}",
    "APPOINTMENTS_WRITE",
    Effect.WRITE,
)

STUDIO: Final = Operation("studio", "GET", "/v1/studios/information", "STUDIO_READ")
UTILIZATION: Final = Operation("utilization", "GET", "/v1/studios/utilization", "STUDIO_READ")
KEY_PROBE: Final = Operation("key_probe", "HEAD", "/v1/studios/information", "STUDIO_READ")
CONFIRM_ACTIVATION: Final = Operation(
    "confirm_activation", "POST", "/v1/studios/confirmActivation", "", Effect.WRITE
)

OPEN_API: Final = (
    CUSTOMERS, CUSTOMER, CONTRACTS, ACCOUNT, PAUSE_RULES, CHECKINS, EMPLOYEES,
    CLASSES, ALL_SLOTS, SLOTS, CLASS_SLOT, CLASS_BOOKINGS, CLASS_BOOKING,
    VALIDATE_CLASS, BOOK_CLASS, CANCEL_CLASS,
    APPOINTMENTS, APPOINTMENT_SLOTS, APPOINTMENT_BOOKINGS, APPOINTMENT_BOOKING,
    VALIDATE_APPOINTMENT, BOOK_APPOINTMENT, CANCEL_APPOINTMENT,
    STUDIO, UTILIZATION, KEY_PROBE, CONFIRM_ACTIVATION,
)  # fmt: skip
"""All of the Open API that we use."""

CARD_READER: Final = Operation(
    "card_reader", "POST", "/open-api/device/cardreader/identification", "", Effect.WRITE
)
CARD_READER_TRIAL: Final = Operation(
    "card_reader_trial", "POST", "/open-api/device/cardreader/identification", "", Effect.ASK
)
"""The same request as :data:`CARD_READER`, with ``shouldExecuteAction: false``."""
