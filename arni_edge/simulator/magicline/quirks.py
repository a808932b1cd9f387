"""Habits of the simulated Magicline that the description does not promise, each to be switched."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Self

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.magicline.spelling import ZONE

NEW_ENUMS: Final = {
    "bookingStatus": "BOOKED_PENDING_PAYMENT",
    "validationStatus": "AVAILABLE_ON_REQUEST",
    "classSlotStatus": "MOVED",
    "appointmentStatus": "MOVED",
    "participantStatus": "LATE",
    "contractStatus": "DORMANT",
    "gender": "DIVERSE",
    "businessRole": "ROBOT",
    "model": "GENERIC_GATE",
    "status": "GUEST",
    "type": "FACE_ID",
}
"""By field, a value that no version of the description has."""

LIVE: Final = "live"
"""The word for all habits of the real one that its description contradicts."""
_LIVE: Final = ("zone_suffix", "bare_closing_hours", "bare_status")
_NO_WITHDRAWAL: Final = "PENDING_WITHDRAWAL_VERIFICATION"
"""Of the three words that are described, the one by which no contract has ended."""


@dataclass(slots=True)
class Quirks:
    """What is switched on; by default what the real one does.

    Attributes:
        zone_suffix: Moments of slots and bookings end in ``[Europe/Berlin]``.
        bare_closing_hours: Closing hours are in the studio's time without saying so.
        bare_status: A contract that nobody has cancelled has no ``cancelationStatus``, which is required.
        hours_as_text: Opening hours are ``06:00:00`` (documented since 1.11) instead of objects (1.5.0).
        loose_scalars: A house number of digits is a number.
        nulls: What has no value is ``null`` instead of absent.
        unknown_fields: Every object has a field that nobody knows.
        new_enums: Fields of :data:`NEW_ENUMS` whose values nobody knows.
        bank_data: Every customer comes with a bank account.
        instructors_hidden: ``instructors`` is empty everywhere.
        unknown_parameters_refused: 400 for a query parameter that is not known, instead of ignoring it.
        phone_search: The search takes ``phoneNumber``, which no description has.
        appointment_days: How many ``daysAhead`` the studio takes for appointments; 1 to 6.
        class_days: How many ``daysAhead`` the list of all class slots takes.
        allows_doubles: A customer may be booked into one slot twice.
        lists_cancelled: Cancelled bookings stay in the lists.
        retry_after: 429 and 503 say how long to wait.
        promotes: Whoever waits moves up when somebody cancels.
    """

    zone_suffix: bool = True
    bare_closing_hours: bool = True
    bare_status: bool = True
    hours_as_text: bool = False
    loose_scalars: bool = False
    nulls: bool = False
    unknown_fields: bool = False
    new_enums: set[str] = field(default_factory=set)
    bank_data: bool = True
    instructors_hidden: bool = False
    unknown_parameters_refused: bool = False
    phone_search: bool = False
    appointment_days: int = 6
    class_days: int = 14
    allows_doubles: bool = False
    lists_cancelled: bool = True
    retry_after: bool = False
    promotes: bool = True

    @classmethod
    def as_described(cls) -> Self:
        """Those of the real one that its own description allows: nothing that a check against it finds."""
        return cls(zone_suffix=False, bare_closing_hours=False, bare_status=False)

    def set(self, word: str) -> None:
        """Switch as it is written on the command line: ``name``, ``no-name`` or ``name=number``.

        Raises:
            InvalidInput: There is no such quirk.
        """
        name, _, number = word.partition("=")
        on = not name.startswith("no-")
        name = name.removeprefix("no-").replace("-", "_")
        if name == LIVE and not number:
            for one in _LIVE:
                setattr(self, one, on)
            return
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        if name == "new_enums":
            self.new_enums = set(NEW_ENUMS) if on else set()
        elif isinstance(known.get(name), bool) and not number:
            setattr(self, name, on)
        elif type(known.get(name)) is int and number.isdigit():
            setattr(self, name, int(number))
        else:
            listed = ", ".join((LIVE, *(one.replace("_", "-") for one in known)))
            raise InvalidInput(f"there is no quirk '{word}'; there is: {listed}")

    def spoil(self, value: Any, key: str = "") -> Any:
        """An answer as these habits have it. None stands for what has no value."""
        if isinstance(value, list):
            return (
                [] if key == "instructors" and self.instructors_hidden else [self.spoil(one) for one in value]
            )
        if isinstance(value, dict):
            return self._object(value, key)
        if isinstance(value, str):
            return self._text(value, key)
        return value

    def _object(self, value: dict[str, Any], key: str) -> Any:
        if key in ("timeFrom", "timeTo") and self.hours_as_text:
            return f"{value['hour']:02}:{value['minute']:02}:{value['second']:02}"
        spoilt = {
            name: self.spoil(inner, name)
            for name, inner in value.items()
            if (inner is not None or self.nulls) and (name != "bankAccount" or self.bank_data)
        }
        if value.get("cancelationStatus", "") is None and not self.bare_status:
            spoilt["cancelationStatus"] = _NO_WITHDRAWAL
        if self.unknown_fields:
            spoilt["sinceTomorrow"] = {"nested": [1, None, "x"]}
        return spoilt

    def _text(self, value: str, key: str) -> Any:
        if key in self.new_enums and key in NEW_ENUMS:
            return NEW_ENUMS[key]
        if key == "houseNumber" and self.loose_scalars and value.isdigit():
            return int(value)
        if key in ("dateTimeFrom", "dateTimeTo") and not self.bare_closing_hours:
            return datetime.fromisoformat(value).replace(tzinfo=ZONE).isoformat()
        if not self.zone_suffix and value.endswith("]") and key.endswith("DateTime"):
            return value.partition("[")[0]
        return value
