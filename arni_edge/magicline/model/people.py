"""Who comes to the studio, and who works there."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class CustomerStatus(StrEnum):
    """What a customer is to the studio."""

    MEMBER = "MEMBER"
    PROSPECT = "PROSPECT"
    FORMER_MEMBER = "FORMER_MEMBER"
    UNKNOWN = "UNKNOWN"


class MediumKind(StrEnum):
    """What somebody identifies themselves with at a reader."""

    CARD_NUMBER = "CARD_NUMBER"
    PIN = "PIN"
    BARCODE = "BARCODE"
    WALLET_PASS = "WALLET_PASS"  # noqa: S105 - a kind of pass
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Medium:
    """A card, code or pass of a customer.

    Attributes:
        kind: What it is.
        value: Its number; card numbers are decimal. As good as a key: never logged.
    """

    kind: MediumKind
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """An idle period of a contract.

    Attributes:
        start: First day.
        end: Last day; None when it has none, or none was said.
        unlimited: It lasts until somebody ends it, whatever ``end`` says.
        reason: Why; may be about somebody's health: never logged, never stored without need.
        contract_id: Of which contract, where that was said.
    """

    start: date
    end: date | None = None
    unlimited: bool = False
    reason: str = field(default="", repr=False)
    contract_id: int | None = None

    def covers(self, day: date) -> bool:
        """Whether the contract rests on a day."""
        return self.start <= day and (self.unlimited or self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A ban from the studio, for some days or, without days, until it is lifted.

    Attributes:
        reason: Why; about a person: never logged.
        start: First day, or None.
        end: Last day, or None.
    """

    reason: str = field(default="", repr=False)
    start: date | None = None
    end: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it holds on a day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Customer:
    """A member or somebody who may become one.

    Attributes:
        customer_id: Magicline's number.
        number: The tenant's own number for them, any text.
        first_name: Personal.
        last_name: Personal.
        phones: As somebody typed them, mobile before landline, private before business, without repetitions;
            see :func:`arni_edge.domain.dialling.dialled` for E.164. Personal.
        email: Personal; empty when unknown.
        birthday: Personal; None when unknown.
        language: ISO 639-1 in lower case, or None.
        status: What they are to the studio.
        access_refused: The studio does not let them in now. True also where Magicline did not say.
        restrictions: Bans.
        pauses: Idle periods, past and future ones, too.
        mediums: Their cards, codes and passes.
        studio_id: Their home studio, or None.
        uuid: Magicline's other identifier; empty when unknown.
        created_at: Since when they are known, or None.
    """

    customer_id: int
    number: str = ""
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    email: str = field(default="", repr=False)
    birthday: date | None = field(default=None, repr=False)
    language: str | None = None
    status: CustomerStatus = CustomerStatus.UNKNOWN
    access_refused: bool = True
    restrictions: tuple[Restriction, ...] = ()
    pauses: tuple[Pause, ...] = ()
    mediums: tuple[Medium, ...] = field(default=(), repr=False)
    studio_id: int | None = None
    uuid: str = field(default="", repr=False)
    created_at: datetime | None = None

    @property
    def card_numbers(self) -> tuple[str, ...]:
        """Numbers of their cards, decimal."""
        return tuple(medium.value for medium in self.mediums if medium.kind is MediumKind.CARD_NUMBER)

    def paused(self, day: date) -> bool:
        """Whether a contract of theirs rests on a day."""
        return any(pause.covers(day) for pause in self.pauses)


class ContractStatus(StrEnum):
    """Whether a contract runs."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of a customer.

    Attributes:
        contract_id: Magicline's number.
        start: First day, or None.
        end: Last day of the term that runs, or None.
        rate_name: What it is called.
        rate_codes: The tenant's identifiers of the rate; empty before API 1.11.
        status: Whether it runs.
        cancelled: It was cancelled; it may still run until ``end``.
        cancellation_date: When the cancellation takes effect, or None.
        last_cancellation_date: Until when it can be cancelled for the end of this term, or None.
        reversed: It counts as never concluded (reported by live integrations, not documented).
    """

    contract_id: int
    start: date | None = None
    end: date | None = None
    rate_name: str = ""
    rate_codes: tuple[str, ...] = ()
    status: ContractStatus = ContractStatus.UNKNOWN
    cancelled: bool = False
    cancellation_date: date | None = None
    last_cancellation_date: date | None = None
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What a customer's account says, without its amounts: which sign a debt has is documented nowhere.

    Attributes:
        dunning_level: As the studio calls it; empty: they are not dunned. Personal.
        in_collection: Their debts are with an agency.
    """

    dunning_level: str = field(default="", repr=False)
    in_collection: bool = False

    @property
    def dunned(self) -> bool:
        """Whether the studio asks for money that they owe."""
        return self.in_collection or self.dunning_level != ""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A visit.

    Attributes:
        checkin_id: Magicline's number.
        start: When they came, or None.
        end: When they left; None while they are in, and when nobody knows.
        studio_id: Where, or None.
    """

    checkin_id: int
    start: datetime | None = None
    end: datetime | None = None
    studio_id: int | None = None


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works for the studio.

    Attributes:
        employee_id: Magicline's number.
        first_name: Personal.
        last_name: Personal.
        public_name: What members may read; empty when none was chosen.
        initials: Of the name.
        role: ``TRAINER``, ``STUDIO_OWNER`` …, as Magicline spells it; empty when unknown.
        email: Personal; empty when unknown.
        phones: As typed. Personal.
    """

    employee_id: int
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    public_name: str = field(default="", repr=False)
    initials: str = field(default="", repr=False)
    role: str = ""
    email: str = field(default="", repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
