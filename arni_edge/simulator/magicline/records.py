"""What the simulated Magicline keeps of people."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from arni_edge.simulator.magicline.spelling import card_as, zoned


def money(amount: float) -> dict[str, Any]:
    """An amount in euros."""
    return {"amount": round(amount, 2), "currency": "EUR"}


@dataclass(slots=True)
class Pause:
    """An idle period of a contract.

    Attributes:
        pause_id: Its id.
        start: First day.
        end: Last day; where it is unlimited, the day until which it is planned.
        reason: In words.
        reason_id: Which of the studio's reasons.
        unlimited: Whether it goes on after ``end``.
        accepted: Whether the staff has seen it.
    """

    pause_id: int
    start: date
    end: date
    reason: str
    reason_id: int
    unlimited: bool = False
    accepted: bool = True

    def covers(self, day: date) -> bool:
        """Whether the contract rests on a day."""
        return self.accepted and self.start <= day and (self.unlimited or day <= self.end)


@dataclass(slots=True)
class Contract:
    """A membership.

    Attributes:
        contract_id: Its id.
        start: First day.
        end: Last day.
        rate: What it is called.
        price: Euros a month.
        created: When it was signed.
        cancelled_on: When the member cancelled it.
        reason: Why.
        cancelation: Where a cancelation stands, as the self-service says it.
        reversed: It was void from the beginning.
        pauses: Its idle periods.
        pause_refuses: Whether the doors stay shut meanwhile.
    """

    contract_id: int
    start: date
    end: date
    rate: str
    price: float
    created: date
    cancelled_on: date | None = None
    reason: str | None = None
    cancelation: str | None = None
    reversed: bool = False
    pauses: list[Pause] = field(default_factory=list)
    pause_refuses: bool = True

    @property
    def cancelled(self) -> bool:
        """Whether it ends."""
        return self.cancelled_on is not None

    def active(self, day: date) -> bool:
        """Whether it runs on a day."""
        return self.start <= day <= self.end and not self.reversed


@dataclass(slots=True)
class Medium:
    """A card, PIN, barcode or pass; the value of a card in decimal digits."""

    medium_id: int
    kind: str
    value: str


@dataclass(slots=True)
class Restriction:
    """Why somebody may not come in, and when; without days: always."""

    reason: str
    start: date | None = None
    end: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it holds on a day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(slots=True)
class CheckIn:
    """A visit; ``left`` is None while it lasts."""

    check_in_id: int
    came: datetime
    left: datetime | None = None


@dataclass(slots=True)
class Member:
    """A customer: a member, a prospect or a former member.

    Attributes:
        member_id: The ``id``.
        number: The ``customerNumber``.
        role: What is special about them; empty: nothing.
        listed: They can be asked for. Not so: they vanished, and nobody says why.
        phones: By name of the field, as the desk typed it.
        dunning: The dunning level, in words.
        owes: Euros.
        collection: Whether a debt collector has it.
        studio_id: Their home studio.
    """

    member_id: int
    number: str
    first_name: str
    last_name: str
    born: date
    email: str
    gender: str
    street: str
    house: str
    zip_code: str
    status: str
    created: datetime
    uuid: str
    studio_id: int
    iban: str
    role: str = ""
    listed: bool = True
    language: str = "de"
    phones: dict[str, str] = field(default_factory=dict)
    access_refused: bool = False
    restrictions: list[Restriction] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    mediums: list[Medium] = field(default_factory=list)
    visits: list[CheckIn] = field(default_factory=list)
    preferences: list[dict[str, Any]] = field(default_factory=list)
    third_party_id: str | None = None
    referral: str | None = None
    dunning: str | None = None
    owes: float = 0.0
    credit: float = 0.0
    collection: bool = False

    def paused(self, day: date) -> bool:
        """Whether every contract that runs rests on a day."""
        running = [one for one in self.contracts if one.active(day)]
        return bool(running) and all(any(p.covers(day) for p in one.pauses) for one in running)

    def shut_out(self, day: date) -> bool:
        """Whether every contract that runs rests on a day, and keeps its member out meanwhile."""
        running = [one for one in self.contracts if one.active(day)]
        return bool(running) and all(
            one.pause_refuses and any(pause.covers(day) for pause in one.pauses) for one in running
        )

    def may_train(self, day: date) -> bool:
        """Whether some contract runs on a day."""
        return any(one.active(day) for one in self.contracts)

    def card(self, kind: str) -> str | None:
        """The value of the first medium of a kind."""
        return next((one.value for one in self.mediums if one.kind == kind), None)

    def as_json(self, card_format: str = "DECIMAL") -> dict[str, Any]:
        """The ``Customer``.

        Args:
            card_format: How card numbers are written.
        """
        mediums = [
            {
                "id": one.medium_id,
                "type": one.kind,
                "value": card_as(one.value, card_format) if one.kind == "CARD_NUMBER" else one.value,
            }
            for one in self.mediums
        ]
        return {
            "id": self.member_id,
            "customerNumber": self.number,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "dateOfBirth": self.born.isoformat(),
            "email": self.email,
            "gender": self.gender,
            "street": self.street,
            "houseNumber": self.house,
            "zipCode": self.zip_code,
            "city": "Berlin",
            "country": "DE",
            "status": self.status,
            "cardNumbers": [one["value"] for one in mediums if one["type"] == "CARD_NUMBER"],
            "imageUrl": None,
            **{name: self.phones.get(name) for name in PHONES},
            "idlePeriods": [
                {
                    "id": pause.pause_id,
                    "startDate": pause.start.isoformat(),
                    "endDate": pause.end.isoformat(),
                    "reason": pause.reason,
                    "contract": {"id": contract.contract_id, "rateName": contract.rate},
                    "unlimited": pause.unlimited,
                }
                for contract in self.contracts
                for pause in contract.pauses
                if pause.accepted
            ],
            "bankAccount": {
                "accountHolder": f"{self.first_name} {self.last_name}",
                "bankName": "Testbank Berlin",
                "bic": "TESTDEBBXXX",
                "iban": self.iban,
            },
            "accessRefusal": self.access_refused,
            "accessRestrictions": [as_json(one) for one in self.restrictions],
            "uuid": self.uuid,
            "referralCode": self.referral,
            "studioId": self.studio_id,
            "preferredLanguage": {"languageCode": self.language, "countryCode": "DE"},
            "additionalInformationFieldAssignments": [],
            "thirdPartyId": self.third_party_id,
            "createdDateTime": zoned(self.created),
            "accessMediums": mediums,
        }


PHONES = ("phonePrivate", "phonePrivateMobile", "phoneBusiness", "phoneBusinessMobile")


def as_json(restriction: Restriction) -> dict[str, Any]:
    """The ``AccessRestriction``."""
    return {
        "reason": restriction.reason,
        "startDate": restriction.start and restriction.start.isoformat(),
        "endDate": restriction.end and restriction.end.isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works here."""

    employee_id: int
    first_name: str
    last_name: str
    role: str
    gender: str

    def as_json(self) -> dict[str, Any]:
        """The ``Employee``."""
        initials = f"{self.first_name[0]}.{self.last_name[0]}."
        return {
            "id": self.employee_id,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "gender": self.gender,
            "employeeInitials": initials,
            "publicName": f"{self.first_name} {initials[2:]}",
            "businessRole": self.role,
            "employeeCompetences": [],
            "email": f"{self.first_name.lower()}@studio.example",
        }

    def as_instructor(self) -> dict[str, Any]:
        """The ``Instructor``."""
        whole = self.as_json()
        return {name: whole[name] for name in ("id", "firstName", "lastName", "publicName")}


@dataclass(slots=True)
class Device:
    """A reader; ``token`` is what it shows to the Device API, None before it is activated."""

    device_id: int
    name: str
    model: str
    token: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The ``Device``."""
        active = self.token is not None
        return {"id": self.device_id, "name": self.name, "active": active, "model": self.model}
