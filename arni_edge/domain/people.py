"""Members and how sure we are who is talking."""

import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from arni_edge.domain.errors import InvalidInput


class Assurance(IntEnum):
    """How sure we are who is talking; actions ask for a minimum.

    A voice or a name never raises it.
    """

    ANONYMOUS = 0
    CHANNEL = 1
    """The number or account that writes is on file."""
    CODE = 2
    """A one-time code was returned."""
    STAFF = 3
    """A member of staff confirmed."""


class MemberState(StrEnum):
    """State of a member's contract as far as the door is concerned."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    BANNED = "banned"


STAFF_GROUP = "staff"
"""Members of this group may use the doors that are for staff only."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the local mirror knows them.

    Attributes:
        member_id: Stable identifier in the mirror.
        name: Display name; personal, never logged.
        phone: E.164 digits with ``+``; personal, never logged.
        state: Contract state.
        valid_from: First day of access, or None when not limited.
        valid_until: Last day of access, or None when not limited.
        plan: The contract's plan, by the id that the settings know it by; None when none is on file.
        groups: Groups for doors that only some may use, for instance ``women`` or :data:`STAFF_GROUP`.
        arrears: Money is owed. Said to staff, and to themselves once they have proven who they are.
        paused_from: First day of a pause, or None when it has no beginning.
        paused_until: Last day of a pause, or None when it has no end. No pause when both are None.
    """

    member_id: str
    name: str
    phone: str
    state: MemberState = MemberState.ACTIVE
    valid_from: date | None = None
    valid_until: date | None = None
    plan: str | None = None
    groups: tuple[str, ...] = ()
    arrears: bool = False
    paused_from: date | None = None
    paused_until: date | None = None


_SEPARATORS = re.compile(r"[\s\-/().]")


def normalise_phone(text: str) -> str:
    """Bring a phone number into E.164 (``+`` and 8 to 15 digits).

    WhatsApp's webhooks carry digits without ``+``; those are taken as international.

    Raises:
        InvalidInput: The text is not an international number. The text itself is not repeated.
    """
    digits = _SEPARATORS.sub("", text)
    digits = digits.removeprefix("00").removeprefix("+")
    # isascii: "٤٩".isdigit() is true and would make two spellings of one number.
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15) or digits.startswith("0"):
        raise InvalidInput("a phone number is needed in international form, for instance +49 151 23456789")
    return f"+{digits}"
